//! `ecdsa-sd-2023` (vc-di-ecdsa §3.5): the issuer signs each statement, the holder shows some.
//!
//! ```text
//! issuer  prepare_base ─▶ base proof      every statement signed by a key made for this proof;
//!                                         that key and the mandatory statements by the issuer
//! holder  derive ───────▶ derived proof   the selected statements and their signatures
//! anyone  verify                          refuses base proofs, which disclose everything
//! ```

mod proof_value;
mod select;
mod statements;
#[cfg(all(test, feature = "aws-lc"))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod vectors;

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::options::{ProofValue, unsecured};
use super::proof::CheckedProof;
use super::{
    PrepareError, ProofExpectation, ProofOptions, Suite, Unsigned, VerifiedProof, options_hash,
};
use crate::crypto::{LocalSigner, SignError, sha256};
use crate::error::Error;
use crate::jsonld::ContextStore;
use crate::key::{KeyType, PublicKey};
pub(super) use proof_value::BaseParts;
use proof_value::{BaseValue, DerivedValue, Multikey};
use select::Selection;
use statements::{Label, Statements, canonical};

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
    let statements = Statements::shuffled(&document, store, secrets.hmac_key)?;
    let selection = Selection::new(&document, mandatory_pointers)?;
    let mut mandatory = String::new();
    let mut signatures = Vec::new();
    for statement in &statements.sorted {
        if statement.is_selected(&selection)? {
            mandatory.push_str(&statement.line);
        } else {
            let signature = secrets.ephemeral.sign(statement.line.as_bytes())?;
            signatures.push(<[u8; 64]>::try_from(&*signature).map_err(|_| SignError)?);
        }
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
    let statements = Statements::shuffled(document, store, &parts.hmac_key)?;
    let selection = Selection::new(document, &parts.mandatory_pointers)?;
    let mut mandatory = String::new();
    let mut others = Vec::new();
    for statement in &statements.sorted {
        match statement.is_selected(&selection)? {
            true => mandatory.push_str(&statement.line),
            false => others.push(statement.line.as_str()),
        }
    }
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
    let proof = match Suite::of(document)? {
        Suite::EcdsaSd2023 => document.get("proof"),
        _ => return Err(Error::UnsupportedSuite),
    };
    let proof = proof
        .map(|proof| proof.get(0).unwrap_or(proof))
        .and_then(Value::as_object)
        .ok_or(Error::malformed("Data Integrity proof"))?;
    let value = proof.get("proofValue").and_then(Value::as_str);
    let base = BaseValue::decode(value.ok_or(Error::malformed("proof value"))?)?;
    let statements = Statements::shuffled(document, store, &base.parts.hmac_key)?;

    let mandatory = Selection::new(document, &base.parts.mandatory_pointers)?;
    let selective = Selection::new(document, selective_pointers)?;
    let mut combined = Selection::new(document, &base.parts.mandatory_pointers)?;
    for pointer in selective_pointers {
        combined.add(document, pointer)?;
    }
    if combined.is_empty() {
        return Err(Error::DisclosureInvalid {
            why: "nothing is selected",
        });
    }
    let misfit = Error::DisclosureInvalid {
        why: "the base proof does not fit the document",
    };
    let mut all_signatures = base.parts.signatures.iter();
    let mut signatures = Vec::new();
    let mut mandatory_indexes = Vec::new();
    let mut revealed = Vec::new();
    for statement in &statements.sorted {
        let is_mandatory = statement.is_selected(&mandatory)?;
        let is_selective = statement.is_selected(&selective)?;
        if is_mandatory {
            mandatory_indexes.push(revealed.len());
        } else {
            let signature = all_signatures.next().ok_or(misfit.clone())?;
            if is_selective {
                signatures.push(*signature);
            }
        }
        if is_mandatory || is_selective {
            revealed.extend(statements.quads.get(statement.quad).cloned());
        }
    }
    if all_signatures.next().is_some() {
        return Err(misfit);
    }
    let derived = DerivedValue {
        signature: base.signature,
        public_key: base.parts.public_key,
        signatures,
        labels: verifier_labels(&revealed, &statements)?,
        mandatory_indexes,
    };
    let mut members = combined.reveal(document).ok_or(misfit)?;
    let mut proof: Map<String, Value> = proof.clone();
    proof.insert("proofValue".to_owned(), Value::String(derived.encode()));
    members.insert("proof".to_owned(), Value::Object(proof));
    Ok(Value::Object(members))
}

/// The labels that a verifier will find canonical in what is revealed, and what was signed in
/// their place (createDisclosureData steps 12 to 14).
fn verifier_labels(
    revealed: &[crate::rdf::Quad],
    statements: &Statements,
) -> Result<BTreeMap<usize, [u8; 32]>, Error> {
    let canonical = canonical(revealed)?;
    canonical
        .labels()
        .map(|(input, canonical)| {
            let label = statements.labels.get(input);
            Some((label_number(canonical)?, label?.bytes))
        })
        .collect::<Option<_>>()
        .ok_or(Error::malformed("blank node label"))
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
    let unlabelled = Error::DisclosureInvalid {
        why: "the label map does not fit the document",
    };
    let statements = Statements::of(document, store, |canonical| {
        label_number(canonical)
            .and_then(|number| derived.labels.get(&number))
            .map(|bytes| Label::new(*bytes))
            .ok_or(unlabelled.clone())
    })?;
    if statements.labels.len() != derived.labels.len() {
        return Err(unlabelled);
    }
    let mut mandatory = String::new();
    let mut others = Vec::new();
    let mut indexes = derived.mandatory_indexes.iter().copied().peekable();
    for (index, statement) in statements.sorted.iter().enumerate() {
        match indexes.next_if_eq(&index) {
            Some(_) => mandatory.push_str(&statement.line),
            None => others.push(statement.line.as_str()),
        }
    }
    if indexes.next().is_some() {
        return Err(Error::DisclosureInvalid {
            why: "a mandatory index is out of range",
        });
    }
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

/// The number in a canonical label: 3 for `c14n3`.
fn label_number(label: &str) -> Option<usize> {
    label.strip_prefix("c14n")?.parse().ok()
}
