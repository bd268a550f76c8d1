//! One error enum for the whole crate: every variant has a stable code, none carries personal data.

use crate::transport::TransportError;

/// Why a chip could not be read, or why what it gave was refused.
///
/// `Display` is for operators and logs: it names the step that failed and never the holder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// The reader or the card stopped answering.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The chip refused the card access number or the MRZ data (PACE or BAC failed).
    #[error("the chip refused the access number or the MRZ data")]
    AccessDenied,
    /// The access key has the wrong form (six digits, or document number and two `YYMMDD` dates).
    #[error("the access key has the wrong form: {0}")]
    AccessKeyInvalid(&'static str),
    /// The chip speaks BAC only, which a card access number cannot open: ask for the MRZ data.
    #[error("this chip can only be opened with the MRZ data")]
    MrzNeeded,
    /// The chip offers no PACE this crate can run, and BAC is not allowed.
    #[error("this chip offers basic access control only, which is not allowed here")]
    PaceMissing,
    /// The chip was opened by BAC though its signed DG14 lists PACE: EF.CardAccess was hidden or
    /// altered on the way.
    #[error("the chip offers PACE, but somebody hid that")]
    PaceHidden,
    /// The chip answered something the protocol does not allow.
    #[error("the chip broke the protocol: {0}")]
    Protocol(&'static str),
    /// The chip refused a command.
    #[error("the chip refused {command} with status {status:04X}")]
    Status {
        /// The command, in words.
        command: &'static str,
        /// SW1 SW2.
        status: u16,
    },
    /// A protected response was unprotected, altered, replayed or out of order.
    #[error("secure messaging failed: {0}")]
    SecureMessaging(&'static str),
    /// Something is larger than this crate is willing to read.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What was being read.
        what: &'static str,
        /// The bound, in bytes.
        limit: usize,
    },
    /// Bytes that are not what the standard says they must be.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// An algorithm, curve or encoding that is genuine but not implemented.
    #[error("unsupported {what}: {name}")]
    Unsupported {
        /// The role: `"signature algorithm"`, `"digest"`, `"curve"`, ...
        what: &'static str,
        /// The object identifier or format name found.
        name: String,
    },
    /// An algorithm that only a policy for old documents still takes.
    #[error("{0} is too weak for this policy")]
    LegacyAlgorithm(&'static str),
    /// The security object's signature, or an attribute it covers, does not verify.
    #[error("the chip's security object is not authentic: {0}")]
    ChipNotAuthentic(&'static str),
    /// No trust anchor verifies the document signer's certificate.
    #[error("no known country signing authority vouches for the document signer")]
    CscaUnknown,
    /// The authority that vouches for the document signer is trusted for another state than the one
    /// the document names.
    #[error("the country signing authority is not one of the state the document names")]
    CscaOfAnotherState,
    /// The document signer's certificate, or its authority's, is not valid at this time.
    #[error("the {whose} certificate is valid from {not_before} to {not_after}, now is {now}")]
    SignerNotValid {
        /// `"document signer"` or `"country signing authority"`.
        whose: &'static str,
        /// Start of validity, seconds since the epoch.
        not_before: i64,
        /// End of validity, seconds since the epoch.
        not_after: i64,
        /// The time asked about, seconds since the epoch.
        now: i64,
    },
    /// The signer's certificate has been revoked by its authority.
    #[error("the signer was revoked ({reason}) at {since}")]
    SignerRevoked {
        /// The reason the list gives, in words.
        reason: &'static str,
        /// Since when, seconds since the epoch.
        since: i64,
    },
    /// A current revocation list is demanded and there is none.
    #[error("no current revocation list of the country signing authority is there")]
    RevocationUnknown,
    /// A revocation list that cannot be used.
    #[error("the revocation list is not usable: {0}")]
    ListNotValid(&'static str),
    /// The signer says that it signed when its certificate was not valid, or its key out of use.
    #[error("the object was signed outside the signer's validity")]
    SignedOutsideValidity,
    /// A data group is not the one that was signed.
    #[error("data group {0} is not the one the issuing state signed")]
    DataGroupMismatch(u8),
    /// A data group that must be there (and be signed) is not.
    #[error("data group {0} is missing")]
    DataGroupMissing(u8),
    /// The document offers no active authentication, so a copy could not be told from it.
    #[error("the chip offers no active authentication")]
    ActiveAuthMissing,
    /// The chip could not prove that it holds the private key of the signed DG15: a clone.
    #[error("active authentication failed: the chip is a copy or the challenge is another")]
    ActiveAuthFailed,
    /// The document offers no chip authentication with a key this crate can use.
    #[error("the chip offers no chip authentication")]
    ChipAuthMissing,
    /// The chip could not prove that it holds the private key of the signed DG14: a clone.
    #[error("chip authentication failed: the chip is a copy")]
    ChipAuthFailed,
    /// The security module of a resident-card reader refused a step.
    #[error("the security module refused {step} with status {status:02X}")]
    Sam {
        /// The step, in words.
        step: &'static str,
        /// The third status octet.
        status: u8,
    },
    /// The document's date of expiry has passed.
    #[error("the document has expired")]
    DocumentExpired,
}

impl CardError {
    /// The stable code, for machines and for translation.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Transport(error) => error.code(),
            Self::AccessDenied => "card_access_denied",
            Self::AccessKeyInvalid(_) => "card_access_key_invalid",
            Self::MrzNeeded => "card_mrz_needed",
            Self::PaceMissing => "card_pace_missing",
            Self::PaceHidden => "card_pace_hidden",
            Self::Protocol(_) | Self::Status { .. } => "card_protocol",
            Self::SecureMessaging(_) => "secure_messaging",
            Self::TooLarge { .. } => "too_large",
            Self::Malformed(_) => "malformed",
            Self::Unsupported { .. } => "unsupported_algorithm",
            Self::LegacyAlgorithm(_) => "legacy_algorithm",
            Self::ChipNotAuthentic(_) => "chip_not_authentic",
            Self::CscaUnknown => "csca_unknown",
            Self::CscaOfAnotherState => "csca_of_another_state",
            Self::SignerNotValid { .. } => "document_signer_not_valid",
            Self::SignerRevoked { .. } => "document_signer_revoked",
            Self::RevocationUnknown => "revocation_unknown",
            Self::ListNotValid(_) => "revocation_list_not_valid",
            Self::SignedOutsideValidity => "signed_outside_validity",
            Self::DataGroupMismatch(_) => "dg_hash_mismatch",
            Self::DataGroupMissing(_) => "data_group_missing",
            Self::ActiveAuthMissing => "active_auth_missing",
            Self::ActiveAuthFailed => "active_auth_failed",
            Self::ChipAuthMissing => "chip_auth_missing",
            Self::ChipAuthFailed => "chip_auth_failed",
            Self::Sam { .. } => "sam_refused",
            Self::DocumentExpired => "document_expired",
        }
    }
}
