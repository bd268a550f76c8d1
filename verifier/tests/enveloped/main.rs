//! Enveloped credentials: COSE_Sign1, and what is built on it and on JWS.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod cose;
mod documents;
mod keys;
mod limits;
mod maker;
mod properties;
mod refusals;
mod round_trip;
mod sd_jwt;
mod type_metadata;
mod wrapped;
mod x509;
mod x509_exact;

/// The code of a refusal.
pub(crate) fn code<T>(result: Result<T, tessera_verifier::Error>) -> Result<T, &'static str> {
    result.map_err(|error| error.code())
}
