//! Why a command failed, with a code for programs and a sentence for people.

use std::fmt::Display;
use std::path::Path;

use tessera_verifier::Error;
use tessera_verifier::catalogue::Language;
use tessera_verifier::verify::{Refusal, Stage};

/// A failure of one of four kinds, told apart by the exit status.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The verifier refused, where known at which stage.
    Refused(Error, Option<Stage>),
    /// The command line or a file's content asks for something that makes no sense.
    Usage {
        code: &'static str,
        text: String,
        advice: &'static str,
    },
    /// A file or the network failed.
    Trouble {
        code: &'static str,
        text: String,
        advice: &'static str,
    },
}

impl Failure {
    pub(crate) fn file(path: &Path, doing: &str, error: &dyn Display) -> Self {
        Self::Trouble {
            code: "file_trouble",
            text: format!("cannot {doing} {}: {error}", path.display()),
            advice: "Check that the path is right and that you may use it.",
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused(error, _) => error.code(),
            Self::Usage { code, .. } | Self::Trouble { code, .. } => code,
        }
    }

    /// The stage of the check at which the verifier refused.
    pub(crate) fn stage(&self) -> Option<Stage> {
        match self {
            Self::Refused(_, stage) => *stage,
            Self::Usage { .. } | Self::Trouble { .. } => None,
        }
    }

    /// The exit status that the help text lists.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Refused(Error::BundleStale { .. } | Error::StatusUndetermined { .. }, _) => 3,
            Self::Refused(..) => 1,
            Self::Usage { .. } => 2,
            Self::Trouble { .. } => 4,
        }
    }

    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Refused(error, _) => error.text(language),
            Self::Usage { text, .. } | Self::Trouble { text, .. } => text.clone(),
        }
    }

    pub(crate) fn advice(&self, language: Language) -> &'static str {
        match self {
            Self::Refused(error, _) => error.advice(language),
            Self::Usage { advice, .. } | Self::Trouble { advice, .. } => advice,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error, None)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.error, Some(refusal.stage))
    }
}
