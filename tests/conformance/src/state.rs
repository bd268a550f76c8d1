//! What every request of the server shares.

use std::collections::BTreeMap;
use std::sync::Arc;

use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::vcdm::Resources;

use crate::clock::Clock;
use crate::keys::{self, Key, NoKey};
use crate::status::{self, Lists};
use crate::table::SUITES;

/// The server's keys, contexts, status lists and clock.
pub struct State {
    /// The clock.
    pub clock: Clock,
    /// The contexts: those of the verifier crate, nothing else.
    pub contexts: Arc<ContextStore>,
    /// The resources whose digests are known without fetching them.
    pub resources: Resources,
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
            let label = format!("tessera-conformance/{}/{}", row.name, keys::name(row.key));
            keys.insert(row.name, Key::of_label(row.key, &label)?);
        }
        let issuer = keys.get(status::ISSUER).ok_or(NoKey)?.did();
        Ok(Self {
            clock,
            contexts: ContextStore::builtin(),
            resources: known_resources(),
            lists: Lists::new(lists_at, &issuer)?,
            keys,
        })
    }

    /// The issuing key of a row.
    #[must_use]
    pub fn key(&self, row: &'static crate::table::Row) -> Option<&Key> {
        self.keys.get(row.name)
    }
}

/// The built-in contexts, and the file that the data model's suite publishes for its tests of `relatedResource`.
fn known_resources() -> Resources {
    let mut resources = Resources::new();
    resources.insert_sha256(
        "https://w3c.github.io/vc-data-model/related-resource.json",
        [
            0xca, 0x3d, 0x16, 0x3b, 0xab, 0x05, 0x53, 0x81, 0x82, 0x72, 0x26, 0x14, 0x05, 0x68,
            0xf3, 0xbe, 0xf7, 0xea, 0xac, 0x18, 0x7c, 0xeb, 0xd7, 0x68, 0x78, 0xe0, 0xb6, 0x3e,
            0x9e, 0x44, 0x23, 0x56,
        ],
    );
    resources
}
