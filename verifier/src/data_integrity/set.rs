//! Proof sets and chains (Data Integrity §2.1.1, §2.1.2, §4.3 and §4.5).
//!
//! Every proof of a set signs the document without its proofs. A proof of a chain signs the document
//! with the proofs that its `previousProof` names, their values included, so that it cannot be moved
//! to another document or outlive them.

use alloc::borrow::ToOwned;
use alloc::vec;
use alloc::vec::Vec;
use serde_json::Value;

use super::options::{ProofOptions, ProofValue, Unsigned, inject_context};
use super::plain::{Scheme, signature};
use super::proof::{CheckedProof, text};
use super::suite::{Suite, Transformation, hash_algorithm};
use super::{ProofExpectation, VerifiedProof, ecdsa_sd};
use crate::error::Error;
use crate::jsonld::ContextStore;

/// How many proofs a document may have: each costs a signature, and each of a chain a
/// canonicalization.
const MAX_PROOFS: usize = 16;

/// Prepares one more proof over a document that may have proofs: a member of its proof set, or the
/// next one of a proof chain where [`ProofOptions::previous_proof`] names the ones before it.
///
/// # Errors
/// Those of [`prepare`](super::prepare); `malformed` when a name in `previous_proof` is not that of
/// exactly one of the document's proofs, or the new proof's `id` is taken; `too_large` above 16 proofs.
pub fn prepare_further(
    document: &Value,
    suite: Suite,
    options: &ProofOptions,
    store: &ContextStore,
) -> Result<Unsigned, Error> {
    if suite.transformation() == Transformation::Statements {
        return Err(Error::UnsupportedSuite);
    }
    let existing = match document.get("proof") {
        None => &[][..],
        Some(_) => proofs(document)?,
    };
    if existing.len() >= MAX_PROOFS {
        return Err(Error::too_large("proofs of a document", MAX_PROOFS));
    }
    let ids = ids(existing)?;
    if options.id.is_some() && ids.contains(&options.id.as_deref()) {
        return Err(Error::malformed("two proofs with one identifier"));
    }
    let (mut proof, key) = options.proof(suite)?;
    let previous = previous(proof.get("previousProof"), &ids)?;
    let mut members = match document.as_object() {
        Some(members) => members.clone(),
        None => return Err(Error::malformed("JSON object expected")),
    };
    inject_context(&mut members, suite);
    if suite.transformation() == Transformation::Jcs
        && let Some(context) = members.get("@context")
    {
        proof.insert("@context".to_owned(), context.clone());
    }
    let (document, proof) = (Value::Object(members), Value::Object(proof));
    let scheme = Scheme::new(suite, hash_algorithm(key));
    let mut signing_input = scheme.options_hash(&proof, document.get("@context"), store)?;
    signing_input.extend(match previous.as_slice() {
        [] => scheme.document_hash(&document, None, store)?,
        previous => scheme.chain_hash(&with_proofs(&document, existing, previous), None, store)?,
    });
    match (document, proof) {
        (Value::Object(document), Value::Object(proof)) => Ok(Unsigned {
            document,
            proof,
            signing_input,
            value: ProofValue::Plain,
        }),
        _ => Err(Error::malformed("JSON object expected")),
    }
}

/// Verifies all proofs of `document`, of which there may be one or several, in a set or in chains. All
/// must hold, each by one of the suites `allowed` and as `expected`; at least one must be by whom
/// [`ProofExpectation::binding`] says. They come back in the order of the document.
///
/// # Errors
/// Those of [`verify`](super::verify) for the first proof that does not hold; `malformed` when two
/// proofs share an identifier, when a `previousProof` names none of the others, or when a chain bites its
/// tail; `too_large` above 16 proofs; `unsupported_format` for selective-disclosure proofs within a
/// chain.
pub fn verify_all(
    document: &Value,
    allowed: &[Suite],
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<Vec<VerifiedProof>, Error> {
    let objects = proofs(document)?;
    let ids = ids(objects)?;
    let mut links = Vec::with_capacity(objects.len());
    let mut checked = Vec::with_capacity(objects.len());
    for object in objects {
        let members = object
            .as_object()
            .ok_or(Error::malformed("Data Integrity proof"))?;
        let suite = Suite::of_proof(members)?;
        if !allowed.contains(&suite) {
            return Err(Error::UnsupportedSuite);
        }
        links.push(previous(members.get("previousProof"), &ids)?);
        checked.push(CheckedProof::of(document, object, suite, expected)?);
    }
    refuse_cycles(&links)?;
    let mut bound = Err(Error::malformed("Data Integrity proof"));
    for proof in &checked {
        bound = proof.check_binding(expected.binding);
        if bound.is_ok() {
            break;
        }
    }
    bound?;

    let mut hashes: Vec<(Scheme, Vec<u8>)> = Vec::new();
    let mut verified = Vec::with_capacity(checked.len());
    for (proof, previous) in checked.into_iter().zip(links) {
        if proof.suite().transformation() == Transformation::Statements {
            if !previous.is_empty() {
                return Err(Error::UnsupportedFormat {
                    what: "proof chain",
                });
            }
            verified.push(disclosed(document, proof, store)?);
            continue;
        }
        let signature = signature(&proof)?;
        let scheme = Scheme::of(&proof);
        let mut message = scheme.options_hash(proof.object, document.get("@context"), store)?;
        let context = scheme.signed_context(&proof, document)?;
        match (previous.as_slice(), context) {
            ([], None) => {
                let known = hashes.iter().find(|(of, _)| *of == scheme);
                if let Some((_, hash)) = known {
                    message.extend(hash);
                } else {
                    let hash = scheme.document_hash(document, None, store)?;
                    message.extend(&hash);
                    hashes.push((scheme, hash));
                }
            }
            ([], context) => message.extend(scheme.document_hash(document, context, store)?),
            (previous, context) => {
                let document = with_proofs(document, objects, previous);
                message.extend(scheme.chain_hash(&document, context, store)?);
            }
        }
        verified.push(proof.verify(&message, &signature)?);
    }
    Ok(verified)
}

/// Verifies a derived proof of a suite with selective disclosure.
fn disclosed(
    document: &Value,
    proof: CheckedProof<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    match proof.suite() {
        Suite::EcdsaSd2023 => ecdsa_sd::verify_checked(document, proof, store),
        #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
        Suite::Bbs2023 => {
            let presented = super::bbs_2023::Presented::default();
            super::bbs_2023::verify_checked(document, proof, &presented, store)
                .map(|shown| shown.proof)
        }
        _ => Err(Error::UnsupportedSuite),
    }
}

/// The document's proofs, at least one and not too many.
fn proofs(document: &Value) -> Result<&[Value], Error> {
    match document.get("proof") {
        Some(Value::Array(proofs)) if proofs.len() > MAX_PROOFS => {
            Err(Error::too_large("proofs of a document", MAX_PROOFS))
        }
        Some(Value::Array(proofs)) if !proofs.is_empty() => Ok(proofs),
        Some(proof @ Value::Object(_)) => Ok(core::slice::from_ref(proof)),
        _ => Err(Error::malformed("Data Integrity proof")),
    }
}

/// The identifiers of proofs, each of them unique.
fn ids(proofs: &[Value]) -> Result<Vec<Option<&str>>, Error> {
    let mut ids = Vec::with_capacity(proofs.len());
    for proof in proofs {
        let members = proof
            .as_object()
            .ok_or(Error::malformed("Data Integrity proof"))?;
        let id = text(members, "id")?;
        if id.is_some() && ids.contains(&id) {
            return Err(Error::malformed("two proofs with one identifier"));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The indexes of the proofs that `previousProof` names, in the order of the document.
fn previous(named: Option<&Value>, ids: &[Option<&str>]) -> Result<Vec<usize>, Error> {
    let names = match named {
        None => return Ok(Vec::new()),
        Some(Value::Array(names)) if !names.is_empty() => names.as_slice(),
        Some(name @ Value::String(_)) => core::slice::from_ref(name),
        Some(_) => return Err(Error::malformed("previousProof")),
    };
    if names.len() > MAX_PROOFS {
        return Err(Error::too_large("previousProof", MAX_PROOFS));
    }
    let mut indexes = Vec::with_capacity(names.len());
    for name in names {
        let name = name.as_str().ok_or(Error::malformed("previousProof"))?;
        match ids.iter().position(|id| *id == Some(name)) {
            Some(index) if !indexes.contains(&index) => indexes.push(index),
            _ => return Err(Error::malformed("previousProof")),
        }
    }
    indexes.sort_unstable();
    Ok(indexes)
}

/// §4.5 step 3 of older drafts: a chain has a beginning. Takes away, again and again, the proofs whose
/// predecessors are all gone.
fn refuse_cycles(links: &[Vec<usize>]) -> Result<(), Error> {
    let mut gone = vec![false; links.len()];
    for _ in links {
        let next: Vec<bool> = links
            .iter()
            .map(|previous| {
                previous
                    .iter()
                    .all(|at| gone.get(*at).copied().unwrap_or_default())
            })
            .collect();
        gone = next;
    }
    match gone.iter().all(|gone| *gone) {
        true => Ok(()),
        false => Err(Error::malformed("a cycle of previousProof")),
    }
}

/// The document with only these of its proofs.
fn with_proofs(document: &Value, proofs: &[Value], indexes: &[usize]) -> Value {
    let members = document.as_object().into_iter().flatten();
    let mut members: serde_json::Map<_, _> = members
        .filter(|(name, _)| *name != "proof")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let matching = indexes.iter().filter_map(|at| proofs.get(*at).cloned());
    members.insert("proof".to_owned(), matching.collect());
    Value::Object(members)
}
