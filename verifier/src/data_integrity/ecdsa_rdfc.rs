//! `ecdsa-rdfc-2019` with P-256 (vc-di-ecdsa §3.2).

use alloc::vec::Vec;
use serde_json::Value;

use super::proof::{CheckedProof, ProofValue, config, unsecured};
use super::{ProofExpectation, ProofOptions, Suite, Unsigned, VerifiedProof, canonical_hash};
use crate::crypto::sha256;
use crate::encoding::from_multibase_base58;
use crate::error::Error;
use crate::jsonld::{ContextStore, unsecured_to_rdf};
use crate::rdf::{Budget, HashAlgorithm, canonicalize};

/// Prepares a proof over `document`, which must not have one yet.
///
/// # Errors
/// `undefined_term`, `unknown_context` and the like: whatever could not be verified is not signed.
pub fn prepare(
    document: &Value,
    options: &ProofOptions,
    store: &ContextStore,
) -> Result<Unsigned, Error> {
    let members = unsecured(document)?;
    let proof = options.proof(Suite::EcdsaRdfc2019)?;
    let signing_input = hash_data(document, &config(&proof, document.get("@context")), store)?;
    Ok(Unsigned {
        document: members,
        proof,
        signing_input,
        value: ProofValue::Plain,
    })
}

/// Verifies the proof of `document`.
///
/// # Errors
/// `unsupported_suite`, `proof_purpose_mismatch`, `nonce_mismatch`, `audience_mismatch`,
/// `expired`, `issuer_key_mismatch`, `holder_binding_invalid`, `invalid_signature`, and those of
/// reading the document.
pub fn verify(
    document: &Value,
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let proof = CheckedProof::read(document, Suite::EcdsaRdfc2019, expected)?;
    let signature = from_multibase_base58(proof.value)?;
    let message = hash_data(document, &proof.config(document), store)?;
    proof.verify(&message, &signature)
}

/// Hashing (§3.2.4): hash of the proof's options, then hash of the document.
fn hash_data(document: &Value, config: &Value, store: &ContextStore) -> Result<Vec<u8>, Error> {
    let quads = unsecured_to_rdf(document, store)?.quads;
    let canonical = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default())?;
    let document = sha256(canonical.to_nquads().as_bytes());
    Ok([canonical_hash(config, store)?, document].concat())
}
