//! What is expected of a proof, and what is known of one that holds.

use super::{ProofPurpose, Suite};
use crate::did::Documents;
use crate::key::PublicKey;
use crate::time::Timestamp;
use alloc::string::String;

/// Who must control the key that signed. This is the one switch for issuers that are not the
/// controllers of their keys, such as those of the published vectors: [`Binding::Unbound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The document's `issuer`.
    Issuer,
    /// The document's `holder`.
    Holder,
    /// Anyone: the caller compares [`VerifiedProof::controller`] with what it knows.
    Unbound,
}

/// What must be true of a proof beyond its signature.
#[derive(Clone, Copy, Debug)]
pub struct ProofExpectation<'a> {
    /// What the proof must be for.
    pub purpose: ProofPurpose,
    /// Who must have made it.
    pub binding: Binding,
    /// The time at which it must hold.
    pub now: Timestamp,
    /// The nonce it must answer; `None` where none was sent.
    pub challenge: Option<&'a str>,
    /// The audience it must be made for; `None` where none is expected.
    pub domain: Option<&'a str>,
    /// The key that the signer is expected to have, decoded before: it saves a quarter of a
    /// signature check when the proof names it, and changes nothing otherwise.
    pub known_key: Option<&'a PublicKey>,
    /// Controlled identifier documents of DIDs and URLs that do not themselves say their keys.
    /// Without them only did:key and did:jwk are known; nothing is ever fetched.
    pub documents: Option<&'a Documents>,
    /// How many seconds after `now` a proof may say that it was made; `None` where that is not
    /// compared.
    pub future_tolerance: Option<i64>,
}

impl<'a> ProofExpectation<'a> {
    /// What is expected of a credential: an assertion by its issuer.
    #[must_use]
    pub const fn credential(now: Timestamp) -> Self {
        Self {
            purpose: ProofPurpose::AssertionMethod,
            binding: Binding::Issuer,
            now,
            challenge: None,
            domain: None,
            known_key: None,
            documents: None,
            future_tolerance: None,
        }
    }

    /// What is expected of a presentation: its holder's answer to our nonce, for us.
    #[must_use]
    pub const fn presentation(now: Timestamp, challenge: &'a str, domain: &'a str) -> Self {
        Self {
            purpose: ProofPurpose::Authentication,
            binding: Binding::Holder,
            now,
            challenge: Some(challenge),
            domain: Some(domain),
            known_key: None,
            documents: None,
            future_tolerance: None,
        }
    }

    /// The same, with a key that the signer is expected to have.
    #[must_use]
    pub const fn knowing(mut self, key: &'a PublicKey) -> Self {
        self.known_key = Some(key);
        self
    }

    /// The same, with controlled identifier documents at hand.
    #[must_use]
    pub const fn with_documents(mut self, documents: &'a Documents) -> Self {
        self.documents = Some(documents);
        self
    }
}

/// A proof that holds. Only the `verify` functions make one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedProof {
    /// The suite that was checked.
    pub suite: Suite,
    /// The proof's identifier, by which others may build on it.
    pub id: Option<String>,
    /// What the proof is for.
    pub purpose: ProofPurpose,
    /// URL of the key that signed.
    pub verification_method: String,
    /// The DID or URL that controls the key.
    pub controller: String,
    /// The key that signed.
    pub key: PublicKey,
    /// When the proof was made, as its maker says.
    pub created: Option<Timestamp>,
    /// When it ceases to hold.
    pub expires: Option<Timestamp>,
    /// The document's issuer, if it names one.
    pub issuer: Option<String>,
    /// The document's holder, if it names one.
    pub holder: Option<String>,
}
