//! One error for a session at the terminal; every one has a stable code.

use tessera_card::CardError;

use crate::issuer::IssuerError;

/// Why a session at the terminal ended without a code for the person.
///
/// `Display` is for operators and logs and carries no personal data; [`crate::explain`] has the text
/// for the person at the kiosk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TerminalError {
    /// The chip could not be read.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The issuer refused, or could not be asked.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The issuer answered something this protocol does not allow.
    #[error("the issuer's answer has no usable `{0}`")]
    IssuerAnswer(&'static str),
    /// The terminal's key could not sign.
    #[error("the terminal's key could not sign")]
    Signing,
    /// The person gave up, or nothing was typed for too long.
    #[error("the session was abandoned")]
    Abandoned,
    /// The operator did not confirm that person and card belong together.
    #[error("the operator did not confirm the person")]
    NotConfirmed,
    /// The program file could not be measured.
    #[error("this program could not be measured: {0}")]
    Measurement(String),
    /// A key's name on the command line is not one.
    #[error("key: {0}")]
    KeyPlace(&'static str),
    /// The token or TPM cannot be used, has no such key, or would give it away.
    #[error("{0}")]
    Token(String),
    /// No PIN, or one that is refused.
    #[error("{0}")]
    Pin(&'static str),
    /// The terminal's certificate or its authority's cannot be used.
    #[error("certificate: {0}")]
    Certificate(&'static str),
    /// What is pending could not be kept or read.
    #[error("session file: {0}")]
    Journal(String),
    /// The issuer did not answer before the challenge ended.
    #[error("the issuer did not answer in time")]
    TimedOut,
    /// The issuer has the evidence, and nothing came of it.
    #[error("the issuer did not accept the evidence")]
    NotAccepted,
    /// The key file is missing, damaged, not a P-256 key, or readable by others.
    #[error("key file: {0}")]
    KeyFile(String),
    /// The counter could not be raised durably, so nothing was sent.
    #[error("counter file: {0}")]
    Counter(String),
    /// No reader by that name, none at all, or only a virtual one.
    #[error("{0}")]
    Reader(String),
    /// The reader is the virtual one of a development machine.
    #[error("reader {0} is virtual: anything on the network can pretend to be a card in it")]
    VirtualReader(String),
    /// Nobody put a card on the reader in time.
    #[error("no card was put on the reader within {0} seconds")]
    NoCard(u64),
    /// The photograph is absent, unreadable or larger than the issuer accepts.
    #[error("photo: {0}")]
    Photo(String),
    /// The issuer asks for head movements, and there is only a photograph.
    #[error("the issuer asks for head movements, and no camera program is named")]
    NoFilm,
    /// The issuer's address is not one this terminal may talk to.
    #[error("issuer address: {0}")]
    Address(&'static str),
}

impl TerminalError {
    /// The stable code: the chip's or the issuer's own where they have one.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Card(error) => error.code(),
            Self::Issuer(error) => error.code(),
            Self::IssuerAnswer(_) => "issuer_answer_invalid",
            Self::Signing => "signing_failed",
            Self::Abandoned => "session_abandoned",
            Self::NotConfirmed => "operator_declined",
            Self::Measurement(_) => "measurement_failed",
            Self::KeyPlace(_) => "key_name_invalid",
            Self::Token(_) => "key_token_failed",
            Self::Pin(_) => "pin_refused",
            Self::Certificate(_) => "certificate_unusable",
            Self::Journal(_) => "session_not_durable",
            Self::TimedOut => "session_timed_out",
            Self::NotAccepted => "session_not_accepted",
            Self::KeyFile(_) => "key_file_unusable",
            Self::Counter(_) => "counter_not_durable",
            Self::Reader(_) => "reader_failed",
            Self::VirtualReader(_) => "reader_virtual",
            Self::NoCard(_) => "card_absent",
            Self::Photo(_) => "photo_unusable",
            Self::NoFilm => "camera_needed",
            Self::Address(_) => "issuer_address_invalid",
        }
    }
}
