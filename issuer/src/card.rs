//! The card check: raw data against the trust anchors, then the document against the person.
//!
//! Two kinds of card, never confused: a travel document's chip proves itself to this issuer ([`GenuineChip`]); a resident
//! card read through a security module is the terminal's word ([`AttestedCard`]).

mod anchors;
mod decoder;
mod record;

use tessera_card::{
    CardError, ChipAuthentication, ChipData, CscaAnchors, Mrz, Policy, Proof, Resumed, evidence,
};
use tessera_verifier::encoding::from_base64url;
use zeroize::Zeroizing;

use crate::failure::{Code, Failure, code_of};
use crate::proofing::CardPassed;
use crate::registry::Person;
use crate::store::{CardMethod, RelayRecord};

pub use anchors::AnchorFolder;
pub use decoder::{AbsentDecoder, PhotoDecoder, ProgramDecoder};
pub use record::AttestedCard;

/// What a genuine chip yields: the verdict, and the portrait the live face is compared with.
pub struct GenuineChip {
    mrz: Mrz,
    portrait: Zeroizing<Vec<u8>>,
    method: CardMethod,
}

/// What is to show that the chip is no copy.
pub struct Shown {
    /// The issuer's challenge, which the chip may have signed.
    pub challenge: [u8; 8],
    /// The chip authentication the issuer ran, where the terminal relayed one.
    pub relay: Option<RelayRecord>,
}

impl GenuineChip {
    /// Verifies raw chip data (Doc 9303-11 §5.1) and that the chip is no copy: by the chip authentication that was run
    /// with it (§6.2), or else by its answer to the issuer's own challenge (§6.1).
    ///
    /// # Errors
    /// `chip_not_authentic`, `csca_unknown`, `csca_of_another_state`, `dg_hash_mismatch`, `active_auth_failed`,
    /// `chip_auth_failed`, `document_expired`, `legacy_algorithm`, `document_signer_not_valid`,
    /// `document_signer_revoked`, `revocation_unknown`, `signed_outside_validity`.
    pub fn verify(
        chip: &ChipData,
        anchors: &CscaAnchors,
        shown: &Shown,
        policy: &Policy,
        now: i64,
    ) -> Result<Self, Failure> {
        let run = match &shown.relay {
            None => None,
            Some(record) => match resume(record)? {
                Resumed::Done(done) => Some(done),
                Resumed::Relay(_) => {
                    return Err(Failure::with(Code::ChipAuthFailed, "broken off"));
                }
            },
        };
        let (proof, method) = match &run {
            Some(done) => (
                Proof::ChipAuthentication(done),
                CardMethod::ChipAuthentication,
            ),
            None => (
                Proof::ActiveAuthentication(&shown.challenge),
                CardMethod::ActiveAuthentication,
            ),
        };
        let verified =
            evidence::verify_with(chip, anchors, &proof, policy, now).map_err(refusal)?;
        let (mrz, portrait) = verified.into_parts();
        Ok(Self {
            mrz,
            portrait: Zeroizing::new(portrait.bytes().to_vec()),
            method,
        })
    }

    /// The document must be the person's: issuing state, number and birth date of the register. A register without state
    /// or number of the document is not enough; names are transliterated in too many ways to be compared.
    ///
    /// # Errors
    /// `document_not_of_person`, also where there is no such person.
    pub fn belongs_to(
        self,
        person: Option<&Person>,
    ) -> Result<(CardPassed, Zeroizing<Vec<u8>>), Failure> {
        let same = person.is_some_and(|person| {
            person.document_state.as_deref() == Some(self.mrz.issuing_state.as_str())
                && person.document_number.as_deref() == Some(self.mrz.document_number.as_str())
                && self.mrz.birth_date.matches(&person.birthdate)
        });
        if !same {
            return Err(Code::DocumentNotOfPerson.into());
        }
        let passed = CardPassed {
            document_country: self.mrz.issuing_state.clone(),
            method: self.method,
        };
        Ok((passed, self.portrait))
    }
}

/// Takes a chip authentication to the step its messages lead to.
///
/// # Errors
/// `chip_auth_failed`; `chip_auth_missing` where DG14 offers none; `chip_not_authentic` for what cannot be read.
pub fn resume(record: &RelayRecord) -> Result<Resumed, Failure> {
    let seed = from_base64url(&record.seed).map(Zeroizing::new);
    let seed = seed
        .ok()
        .and_then(|seed| seed.as_slice().try_into().ok().map(Zeroizing::new));
    let seed: Zeroizing<[u8; 32]> = seed.ok_or_else(|| Failure::from(Code::Internal))?;
    let mut messages = Vec::with_capacity(record.messages.len());
    for message in &record.messages {
        messages.push(from_base64url(message).map_err(|_| Failure::from(Code::Malformed))?);
    }
    let (dg14, answers) = messages
        .split_first()
        .ok_or(Failure::from(Code::Malformed))?;
    ChipAuthentication::resume(&seed, dg14, answers).map_err(|error| match error {
        // The chip, or who speaks for it, refused or broke a step.
        CardError::Status { .. } | CardError::Protocol(_) => Code::ChipAuthFailed.into(),
        other => refusal(other),
    })
}

/// What the card check says, in the issuer's codes.
fn refusal(error: CardError) -> Failure {
    match error.code() {
        "active_auth_missing" => Code::ActiveAuthFailed,
        "data_group_missing" => Code::DgHashMismatch,
        // A chip whose data are not well formed is not authentic; which of our limits it broke is no matter.
        "malformed" | "too_large" | "unsupported_algorithm" => Code::ChipNotAuthentic,
        other => code_of(other, Code::ChipNotAuthentic),
    }
    .into()
}
