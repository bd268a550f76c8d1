//! The decision: from what was proved and the keys shown, an [`Approval`]. Pure: no store, no clock, no I/O.

use tessera_verifier::key::PublicKey;
use tessera_verifier::vci::key_attestation::{self, KeyAttestation};
use tessera_verifier::vci::metadata::KeyAttestationsRequired;
use tessera_verifier::vci::{Proofs, Trusted, proof};
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
    /// The attestations in the proofs' headers, one place for each key.
    attestations: Vec<Option<String>>,
}

/// What key proofs must satisfy.
#[derive(Clone, Copy)]
pub struct ProofRules<'a> {
    /// The credential issuer identifier.
    pub audience: &'a str,
    /// Unix seconds.
    pub now: i64,
    /// Keys of one request at most.
    pub most: usize,
    /// Whose word on keys is taken.
    pub attesters: Trusted<'a>,
    /// What that word must say; empty: keys need no attestation.
    pub required: &'a KeyAttestationsRequired,
}

impl ProofRules<'_> {
    fn demanded(&self) -> bool {
        *self.required != KeyAttestationsRequired::default()
    }

    /// Checks the attestations in the headers of `jwt` proofs: each must list the key that its proof is by. Where nothing
    /// is demanded and nobody is believed, they say nothing to us.
    fn attested(&self, proofs: &HolderProofs) -> Result<(), Failure> {
        let nobody = self.attesters.keys.is_empty() && self.attesters.anchors.is_empty();
        for (key, attestation) in proofs.keys.iter().zip(&proofs.attestations) {
            match attestation {
                None if self.demanded() => {
                    return Err(Failure::with(
                        Code::InvalidKeyAttestation,
                        "the key has no attestation",
                    ));
                }
                Some(_) if nobody && !self.demanded() => {}
                Some(attestation) => {
                    let said = self.attestation(attestation)?;
                    if !said.keys.contains(key) {
                        return Err(Failure::with(
                            Code::InvalidKeyAttestation,
                            "the attestation is for other keys",
                        ));
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    fn attestation(&self, compact: &str) -> Result<KeyAttestation, Failure> {
        let refused = |why| Failure::with(Code::InvalidKeyAttestation, why);
        let now = Timestamp::from_unix(self.now);
        let said = key_attestation::verify(compact, &self.attesters, now).map_err(|error| {
            refused(match error.code() {
                "expired" => "the attestation has expired",
                "issuer_untrusted" => "the attester is not trusted",
                "invalid_signature" => "the attestation's signature does not verify",
                "too_large" => "the attestation is too large",
                _ => "the attestation is not well formed",
            })
        })?;
        match said.satisfies(self.required) {
            true => Ok(said),
            false => Err(refused("the keys are not kept as is demanded")),
        }
    }
}

impl HolderProofs {
    /// Checks the proofs of a credential request, of either kind (OpenID4VCI 1.0 §8.2.1, appendix F).
    ///
    /// The count is checked before any signature, so a huge batch costs nothing.
    ///
    /// # Errors
    /// `invalid_proof`, `invalid_key_attestation`, `batch_too_large`, `duplicate_key`, `invalid_nonce`.
    pub fn read(proofs: &Proofs, rules: &ProofRules<'_>) -> Result<Self, Failure> {
        let list = match proofs {
            Proofs::Jwt(jwts) => {
                let read = Self::verify(jwts, rules.audience, rules.now, rules.most)?;
                rules.attested(&read)?;
                return Ok(read);
            }
            Proofs::Attestation(list) => list,
        };
        let [attestation] = list.as_slice() else {
            return Err(Failure::with(
                Code::InvalidProof,
                "there must be exactly one key attestation",
            ));
        };
        let said = rules.attestation(attestation)?;
        if said.keys.len() > rules.most {
            return Err(Code::BatchTooLarge.into());
        }
        // Appendix F.3: what is fresh about it is the nonce alone.
        let nonce = said.nonce.ok_or(Failure::from(Code::InvalidNonce))?;
        Ok(Self {
            keys: said.keys,
            nonce,
            attestations: Vec::new(),
        })
    }

    /// Checks `jwt` proofs (OpenID4VCI 1.0 §8.2 and appendix F.1), but for the attestations in their headers.
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
        let mut attestations = Vec::with_capacity(jwts.len());
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
            attestations.push(verified.key_attestation);
        }
        Ok(Self {
            keys,
            attestations,
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

    /// The keys, in the order of the proofs.
    #[must_use]
    pub fn into_keys(self) -> ProvenKeys {
        ProvenKeys(self.keys)
    }

    /// The nonce they all carry.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }
}

/// Keys whose possession was proved to us, each once.
#[derive(Debug)]
pub struct ProvenKeys(Vec<PublicKey>);

impl ProvenKeys {
    /// Keys that were proved in an earlier request, as [`Self::to_dids`] recorded them.
    ///
    /// # Errors
    /// `internal` where that is not what was recorded.
    pub(crate) fn recorded(dids: &[String]) -> Result<Self, Failure> {
        dids.iter()
            .map(|did| tessera_verifier::did::resolve(did).map(|(_, key)| key))
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(|error| Failure::internal(&error))
    }

    /// The keys as did:key.
    pub(crate) fn to_dids(&self) -> Vec<String> {
        self.0.iter().map(tessera_verifier::did::did_key).collect()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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
    set: String,
    person: String,
    level: Level,
    evidence: Proved,
    keys: Vec<PublicKey>,
}

impl Approval {
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    pub(crate) fn set(&self) -> &str {
        &self.set
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
/// `credential_request_denied` where the session proves another level than the token was granted for.
pub fn approve(
    session: &dyn Provable,
    granted: Level,
    keys: ProvenKeys,
) -> Result<Approval, Failure> {
    let record = session.record();
    if session.proves() != granted {
        return Err(Code::RequestDenied.into());
    }
    Ok(Approval {
        session: record.id.clone(),
        set: record.set(granted),
        person: record.person.clone(),
        level: granted,
        evidence: session.proved(),
        keys: keys.0,
    })
}
