//! Checks identity credentials offline: parse, prove, decide.
//!
//! No input or output, no clock, no randomness, no async: bytes, keys and times come in as arguments.

pub mod bundle;
pub mod catalogue;
pub mod claims;
pub mod crypto;
pub mod data_integrity;
pub mod dcql;
pub mod device;
pub mod did;
pub mod encoding;
pub mod error;
mod fast_hash;
pub mod json;
pub mod jsonld;
pub mod jws;
pub mod key;
pub mod policy;
mod proofs;
pub mod rdf;
pub mod request;
pub mod sd_jwt;
pub mod status;
pub mod terminal;
pub mod time;
pub mod vci;
pub mod verify;

pub use bundle::Bundle;
pub use error::Error;
pub use policy::Policy;
pub use request::Request;
pub use time::Timestamp;
pub use verify::{Status, Verified, Verifier, verify};
