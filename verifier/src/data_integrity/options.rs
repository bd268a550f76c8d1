//! What a new proof says, and a document that waits for its signature.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};

use super::suite::{Suite, Transformation};
use crate::claims::CREDENTIALS_V2;
use crate::did;
use crate::error::Error;
use crate::key::{KeyType, PublicKey};
use crate::time::Timestamp;

/// What a proof is for: a verification relationship (Controlled Identifiers §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofPurpose {
    /// Credentials: the controller asserts the claims.
    AssertionMethod,
    /// Presentations: the controller shows that it is present.
    Authentication,
    /// The controller uses a capability.
    CapabilityInvocation,
    /// The controller hands a capability on.
    CapabilityDelegation,
}

impl ProofPurpose {
    /// Every purpose.
    pub const ALL: &'static [Self] = &[
        Self::AssertionMethod,
        Self::Authentication,
        Self::CapabilityInvocation,
        Self::CapabilityDelegation,
    ];

    /// The purpose's name in `proofPurpose`, and the relationship's in a controlled identifier document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssertionMethod => "assertionMethod",
            Self::Authentication => "authentication",
            Self::CapabilityInvocation => "capabilityInvocation",
            Self::CapabilityDelegation => "capabilityDelegation",
        }
    }

    /// The purpose of a [name](Self::as_str).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|purpose| purpose.as_str() == name)
    }
}

/// What a new proof says (Data Integrity §2.1).
#[derive(Clone, Debug)]
pub struct ProofOptions {
    /// URL of the signing key: `did:key:z…#z…`.
    pub verification_method: String,
    /// What the proof is for.
    pub proof_purpose: ProofPurpose,
    /// When it is made.
    pub created: Option<Timestamp>,
    /// When it ceases to hold.
    pub expires: Option<Timestamp>,
    /// The verifier's nonce.
    pub challenge: Option<String>,
    /// The verifier it is made for.
    pub domain: Option<String>,
    /// The proof's own identifier, a URL: needed when other proofs will name it.
    pub id: Option<String>,
    /// Identifiers of the document's proofs that this one signs with the document, making a proof
    /// chain (§2.1.2).
    pub previous_proof: Vec<String>,
    /// Unpredictable text that makes two proofs over one document differ.
    pub nonce: Option<String>,
    /// The public key: needed where the URL of the method does not itself say it (did:web, https), and
    /// otherwise saves decoding it from there.
    pub key: Option<PublicKey>,
}

impl ProofOptions {
    /// Options with only what every proof has.
    #[must_use]
    pub fn new(verification_method: impl Into<String>, proof_purpose: ProofPurpose) -> Self {
        Self {
            verification_method: verification_method.into(),
            proof_purpose,
            created: None,
            expires: None,
            challenge: None,
            domain: None,
            id: None,
            previous_proof: Vec::new(),
            nonce: None,
            key: None,
        }
    }

    /// The proof object, still without `proofValue`, and the kind of key that is to sign it.
    ///
    /// # Errors
    /// Those of the DID: nothing is signed in the name of a method that cannot be resolved.
    /// `unsupported_algorithm` for a key that the suite does not use.
    pub(super) fn proof(&self, suite: Suite) -> Result<(Map<String, Value>, KeyType), Error> {
        let key = self.public_key()?.kind();
        if !suite.key_types().contains(&key) {
            return Err(Error::UnsupportedAlgorithm { what: "key type" });
        }
        let mut proof = Map::new();
        let mut insert = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                proof.insert(key.to_owned(), Value::from(value));
            }
        };
        insert("id", self.id.as_deref());
        insert("type", Some(suite.proof_type()));
        insert("cryptosuite", suite.cryptosuite());
        let time = |time: Option<Timestamp>| time.map(Timestamp::to_rfc3339);
        insert("created", time(self.created).as_deref());
        insert("expires", time(self.expires).as_deref());
        insert("verificationMethod", Some(&self.verification_method));
        insert("proofPurpose", Some(self.proof_purpose.as_str()));
        insert("challenge", self.challenge.as_deref());
        insert("domain", self.domain.as_deref());
        insert("nonce", self.nonce.as_deref());
        let previous = match self.previous_proof.as_slice() {
            [] => None,
            [one] => Some(Value::from(one.as_str())),
            several => Some(Value::from(several)),
        };
        if let Some(previous) = previous {
            proof.insert("previousProof".to_owned(), previous);
        }
        Ok((proof, key))
    }

    /// The key that the verification method names.
    pub(super) fn public_key(&self) -> Result<PublicKey, Error> {
        if let Some(key) = &self.key
            && did::did_of_method(&self.verification_method, key).is_some()
        {
            return Ok(key.clone());
        }
        if did::is_self_describing(&self.verification_method) {
            let (_, key) = did::resolve_method(&self.verification_method)?;
            return match &self.key {
                Some(given) if *given != key => {
                    Err(Error::malformed("verification method of another key"))
                }
                _ => Ok(key),
            };
        }
        match &self.key {
            Some(key) if self.verification_method.contains('#') => Ok(key.clone()),
            _ => Err(Error::malformed("verification method")),
        }
    }
}

/// A document whose proof waits for the signature over [`signing_input`](Self::signing_input).
#[derive(Clone, Debug)]
pub struct Unsigned {
    /// The document, with the proofs that it had before.
    pub(super) document: Map<String, Value>,
    pub(super) proof: Map<String, Value>,
    pub(super) signing_input: Vec<u8>,
    pub(super) value: ProofValue,
}

/// How the signature becomes a `proofValue`.
#[derive(Clone, Debug)]
pub(super) enum ProofValue {
    Plain,
    SdBase(super::ecdsa_sd::BaseParts),
}

impl Unsigned {
    /// The bytes to sign with the one algorithm of the key, which hashes them itself: ES256, ES384 or
    /// Ed25519.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The secured document. `signature` is r ‖ s, or R ‖ S for Ed25519. A document that had proofs
    /// keeps them, and the new one comes last.
    #[must_use]
    pub fn attach(self, signature: impl AsRef<[u8]>) -> Value {
        let signature = signature.as_ref();
        let Self {
            mut document,
            mut proof,
            value,
            ..
        } = self;
        let value = match value {
            ProofValue::Plain => crate::encoding::multibase_base58(signature),
            ProofValue::SdBase(parts) => parts.encode(signature),
        };
        proof.insert("proofValue".to_owned(), Value::String(value));
        let proof = Value::Object(proof);
        let proof = match document.remove("proof") {
            None => proof,
            Some(Value::Array(mut proofs)) => {
                proofs.push(proof);
                Value::Array(proofs)
            }
            Some(first) => Value::Array([first, proof].into()),
        };
        document.insert("proof".to_owned(), proof);
        Value::Object(document)
    }
}

/// The members of a document that is to be signed for the first time, in a context that defines the
/// terms of the suite's proofs.
pub(super) fn unsecured(document: &Value, suite: Suite) -> Result<Map<String, Value>, Error> {
    match document.as_object() {
        Some(members) if !members.contains_key("proof") => {
            let mut members = members.clone();
            inject_context(&mut members, suite);
            Ok(members)
        }
        Some(_) => Err(Error::malformed("the document has a proof already")),
        None => Err(Error::malformed("JSON object expected")),
    }
}

/// Context injection (Data Integrity §2.4.1): without it the proof's members would be undefined.
pub(super) fn inject_context(members: &mut Map<String, Value>, suite: Suite) {
    let defines = |context: &Value| match context.as_str() {
        Some(url) if url == suite.context() => true,
        Some(CREDENTIALS_V2 | "https://w3id.org/security/data-integrity/v1") => {
            suite.cryptosuite().is_some()
        }
        _ => false,
    };
    let injected = Value::from(suite.context());
    match members.get_mut("@context") {
        // Plain JSON that a JCS suite signs needs no context; JSON-LD without one has no terms.
        None | Some(Value::Null) if suite.transformation() == Transformation::Jcs => {}
        None | Some(Value::Null) => {
            members.insert("@context".to_owned(), injected);
        }
        Some(Value::Array(contexts)) => {
            if !contexts.iter().any(defines) {
                contexts.push(injected);
            }
        }
        Some(context) => {
            if !defines(context) {
                *context = Value::Array([context.take(), injected].into());
            }
        }
    }
}
