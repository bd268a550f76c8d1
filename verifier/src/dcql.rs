//! DCQL: what a presentation must contain (OpenID4VP 1.0 §6).

mod path;
mod query;

pub use path::{ClaimPath, PathElement};
pub use query::{ClaimQuery, CredentialQuery, CredentialSetQuery, Meta, Query, TrustedAuthority};
