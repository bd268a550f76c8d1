//! `bbs-2023` (vc-di-bbs §3): one signature over all statements, and showings that cannot be linked.
//!
//! ```text
//! issuer  prepare_base ─▶ Prepared ─sign─▶ base proof      one BBS signature over every statement
//! holder  verify_base, then derive ──────▶ derived proof   the selected statements, and a proof of the signature
//! anyone  verify                                           refuses base proofs, which disclose everything
//! ```
//!
//! A credential may be bound to a secret of its holder, from which [pseudonyms](Presented::nym_domain) can be made: see
//! [`FeatureOption`]. The ciphersuite is BLS12-381-SHA-256.

mod holder;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod hostile;
mod proof_value;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod vectors;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::disclosure::{Label, Selection, Statements, group, split};
use super::options::unsecured;
use super::proof::CheckedProof;
use super::{ProofExpectation, ProofOptions, Suite, VerifiedProof, options_hash};
use crate::bbs::{
    BlindDisclosed, BlindSignInput, Ciphersuite, Context, Disclosed, Pseudonym, PseudonymForm,
    Secret, SecretKey, blind_proof_verify, blind_sign, proof_verify, sign,
};
use crate::crypto::{hmac_sha256, sha256};
use crate::encoding::multibase_base64url;
use crate::error::Error;
use crate::jsonld::ContextStore;
pub use holder::{Derivation, HolderSecrets, derive, verify_base};
use proof_value::{BaseValue, DerivedValue};
pub use proof_value::{FeatureOption, PseudonymLayout};

/// The ciphersuite of the cryptosuite (§3: "the SHA-256 variant SHOULD be used").
const SUITE: Ciphersuite = Ciphersuite::Bls12381Sha256;

/// A document whose base proof waits for the issuer's signature.
pub struct Prepared {
    document: Map<String, Value>,
    proof: Map<String, Value>,
    key: crate::bbs::PublicKey,
    header: [u8; 64],
    messages: Vec<String>,
    hmac_key: [u8; 32],
    mandatory_pointers: Vec<String>,
}

/// What a holder asks to have signed unseen.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What it is; not [`FeatureOption::Baseline`].
    pub feature: FeatureOption,
    /// The holder's commitment with its proof.
    pub commitment_with_proof: &'a [u8],
    /// The issuer's random part of the pseudonym's secret, for features with pseudonyms. To issue for the same
    /// pseudonyms again, keep it.
    pub signer_nym_entropy: Option<&'a Secret>,
    /// How pseudonyms are written into the proof value.
    pub layout: PseudonymLayout,
}

/// Prepares a base proof over `document`. `hmac_key` is 32 random bytes for this proof alone.
///
/// # Errors
/// `disclosure_invalid` when a mandatory pointer points at nothing; `unsupported_algorithm` for a verification method
/// of another kind of key; `undefined_term` and the like: whatever could not be verified is not signed.
pub fn prepare_base(
    document: &Value,
    options: &ProofOptions,
    mandatory_pointers: &[String],
    hmac_key: &[u8; 32],
    store: &ContextStore,
) -> Result<Prepared, Error> {
    if !options.previous_proof.is_empty() {
        return Err(Error::malformed("previousProof"));
    }
    let (proof, _) = options.proof(Suite::Bbs2023)?;
    let key = options.public_key()?;
    let key = key
        .as_bbs()
        .ok_or(Error::UnsupportedAlgorithm { what: "key type" })?;
    let document = Value::Object(unsecured(document, Suite::Bbs2023)?);
    let statements = shuffled(&document, store, hmac_key)?;
    let selection = Selection::new(&document, mandatory_pointers)?;
    let (mandatory, others) = group(&statements, &selection)?;
    let proof = Value::Object(proof);
    let header = header(&proof, document.get("@context"), &mandatory, store)?;
    let messages = others.into_iter().map(String::from).collect();
    let (Value::Object(document), Value::Object(proof)) = (document, proof) else {
        return Err(Error::malformed("JSON object expected"));
    };
    Ok(Prepared {
        document,
        proof,
        key: key.clone(),
        header,
        messages,
        hmac_key: *hmac_key,
        mandatory_pointers: mandatory_pointers.to_vec(),
    })
}

impl Prepared {
    /// SHA-256 of what will be signed, for the record of an issuer's intent: header and messages with their lengths.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut bytes = self.header.to_vec();
        for message in &self.messages {
            bytes.extend((message.len() as u64).to_be_bytes());
            bytes.extend(message.as_bytes());
        }
        sha256(&bytes)
    }

    /// The document with a base proof that is bound to nothing else.
    ///
    /// # Errors
    /// `malformed` when `key` is not that of the verification method; `too_large` for more statements than BBS signs.
    pub fn sign(self, key: &SecretKey) -> Result<Value, Error> {
        self.check(key)?;
        let signature = sign(SUITE, key, &self.header, &self.messages())?;
        let value = self.value(signature.to_bytes(), None);
        let text = value.encode(FeatureOption::Baseline, PseudonymLayout::default());
        Ok(self.attach(text))
    }

    /// The document with a base proof that is bound to what the holder committed to.
    ///
    /// # Errors
    /// Those of [`sign`](Self::sign); `malformed` when the request does not fit its feature, `invalid_signature` when
    /// the proof of the commitment does not hold.
    pub fn sign_for(self, key: &SecretKey, request: &Request<'_>) -> Result<Value, Error> {
        self.check(key)?;
        let feature = request.feature;
        let values =
            usize::from(feature.has_holder_secret()) + usize::from(feature.has_pseudonym());
        // A point, an answer for the blinding factor and for each value, and the challenge.
        let length = 48 + 32 * (values + 2);
        if values == 0
            || request.commitment_with_proof.len() != length
            || request.signer_nym_entropy.is_some() != feature.has_pseudonym()
        {
            return Err(Error::malformed("BBS commitment"));
        }
        let signature = blind_sign(
            SUITE,
            key,
            &BlindSignInput {
                commitment_with_proof: request.commitment_with_proof,
                header: &self.header,
                messages: &self.messages(),
                signer_nym_entropy: request
                    .signer_nym_entropy
                    .map(|entropy| (PseudonymForm::SingleSecret, entropy)),
            },
        )?;
        let entropy = request
            .signer_nym_entropy
            .map(|entropy| *entropy.to_bytes());
        let text = self
            .value(signature.to_bytes(), entropy)
            .encode(feature, request.layout);
        Ok(self.attach(text))
    }

    fn check(&self, key: &SecretKey) -> Result<(), Error> {
        match *key.public_key() == self.key {
            true => Ok(()),
            false => Err(Error::malformed("verification method of another key")),
        }
    }

    fn messages(&self) -> Vec<&[u8]> {
        self.messages.iter().map(String::as_bytes).collect()
    }

    fn value(&self, signature: [u8; 80], signer_nym_entropy: Option<[u8; 32]>) -> BaseValue {
        BaseValue {
            signature,
            header: self.header,
            public_key: self.key.to_bytes(),
            hmac_key: self.hmac_key,
            mandatory_pointers: self.mandatory_pointers.clone(),
            blind: false,
            signer_nym_entropy,
        }
    }

    fn attach(self, proof_value: String) -> Value {
        super::disclosure::secured(self.document, &self.proof, proof_value)
    }
}

impl core::fmt::Debug for Prepared {
    /// The HMAC key unlinks labels from content, and the messages are claims: both stay out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Prepared")
            .field("messages", &self.messages.len())
            .field("mandatory_pointers", &self.mandatory_pointers)
            .finish_non_exhaustive()
    }
}

/// What a verifier expects of a showing besides what it expects of every proof.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presented<'a> {
    /// The presentation header, such as a nonce of the verifier; `None` takes any.
    pub presentation_header: Option<&'a [u8]>,
    /// The context in which the holder must show a pseudonym; `None` does without one.
    pub nym_domain: Option<&'a [u8]>,
    /// Whether the credential must be bound to a secret of its holder.
    pub holder_bound: bool,
}

/// A showing whose proof holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shown {
    /// What is known of the proof.
    pub proof: VerifiedProof,
    /// What the holder bound to the showing.
    pub presentation_header: Vec<u8>,
    /// Whether it took a secret of the holder to make.
    pub holder_bound: bool,
    /// The holder's name in the context of the pseudonym.
    pub pseudonym: Option<Pseudonym>,
}

/// Verifies a derived proof.
///
/// # Errors
/// `base_proof_refused` for a base proof, `invalid_signature` when any statement shown was not signed,
/// `disclosure_invalid` when statements and indexes do not fit, or for a pseudonym whose context neither the proof nor
/// the verifier says; and those of [`super::verify`].
pub fn verify(
    document: &Value,
    expected: &ProofExpectation<'_>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    verify_presented(document, expected, &Presented::default(), store).map(|shown| shown.proof)
}

/// Verifies a derived proof and what its holder bound to it.
///
/// # Errors
/// Those of [`verify`]; `nonce_mismatch` for another presentation header, `audience_mismatch` for a pseudonym in
/// another context, `holder_binding_missing` without the pseudonym or the holder's secret that is expected.
pub fn verify_presented(
    document: &Value,
    expected: &ProofExpectation<'_>,
    presented: &Presented<'_>,
    store: &ContextStore,
) -> Result<Shown, Error> {
    let proof = CheckedProof::read(document, Suite::Bbs2023, expected)?;
    verify_checked(document, proof, presented, store)
}

/// Verifies a derived proof of `document` that was checked but for its value.
pub(super) fn verify_checked(
    document: &Value,
    proof: CheckedProof<'_>,
    presented: &Presented<'_>,
    store: &ContextStore,
) -> Result<Shown, Error> {
    let derived = DerivedValue::decode(proof.value)?;
    let key = proof.key().as_bbs();
    let key = key.ok_or(Error::UnsupportedAlgorithm { what: "key type" })?;
    let other = |expected: &[u8]| expected != derived.presentation_header;
    if presented.presentation_header.is_some_and(other) {
        return Err(Error::NonceMismatch);
    }
    let named = derived
        .blind
        .as_ref()
        .and_then(|blind| blind.pseudonym.as_ref());
    if (presented.holder_bound && derived.blind.is_none())
        || (presented.nym_domain.is_some() && named.is_none())
    {
        return Err(Error::HolderBindingMissing);
    }
    let pseudonym = named
        .map(|named| Pseudonym::from_bytes(&named.point))
        .transpose()?;
    let nym_domain = match named.map(|named| (&named.nym_domain, presented.nym_domain)) {
        None => None,
        Some((Some(said), Some(expected))) if said != expected => {
            return Err(Error::AudienceMismatch);
        }
        Some((Some(said), _)) => Some(said.as_slice()),
        Some((None, Some(expected))) => Some(expected),
        Some((None, None)) => {
            return Err(Error::DisclosureInvalid {
                why: "the context of the pseudonym is not known",
            });
        }
    };

    let statements = Statements::relabelled(document, store, &derived.labels, label_text)?;
    let (mandatory, others) = split(&statements, &derived.mandatory_indexes)?;
    let header = header(proof.object, document.get("@context"), &mandatory, store)?;
    let messages: Vec<&[u8]> = others.iter().map(|line| line.as_bytes()).collect();
    let shown = Disclosed {
        header: &header,
        presentation_header: &derived.presentation_header,
        messages: &messages,
        indexes: &derived.selective_indexes,
    };
    let holds = match &derived.blind {
        None => proof_verify(SUITE, key, &derived.proof, &shown),
        Some(blind) => {
            let context = nym_domain.map(|id| Context {
                form: PseudonymForm::SingleSecret,
                id,
            });
            let disclosed = BlindDisclosed {
                shown,
                signer_messages: blind.messages,
                committed_messages: &[],
                committed_indexes: &[],
                pseudonym: context.zip(pseudonym.as_ref()),
            };
            blind_proof_verify(SUITE, key, &derived.proof, &disclosed)
        }
    };
    Ok(Shown {
        proof: proof.verified_if(holds)?,
        presentation_header: derived.presentation_header,
        holder_bound: derived.blind.is_some(),
        pseudonym,
    })
}

/// bbsHeader: hash of the proof's options, hash of what is mandatory.
fn header(
    proof: &Value,
    context: Option<&Value>,
    mandatory: &str,
    store: &ContextStore,
) -> Result<[u8; 64], Error> {
    let hashes = [
        options_hash(proof, context, store)?,
        sha256(mandatory.as_bytes()),
    ];
    let mut header = [0; 64];
    for (to, from) in header.iter_mut().zip(hashes.as_flattened()) {
        *to = *from;
    }
    Ok(header)
}

/// The statements of a document with labels that say the order of the canonical ones' HMACs
/// (createShuffledIdLabelMapFunction, §3.2.1).
fn shuffled(
    document: &Value,
    store: &ContextStore,
    hmac_key: &[u8; 32],
) -> Result<Statements<usize>, Error> {
    Statements::of(document, store, |canonical| {
        // In the order of their text: base64url does not keep that of the bytes.
        let mut sorted: Vec<(String, usize)> = canonical
            .iter()
            .map(|canonical| multibase_base64url(&hmac_sha256(hmac_key, canonical.as_bytes())))
            .zip(0..)
            .collect();
        sorted.sort_unstable();
        let mut labels: Vec<(usize, Label<usize>)> = sorted
            .into_iter()
            .enumerate()
            .map(|(value, (_, place))| {
                let text = label_text(&value);
                (place, Label { value, text })
            })
            .collect();
        labels.sort_unstable_by_key(|(place, _)| *place);
        Ok(labels.into_iter().map(|(_, label)| label).collect())
    })
}

fn label_text(number: &usize) -> String {
    format!("b{number}")
}
