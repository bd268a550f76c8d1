//! Proof objects: what they must say, and what must be expected of them (Data Integrity §2.1, §4.4).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};

use super::expectation::{Binding, ProofExpectation, VerifiedProof};
use crate::did;
use crate::error::Error;
use crate::key::{KeyType, PublicKey};
use crate::time::Timestamp;

/// The cryptosuites that this crate checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suite {
    /// ECDSA over canonical RDF.
    EcdsaRdfc2019,
    /// ECDSA over canonical RDF with selective disclosure.
    EcdsaSd2023,
}

impl Suite {
    /// The suite's name in `cryptosuite`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaRdfc2019 => "ecdsa-rdfc-2019",
            Self::EcdsaSd2023 => "ecdsa-sd-2023",
        }
    }

    /// The suite that a document's proof names, before anything is checked: for finding out which
    /// `verify` to call, where policy allows both.
    ///
    /// # Errors
    /// `malformed` without a single Data Integrity proof; `unsupported_suite` for other suites.
    pub fn of(document: &Value) -> Result<Self, Error> {
        let proof = single_proof(document)?;
        match proof.get("cryptosuite").and_then(Value::as_str) {
            Some("ecdsa-rdfc-2019") => Ok(Self::EcdsaRdfc2019),
            Some("ecdsa-sd-2023") => Ok(Self::EcdsaSd2023),
            _ => Err(Error::UnsupportedSuite),
        }
    }
}

/// What a proof is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofPurpose {
    /// Credentials: the controller asserts the claims.
    AssertionMethod,
    /// Presentations: the controller shows that it is present.
    Authentication,
}

impl ProofPurpose {
    /// The purpose's name in `proofPurpose`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssertionMethod => "assertionMethod",
            Self::Authentication => "authentication",
        }
    }
}

/// What a new proof says.
#[derive(Clone, Debug)]
pub struct ProofOptions {
    /// DID URL of the signing key: `did:key:z…#z…`.
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
        }
    }

    /// The proof object, still without `proofValue`.
    ///
    /// # Errors
    /// Those of the DID: nothing is signed in the name of a method that cannot be resolved.
    pub(super) fn proof(&self, suite: Suite) -> Result<Map<String, Value>, Error> {
        did::resolve_method(&self.verification_method)?;
        let mut proof = Map::new();
        let mut insert = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                proof.insert(key.to_owned(), Value::from(value));
            }
        };
        insert("type", Some("DataIntegrityProof"));
        insert("cryptosuite", Some(suite.as_str()));
        insert(
            "created",
            self.created.map(Timestamp::to_rfc3339).as_deref(),
        );
        insert(
            "expires",
            self.expires.map(Timestamp::to_rfc3339).as_deref(),
        );
        insert("verificationMethod", Some(&self.verification_method));
        insert("proofPurpose", Some(self.proof_purpose.as_str()));
        insert("challenge", self.challenge.as_deref());
        insert("domain", self.domain.as_deref());
        Ok(proof)
    }
}

/// A document whose proof waits for the signature over [`signing_input`](Self::signing_input).
#[derive(Clone, Debug)]
pub struct Unsigned {
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
    /// The bytes to sign with ES256 (ECDSA P-256 over their SHA-256).
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The secured document. `signature` is r followed by s.
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
        document.insert("proof".to_owned(), Value::Object(proof));
        Value::Object(document)
    }
}

/// A proof whose members were checked against an expectation; its signature was not.
pub(super) struct CheckedProof<'a> {
    pub(super) members: &'a Map<String, Value>,
    pub(super) value: &'a str,
    verified: VerifiedProof,
}

fn single_proof(document: &Value) -> Result<&Map<String, Value>, Error> {
    let proof = match document.get("proof") {
        // Proof sets are refused rather than checked in part.
        Some(Value::Array(proofs)) if proofs.len() == 1 => proofs.first(),
        proof => proof,
    };
    proof
        .and_then(Value::as_object)
        .ok_or(Error::malformed("Data Integrity proof"))
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Error> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::malformed("Data Integrity proof member")),
    }
}

fn time(members: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Error> {
    text(members, name)?
        .map(Timestamp::parse_rfc3339)
        .transpose()
}

/// The controller and the key of a verification method.
fn resolve(method: &str, known: Option<&PublicKey>) -> Result<(String, PublicKey), Error> {
    if let Some(key) = known
        && let Some((did, _)) = method.split_once('#')
        && did::verification_method(key) == method
    {
        return Ok((did.to_owned(), key.clone()));
    }
    did::resolve_method(method)
}

/// A member that is an identifier or an object with one.
fn identifier(document: &Value, name: &str) -> Option<String> {
    let value = document.get(name)?;
    let id = value.get("id").unwrap_or(value);
    id.as_str().map(str::to_owned)
}

impl<'a> CheckedProof<'a> {
    /// Reads the document's proof and checks all but the signature (Data Integrity §4.4).
    pub(super) fn read(
        document: &'a Value,
        suite: Suite,
        expected: &ProofExpectation<'_>,
    ) -> Result<Self, Error> {
        let members = single_proof(document)?;
        if text(members, "type")? != Some("DataIntegrityProof")
            || text(members, "cryptosuite")? != Some(suite.as_str())
        {
            return Err(Error::UnsupportedSuite);
        }
        // Chains are refused rather than ignored: what they name would go unchecked.
        if members.contains_key("previousProof") {
            return Err(Error::UnsupportedFormat {
                what: "proof chain",
            });
        }
        if text(members, "proofPurpose")? != Some(expected.purpose.as_str()) {
            return Err(Error::ProofPurposeMismatch);
        }
        if let Some(challenge) = expected.challenge
            && text(members, "challenge")? != Some(challenge)
        {
            return Err(Error::NonceMismatch);
        }
        if let Some(domain) = expected.domain
            && text(members, "domain")? != Some(domain)
        {
            return Err(Error::AudienceMismatch);
        }
        let created = time(members, "created")?;
        let expires = time(members, "expires")?;
        if let Some(until) = expires
            && expected.now >= until
        {
            return Err(Error::Expired {
                until,
                now: expected.now,
            });
        }
        let method =
            text(members, "verificationMethod")?.ok_or(Error::malformed("verification method"))?;
        let (controller, key) = resolve(method, expected.known_key)?;
        if key.kind() != KeyType::P256 {
            return Err(Error::UnsupportedAlgorithm { what: "key type" });
        }
        let issuer = identifier(document, "issuer");
        let holder = identifier(document, "holder");
        match expected.binding {
            Binding::Issuer if issuer.as_ref() != Some(&controller) => {
                return Err(Error::IssuerKeyMismatch);
            }
            Binding::Holder if holder.as_ref() != Some(&controller) => {
                return Err(Error::HolderBindingInvalid {
                    why: "the holder is not the controller of the signing key",
                });
            }
            Binding::Issuer | Binding::Holder | Binding::Unbound => {}
        }
        Ok(Self {
            members,
            value: text(members, "proofValue")?.ok_or(Error::malformed("proof value"))?,
            verified: VerifiedProof {
                suite,
                verification_method: method.to_owned(),
                controller,
                key,
                created,
                expires,
                issuer,
                holder,
            },
        })
    }

    /// Checks the signature; the verified proof is the only thing left of a checked one.
    pub(super) fn verify(self, message: &[u8], signature: &[u8]) -> Result<VerifiedProof, Error> {
        self.verified
            .key
            .verify(message, signature)
            .map_err(|_| Error::InvalidSignature { what: "proof" })?;
        Ok(self.verified)
    }

    /// The proof's options as a document of their own, in the context of the secured document
    /// (vc-di-ecdsa §3.2.5, §3.5.5).
    pub(super) fn config(&self, document: &Value) -> Value {
        config(self.members, document.get("@context"))
    }
}

/// See [`CheckedProof::config`].
pub(super) fn config(proof: &Map<String, Value>, context: Option<&Value>) -> Value {
    let mut config: Map<String, Value> = proof
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "proofValue" | "@context"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if let Some(context) = context {
        config.insert("@context".to_owned(), context.clone());
    }
    Value::Object(config)
}

/// The members of a document that is to be signed.
pub(super) fn unsecured(document: &Value) -> Result<Map<String, Value>, Error> {
    match document.as_object() {
        Some(members) if !members.contains_key("proof") => Ok(members.clone()),
        Some(_) => Err(Error::malformed("the document has a proof already")),
        None => Err(Error::malformed("JSON object expected")),
    }
}
