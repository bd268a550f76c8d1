//! `ecdsa-rdfc-2019` (vc-di-ecdsa §3.2): the suite that this project's presentations and status lists use.

use serde_json::Value;

use super::{ProofExpectation, ProofOptions, Suite, Unsigned, VerifiedProof, plain};
use crate::error::Error;
use crate::jsonld::ContextStore;

/// Prepares a proof over `document`, which must not have one yet.
///
/// # Errors
/// Those of [`prepare`](super::prepare).
pub fn prepare(
    document: &Value,
    options: &ProofOptions,
    store: &ContextStore,
) -> Result<Unsigned, Error> {
    plain::prepare(document, Suite::EcdsaRdfc2019, options, store)
}

/// Verifies the proof of `document`.
///
/// # Errors
/// Those of [`verify`](super::verify).
pub fn verify(
    document: &Value,
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    plain::verify(document, Suite::EcdsaRdfc2019, expected, store)
}
