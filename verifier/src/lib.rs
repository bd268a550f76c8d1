//! Checks identity credentials offline: parse, prove, decide.
//!
//! No input or output, no clock, no randomness, no async: bytes, keys and times come in as arguments.

pub mod catalogue;
pub mod claims;
pub mod crypto;
pub mod dcql;
pub mod device;
pub mod did;
pub mod encoding;
pub mod error;
pub mod json;
pub mod jsonld;
pub mod jws;
pub mod key;
pub mod rdf;
pub mod sd_jwt;
pub mod terminal;
pub mod time;
pub mod vci;

pub use error::Error;
pub use time::Timestamp;
