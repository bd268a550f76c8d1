//! What the programs around the verifier need alike, beyond parsing: messages encrypted to a key ([`jwe`]) and requests
//! to servers that somebody else named ([`transport`], [`http`]).
//!
//! The verifier library itself has neither: it opens no sockets, and JWE here needs OpenSSL.

#[cfg(feature = "client")]
pub mod http;
pub mod jwe;
pub mod transport;
