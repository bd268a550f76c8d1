//! The suites that sign a whole document: transform, hash, sign (Data Integrity §4.2 and §4.4,
//! vc-di-ecdsa §3.2 and §3.3, vc-di-eddsa §3.2 to §3.4).
//!
//! ```text
//! proof without its value ──transform──▶ text ──hash──┐
//!                                                      ├──▶ what is signed
//! document without proofs ──transform──▶ text ──hash──┘
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Number, Value};

use super::options::{ProofOptions, ProofValue, Unsigned, unsecured};
use super::proof::CheckedProof;
use super::suite::{Suite, Transformation, hash_algorithm};
use super::{ProofExpectation, VerifiedProof, known_options};
use crate::encoding::from_multibase_base58;
use crate::error::Error;
use crate::jsonld::{
    ContextStore, canonical_object, document_to_rdf, ordinary, proof_options_to_rdf,
    unsecured_to_rdf,
};
use crate::rdf::{Budget, HashAlgorithm, Quad, canonicalize};

/// Prepares a first proof over `document`.
pub(super) fn prepare(
    document: &Value,
    suite: Suite,
    options: &ProofOptions,
    store: &ContextStore,
) -> Result<Unsigned, Error> {
    if suite.transformation() == Transformation::Statements {
        return Err(Error::UnsupportedSuite);
    }
    if !options.previous_proof.is_empty() {
        return Err(Error::malformed("previousProof"));
    }
    let (mut proof, key) = options.proof(suite)?;
    let document = unsecured(document, suite)?;
    if suite.transformation() == Transformation::Jcs
        && let Some(context) = document.get("@context")
    {
        proof.insert("@context".to_owned(), context.clone());
    }
    let (document, proof) = (Value::Object(document), Value::Object(proof));
    let scheme = Scheme::new(suite, hash_algorithm(key));
    let mut signing_input = scheme.options_hash(&proof, document.get("@context"), store)?;
    signing_input.extend(scheme.document_hash(&document, None, store)?);
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

/// Verifies the only proof of `document`, which must be of `suite`.
pub(super) fn verify(
    document: &Value,
    suite: Suite,
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let proof = CheckedProof::read(document, suite, expected)?;
    let signature = signature(&proof)?;
    let scheme = Scheme::of(&proof);
    let mut message = scheme.options_hash(proof.object, document.get("@context"), store)?;
    let context = scheme.signed_context(&proof, document)?;
    message.extend(scheme.document_hash(document, context, store)?);
    proof.verify(&message, &signature)
}

/// The bytes of `proofValue`: base58btc, as many as a signature of the key has.
pub(super) fn signature(proof: &CheckedProof<'_>) -> Result<Vec<u8>, Error> {
    let signature = from_multibase_base58(proof.value)?;
    match signature.len() == proof.key().kind().signature_len() {
        true => Ok(signature),
        false => Err(Error::malformed("length of the proof value")),
    }
}

/// How a suite makes hashes with one kind of key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Scheme {
    transformation: Transformation,
    hash: HashAlgorithm,
}

impl Scheme {
    pub(super) const fn new(suite: Suite, hash: HashAlgorithm) -> Self {
        Self {
            transformation: suite.transformation(),
            hash,
        }
    }

    pub(super) const fn of(proof: &CheckedProof<'_>) -> Self {
        Self::new(proof.suite(), hash_algorithm(proof.key().kind()))
    }

    /// The hash of a proof's options: the proof without its value. RDFC reads it in the document's
    /// context, JCS as it stands.
    pub(super) fn options_hash(
        self,
        proof: &Value,
        context: Option<&Value>,
        store: &ContextStore,
    ) -> Result<Vec<u8>, Error> {
        match self.transformation {
            Transformation::Jcs => self.json_hash(members_without(proof, &["proofValue"])?),
            _ => match known_options::nquads(proof, context) {
                Some(text) => Ok(self.hash.digest(text.as_bytes())),
                None => self.quads_hash(&proof_options_to_rdf(proof, context, store)?),
            },
        }
    }

    /// The hash of a document without its proofs, in `context` instead of its own if there is one.
    pub(super) fn document_hash(
        self,
        document: &Value,
        context: Option<&Value>,
        store: &ContextStore,
    ) -> Result<Vec<u8>, Error> {
        match self.transformation {
            Transformation::Jcs => {
                self.json_hash(within(context, members_without(document, &["proof"])?))
            }
            _ => match self.ordinary_hash(document, store, &["proof"]) {
                Some(hash) => Ok(hash),
                None => self.quads_hash(&unsecured_to_rdf(document, store)?.quads),
            },
        }
    }

    /// As [`document_hash`](Self::document_hash), for a document that has the proofs that a proof of a
    /// chain signs with it, and no others.
    pub(super) fn chain_hash(
        self,
        document: &Value,
        context: Option<&Value>,
        store: &ContextStore,
    ) -> Result<Vec<u8>, Error> {
        match self.transformation {
            Transformation::Jcs => self.json_hash(within(context, members_without(document, &[])?)),
            _ => match self.ordinary_hash(document, store, &[]) {
                Some(hash) => Ok(hash),
                None => self.quads_hash(&document_to_rdf(document, store)?),
            },
        }
    }

    /// The context that a JCS proof says it signed: the first ones of the document's (vc-di-eddsa
    /// §3.3.2 step 4).
    pub(super) fn signed_context<'a>(
        self,
        proof: &CheckedProof<'a>,
        document: &Value,
    ) -> Result<Option<&'a Value>, Error> {
        let signed = match self.transformation {
            Transformation::Jcs => proof.members.get("@context"),
            _ => None,
        };
        if let Some(signed) = signed {
            let all = document.get("@context").map_or(&[][..], as_slice);
            if !all.starts_with(as_slice(signed)) {
                return Err(Error::malformed("context of the proof"));
            }
        }
        Ok(signed)
    }

    /// The hash of a document that is ordinary in its form and in its graph; `None` of any other.
    fn ordinary_hash(
        self,
        document: &Value,
        store: &ContextStore,
        without: &'static [&'static str],
    ) -> Option<Vec<u8>> {
        let text = ordinary(document, store, without)?
            .dataset
            .simple_nquads(self.hash)?;
        Some(self.hash.digest(text.as_bytes()))
    }

    fn quads_hash(self, quads: &[Quad]) -> Result<Vec<u8>, Error> {
        let canonical = canonicalize(quads, self.hash, Budget::default())?;
        Ok(self.hash.digest(canonical.to_nquads().as_bytes()))
    }

    fn json_hash(self, members: Vec<(&str, &Value)>) -> Result<Vec<u8>, Error> {
        for (_, value) in &members {
            exact_numbers(value)?;
        }
        Ok(self.hash.digest(canonical_object(members).as_bytes()))
    }
}

/// The members of a document, read in `context` instead of its own if there is one.
fn within<'a>(
    context: Option<&'a Value>,
    mut members: Vec<(&'a str, &'a Value)>,
) -> Vec<(&'a str, &'a Value)> {
    if let Some(context) = context {
        members.retain(|(name, _)| *name != "@context");
        members.push(("@context", context));
    }
    members
}

fn as_slice(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(core::slice::from_ref(value), Vec::as_slice)
}

fn members_without<'a>(
    object: &'a Value,
    without: &[&str],
) -> Result<Vec<(&'a str, &'a Value)>, Error> {
    let members = object
        .as_object()
        .ok_or(Error::malformed("JSON object expected"))?;
    Ok(members
        .iter()
        .map(|(name, value)| (String::as_str(name), value))
        .filter(|(name, _)| !without.contains(name))
        .collect())
}

/// RFC 8785 §3.1 takes I-JSON only, whose integers are exact as doubles (RFC 7493 §2.2): of two
/// integers with one canonical form, only one was signed.
fn exact_numbers(value: &Value) -> Result<(), Error> {
    const EXACT: u64 = (1 << 53) - 1;
    let is_exact = |number: &Number| match (number.as_i64(), number.as_u64()) {
        (Some(integer), _) => integer.unsigned_abs() <= EXACT,
        (None, Some(_)) => false,
        (None, None) => true,
    };
    match value {
        Value::Number(number) if !is_exact(number) => {
            Err(Error::malformed("integer beyond the exact ones"))
        }
        Value::Array(items) => items.iter().try_for_each(exact_numbers),
        Value::Object(members) => members.values().try_for_each(exact_numbers),
        _ => Ok(()),
    }
}
