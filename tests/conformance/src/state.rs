//! What every request of the server shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use tessera_verifier::jsonld::ContextStore;

use crate::clock::Clock;
use crate::keys::{Key, NoKey};
use crate::status::Lists;
use crate::table::SUITES;

/// The server's keys, contexts, status lists and clock.
pub struct State {
    /// The clock.
    pub clock: Clock,
    /// The contexts: those of the verifier crate, nothing else.
    pub contexts: Arc<ContextStore>,
    /// The status lists of the rows that add status.
    pub lists: Lists,
    keys: BTreeMap<&'static str, Key>,
}

impl State {
    /// The state of a server whose status lists are found below `lists_at`, an absolute URL without a final slash.
    ///
    /// # Errors
    /// [`NoKey`] when a key or a list cannot be made.
    pub fn new(clock: Clock, lists_at: &str) -> Result<Self, NoKey> {
        let mut keys = BTreeMap::new();
        for row in SUITES {
            let label = format!("tessera-conformance/{}/{}", row.name, row.key.as_str());
            keys.insert(row.name, Key::of_label(row.key, &label)?);
        }
        Ok(Self {
            clock,
            contexts: ContextStore::builtin(),
            lists: Lists::new(lists_at)?,
            keys,
        })
    }

    /// The issuing key of a row.
    #[must_use]
    pub fn key(&self, row: &'static crate::table::Row) -> Option<&Key> {
        self.keys.get(row.name)
    }
}
