//! What the status entries of a credential come to (Bitstring Status List §3.2).

use alloc::vec::Vec;

use super::{CredentialPolicy, StatusLists};
use crate::error::Error;
use crate::policy::StaleStatus;
use crate::status::{ENTRY_TYPE, EntryStatus, Purpose, StatusEntry};
use crate::time::Timestamp;
use crate::vcdm::{Credential, Path};
use crate::verify::{Undetermined, let_pass};

/// The status of a credential that is neither revoked nor suspended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an undetermined status is not an acceptance"]
pub enum Statuses {
    /// The policy asked for no check.
    Unchecked,
    /// One for each entry, in the order of the credential; none when it states none.
    Checked(Vec<StatusOutcome>),
}

/// What is known of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an undetermined status is not an acceptance"]
pub enum StatusOutcome {
    /// What the list says. Of revocation and suspension only that they are not so; of others any value.
    Known(EntryStatus),
    /// Not known, and the policy let it pass so that the caller may decide.
    Undetermined(Undetermined),
}

/// Checks every entry. A bad status is believed even from a stale list; a good one only from a fresh one.
pub(super) fn check(
    credential: &Credential<'_>,
    policy: &CredentialPolicy,
    lists: &StatusLists,
    (stale, now): (StaleStatus, Timestamp),
) -> Result<Statuses, Error> {
    let path = Path::ROOT.name("credentialStatus");
    let mut outcomes = Vec::new();
    for (index, members) in credential.status().enumerate() {
        let unknown = |why| let_pass(why, stale, now).map(StatusOutcome::Undetermined);
        if members.get("type").is_none_or(|kind| kind != ENTRY_TYPE) {
            outcomes.push(unknown(Undetermined::UnknownKind)?);
            continue;
        }
        let entry = StatusEntry::read(members, &path.index(index))?;
        let Some(list) = lists.get(&entry.list) else {
            outcomes.push(unknown(Undetermined::ListMissing)?);
            continue;
        };
        // The place of a list is in the credential, but whoever hands it in has not fetched it from there before our
        // eyes: only its issuer's name can tell that it is the right one.
        let entitled =
            list.issuer == credential.issuer() || policy.status_issuers.contains(&list.issuer);
        if !entitled {
            return Err(Error::StatusListMismatch { why: "issuer" });
        }
        let status = list.lookup(&entry)?;
        match status.purpose {
            Purpose::Revocation if !status.valid => return Err(Error::Revoked),
            Purpose::Suspension if !status.valid => return Err(Error::Suspended),
            _ => {}
        }
        outcomes.push(match list.outdated(now) {
            None => StatusOutcome::Known(status),
            Some(why) => unknown(why)?,
        });
    }
    Ok(Statuses::Checked(outcomes))
}
