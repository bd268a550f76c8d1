//! Puts our credentials and keys before independent implementations, and theirs before us.
//!
//! ```text
//!               ┌─ tests/oracles        Rust: ssi, did-key, sd-jwt-payload, json-ld, sophia
//!   exchange ───┼─ tests/peers/node     npm: @digitalbazaar/*, jose, @sd-jwt/sd-jwt-vc, @openid4vc/*
//!               └─ tests/peers/python   PyPI: openvc-core, sd-jwt, jwcrypto, cwt
//! ```
//!
//! Every peer is a program of its own that answers questions; none is linked. Each pairing also shows the judge a
//! forgery, so that a judge who nods at everything is noticed. What cannot be asked here is skipped with the reason.

pub mod data_integrity;
pub mod dc_api;
pub mod did_key;
pub mod differential;
pub mod exchange;
pub mod jsonld;
pub mod keys;
pub mod matrix;
pub mod oracle;
pub mod peer;
pub mod rp;
pub mod sd_jwt;
pub mod specimen;
pub mod vci;
pub mod vci_issuer;
pub mod vectors;
pub mod verifier_peer;
