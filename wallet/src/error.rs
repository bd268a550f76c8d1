//! Everything that can go wrong, one stable code each. Sentences for people are in [`crate::messages`].

use tessera_verifier::catalogue;

use crate::enrol::Opening;
use crate::messages::{self, Language};
use crate::transport::TransportError;

/// Why the wallet did not do what was asked.
///
/// No variant carries personal data, keys or codes. [`Error::code`] is stable: scripts and tests compare it; the
/// sentence may be improved at any time.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no wallet in this folder.
    StoreMissing,
    /// There is already a wallet in this folder.
    StoreExists,
    /// No folder is named, and there is no home folder.
    StoreUnnamed,
    /// Another process has the wallet open.
    StoreLocked,
    /// The file is not what the wallet wrote.
    StoreDamaged,
    /// The file was written by a later version.
    StoreNewer {
        /// Version of the file.
        found: u16,
        /// Latest version this build reads.
        supported: u16,
    },
    /// The file is not a backup this wallet wrote, or not all of it.
    BackupDamaged,
    /// The backup was written by a later version.
    BackupNewer {
        /// Version of the backup.
        found: u16,
        /// Latest version this build reads.
        supported: u16,
    },
    /// The file is whole, but this passphrase does not open it.
    WrongPassphrase,
    /// The passphrase is empty or longer than a kilobyte.
    PassphraseUnusable,
    /// The store would grow past its bound.
    StoreFull,
    /// The file system refused.
    StoreIo(std::io::ErrorKind),
    /// The random source failed.
    Randomness,
    /// A key did not sign.
    Signing,

    /// The network, or an address that must not be contacted.
    Transport(TransportError),
    /// The issuer answered with an error; its own code is passed on.
    IssuerRefused {
        /// The issuer's code (lower case ASCII, digits and underscores).
        code: String,
        /// HTTP status.
        status: u16,
    },
    /// The issuer takes no applications from the applicant's district yet.
    DistrictNotOpen {
        /// The districts and their first days, as the issuer says; after [`crate::enrol::start`] the applicant's alone.
        openings: Vec<Opening>,
    },
    /// The issuer's answer does not follow its protocol.
    IssuerMalformed,
    /// The issuer now names another root than the one kept at enrolment.
    IssuerRootChanged,
    /// No issuer with this address is known to the wallet.
    IssuerUnknown,
    /// A link names an issuer the wallet does not know, and nobody said that it may be trusted.
    IssuerUnconfirmed,
    /// The wallet already waits for another session.
    SessionPending,
    /// There is no session to resume.
    SessionMissing,
    /// The session ended before it was complete.
    SessionExpired,
    /// The person has not been at the terminal yet.
    SessionNotReady,

    /// Nothing that was asked for is outstanding.
    NothingDeferred,
    /// The authority has not decided yet.
    IssuancePending,

    /// The issuer wants a wallet that its provider vouches for, and nobody vouches for this one.
    AttestationNeeded,
    /// The wallet's provider does not attest.
    AttestationUnavailable,
    /// What a browser came back with does not answer the wallet's authorization request.
    AuthorizationInvalid,
    /// The person did not come back from the browser in time.
    AuthorizationTimedOut,
    /// The issuer takes no kind of key proof that the wallet can make.
    ProofUnsupported,
    /// The issuance left nothing to renew with.
    NothingToRenew,
    /// The offer is not an OpenID4VCI credential offer this wallet can use.
    OfferInvalid,
    /// A link that asks for a presentation, where an offer was to be taken up.
    LinkIsRequest,
    /// The offer wants a transaction code.
    TxCodeNeeded,
    /// The issuer offered an encrypted response and then answered in the clear.
    ResponseNotEncrypted,
    /// The encrypted response does not decrypt to a credential response.
    ResponseUnreadable,
    /// A received credential is not the type or level that was asked for.
    CredentialNotAsAsked,
    /// A received credential is not bound to the key the wallet made for it.
    HolderKeyMismatch,
    /// A received credential is about another person than the wallet's holder.
    OtherPerson,
    /// A received credential cannot be revoked: it names no status list.
    StatusMissing,

    /// A check of the verifier library failed (request, bundle, credential).
    Check(tessera_verifier::Error),
    /// The request URI or file does not lead to a request object.
    RequestUnreadable,
    /// A link that offers a credential, where a request was to be answered.
    LinkIsOffer,
    /// The link wants its request fetched in a way that OpenID4VP does not know.
    RequestUriMethodUnknown,
    /// The wallet has no issuer bundle yet.
    BundleMissing,
    /// The bundle is past its age and could not be refreshed.
    BundleStale,
    /// The wallet holds no credential at all.
    NoCredential,
    /// The service needs a higher level than the wallet holds.
    AssuranceTooLow,
    /// All usable credentials are past their last day.
    CredentialExpired,
    /// Every one-time credential that would do has been used.
    CredentialsExhausted,
    /// The credential lacks something the request needs.
    QueryNotSatisfied {
        /// Claim names that are missing, joined with commas.
        missing: String,
    },
    /// The request asks for credentials in formats that this wallet does not know, or takes none that it makes.
    FormatsUnknown,
    /// The format asked for on the command line is not accepted by the request or not held.
    FormatUnavailable,
    /// The holder said no.
    ConsentDeclined,
    /// Consent is needed, and nobody is there to give it.
    ConsentNeeded,
    /// The presentation could not be encrypted to the requester's key.
    AnswerNotEncrypted,
    /// The requester's server did not accept the presentation.
    RequesterRefused {
        /// HTTP status.
        status: u16,
    },

    /// No credential with this id.
    CredentialUnknown,
    /// A file named on the command line cannot be read.
    FileUnreadable {
        /// Its name, as the person gave it.
        file: String,
    },
    /// The camera program could not be run, failed, or wrote no frames.
    CameraFailed,
    /// A file named on the command line cannot be written.
    FileUnwritable,
    /// What was done cannot be said: standard output takes no more.
    OutputUnwritable,
    /// Nobody said yes to a deletion.
    DeletionUnconfirmed,
    /// A file that was to be made is there already.
    FileExists,
    /// A passphrase is needed, and nobody is there to type it.
    PassphraseNeeded,
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::StoreMissing => "store_missing",
            Self::StoreExists => "store_exists",
            Self::StoreUnnamed => "store_unnamed",
            Self::StoreLocked => "store_locked",
            Self::StoreDamaged => "store_damaged",
            Self::StoreNewer { .. } => "store_newer",
            Self::BackupDamaged => "backup_damaged",
            Self::BackupNewer { .. } => "backup_newer",
            Self::WrongPassphrase => "wrong_passphrase",
            Self::PassphraseUnusable => "passphrase_unusable",
            Self::StoreFull => "store_full",
            Self::StoreIo(_) => "store_io",
            Self::Randomness => "randomness_failed",
            Self::Signing => "signing_failed",
            Self::Transport(error) => error.code(),
            Self::IssuerRefused { code, .. } => code,
            Self::DistrictNotOpen { .. } => "district_not_open",
            Self::IssuerMalformed => "issuer_answer_malformed",
            Self::IssuerRootChanged => "issuer_root_changed",
            Self::IssuerUnknown => "issuer_unknown",
            Self::IssuerUnconfirmed => "issuer_unconfirmed",
            Self::SessionPending => "session_pending",
            Self::SessionMissing => "session_missing",
            Self::SessionExpired => "session_expired",
            Self::SessionNotReady => "session_not_ready",
            Self::NothingDeferred => "nothing_deferred",
            Self::IssuancePending => "issuance_pending",
            Self::AttestationNeeded => "attestation_needed",
            Self::AttestationUnavailable => "attestation_unavailable",
            Self::AuthorizationInvalid => "authorization_invalid",
            Self::AuthorizationTimedOut => "authorization_timed_out",
            Self::ProofUnsupported => "proof_unsupported",
            Self::NothingToRenew => "nothing_to_renew",
            Self::OfferInvalid => "offer_invalid",
            Self::LinkIsRequest => "link_is_request",
            Self::TxCodeNeeded => "tx_code_needed",
            Self::ResponseNotEncrypted => "response_not_encrypted",
            Self::ResponseUnreadable => "response_unreadable",
            Self::CredentialNotAsAsked => "credential_not_as_asked",
            Self::HolderKeyMismatch => "holder_key_mismatch",
            Self::OtherPerson => "other_person",
            Self::StatusMissing => "status_missing",
            Self::Check(error) => error.code(),
            Self::RequestUnreadable => "request_unreadable",
            Self::LinkIsOffer => "link_is_offer",
            Self::RequestUriMethodUnknown => "request_uri_method_unknown",
            Self::BundleMissing => "bundle_missing",
            Self::BundleStale => "bundle_stale",
            Self::NoCredential => "no_credential",
            Self::AssuranceTooLow => "assurance_too_low",
            Self::CredentialExpired => "credential_expired",
            Self::CredentialsExhausted => "credentials_exhausted",
            Self::QueryNotSatisfied { .. } => "query_not_satisfied",
            Self::FormatsUnknown => "formats_unknown",
            Self::FormatUnavailable => "format_unavailable",
            Self::ConsentDeclined => "consent_declined",
            Self::ConsentNeeded => "consent_needed",
            Self::AnswerNotEncrypted => "answer_not_encrypted",
            Self::RequesterRefused { .. } => "requester_refused",
            Self::CredentialUnknown => "credential_unknown",
            Self::FileUnreadable { .. } => "file_unreadable",
            Self::CameraFailed => "camera_failed",
            Self::FileUnwritable => "file_unwritable",
            Self::OutputUnwritable => "output_unwritable",
            Self::DeletionUnconfirmed => "deletion_unconfirmed",
            Self::FileExists => "file_exists",
            Self::PassphraseNeeded => "passphrase_needed",
        }
    }

    /// The sentence for people, in their language.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        match self {
            Self::StoreNewer { found, supported } | Self::BackupNewer { found, supported } => {
                messages::fill(
                    self.code(),
                    language,
                    &[&found.to_string(), &supported.to_string()],
                )
            }
            Self::QueryNotSatisfied { missing } => {
                messages::fill(self.code(), language, &[missing])
            }
            Self::FileUnreadable { file } => messages::fill(self.code(), language, &[file]),
            Self::RequesterRefused { status } => {
                messages::fill(self.code(), language, &[&status.to_string()])
            }
            Self::Check(tessera_verifier::Error::OverAsking { beyond }) => {
                messages::fill(self.code(), language, &[beyond])
            }
            Self::IssuerRefused { code, status } if !messages::knows(code) => {
                messages::fill("issuer_refused", language, &[code, &status.to_string()])
            }
            Self::DistrictNotOpen { openings } => match openings.as_slice() {
                [opening] => {
                    let name = opening.name(language);
                    messages::fill("district_opens", language, &[name, &opening.from])
                }
                _ => messages::fill(self.code(), language, &[]),
            },
            Self::Check(error) if !messages::knows(error.code()) => error.text(match language {
                Language::English => catalogue::Language::En,
                Language::Chinese => catalogue::Language::Zh,
            }),
            other => messages::fill(other.code(), language, &[]),
        }
    }

    /// What the person can do next, where there is something.
    #[must_use]
    pub fn hint(&self, language: Language) -> Option<&'static str> {
        messages::hint(self.code(), language)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence(Language::English))
    }
}

impl std::error::Error for Error {}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<tessera_verifier::Error> for Error {
    fn from(error: tessera_verifier::Error) -> Self {
        Self::Check(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the verifier says and the wallet has no words of its own for is said in the holder's language all the same.
    #[test]
    fn the_verifiers_words_stand_in_where_the_wallet_has_none() {
        let error = Error::Check(tessera_verifier::Error::StatusListTooShort);
        assert!(!messages::knows(error.code()));
        assert!(error.sentence(Language::English).is_ascii());
        assert!(!error.sentence(Language::Chinese).is_ascii());
    }
}
