//! W3C Data Integrity 1.0 proofs.
//!
//! ```text
//! prepare(document, suite, options) ──▶ Unsigned ──sign──▶ attach ──▶ secured document
//! verify(document, suites, expectation) ──▶ VerifiedProof { controller, key, … }
//! verify_all: the same for proof sets and chains, of which all proofs must hold
//! ```
//!
//! | suite | signs | keys |
//! |---|---|---|
//! | `ecdsa-rdfc-2019` | canonical RDF | P-256, P-384 |
//! | `ecdsa-jcs-2019` | canonical JSON | P-256, P-384 |
//! | `eddsa-rdfc-2022`, `Ed25519Signature2020` | canonical RDF | Ed25519 |
//! | `eddsa-jcs-2022` | canonical JSON | Ed25519 |
//! | [`ecdsa-sd-2023`](ecdsa_sd) | each statement of canonical RDF, to be shown or not | P-256 |
//! | `bbs-2023` (a feature) | the same, and no two showings can be linked | BLS12-381 in G2 |
//!
//! The suites are the caller's choice, never the message's. Who may sign is part of the question,
//! too: a [`ProofExpectation`] cannot be made without a [`Binding`].

#[cfg(any(feature = "bbs", feature = "bbs-pure"))]
pub mod bbs_2023;
mod bytes;
mod disclosure;
pub mod ecdsa_rdfc;
pub mod ecdsa_sd;
mod expectation;
mod known_options;
mod options;
mod plain;
mod proof;
mod set;
mod suite;

pub use bytes::verify_bytes;
pub use expectation::{Binding, ProofExpectation, VerifiedProof};
pub use options::{ProofOptions, ProofPurpose, Unsigned};
pub use set::{prepare_further, verify_all};
pub use suite::Suite;

use serde_json::Value;

use crate::crypto::{SignError, sha256};
use crate::error::Error;
use crate::jsonld::{ContextStore, JsonLdError, proof_options_to_rdf};
use crate::rdf::{Budget, HashAlgorithm, RdfError, canonicalize};

/// Prepares a proof over `document`, which must not have one yet, with a suite that signs a whole
/// document. Where the document's contexts do not define the terms of the proof, one that does is
/// added (Data Integrity §2.4.1).
///
/// # Errors
/// `unsupported_suite` for a selective-disclosure suite, which has a `prepare_base` of its own;
/// `unsupported_algorithm` for a key that the suite does not use; `undefined_term`,
/// `unknown_context` and the like: whatever could not be verified is not signed.
pub fn prepare(
    document: &Value,
    suite: Suite,
    options: &ProofOptions,
    store: &ContextStore,
) -> Result<Unsigned, Error> {
    plain::prepare(document, suite, options, store)
}

/// Verifies the only proof of `document`, which must be of one of the suites `allowed`.
///
/// # Errors
/// `unsupported_suite`, `unsupported_algorithm` (a key that the suite does not use),
/// `proof_purpose_mismatch`, `nonce_mismatch`, `audience_mismatch`, `expired`, `not_yet_valid`,
/// `issuer_key_mismatch`, `holder_binding_invalid`, `base_proof_refused`, `invalid_signature`, and
/// those of reading the document.
pub fn verify(
    document: &Value,
    allowed: &[Suite],
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    match Suite::of(document)? {
        suite if !allowed.contains(&suite) => Err(Error::UnsupportedSuite),
        Suite::EcdsaSd2023 => ecdsa_sd::verify(document, expected, store),
        #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
        Suite::Bbs2023 => bbs_2023::verify(document, expected, store),
        #[cfg(not(any(feature = "bbs", feature = "bbs-pure")))]
        Suite::Bbs2023 => Err(Error::UnsupportedSuite),
        suite => plain::verify(document, suite, expected, store),
    }
}

/// Why a proof could not be prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrepareError {
    /// The document or the options are not fit to be signed.
    Refused(Error),
    /// The proof's own key failed to sign.
    Sign(SignError),
}

impl core::fmt::Display for PrepareError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Sign(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PrepareError {}

impl From<Error> for PrepareError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<SignError> for PrepareError {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl From<JsonLdError> for Error {
    fn from(error: JsonLdError) -> Self {
        match error {
            JsonLdError::Invalid(what) => Self::malformed(what),
            JsonLdError::UnknownContext => Self::UnknownContext,
            JsonLdError::Dropped(_) => Self::UndefinedTerm,
            JsonLdError::TooLarge => Self::too_large("JSON-LD document", 0),
        }
    }
}

impl From<RdfError> for Error {
    fn from(error: RdfError) -> Self {
        match error {
            RdfError::Syntax { .. } => Self::malformed("N-Quads"),
            RdfError::WorkBudgetExceeded => Self::WorkBudgetExceeded,
        }
    }
}

/// SHA-256 of the canonical form of a proof's options.
fn options_hash(
    proof: &Value,
    context: Option<&Value>,
    store: &ContextStore,
) -> Result<[u8; 32], Error> {
    if let Some(text) = known_options::nquads(proof, context) {
        return Ok(sha256(text.as_bytes()));
    }
    let quads = proof_options_to_rdf(proof, context, store)?;
    let canonical = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default())?;
    Ok(sha256(canonical.to_nquads().as_bytes()))
}
