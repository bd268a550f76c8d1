//! What a requester is told when nothing is shown (OpenID4VP 1.0 §8.5, appendix A.4).

use serde_json::{Value, json};
use tessera_exchange::jwe::Encrypter;
use tessera_verifier::Error as Check;

use super::respond::{Sent, post};
use crate::consent::Refusal;
use crate::error::Error;
use crate::surroundings::Surroundings;

/// The error codes that this wallet sends.
///
/// Whatever depends on what the holder has or says is [`AccessDenied`](Self::AccessDenied), so that a refusal, a missing
/// credential and a value that does not match cannot be told apart (§15.4.1). The others depend on the request alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `access_denied`: the holder said no, or nothing that is held fits, or the requester may not ask this.
    AccessDenied,
    /// `invalid_request`: the request breaks the protocol.
    InvalidRequest,
    /// `invalid_request_uri_method`: neither `get` nor `post`.
    InvalidRequestUriMethod,
    /// `invalid_transaction_data`: transactions that this wallet cannot show.
    InvalidTransactionData,
    /// `vp_formats_not_supported`: no format that is asked for is known here.
    VpFormatsNotSupported,
}

impl ErrorCode {
    /// As `error` says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidRequestUriMethod => "invalid_request_uri_method",
            Self::InvalidTransactionData => "invalid_transaction_data",
            Self::VpFormatsNotSupported => "vp_formats_not_supported",
        }
    }

    /// What a requester may be told of a request that was not taken ([`RequestObject::authenticate_as`]); `None` where that
    /// is no answer to it: a request that is past, the network, the wallet's own faults.
    ///
    /// [`RequestObject::authenticate_as`]: crate::request::RequestObject::authenticate_as
    #[must_use]
    pub fn of_request(reason: &Error) -> Option<Self> {
        match reason {
            Error::RequestUriMethodUnknown => Some(Self::InvalidRequestUriMethod),
            Error::Check(Check::OverAsking { .. } | Check::RequesterUnregistered { .. }) => {
                Some(Self::AccessDenied)
            }
            Error::Check(Check::TransactionDataInvalid { .. }) => {
                Some(Self::InvalidTransactionData)
            }
            Error::Check(
                Check::RequestInvalid { .. }
                | Check::Malformed { .. }
                | Check::TooLarge { .. }
                | Check::UnsupportedAlgorithm { .. },
            ) => Some(Self::InvalidRequest),
            _ => None,
        }
    }

    /// What a requester may be told where nothing fits ([`crate::select::minimal_with`]); `None` for the wallet's own
    /// faults. A check that depends on what is held is told like a credential that is lacking, whatever it found.
    #[must_use]
    pub fn of_choice(reason: &Error) -> Option<Self> {
        match reason {
            Error::FormatsUnknown => Some(Self::VpFormatsNotSupported),
            Error::NoCredential
            | Error::CredentialExpired
            | Error::AssuranceTooLow
            | Error::FormatUnavailable
            | Error::QueryNotSatisfied { .. }
            | Error::CredentialsExhausted
            | Error::Check(_) => Some(Self::AccessDenied),
            _ => None,
        }
    }
}

impl Refusal {
    /// The code that is sent.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Whether it is posted; else the platform takes [`to_data`](Self::to_data) back.
    #[must_use]
    pub fn is_posted(&self) -> bool {
        self.sender.response_uri().is_some()
    }

    /// The `data` that goes back over the Digital Credentials API: a single member, in the clear for either mode.
    #[must_use]
    pub fn to_data(&self) -> Value {
        json!({"error": self.code.as_str()})
    }

    /// Posts it to the requester (§8.2): encrypted where the answer would have been, and in the clear where the request
    /// offers no key for that (§8.3.1). It names a code, the request's own `state`, and nothing else.
    ///
    /// # Errors
    /// [`Error::RequesterRefused`], [`Error::AnswerNotEncrypted`], network errors.
    pub fn send(&self, surroundings: Surroundings<'_>) -> Result<Sent, Error> {
        let address = self.sender.response_uri();
        let address = address.ok_or(Error::RequestUnreadable)?;
        let mut members = vec![("error", self.code.as_str())];
        members.extend(self.sender.state().map(|state| ("state", state)));
        let sealed = match self.sender.encryption() {
            Some(to) if self.sender.response_mode().is_encrypted() => {
                let members: serde_json::Map<String, Value> = members
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), json!(value)))
                    .collect();
                let sealed = Encrypter::new(&to.jwk, to.enc)
                    .and_then(|to| to.encrypt(Value::Object(members).to_string().as_bytes()));
                Some(sealed.map_err(|_| Error::AnswerNotEncrypted)?)
            }
            _ => None,
        };
        match &sealed {
            Some(response) => post(surroundings, address, &[("response", response)]),
            None => post(surroundings, address, &members),
        }
    }
}
