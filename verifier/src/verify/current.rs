//! What makes a credential current: steps that every kind of credential shares.

use super::Undetermined;
use crate::error::Error;
use crate::policy::StaleStatus;
use crate::time::Timestamp;

/// Holds `now` within a validity, whose end is no longer part of it.
pub(crate) fn within(
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    match (from, until) {
        (Some(from), _) if now < from => Err(Error::NotYetValid { from, now }),
        (_, Some(until)) if now >= until => Err(Error::Expired { until, now }),
        _ => Ok(()),
    }
}

/// A status that is not known: an error, unless the policy leaves it to the caller.
pub(crate) fn let_pass(
    unknown: Undetermined,
    policy: StaleStatus,
    now: Timestamp,
) -> Result<Undetermined, Error> {
    match policy {
        StaleStatus::Undetermined => Ok(unknown),
        StaleStatus::Refuse => Err(unknown.refusal(now)),
    }
}

impl Undetermined {
    /// The error of a policy that refuses.
    pub(crate) fn refusal(self, now: Timestamp) -> Error {
        let why = match self {
            Self::BundleStale { until } => return Error::BundleStale { until, now },
            Self::ListStale { .. } => "the status list is past its end",
            Self::ListNotYetValid { .. } => "the status list is from the future",
            Self::ListMissing => "the status list is not in the bundle",
            Self::IndexBeyondList => "the index is beyond the status list",
            Self::NotStated => "the credential names no status list",
            Self::UnknownKind => "the status is stated in a way that is not known",
        };
        Error::StatusUndetermined { why }
    }
}
