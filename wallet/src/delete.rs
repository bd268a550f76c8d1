//! Deleting what the wallet holds.

use crate::error::Error;
use crate::store::{HistoryEntry, HistoryEvent, Store};
use crate::surroundings::Surroundings;

/// Deletes a set with its keys; what is deleted cannot be shown or brought back.
///
/// # Errors
/// [`Error::CredentialUnknown`], store errors.
pub fn delete(store: &mut Store, surroundings: Surroundings<'_>, id: &str) -> Result<(), Error> {
    let now = surroundings.clock.now().unix();
    store.update(surroundings.rng, |contents| {
        let at = contents
            .sets
            .iter()
            .position(|set| set.id == id)
            .ok_or(Error::CredentialUnknown)?;
        let set = contents.sets.remove(at);
        contents.remember(HistoryEntry {
            at: now,
            event: HistoryEvent::Deleted {
                credential: set.id,
                issuer: set.issuer_url,
            },
        });
        Ok(())
    })
}
