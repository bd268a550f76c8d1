//! `ecdsa-sd-2023` (vc-di-ecdsa §3.5): the issuer signs each statement, the holder shows some.
//!
//! ```text
//! issuer  prepare_base ─▶ base proof      every statement signed by a key made for this proof;
//!                                         that key and the mandatory statements by the issuer
//! holder  derive ───────▶ derived proof   the selected statements and their signatures
//! anyone  verify                          refuses base proofs, which disclose everything
//! ```

mod proof_value;
#[cfg(all(test, feature = "aws-lc"))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod vectors;

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::disclosure::{
    Disclosure, Label, Selection, Statements, disclose, group, proof_of, secured, split,
};
use super::options::{ProofValue, unsecured};
use super::proof::CheckedProof;
use super::{
    PrepareError, ProofExpectation, ProofOptions, Suite, Unsigned, VerifiedProof, options_hash,
};
use crate::crypto::{LocalSigner, SignError, hmac_sha256, sha256};
use crate::encoding::multibase_base64url;
use crate::error::Error;
use crate::jsonld::ContextStore;
use crate::key::{KeyType, PublicKey};
pub(super) use proof_value::BaseParts;
use proof_value::{BaseValue, DerivedValue, Multikey};

/// Multicodec `p256-pub` as a varint.
const P256_PUB: [u8; 2] = [0x80, 0x24];

/// What a base proof is made with, besides the document and the proof's options.
pub struct BaseSecrets<'a> {
    /// 32 random bytes, for this proof alone.
    pub hmac_key: &'a [u8; 32],
    /// A P-256 key made for this proof alone and destroyed after it.
    pub ephemeral: &'a dyn LocalSigner,
}

/// Prepares a base proof over `document`; the issuer's signature is still to be attached.
///
/// # Errors
/// `disclosure_invalid` when a mandatory pointer points at nothing; `undefined_term` and the like;
/// [`PrepareError::Sign`] when the ephemeral key fails.
pub fn prepare_base(
    document: &Value,
    options: &ProofOptions,
    mandatory_pointers: &[String],
    secrets: &BaseSecrets<'_>,
    store: &ContextStore,
) -> Result<Unsigned, PrepareError> {
    if secrets.ephemeral.public_key().kind() != KeyType::P256 {
        let what = "proof-scoped key";
        return Err(Error::UnsupportedAlgorithm { what }.into());
    }
    if !options.previous_proof.is_empty() {
        return Err(Error::malformed("previousProof").into());
    }
    let (proof, _) = options.proof(Suite::EcdsaSd2023)?;
    let document = Value::Object(unsecured(document, Suite::EcdsaSd2023)?);
    let statements = shuffled(&document, store, secrets.hmac_key)?;
    let selection = Selection::new(&document, mandatory_pointers)?;
    let (mandatory, others) = group(&statements, &selection)?;
    let mut signatures = Vec::with_capacity(others.len());
    for line in others {
        let signature = secrets.ephemeral.sign(line.as_bytes())?;
        signatures.push(<[u8; 64]>::try_from(&*signature).map_err(|_| SignError)?);
    }
    let public_key = multikey(secrets.ephemeral.public_key());
    let proof = Value::Object(proof);
    let context = document.get("@context");
    let signing_input = sign_data((&proof, context), &public_key, &mandatory, store)?;
    let (Value::Object(document), Value::Object(proof)) = (document, proof) else {
        return Err(Error::malformed("JSON object expected").into());
    };
    Ok(Unsigned {
        document,
        signing_input,
        proof,
        value: ProofValue::SdBase(BaseParts {
            public_key,
            hmac_key: *secrets.hmac_key,
            signatures,
            mandatory_pointers: mandatory_pointers.to_vec(),
        }),
    })
}

/// Verifies a base proof in full, as its issuer before releasing it and its holder on receipt.
///
/// # Errors
/// `invalid_signature`, `disclosure_invalid`, and those of [`super::verify`].
pub fn verify_base(
    document: &Value,
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let proof = CheckedProof::read(document, Suite::EcdsaSd2023, expected)?;
    let base = BaseValue::decode(proof.value)?;
    let parts = &base.parts;
    let statements = shuffled(document, store, &parts.hmac_key)?;
    let selection = Selection::new(document, &parts.mandatory_pointers)?;
    let (mandatory, others) = group(&statements, &selection)?;
    let message = sign_data(
        (proof.object, document.get("@context")),
        &parts.public_key,
        &mandatory,
        store,
    )?;
    let verified = proof.verify(&message, &base.signature)?;
    verify_statements(&parts.public_key, &others, &parts.signatures)?;
    Ok(verified)
}

/// Derives a document that shows the mandatory statements and those that `selective_pointers`
/// point at.
///
/// # Errors
/// `disclosure_invalid` when a pointer points at nothing, nothing is selected, or the base proof
/// does not fit the document; `unsupported_suite` for other proofs.
pub fn derive(
    document: &Value,
    selective_pointers: &[String],
    store: &ContextStore,
) -> Result<Value, Error> {
    let (proof, value) = proof_of(document, Suite::EcdsaSd2023)?;
    let base = BaseValue::decode(value)?;
    let parts = base.parts;
    let statements = shuffled(document, store, &parts.hmac_key)?;
    let Disclosure {
        others,
        selective_indexes,
        mandatory_indexes,
        labels,
        members,
    } = disclose(
        document,
        &statements,
        &parts.mandatory_pointers,
        selective_pointers,
    )?;
    if others.len() != parts.signatures.len() {
        return Err(Error::DisclosureInvalid {
            why: "the base proof does not fit the document",
        });
    }
    let signatures = selective_indexes.iter();
    let signatures = signatures.filter_map(|index| parts.signatures.get(*index).copied());
    let derived = DerivedValue {
        signature: base.signature,
        public_key: parts.public_key,
        signatures: signatures.collect(),
        labels,
        mandatory_indexes,
    };
    Ok(secured(members, proof, derived.encode()))
}

/// Verifies a derived proof.
///
/// # Errors
/// `base_proof_refused` for a base proof, `invalid_signature` when any statement shown was not
/// signed, `disclosure_invalid` when statements and signatures do not match in number, and those
/// of [`super::verify`].
pub fn verify(
    document: &Value,
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let proof = CheckedProof::read(document, Suite::EcdsaSd2023, expected)?;
    verify_checked(document, proof, store)
}

/// Verifies a derived proof of `document` that was checked but for its signatures.
pub(super) fn verify_checked(
    document: &Value,
    proof: CheckedProof<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let derived = DerivedValue::decode(proof.value)?;
    let statements = Statements::relabelled(document, store, &derived.labels, label_text)?;
    let (mandatory, others) = split(&statements, &derived.mandatory_indexes)?;
    if others.len() != derived.signatures.len() {
        return Err(Error::DisclosureInvalid {
            why: "statements and signatures differ in number",
        });
    }
    let message = sign_data(
        (proof.object, document.get("@context")),
        &derived.public_key,
        &mandatory,
        store,
    )?;
    let verified = proof.verify(&message, &derived.signature)?;
    verify_statements(&derived.public_key, &others, &derived.signatures)?;
    Ok(verified)
}

/// serializeSignData: hash of the proof's options, proof-scoped key, hash of what is mandatory.
fn sign_data(
    (proof, context): (&Value, Option<&Value>),
    public_key: &Multikey,
    mandatory: &str,
    store: &ContextStore,
) -> Result<Vec<u8>, Error> {
    let proof_hash = options_hash(proof, context, store)?;
    Ok([&proof_hash[..], public_key, &sha256(mandatory.as_bytes())].concat())
}

fn verify_statements(
    public_key: &Multikey,
    lines: &[&str],
    signatures: &[[u8; 64]],
) -> Result<(), Error> {
    let point = public_key
        .strip_prefix(&P256_PUB)
        .ok_or(Error::UnsupportedAlgorithm {
            what: "proof-scoped key",
        })?;
    if lines.len() != signatures.len() {
        return Err(Error::DisclosureInvalid {
            why: "statements and signatures differ in number",
        });
    }
    if lines.is_empty() {
        return Ok(());
    }
    let key = PublicKey::from_compressed(KeyType::P256, point)?;
    for (line, signature) in lines.iter().zip(signatures) {
        key.verify(line.as_bytes(), signature)
            .map_err(|_| Error::InvalidSignature { what: "statement" })?;
    }
    Ok(())
}

fn multikey(key: &PublicKey) -> Multikey {
    let mut multikey = [0; 35];
    let bytes = P256_PUB.into_iter().chain(key.to_compressed());
    for (to, from) in multikey.iter_mut().zip(bytes) {
        *to = from;
    }
    multikey
}

/// The statements of a document with labels made from canonical ones by HMAC
/// (createHmacIdLabelMapFunction).
fn shuffled(
    document: &Value,
    store: &ContextStore,
    hmac_key: &[u8; 32],
) -> Result<Statements<[u8; 32]>, Error> {
    Statements::of(document, store, |canonical| {
        let labels = canonical.iter().map(|canonical| {
            let value = hmac_sha256(hmac_key, canonical.as_bytes());
            let text = label_text(&value);
            Label { value, text }
        });
        Ok(labels.collect())
    })
}

/// `u` and base64url.
fn label_text(label: &[u8; 32]) -> String {
    multibase_base64url(label)
}
