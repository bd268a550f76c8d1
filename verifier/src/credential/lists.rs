//! The status lists at hand, each verified and decoded once.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

use serde_json::Value;

use super::{CredentialPolicy, Materials, verify};
use crate::error::Error;
use crate::status::BitstringStatusList;
use crate::time::Timestamp;

/// The most lists at hand, and the most memory of their bits together: lists of zeros compress a thousandfold.
const MAX_LISTS: usize = 4096;
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Bitstring Status Lists by the URL that credentials name. Cheap to clone: the bits are shared.
#[derive(Clone, Default)]
pub struct StatusLists {
    by_url: BTreeMap<String, BitstringStatusList>,
}

impl StatusLists {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_url: BTreeMap::new(),
        }
    }

    /// Verifies the credential of the list at `url`, embedded proof or envelope, and adds the list (§3.2 steps 4 to 9).
    /// Who may issue it is asked when a credential refers to it. An older list at the same place is replaced.
    ///
    /// # Errors
    /// Those of [`verify`]; `wrong_credential_type` for what is no status list, `status_list_mismatch` for the list of
    /// another place, `malformed` for an encoding that is not exact, `status_list_too_short`, `too_large`.
    pub fn add(
        &mut self,
        url: &str,
        document: &Value,
        policy: &CredentialPolicy,
        materials: &Materials<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let policy = CredentialPolicy {
            status: None,
            ..policy.clone()
        };
        let verified = verify(document, &policy, materials, now)?;
        self.add_own(url, BitstringStatusList::read(verified.document())?)
    }

    /// Adds a list that needs no verification because the caller made it itself.
    ///
    /// # Errors
    /// `status_list_mismatch` for the list of another place, `too_large`.
    pub fn add_own(&mut self, url: &str, list: BitstringStatusList) -> Result<(), Error> {
        if list.id.as_ref().is_some_and(|id| id != url) {
            return Err(Error::StatusListMismatch { why: "place" });
        }
        let others = self.by_url.iter().filter(|(other, _)| *other != url);
        let taken = others.fold(0, |sum: usize, (_, list)| {
            sum.saturating_add(list.bits.len() / 8)
        });
        if taken.saturating_add(list.bits.len() / 8) > MAX_BYTES {
            return Err(Error::too_large("status lists", MAX_BYTES));
        }
        if self.by_url.len() >= MAX_LISTS && !self.by_url.contains_key(url) {
            return Err(Error::too_large("number of status lists", MAX_LISTS));
        }
        self.by_url.insert(url.to_owned(), list);
        Ok(())
    }

    /// The list at `url`.
    #[must_use]
    pub fn get(&self, url: &str) -> Option<&BitstringStatusList> {
        self.by_url.get(url)
    }
}
