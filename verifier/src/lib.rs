//! Checks identity credentials offline: parse, prove, decide.
//!
//! No input or output, no clock, no randomness, no async: bytes, keys and times come in as arguments.

pub mod catalogue;
pub mod claims;
pub mod crypto;
pub mod did;
pub mod encoding;
pub mod error;
pub mod json;
pub mod jws;
pub mod key;
pub mod time;

pub use error::Error;
pub use time::Timestamp;
