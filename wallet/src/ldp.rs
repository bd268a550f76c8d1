//! The W3C format: what the wallet does with Data Integrity proofs.

use serde_json::{Value, json};
use tessera_verifier::claims::CREDENTIALS_V2;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::{
    ProofExpectation, ProofOptions, ProofPurpose, ecdsa_rdfc, ecdsa_sd,
};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::did;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::request::Request;
use tessera_verifier::time::Timestamp;

use crate::error::Error;
use crate::secret::HolderKey;

/// Checks the base proof of a received credential (VC-DI-ECDSA §3.4.2), made by the credential's own issuer; returns
/// that issuer's DID.
pub(crate) fn verify_received(
    document: &Value,
    now: Timestamp,
    contexts: &ContextStore,
) -> Result<String, Error> {
    let expected = ProofExpectation::credential(now);
    Ok(ecdsa_sd::verify_base(document, &expected, contexts)?.controller)
}

/// Derives a credential that discloses what these paths from its root lead to, besides the mandatory parts
/// (VC-DI-ECDSA §3.4.3).
pub(crate) fn derive(
    document: &Value,
    paths: &[ClaimPath],
    contexts: &ContextStore,
) -> Result<Value, Error> {
    let pointers = paths
        .iter()
        .map(|path| path.to_json_pointer(""))
        .collect::<Option<Vec<_>>>()
        .ok_or(Error::FormatUnavailable)?;
    Ok(ecdsa_sd::derive(document, &pointers, contexts)?)
}

/// Puts a derived credential into a presentation secured by the holder's key for this request (VCDM 2.0 §4.13, Data
/// Integrity 1.0 §2.1: `challenge` and `domain`).
pub(crate) fn present(
    derived: Value,
    request: &Request,
    key: &HolderKey,
    now: Timestamp,
    contexts: &ContextStore,
) -> Result<Value, Error> {
    let presentation = json!({
        "@context": [CREDENTIALS_V2],
        "type": ["VerifiablePresentation"],
        "holder": did::did_key(key.public_key()),
        "verifiableCredential": [derived],
    });
    let method = did::verification_method(key.public_key());
    let options = ProofOptions {
        created: Some(now),
        challenge: Some(request.nonce().to_owned()),
        domain: Some(request.audience().to_owned()),
        ..ProofOptions::new(method, ProofPurpose::Authentication)
    };
    let unsigned = ecdsa_rdfc::prepare(&presentation, &options, contexts)?;
    let signature = key
        .sign(unsigned.signing_input())
        .map_err(|_| Error::Signing)?;
    Ok(unsigned.attach(signature))
}
