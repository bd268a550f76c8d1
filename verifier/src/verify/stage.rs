//! At which step of the decision something was refused.

use core::fmt;

use crate::error::Error;

/// A step of the decision. The order is the one in which an honest presentation passes them; a step that costs nothing,
/// such as a key binding that is not there at all, may be refused before its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// The bundle: its root, its lists, its issuers. Before any presentation is seen.
    Bundle,
    /// The bytes: size, depth, duplicate names, grammar.
    Parse,
    /// The request: for this policy, unexpired, asking nothing beyond its service, and the one that is answered.
    Request,
    /// Format, type, suite and algorithm: what the query and the policy allow, whatever the message says.
    Format,
    /// The issuer: listed for this time and level, and the controller of the key that signed.
    Issuer,
    /// The issuer's signature, and reading what it covers.
    Proof,
    /// Every disclosed claim is covered by the signature and reads as it was issued.
    Disclosure,
    /// The time window of the credential.
    Validity,
    /// The status list: at hand, fresh, and not saying that the credential is revoked.
    Status,
    /// The holder's proof: by the credential's key, for this audience and nonce, and fresh.
    Holder,
    /// Everything that was asked and nothing besides.
    Asked,
}

impl Stage {
    /// Every stage, in order. `docs/ERRORS.md` lists the same.
    pub const ALL: &'static [Self] = &[
        Self::Bundle,
        Self::Parse,
        Self::Request,
        Self::Format,
        Self::Issuer,
        Self::Proof,
        Self::Disclosure,
        Self::Validity,
        Self::Status,
        Self::Holder,
        Self::Asked,
    ];

    /// The stable name: one word in lower case, never respelled.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Parse => "parse",
            Self::Request => "request",
            Self::Format => "format",
            Self::Issuer => "issuer",
            Self::Proof => "proof",
            Self::Disclosure => "disclosure",
            Self::Validity => "validity",
            Self::Status => "status",
            Self::Holder => "holder",
            Self::Asked => "asked",
        }
    }

    /// The stage of an error of checking one signed credential by itself, as [`data_integrity`](crate::data_integrity)
    /// and [`vc_jose_cose`](crate::vc_jose_cose) do: they look at several things in one go.
    #[must_use]
    pub const fn of_credential(error: &Error) -> Self {
        Self::of(error, Self::Proof)
    }

    /// Like [`of_credential`](Self::of_credential); `rest` is the stage of errors that are about nothing in particular.
    const fn of(error: &Error, rest: Self) -> Self {
        match error {
            Error::UnsupportedFormat { .. }
            | Error::UnsupportedAlgorithm { .. }
            | Error::UnsupportedSuite
            | Error::WrongCredentialType => Self::Format,
            Error::IssuerUntrusted { .. } | Error::IssuerKeyMismatch => Self::Issuer,
            Error::DisclosureInvalid { .. } => Self::Disclosure,
            Error::NotYetValid { .. } | Error::Expired { .. } => Self::Validity,
            Error::HolderBindingMissing
            | Error::HolderBindingInvalid { .. }
            | Error::NonceMismatch
            | Error::AudienceMismatch => Self::Holder,
            _ => rest,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a presentation was refused, and at which stage. The error alone is what [`verify`](super::verify()) gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was being looked at.
    pub stage: Stage,
    /// The reason.
    pub error: Error,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.error)
    }
}

impl core::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

/// Says at which stage a step's errors are.
pub(super) trait At<T> {
    /// Every error is of this stage.
    fn at(self, stage: Stage) -> Result<T, Refusal>;
    /// The errors of a signed credential; those that are about nothing in particular are of the stage `rest`.
    fn at_credential(self, rest: Stage) -> Result<T, Refusal>;
}

impl<T> At<T> for Result<T, Error> {
    fn at(self, stage: Stage) -> Result<T, Refusal> {
        self.map_err(|error| Refusal { stage, error })
    }

    fn at_credential(self, rest: Stage) -> Result<T, Refusal> {
        self.map_err(|error| Refusal {
            stage: Stage::of(&error, rest),
            error,
        })
    }
}
