//! The decision: from what was proved and the keys shown, an [`Approval`]. Pure: no store, no clock, no I/O.

use tessera_verifier::key::PublicKey;
use tessera_verifier::vci::proof;
use tessera_verifier::{Error, Timestamp};

use crate::failure::{Code, Failure};
use crate::proofing::Provable;
use crate::store::{Level, Proved};

/// Key proofs of one request: all valid, for us, over one nonce, each of a different key.
///
/// Whether that nonce is ours and unused is for the store to say, in the transaction that consumes it.
#[derive(Debug)]
pub struct HolderProofs {
    keys: Vec<PublicKey>,
    nonce: String,
}

impl HolderProofs {
    /// Checks the proofs of a credential request (OpenID4VCI 1.0 §8.2 and appendix F.1).
    ///
    /// The count is checked before any signature, so a huge batch costs nothing.
    ///
    /// # Errors
    /// `invalid_proof`, `batch_too_large`, `duplicate_key`, `invalid_nonce`.
    pub fn verify(jwts: &[String], audience: &str, now: i64, most: usize) -> Result<Self, Failure> {
        if jwts.is_empty() {
            return Err(Failure::with(Code::InvalidProof, "no key proof"));
        }
        if jwts.len() > most {
            return Err(Code::BatchTooLarge.into());
        }
        let mut keys: Vec<PublicKey> = Vec::with_capacity(jwts.len());
        let mut nonce: Option<String> = None;
        for jwt in jwts {
            let verified = proof::verify(jwt, audience, Timestamp::from_unix(now))
                .map_err(|error| Failure::with(Code::InvalidProof, reason(&error)))?;
            if *nonce.get_or_insert_with(|| verified.nonce.clone()) != verified.nonce {
                return Err(Failure::with(
                    Code::InvalidNonce,
                    "the proofs carry different nonces",
                ));
            }
            if keys.contains(&verified.key) {
                return Err(Code::DuplicateKey.into());
            }
            keys.push(verified.key);
        }
        Ok(Self {
            keys,
            nonce: nonce.unwrap_or_default(),
        })
    }

    /// How many keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never true: a request without proofs is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The nonce they all carry.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }
}

/// What is wrong with a proof, in words: the code alone is `invalid_proof` for all of them.
fn reason(error: &Error) -> &'static str {
    match error.code() {
        "audience_mismatch" => "the proof is for another audience",
        "unsupported_algorithm" => "the proof's algorithm is not accepted",
        "invalid_signature" => "the proof's signature does not verify",
        "presentation_too_old" => "the proof is too old",
        "presentation_from_future" => "the proof is from the future",
        "nonce_mismatch" => "the proof carries no nonce",
        "holder_binding_missing" => "the proof names no key, or two",
        _ => "the proof is not well formed",
    }
}

/// A decision to issue, once. It can neither be copied nor stored: it is spent by
/// [`crate::issue::Prepared::prepare`].
#[derive(Debug)]
pub struct Approval {
    session: String,
    person: String,
    level: Level,
    evidence: Proved,
    keys: Vec<PublicKey>,
}

impl Approval {
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    pub(crate) fn person(&self) -> &str {
        &self.person
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn evidence(&self) -> &Proved {
        &self.evidence
    }

    pub(crate) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }
}

/// Approves what the session proves, for the keys shown.
///
/// # Errors
/// `credential_request_denied` where the session proves another level than it applied for.
pub fn approve(session: &dyn Provable, proofs: &HolderProofs) -> Result<Approval, Failure> {
    let record = session.record();
    if session.proves() != record.level {
        return Err(Code::RequestDenied.into());
    }
    Ok(Approval {
        session: record.id.clone(),
        person: record.person.clone(),
        level: record.level,
        evidence: session.evidence(),
        keys: proofs.keys.clone(),
    })
}
