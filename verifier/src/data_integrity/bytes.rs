//! The one call that takes bytes: for tools, gateways and fuzzing.

use super::{ProofExpectation, Suite, VerifiedProof, verify};
use crate::error::Error;
use crate::json::{Limits, parse};
use crate::jsonld::ContextStore;

/// Parses a secured document and verifies its proof by the suite that it names, if `allowed` lists
/// that suite.
///
/// # Errors
/// Those of [`parse`] and of [`verify`].
pub fn verify_bytes(
    bytes: &[u8],
    allowed: &[Suite],
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    verify(&parse(bytes, Limits::MESSAGE)?, allowed, expected, store)
}
