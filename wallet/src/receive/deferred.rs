//! Credentials that come later (OpenID4VCI 1.0 §9).

use tessera_verifier::claims::CredentialProfile;
use tessera_verifier::vci::NotificationEvent;

use super::requested::{Fetched, Requested};
use super::stored::{add_foreign, assemble, assemble_foreign, into_set};
use super::verify_known;
use crate::client::Client;
use crate::error::Error;
use crate::secret::StoredKey;
use crate::store::{DeferredIssuance, Renewal, Store};
use crate::surroundings::Surroundings;
use crate::trust;

/// Asks again for the oldest request that was deferred. What comes is stored; a request that is refused for good is
/// forgotten. Returns the set it went to.
///
/// # Errors
/// [`Error::NothingDeferred`]; [`Error::IssuancePending`] while the authority has not decided; as [`accept`](super::accept).
pub fn collect(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    client: Client<'_>,
) -> Result<String, Error> {
    let open = store
        .contents()
        .deferred
        .first()
        .ok_or(Error::NothingDeferred)?;
    let transaction = open.transaction_id.clone();
    let ours = |one: &DeferredIssuance| one.transaction_id.expose() == transaction.expose();
    let (waiting, set) = (open.duplicate(), open.set.clone());
    let renewal = match &open.renewal {
        Some(renewal) => renewal.duplicate(),
        // Remembered by an earlier version: a bearer token, and nothing to renew with.
        None => Renewal {
            credential_issuer: open.issuer_url.clone(),
            authorization_server: None,
            client_id: None,
            configurations: vec![open.configuration.clone()],
            key: StoredKey::generate(surroundings.rng)?,
            access_token: open.access_token.clone(),
            bound: false,
            refresh_token: None,
            notifications: Vec::new(),
        },
    };
    let (url, configuration) = (open.issuer_url.clone(), open.configuration.clone());
    let requested = Requested::resume(store.contents(), surroundings, client, &url, &renewal)?;
    let received = match requested.collect(waiting) {
        Ok(Fetched::Now(received)) => received,
        Ok(Fetched::Deferred(_)) => return Err(Error::IssuancePending),
        Err(error) => {
            // §9.3: these will not change; asking again would only repeat them.
            if let Error::IssuerRefused { code, .. } = &error
                && matches!(
                    code.as_str(),
                    "credential_request_denied" | "invalid_transaction_id" | "invalid_token"
                )
            {
                store.update(surroundings.rng, |contents| {
                    contents.deferred.retain(|one| !ours(one));
                    Ok(())
                })?;
            }
            return Err(error);
        }
    };
    let notice = received.notification_id.clone();
    let left = requested.renewal(notice.clone().into_iter().collect());
    let kind = CredentialProfile::by_configuration(&configuration);
    let outcome = match (trust::cached(store.contents(), &url), kind) {
        (Ok(known), Some(kind)) => {
            let mut verified = Vec::new();
            verify_known(received, kind, &known, surroundings, &mut verified)
                .and_then(|()| assemble(verified, known.url, surroundings))
                .and_then(|mut new| {
                    new.renewal = Some(left);
                    store.update(surroundings.rng, |contents| {
                        contents.deferred.retain(|one| !ours(one));
                        into_set(contents, new, set, surroundings.rng)
                    })
                })
        }
        _ => {
            let vct = requested.configuration(&configuration)?.vct.clone();
            let wanted = (configuration.as_str(), vct.as_deref());
            assemble_foreign(received, wanted, surroundings, client, requested.issuer()).and_then(
                |mut new| {
                    new.renewal = Some(left);
                    store.update(surroundings.rng, |contents| {
                        contents.deferred.retain(|one| !ours(one));
                        add_foreign(contents, new, surroundings.rng)
                    })
                },
            )
        }
    };
    if let Some(id) = notice {
        let event = match outcome {
            Ok(_) => NotificationEvent::CredentialAccepted,
            Err(_) => NotificationEvent::CredentialFailure,
        };
        let _ = requested.notify(&id, event);
    }
    outcome
}
