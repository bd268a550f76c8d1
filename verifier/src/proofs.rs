//! The three Data Integrity checks that decisions need, in the terms of this crate.

use serde_json::Value;

use crate::data_integrity::{self, Binding, ProofExpectation, Suite, VerifiedProof, ecdsa_rdfc};
use crate::error::Error;
use crate::jsonld::ContextStore;
use crate::time::Timestamp;

/// A status list credential, asserted whole with ecdsa-rdfc-2019 by the issuer that it names.
pub(crate) fn status_list(
    document: &Value,
    now: Timestamp,
    contexts: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let expected = ProofExpectation::credential(now);
    ecdsa_rdfc::verify(document, &expected, contexts).map_err(|error| named(error, "status list"))
}

/// A credential, by the issuer that it names, with a suite that the policy allows; base proofs are refused.
pub(crate) fn credential(
    document: &Value,
    allowed: &[Suite],
    now: Timestamp,
    contexts: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let expected = ProofExpectation::credential(now);
    data_integrity::verify(document, allowed, &expected, contexts)
        .map_err(|error| named(error, "credential"))
}

/// A presentation, secured with ecdsa-rdfc-2019 for one verifier and one request. Whose key it must be is for the
/// caller to say: the credential's subject.
pub(crate) fn presentation(
    document: &Value,
    domain: &str,
    challenge: &str,
    now: Timestamp,
    contexts: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let said = document.get("proof").and_then(|proof| proof.get("domain"));
    // The audience first: an answer to somebody else has another nonce too, and this says which it is.
    if said.is_some_and(|said| said != domain) {
        return Err(Error::AudienceMismatch);
    }
    let expected = ProofExpectation {
        binding: Binding::Unbound,
        ..ProofExpectation::presentation(now, challenge, domain)
    };
    ecdsa_rdfc::verify(document, &expected, contexts).map_err(|error| match error {
        Error::InvalidSignature { .. } => Error::HolderBindingInvalid { why: "signature" },
        other => other,
    })
}

fn named(error: Error, what: &'static str) -> Error {
    match error {
        Error::InvalidSignature { .. } => Error::InvalidSignature { what },
        other => other,
    }
}
