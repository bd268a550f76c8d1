//! Deleting what the wallet holds.

use tessera_verifier::vci::NotificationEvent;

use crate::client::Client;
use crate::error::Error;
use crate::receive::Requested;
use crate::store::{HistoryEntry, HistoryEvent, Renewal, Store};
use crate::surroundings::Surroundings;

/// Deletes a set with its keys; what is deleted cannot be shown or brought back. Afterwards the issuer is told, where it
/// has an endpoint for that (OpenID4VCI 1.0 §11) and the token of the issuance is still good. Returns whether it was.
///
/// # Errors
/// [`Error::CredentialUnknown`], store errors.
pub fn delete(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    id: &str,
) -> Result<bool, Error> {
    let now = surroundings.clock.now().unix();
    let (issuer, renewal) = store.update(surroundings.rng, |contents| {
        let ours = contents.sets.iter().position(|set| set.id == id);
        let foreign = contents.foreign.iter().position(|set| set.id == id);
        let (issuer, renewal) = match (ours, foreign) {
            (Some(at), _) => {
                let set = contents.sets.remove(at);
                (set.issuer_url, set.renewal)
            }
            (None, Some(at)) => {
                let set = contents.foreign.remove(at);
                (set.issuer_url, set.renewal)
            }
            (None, None) => return Err(Error::CredentialUnknown),
        };
        contents.remember(HistoryEntry {
            at: now,
            event: HistoryEvent::Deleted {
                credential: id.to_owned(),
                issuer: issuer.clone(),
            },
        });
        Ok((issuer, renewal))
    })?;
    // They are gone, whether the issuer hears of it or not.
    Ok(renewal.is_some_and(|renewal| tell(store, surroundings, client, &issuer, &renewal)))
}

fn tell(
    store: &Store,
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    issuer: &str,
    renewal: &Renewal,
) -> bool {
    if renewal.notifications.is_empty() {
        return false;
    }
    Requested::resume(store.contents(), surroundings, client, issuer, renewal).is_ok_and(
        |requested| {
            renewal.notifications.iter().all(|id| {
                matches!(
                    requested.notify(id, NotificationEvent::CredentialDeleted),
                    Ok(true)
                )
            })
        },
    )
}
