//! The W3C Verifiable Credentials Data Model: 2.0, and 1.1 as it is still met.
//!
//! ```text
//! &Value ── Credential::parse ──▶ Credential<'_>        a view whose every member has the form that §4 and §5 ask for
//!        ── Presentation::parse ▶ Presentation<'_>      the same, for it and each credential in it
//!        ── Envelope::… ────────▶ Envelope<'_>          a secured document in a data: URL
//! ```
//!
//! A view is about form only: no proof is checked, and [`Credential::check_validity`] and
//! [`Credential::check_resources`] must be asked. What a term means, and whether it has a meaning at all, is for the
//! JSON-LD processor: `issuable` asks it.
//!
//! An error tells the place as a JSON Pointer of member names and positions, never a value.

mod context;
mod credential;
mod date_time;
mod integrity;
mod language;
mod member;
mod path;
mod presentation;

pub use credential::Credential;
pub use date_time::DateTimeStamp;
pub(crate) use integrity::Resource;
pub use integrity::Resources;
pub(crate) use member::{is_url, one_or_more};
pub(crate) use path::Path;
pub use presentation::{Envelope, Presentation, Presented};

/// A version of the data model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 1.1.
    V1,
    /// 2.0.
    V2,
}

impl Version {
    /// Both versions.
    pub const ALL: [Self; 2] = [Self::V1, Self::V2];

    /// The URL of its base context.
    #[must_use]
    pub const fn context(self) -> &'static str {
        match self {
            Self::V1 => "https://www.w3.org/2018/credentials/v1",
            Self::V2 => crate::claims::CREDENTIALS_V2,
        }
    }
}
