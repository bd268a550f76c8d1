//! Choosing the least: the lowest level, then the first format, then exactly the claims asked (OpenID4VP 1.0 §6.4).

mod combine;
mod held;
mod matching;

use serde_json::Value;
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::request::TransactionData;
use tessera_verifier::time::Timestamp;

use crate::error::Error;
use crate::request::AuthenticatedRequest;
use crate::store::Contents;
pub(crate) use held::take;

/// What the wallet would show, put before the holder. Has no `Debug`: it holds claim values.
pub struct Proposal {
    pub(crate) request: AuthenticatedRequest,
    pub(crate) items: Vec<Item>,
}

/// One credential that would be shown. Has no `Debug`: it holds claim values.
pub struct Item {
    pub(crate) set_id: String,
    pub(crate) query_id: String,
    pub(crate) format: Format,
    pub(crate) level: Option<AssuranceLevel>,
    pub(crate) issuer_url: String,
    /// What is disclosed, as paths from the root of the credential.
    pub(crate) paths: Vec<ClaimPath>,
    /// Whether the holder's proof goes with it.
    pub(crate) bound: bool,
    /// Which of the request's transaction data it authorizes.
    pub(crate) transactions: Vec<usize>,
    shown: Vec<ShownClaim>,
}

/// One claim as the holder sees it before saying yes. Has no `Debug`: it holds the value.
#[derive(Clone)]
pub struct ShownClaim {
    /// Its name, for example `age_equal_or_over.18`.
    pub name: String,
    /// Its value or values.
    pub values: Vec<Value>,
}

/// What the holder wishes beside what the request asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Only this format.
    pub format: Option<Format>,
    /// To show what the request would like and does not need, too.
    pub optional: bool,
    /// To show every credential that fits where a query takes several (`multiple`), not the best one alone.
    pub several: bool,
}

impl Proposal {
    /// Who asks, for what, and why.
    #[must_use]
    pub fn request(&self) -> &AuthenticatedRequest {
        &self.request
    }

    /// The credentials that would be shown; at least one.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Local id of the first credential set.
    #[must_use]
    pub fn credential(&self) -> &str {
        self.items.first().map_or("", Item::credential)
    }

    /// The highest level among the credentials.
    #[must_use]
    pub fn level(&self) -> Option<AssuranceLevel> {
        self.items.iter().filter_map(|item| item.level).max()
    }

    /// The format of the first credential.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.items.first().map(Item::format)
    }

    /// Everything that would be shown about the holder.
    pub fn shown(&self) -> impl Iterator<Item = &ShownClaim> {
        self.items.iter().flat_map(|item| &item.shown)
    }

    /// Names of the claims that would be shown.
    #[must_use]
    pub fn claim_names(&self) -> Vec<String> {
        self.shown().map(|claim| claim.name.clone()).collect()
    }

    /// What the holder would agree to besides.
    #[must_use]
    pub fn transactions(&self) -> &[TransactionData] {
        self.request.request().transaction_data()
    }
}

impl Item {
    /// Local id of the credential set.
    #[must_use]
    pub fn credential(&self) -> &str {
        &self.set_id
    }

    /// The credential query that it answers.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query_id
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The level; none for a credential of an issuer that knows no levels.
    #[must_use]
    pub fn level(&self) -> Option<AssuranceLevel> {
        self.level
    }

    /// Whether the holder's proof goes with it. Without it whoever gets it can show it again.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.bound
    }

    /// Exactly what would be shown of it.
    #[must_use]
    pub fn shown(&self) -> &[ShownClaim] {
        &self.shown
    }
}

/// Chooses the least that satisfies the request: a limited credential before a full one, the newest of its level, the
/// first format the request accepts (or only `format`), exactly the claims asked, and nothing that the request does not
/// need.
///
/// # Errors
/// Those of [`minimal_with`].
pub fn minimal(
    contents: &Contents,
    request: AuthenticatedRequest,
    format: Option<Format>,
    now: Timestamp,
) -> Result<Proposal, Error> {
    let wish = Wish {
        format,
        ..Wish::default()
    };
    minimal_with(contents, request, wish, now)
}

/// Like [`minimal`], with what the holder wishes.
///
/// # Errors
/// [`Error::FormatsUnknown`], [`Error::NoCredential`], [`Error::CredentialExpired`], [`Error::AssuranceTooLow`], [`Error::FormatUnavailable`],
/// [`Error::QueryNotSatisfied`] or [`Error::CredentialsExhausted`]: the first that keeps the wallet from answering.
/// [`Error::Check`] (`request_invalid`) for a query whose trusted authorities are of a kind that cannot be told, and
/// (`transaction_data_invalid`) when no credential that would be shown can authorize a transaction.
pub fn minimal_with(
    contents: &Contents,
    request: AuthenticatedRequest,
    wish: Wish,
    now: Timestamp,
) -> Result<Proposal, Error> {
    let items = combine::choose(contents, &request, wish, now)?;
    Ok(Proposal { request, items })
}
