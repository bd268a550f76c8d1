//! The one call that takes bytes: for tools, gateways and fuzzing.

use super::{ProofExpectation, Suite, VerifiedProof, ecdsa_rdfc, ecdsa_sd};
use crate::error::Error;
use crate::json::{Limits, parse};
use crate::jsonld::ContextStore;

/// Parses a secured document and verifies its proof by the suite that it names, if `allowed` lists
/// that suite.
///
/// # Errors
/// `unsupported_suite` for a suite that is not allowed; those of [`parse`] and of the suites'
/// `verify`.
pub fn verify_bytes(
    bytes: &[u8],
    allowed: &[Suite],
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let document = parse(bytes, Limits::MESSAGE)?;
    match Suite::of(&document)? {
        suite if !allowed.contains(&suite) => Err(Error::UnsupportedSuite),
        Suite::EcdsaRdfc2019 => ecdsa_rdfc::verify(&document, expected, store),
        Suite::EcdsaSd2023 => ecdsa_sd::verify(&document, expected, store),
    }
}
