//! The issuer's decision about a chip it never touched: passive authentication of every data group,
//! active authentication over the issuer's own challenge, and the document's date of expiry.

use std::fmt;

use crate::active_auth;
use crate::anchors::{CscaAnchors, Standing};
use crate::chip_auth::ChipAuthenticated;
use crate::chip_data::ChipData;
use crate::date::Date;
use crate::dg2::Portrait;
use crate::error::CardError;
use crate::mrz::Mrz;
use crate::sod::{SecurityObject, Unverified};

/// What a genuine, current document says, proved by its chip. Only [`verify`] makes one.
///
/// It proves a genuine chip that answered *this* challenge, not that the chip was at a given
/// terminal: a relay could have carried the exchange. Presence is the terminal's statement.
pub struct VerifiedChip {
    mrz: Mrz,
    portrait: Portrait,
}

impl fmt::Debug for VerifiedChip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedChip(..)")
    }
}

impl VerifiedChip {
    /// The machine readable zone the issuing state signed.
    #[must_use]
    pub fn mrz(&self) -> &Mrz {
        &self.mrz
    }

    /// The portrait the issuing state signed.
    #[must_use]
    pub fn portrait(&self) -> &Portrait {
        &self.portrait
    }

    /// Both, by value.
    #[must_use]
    pub fn into_parts(self) -> (Mrz, Portrait) {
        (self.mrz, self.portrait)
    }
}

/// Checks raw chip data (Doc 9303-11 §5.1 and §6.1): the security object's signature and chain to
/// one of `anchors`, the digest of every data group given, the document's state against the anchor's, the presence of DG1, DG2 and DG15, the
/// chip's signature over `aa_challenge`, and the date of expiry at `now` (seconds since the epoch).
///
/// # Errors
/// - [`CardError::CscaUnknown`], [`CardError::SignerNotValid`], [`CardError::ChipNotAuthentic`]:
///   no trusted state signed the object;
/// - [`CardError::CscaOfAnotherState`]: a trusted state did, but not the one the document names;
/// - [`CardError::DataGroupMismatch`], [`CardError::DataGroupMissing`]: not what was signed;
/// - [`CardError::ActiveAuthMissing`], [`CardError::ActiveAuthFailed`]: perhaps a copy;
/// - [`CardError::DocumentExpired`]; and [`CardError::Malformed`], [`CardError::TooLarge`],
///   [`CardError::Unsupported`] for what cannot be read.
///
/// # Example
/// ```
/// use tessera_card::{ChipData, CscaAnchors, evidence};
///
/// let nothing = ChipData::default();
/// let error = evidence::verify(&nothing, &CscaAnchors::new(), &[0; 8], 0).unwrap_err();
/// assert_eq!(error.code(), "malformed");
/// ```
pub fn verify(
    chip: &ChipData,
    anchors: &CscaAnchors,
    aa_challenge: &[u8; 8],
    now: i64,
) -> Result<VerifiedChip, CardError> {
    let proof = Proof::ActiveAuthentication(aa_challenge);
    verify_with(chip, anchors, &proof, &Policy::default(), now)
}

/// What shows that the chip is not a copy of another.
pub enum Proof<'a> {
    /// The chip's answer to this challenge of the issuer is in the chip data (Doc 9303-11 §6.1).
    ActiveAuthentication(&'a [u8; 8]),
    /// The issuer itself ran chip authentication, through the terminal (Doc 9303-11 §6.2).
    ChipAuthentication(&'a ChipAuthenticated),
}

/// How strictly documents are judged. The default is the strictest that documents issued today meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Take SHA-1 in signatures of security objects and document signers and in digests of data
    /// groups, and RSA keys of fewer than 2048 bits of document signers and authorities: documents
    /// issued before about 2012. Collisions are practical and such keys within reach of the rich, so
    /// this weakens trust in the issuing state's care, for documents that have run out almost everywhere.
    pub legacy_sha1: bool,
    /// Demand a revocation list of the signer's authority whose next update is not overdue.
    pub current_revocation_list: bool,
}

/// As [`verify`], with a choice of proof and of policy.
///
/// # Errors
/// As [`verify`]; and [`CardError::LegacyAlgorithm`], [`CardError::SignerRevoked`],
/// [`CardError::RevocationUnknown`], [`CardError::SignedOutsideValidity`], and
/// [`CardError::ChipAuthFailed`] for a chip authentication with another key than the signed DG14's.
pub fn verify_with(
    chip: &ChipData,
    anchors: &CscaAnchors,
    proof: &Proof<'_>,
    policy: &Policy,
    now: i64,
) -> Result<VerifiedChip, CardError> {
    let standing = Standing {
        now,
        legacy: policy.legacy_sha1,
        revocation: policy.current_revocation_list,
    };
    let object = Unverified::parse(&chip.sod)?;
    let (signed, scope) = object.verify(anchors, &standing)?;
    check_groups(chip, &signed)?;
    check_not_copied(chip, &signed, proof)?;
    let mrz = Mrz::parse_dg1(&chip.dg1)?;
    scope.check(&mrz)?;
    // A document is good through the whole of its last day.
    if Date::from_unix(now) > mrz.expiry_date(now)? {
        return Err(CardError::DocumentExpired);
    }
    let portrait = Portrait::parse_dg2(&chip.dg2)?;
    Ok(VerifiedChip { mrz, portrait })
}

/// Every data group given is the signed one, and the two this decision rests on are signed.
fn check_groups(chip: &ChipData, signed: &SecurityObject) -> Result<(), CardError> {
    let groups = [
        (1, Some(&chip.dg1)),
        (2, Some(&chip.dg2)),
        (14, chip.dg14.as_ref()),
        (15, chip.dg15.as_ref()),
    ];
    for (number, content) in groups {
        match content {
            Some(content) if content.is_empty() => {
                return Err(CardError::DataGroupMissing(number));
            }
            Some(content) => signed.check(number, content)?,
            // DG15 has an error of its own; DG14 withheld would hide the algorithm of the chip's key.
            None if number == 14 && signed.lists(14) => {
                return Err(CardError::DataGroupMissing(14));
            }
            None => {}
        }
    }
    Ok(())
}

/// A chip whose data verify may still be a copy of one: only the private key tells them apart.
fn check_not_copied(
    chip: &ChipData,
    signed: &SecurityObject,
    proof: &Proof<'_>,
) -> Result<(), CardError> {
    match (proof, &chip.dg15, &chip.aa_signature) {
        (Proof::ActiveAuthentication(challenge), Some(dg15), Some(signature))
            if signed.lists(15) =>
        {
            active_auth::verify(dg15, chip.dg14.as_deref(), challenge, signature)
        }
        (Proof::ActiveAuthentication(_), _, _) => Err(CardError::ActiveAuthMissing),
        (Proof::ChipAuthentication(run), _, _) => match &chip.dg14 {
            Some(dg14) if signed.lists(14) && run.with_key_of(dg14) => Ok(()),
            Some(_) if signed.lists(14) => Err(CardError::ChipAuthFailed),
            _ => Err(CardError::ChipAuthMissing),
        },
    }
}
