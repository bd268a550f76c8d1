//! The claim model that both credential formats share.

use core::fmt;

/// How well the person was proved.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum AssuranceLevel {
    /// By a face check against the registry: the limited-function credential.
    Limited,
    /// By the physical card and a face check at a terminal: the full-function credential.
    Full,
}

impl AssuranceLevel {
    /// `limited` or `full`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for AssuranceLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
