//! Proof objects: what they must say before their signature is looked at (Data Integrity §2.1, §4.4).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use serde_json::{Map, Value};

use super::expectation::{Binding, ProofExpectation, VerifiedProof};
use super::suite::Suite;
use crate::did;
use crate::error::Error;
use crate::key::PublicKey;
use crate::time::Timestamp;

/// A proof whose members were checked against an expectation; its signature was not.
pub(super) struct CheckedProof<'a> {
    /// The proof object.
    pub(super) object: &'a Value,
    pub(super) members: &'a Map<String, Value>,
    pub(super) value: &'a str,
    verified: VerifiedProof,
}

/// The one proof of a document.
pub(super) fn single_proof(document: &Value) -> Result<&Map<String, Value>, Error> {
    single(document).map(|(_, members)| members)
}

fn single(document: &Value) -> Result<(&Value, &Map<String, Value>), Error> {
    let proof = match document.get("proof") {
        // Proof sets are refused rather than checked in part.
        Some(Value::Array(proofs)) if proofs.len() == 1 => proofs.first(),
        proof => proof,
    };
    proof
        .and_then(|proof| Some((proof, proof.as_object()?)))
        .ok_or(Error::malformed("Data Integrity proof"))
}

/// A member that is a string if it is there at all.
pub(super) fn text<'a>(
    members: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, Error> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::malformed("Data Integrity proof member")),
    }
}

/// A dateTimeStamp; §2.1 has a time without an offset read as UTC.
fn time(members: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Error> {
    text(members, name)?
        .map(|text| {
            Timestamp::parse_rfc3339(text)
                .or_else(|error| Timestamp::parse_rfc3339(&format!("{text}Z")).map_err(|_| error))
        })
        .transpose()
}

/// The controller and the key of a verification method that may be used for the expected purpose.
fn resolve(method: &str, expected: &ProofExpectation<'_>) -> Result<(String, PublicKey), Error> {
    if let Some(key) = expected.known_key
        && let Some(did) = did::did_of_method(method, key)
    {
        return Ok((did.to_owned(), key.clone()));
    }
    match expected.documents {
        Some(documents) if !did::is_self_describing(method) => {
            documents.key(method, expected.purpose, expected.now)
        }
        // The document of such a DID lists its key for every purpose that a proof can have.
        _ => did::resolve_method(method),
    }
}

/// A member that is an identifier or an object with one.
fn identifier(document: &Value, name: &str) -> Option<String> {
    let value = document.get(name)?;
    let id = value.get("id").unwrap_or(value);
    id.as_str().map(str::to_owned)
}

/// Whether the proof is made for `domain` and nobody else: §4.4 compares the two as sets of strings.
fn is_for(domain: &str, said: Option<&Value>) -> Result<bool, Error> {
    match said {
        None => Ok(false),
        Some(Value::String(said)) => Ok(said == domain),
        Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
            Ok(!all.is_empty() && all.iter().all(|said| said == domain))
        }
        Some(_) => Err(Error::malformed("Data Integrity proof member")),
    }
}

impl<'a> CheckedProof<'a> {
    /// Reads the document's only proof, which must be of `suite`, and checks all but the signature.
    pub(super) fn read(
        document: &'a Value,
        suite: Suite,
        expected: &ProofExpectation<'_>,
    ) -> Result<Self, Error> {
        let (object, members) = single(document)?;
        if Suite::of_proof(members)? != suite {
            return Err(Error::UnsupportedSuite);
        }
        // What a chain names would go unchecked.
        if members.contains_key("previousProof") {
            return Err(Error::UnsupportedFormat {
                what: "proof chain",
            });
        }
        let proof = Self::of(document, object, suite, expected)?;
        proof.check_binding(expected.binding)?;
        Ok(proof)
    }

    /// Reads one proof of the document, of `suite`, and checks all but the signature, the binding
    /// and its place in a chain (Data Integrity §4.4).
    pub(super) fn of(
        document: &'a Value,
        object: &'a Value,
        suite: Suite,
        expected: &ProofExpectation<'_>,
    ) -> Result<Self, Error> {
        let members = object
            .as_object()
            .ok_or(Error::malformed("Data Integrity proof"))?;
        if text(members, "proofPurpose")? != Some(expected.purpose.as_str()) {
            return Err(Error::ProofPurposeMismatch);
        }
        if let Some(challenge) = expected.challenge
            && text(members, "challenge")? != Some(challenge)
        {
            return Err(Error::NonceMismatch);
        }
        if let Some(domain) = expected.domain
            && !is_for(domain, members.get("domain"))?
        {
            return Err(Error::AudienceMismatch);
        }
        let created = time(members, "created")?;
        let expires = time(members, "expires")?;
        let now = expected.now;
        if let (Some(from), Some(skew)) = (created, expected.future_tolerance)
            && from > now.add_seconds(skew)
        {
            return Err(Error::NotYetValid { from, now });
        }
        if let Some(until) = expires
            && now >= until
        {
            return Err(Error::Expired { until, now });
        }
        let method =
            text(members, "verificationMethod")?.ok_or(Error::malformed("verification method"))?;
        let (controller, key) = resolve(method, expected)?;
        if !suite.key_types().contains(&key.kind()) {
            return Err(Error::UnsupportedAlgorithm { what: "key type" });
        }
        Ok(Self {
            object,
            members,
            value: text(members, "proofValue")?.ok_or(Error::malformed("proof value"))?,
            verified: VerifiedProof {
                suite,
                id: text(members, "id")?.map(str::to_owned),
                purpose: expected.purpose,
                verification_method: method.to_owned(),
                controller,
                key,
                created,
                expires,
                issuer: identifier(document, "issuer"),
                holder: identifier(document, "holder"),
            },
        })
    }

    /// Whether the proof was made by whom it must have been made.
    pub(super) fn check_binding(&self, binding: Binding) -> Result<(), Error> {
        let VerifiedProof {
            controller,
            issuer,
            holder,
            ..
        } = &self.verified;
        match binding {
            Binding::Issuer if issuer.as_ref() != Some(controller) => Err(Error::IssuerKeyMismatch),
            Binding::Holder if holder.as_ref() != Some(controller) => {
                Err(Error::HolderBindingInvalid {
                    why: "the holder is not the controller of the signing key",
                })
            }
            Binding::Issuer | Binding::Holder | Binding::Unbound => Ok(()),
        }
    }

    /// The suite.
    pub(super) const fn suite(&self) -> Suite {
        self.verified.suite
    }

    /// The key that the proof must have been signed with.
    pub(super) const fn key(&self) -> &PublicKey {
        &self.verified.key
    }

    /// What is verified once `holds` says so.
    #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
    pub(super) fn verified_if(self, holds: Result<(), Error>) -> Result<VerifiedProof, Error> {
        holds.map(|()| self.verified)
    }

    /// Checks the signature; the verified proof is the only thing left of a checked one.
    pub(super) fn verify(self, message: &[u8], signature: &[u8]) -> Result<VerifiedProof, Error> {
        self.verified
            .key
            .verify(message, signature)
            .map_err(|_| Error::InvalidSignature { what: "proof" })?;
        Ok(self.verified)
    }
}
