//! The holder's side of `bbs-2023`: check what was issued, derive what is shown.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;
use zeroize::Zeroizing;

use super::proof_value::{BaseValue, BlindPart, DerivedValue, PseudonymPart};
use super::{FeatureOption, PseudonymLayout, SUITE, header, shuffled};
use crate::bbs::{
    BlindProofInput, BlindSigned, Committed, Context, NymSecrets, ProofInput, PseudonymForm,
    PublicKey, RandomScalars, Secret, Signature, blind_proof_gen, blind_verify, proof_gen, verify,
};
use crate::cbor::Writer;
use crate::crypto::{hmac_sha256, sha256};
use crate::data_integrity::disclosure::{
    Disclosure, Selection, disclose, group, proof_of, secured,
};
use crate::data_integrity::proof::CheckedProof;
use crate::data_integrity::{ProofExpectation, Suite, VerifiedProof};
use crate::error::Error;
use crate::jsonld::ContextStore;

/// What the holder committed to, and keeps.
#[derive(Clone, Copy)]
pub struct HolderSecrets<'a> {
    /// The secret of holder binding (holder_secret).
    pub holder_secret: Option<&'a [u8]>,
    /// The holder's part of the pseudonym's secret (prover_nym).
    pub prover_nym: Option<&'a Secret>,
    /// The blinding factor of the commitment (secret_prover_blind).
    pub prover_blind: &'a Secret,
}

impl HolderSecrets<'_> {
    const fn feature(&self) -> FeatureOption {
        match (self.holder_secret, self.prover_nym) {
            (None, None) => FeatureOption::Baseline,
            (Some(_), None) => FeatureOption::AnonymousHolderBinding,
            (None, Some(_)) => FeatureOption::Pseudonym,
            (Some(_), Some(_)) => FeatureOption::HolderBindingPseudonym,
        }
    }
}

/// The holder's secrets as one base proof needs them.
struct Bound<'a> {
    feature: FeatureOption,
    messages: Vec<&'a [u8]>,
    /// nym_secret: the holder's part and the issuer's.
    nym: Option<Secret>,
    blind: &'a Secret,
}

impl<'a> Bound<'a> {
    /// Takes the secrets that a base proof calls for: none for the baseline, otherwise neither more nor less.
    fn new(base: &BaseValue, secrets: Option<&HolderSecrets<'a>>) -> Result<Option<Self>, Error> {
        let secrets = match (base.blind, secrets) {
            (false, None) => return Ok(None),
            (true, Some(secrets)) => secrets,
            (true, None) => return Err(Error::HolderBindingMissing),
            (false, Some(_)) => {
                return Err(Error::HolderBindingInvalid {
                    why: "the credential is not bound to a secret",
                });
            }
        };
        let nym = match (&base.signer_nym_entropy, secrets.prover_nym) {
            (Some(entropy), Some(nym)) => Some(nym.plus(&Secret::from_bytes(entropy)?)),
            (None, None) if secrets.holder_secret.is_some() => None,
            _ => return Err(Error::HolderBindingMissing),
        };
        Ok(Some(Self {
            feature: secrets.feature(),
            messages: secrets.holder_secret.into_iter().collect(),
            nym,
            blind: secrets.prover_blind,
        }))
    }

    fn committed(&self) -> Committed<'_> {
        Committed {
            messages: &self.messages,
            nym: self.nym.as_ref().map(NymSecrets::Single),
        }
    }
}

/// Verifies a base proof in full, as its holder on receipt, and its issuer where it is bound to no secret of the holder.
///
/// # Errors
/// `invalid_signature`; `holder_binding_missing` without the secrets that the proof is bound to; those of
/// [`super::super::verify`].
pub fn verify_base(
    document: &Value,
    expected: &ProofExpectation<'_>,
    secrets: Option<&HolderSecrets<'_>>,
    store: &ContextStore,
) -> Result<VerifiedProof, Error> {
    let proof = CheckedProof::read(document, Suite::Bbs2023, expected)?;
    let base = BaseValue::decode(proof.value)?;
    let bound = Bound::new(&base, secrets)?;
    let statements = shuffled(document, store, &base.hmac_key)?;
    let selection = Selection::new(document, &base.mandatory_pointers)?;
    let (mandatory, others) = group(&statements, &selection)?;
    let header = header(proof.object, document.get("@context"), &mandatory, store)?;
    let invalid = Error::InvalidSignature { what: "proof" };
    let key = proof.key().as_bbs();
    let key = key.filter(|key| key.to_bytes() == base.public_key && header == base.header);
    let key = key.ok_or(invalid)?;
    let signature = Signature::from_bytes(&base.signature)?;
    let messages: Vec<&[u8]> = others.iter().map(|line| line.as_bytes()).collect();
    let holds = match &bound {
        None => verify(SUITE, key, &signature, &header, &messages),
        Some(bound) => {
            let signed = BlindSigned {
                header: &header,
                messages: &messages,
                committed: bound.committed(),
                blind: bound.blind,
            };
            blind_verify(SUITE, key, &signature, &signed)
        }
    };
    proof.verified_if(holds)
}

/// What a holder shows, and to whom.
#[derive(Clone, Copy)]
pub struct Derivation<'a> {
    /// What is shown besides what is mandatory.
    pub selective_pointers: &'a [String],
    /// What is bound to the showing: the verifier's nonce, for example.
    pub presentation_header: &'a [u8],
    /// 32 random bytes for this showing alone.
    pub seed: &'a [u8; 32],
    /// The secrets of a credential that is bound to some.
    pub secrets: Option<&'a HolderSecrets<'a>>,
    /// The context of the pseudonym, for a credential that makes some.
    pub nym_domain: Option<&'a str>,
    /// How pseudonyms are written into the proof value.
    pub layout: PseudonymLayout,
}

/// Derives a document that shows the mandatory statements and those that the selective pointers point at.
///
/// # Errors
/// `disclosure_invalid` when a pointer points at nothing or nothing is selected; `holder_binding_missing` without the
/// secrets that the base proof is bound to; `malformed` for a context without pseudonyms, or the other way round;
/// `unsupported_suite` for other proofs.
pub fn derive(
    document: &Value,
    derivation: &Derivation<'_>,
    store: &ContextStore,
) -> Result<Value, Error> {
    let (proof, value) = proof_of(document, Suite::Bbs2023)?;
    let base = BaseValue::decode(value)?;
    let bound = Bound::new(&base, derivation.secrets)?;
    if derivation.nym_domain.is_some() != base.signer_nym_entropy.is_some() {
        return Err(Error::malformed("context of the pseudonym"));
    }
    let statements = shuffled(document, store, &base.hmac_key)?;
    let Disclosure {
        others,
        selective_indexes,
        mandatory_indexes,
        labels,
        members,
    } = disclose(
        document,
        &statements,
        &base.mandatory_pointers,
        derivation.selective_pointers,
    )?;
    let key = PublicKey::from_bytes(&base.public_key)?;
    let signature = Signature::from_bytes(&base.signature)?;
    let messages: Vec<&[u8]> = others.iter().map(|line| line.as_bytes()).collect();
    let shown = ProofInput {
        header: &base.header,
        presentation_header: derivation.presentation_header,
        messages: &messages,
        disclosed_indexes: &selective_indexes,
    };
    let hidden = messages.len() - selective_indexes.len();
    let seed = own_seed(value, derivation);
    let random = |values: usize| RandomScalars::expand(SUITE, &seed, 5 + hidden + values);
    let (feature, bbs_proof, blind) = match &bound {
        None => {
            let proof = proof_gen(SUITE, &key, &signature, &shown, random(0)?)?;
            (FeatureOption::Baseline, proof, None)
        }
        Some(bound) => {
            let committed = bound.committed();
            let values = 1 + committed.messages.len() + usize::from(committed.nym.is_some());
            let input = BlindProofInput {
                shown,
                committed,
                disclosed_committed: &[],
                blind: bound.blind,
                context: derivation.nym_domain.map(|domain| Context {
                    form: PseudonymForm::SingleSecret,
                    id: domain.as_bytes(),
                }),
            };
            let (proof, pseudonym) =
                blind_proof_gen(SUITE, &key, &signature, &input, random(values)?)?;
            let blind = BlindPart {
                messages: messages.len(),
                pseudonym: pseudonym.map(|pseudonym| PseudonymPart {
                    point: pseudonym.to_bytes(),
                    nym_domain: derivation
                        .nym_domain
                        .map(|domain| domain.as_bytes().to_vec()),
                }),
            };
            (bound.feature, proof, Some(blind))
        }
    };
    let derived = DerivedValue {
        proof: bbs_proof,
        labels,
        mandatory_indexes,
        selective_indexes,
        presentation_header: derivation.presentation_header.to_vec(),
        blind,
    };
    let value = derived.encode(feature, derivation.layout);
    Ok(secured(members, proof, value))
}

/// A seed for this showing alone, even where the caller's was used before: two proofs with the same random scalars and
/// different challenges give away what they hide.
fn own_seed(base: &str, derivation: &Derivation<'_>) -> Zeroizing<[u8; 32]> {
    let mut writer = Writer(Vec::new());
    writer.text(base);
    writer.array(derivation.selective_pointers.len());
    for pointer in derivation.selective_pointers {
        writer.text(pointer);
    }
    writer.bytes(derivation.presentation_header);
    writer.text(derivation.nym_domain.unwrap_or_default());
    Zeroizing::new(hmac_sha256(derivation.seed, &sha256(&writer.0)))
}
