//! W3C Data Integrity 1.0 proofs: `ecdsa-rdfc-2019` and `ecdsa-sd-2023` over P-256.
//!
//! ```text
//! prepare(document, options) ──▶ Unsigned ──sign──▶ attach ──▶ secured document
//! verify(document, expectation) ──▶ VerifiedProof { controller, key, … }
//! ```
//!
//! The suite is the caller's choice, never the message's: each suite has its own `verify`, and
//! refuses proofs of the others. Who may sign is part of the question, too: a [`ProofExpectation`]
//! cannot be made without a [`Binding`].

mod bytes;
pub mod ecdsa_rdfc;
pub mod ecdsa_sd;
mod expectation;
mod proof;

pub use bytes::verify_bytes;
pub use expectation::{Binding, ProofExpectation, VerifiedProof};
pub use proof::{ProofOptions, ProofPurpose, Suite, Unsigned};

use serde_json::Value;

use crate::crypto::{SignError, sha256};
use crate::error::Error;
use crate::jsonld::{ContextStore, JsonLdError, document_to_rdf};
use crate::rdf::{Budget, HashAlgorithm, RdfError, canonicalize};

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

/// SHA-256 of the canonical form of a document.
fn canonical_hash(document: &Value, store: &ContextStore) -> Result<[u8; 32], Error> {
    let quads = document_to_rdf(document, store)?;
    let canonical = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default())?;
    Ok(sha256(canonical.to_nquads().as_bytes()))
}
