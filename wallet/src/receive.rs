//! Taking up a credential offer: OpenID4VCI 1.0, pre-authorized code flow and authorization code flow.
//!
//! ```text
//! offer ──▶ (Authorization) ──▶ Requested ──▶ UnverifiedCredential ──▶ VerifiedCredential ──▶ stored
//! ```
//!
//! A batch of one-time credentials is asked for in each format offered, each to a key of its own, request and response
//! encrypted whenever the issuer offers that. Nothing is stored unless everything that came is what was asked for.

mod authorization;
mod check;
mod deferred;
mod encryption;
mod foreign;
mod offer;
mod requested;
mod session;
mod stored;

use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::did;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::vci::{CredentialOffer, IssuerMetadata, NotificationEvent, Secret};

pub use authorization::Authorization;
pub use check::{UnverifiedCredential, VerifiedCredential};
pub use deferred::collect;
pub use offer::{is_offer_link, offer_of, parse_offer, read_offer};
pub use requested::{Fetched, KeyRing, Received, Requested};

use crate::client::Client;
use crate::error::Error;
use crate::issuer::identifier;
use crate::store::{Contents, Store};
use crate::surroundings::Surroundings;
use crate::trust::{self, KnownIssuer};
use stored::{add, add_foreign, assemble, assemble_foreign};

/// How many one-time credentials are asked for in each format, at most.
pub const BATCH: usize = 10;
/// The claim that tells one person from another.
pub(crate) const PERSON: &str = "personal_administrative_number";
/// Names of SD-JWT VCs on the wire; the second is that of older drafts.
const SD_JWT_VC: [&str; 2] = ["dc+sd-jwt", "vc+sd-jwt"];

/// The issuer an offer comes from, in the form the wallet knows issuers by.
///
/// # Errors
/// [`Error::Transport`] when it is no address the wallet may contact.
pub fn offering_issuer(offer: &CredentialOffer) -> Result<String, Error> {
    identifier(&offer.credential_issuer)
}

/// What came of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// A set, by its local id.
    Stored(String),
    /// Nothing yet: the authority looks first, at so many requests. [`collect`] asks again.
    Deferred(usize),
}

/// Takes up an offer by its pre-authorized code. See [`take`].
///
/// # Errors
/// As [`Requested::begin`] and [`take`].
pub fn accept(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    offer: &CredentialOffer,
    tx_code: Option<&Secret>,
) -> Result<Accepted, Error> {
    if !client.foreign {
        // Before anything is sent.
        trust::cached(store.contents(), &offer.credential_issuer)?;
    }
    let requested = Requested::begin(store.contents(), surroundings, client, offer, tx_code)?;
    take(store, surroundings, client, &requested)
}

/// Asks for everything a token is good for, and stores what comes, each type and level as one set. Of an issuer the wallet
/// [knows](crate::trust::contact) it replaces the sets this issuer gave the same person before. What is deferred is
/// remembered, with its keys. The issuer is told whether the credentials were taken (§11).
///
/// # Errors
/// [`Error::IssuerUnknown`] for another issuer, unless the client takes those; [`Error::IssuerRefused`],
/// [`Error::Check`], [`Error::OtherPerson`] and the reasons for which a received credential is not taken; then nothing is
/// stored.
pub fn take(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    requested: &Requested<'_>,
) -> Result<Accepted, Error> {
    let mut notices = Vec::new();
    let ours = ours(requested.configurations())?;
    let known = trust::cached(store.contents(), requested.issuer());
    let outcome = match (known, ours) {
        (Ok(known), Some(wanted)) => take_known(
            store,
            surroundings,
            requested,
            (known, &wanted),
            &mut notices,
        ),
        (Err(error), _) if !client.foreign => Err(error),
        _ => take_foreign(store, surroundings, client, requested, &mut notices),
    };
    let event = match outcome {
        Ok(_) => NotificationEvent::CredentialAccepted,
        Err(_) => NotificationEvent::CredentialFailure,
    };
    for id in &notices {
        // §11: the credentials are good or not, whether the issuer hears of it or not.
        let _ = requested.notify(id, event);
    }
    outcome
}

fn take_known(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    requested: &Requested<'_>,
    (known, wanted): (KnownIssuer, &[(&'static CredentialProfile, Format)]),
    notices: &mut Vec<String>,
) -> Result<Accepted, Error> {
    let mut verified = Vec::new();
    let mut deferred = Vec::new();
    for (profile, format) in wanted {
        let id = profile.configuration(*format);
        if requested.configuration(id)?.format != format.as_str() {
            return Err(Error::IssuerMalformed);
        }
        match requested.fetch(id)? {
            Fetched::Now(received) => {
                notices.extend(received.notification_id.clone());
                verify_known(
                    received,
                    (profile, *format),
                    &known,
                    surroundings,
                    &mut verified,
                )?;
            }
            Fetched::Deferred(later) => deferred.push(*later),
        }
    }
    if verified.is_empty() && !deferred.is_empty() {
        let count = deferred.len();
        store.update(surroundings.rng, |contents| {
            // A new request replaces what an earlier one left open.
            contents.deferred.retain(|old| old.issuer_url != known.url);
            contents.deferred.append(&mut deferred);
            Ok(())
        })?;
        return Ok(Accepted::Deferred(count));
    }
    let mut set = assemble(verified, known.url, surroundings)?;
    set.renewal = Some(requested.renewal(notices.clone()));
    store.update(surroundings.rng, |contents| {
        let id = add(contents, set, surroundings.rng)?;
        for later in &mut deferred {
            later.set = Some(id.clone());
        }
        contents.deferred.append(&mut deferred);
        Ok(Accepted::Stored(id))
    })
}

fn verify_known(
    mut received: Received,
    (profile, format): (&'static CredentialProfile, Format),
    known: &KnownIssuer,
    surroundings: Surroundings<'_>,
    into: &mut Vec<VerifiedCredential>,
) -> Result<(), Error> {
    for credential in received.credentials {
        let now = surroundings.clock.now();
        let unverified = UnverifiedCredential::new(profile, format, credential)?;
        into.push(unverified.verify(&mut received.keys, &known.bundle, now)?);
    }
    Ok(())
}

/// The SD-JWT VCs among what an issuer in no bundle offers; one set for each configuration.
fn take_foreign(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    requested: &Requested<'_>,
    notices: &mut Vec<String>,
) -> Result<Accepted, Error> {
    let mut sets = Vec::new();
    let mut deferred = Vec::new();
    for id in requested.configurations() {
        let configuration = requested.configuration(id)?;
        if !SD_JWT_VC.contains(&configuration.format.as_str()) {
            continue;
        }
        let vct = configuration.vct.clone();
        match requested.fetch(id)? {
            Fetched::Now(received) => {
                notices.extend(received.notification_id.clone());
                let mut set = assemble_foreign(
                    received,
                    (id, vct.as_deref()),
                    surroundings,
                    client,
                    requested.issuer(),
                )?;
                set.renewal = Some(requested.renewal(notices.clone()));
                sets.push(set);
            }
            Fetched::Deferred(later) => deferred.push(*later),
        }
    }
    if sets.is_empty() && deferred.is_empty() {
        return Err(Error::FormatUnavailable);
    }
    let count = deferred.len();
    store.update(surroundings.rng, |contents| {
        contents.deferred.append(&mut deferred);
        let mut last = None;
        for set in sets {
            last = Some(add_foreign(contents, set, surroundings.rng)?);
        }
        Ok(last.map_or(Accepted::Deferred(count), Accepted::Stored))
    })
}

/// The keys an issuer the wallet knows may sign its metadata with.
pub(crate) fn known_keys(contents: &Contents, issuer: &str) -> Vec<PublicKey> {
    let Ok(known) = trust::cached(contents, issuer) else {
        return Vec::new();
    };
    let dids = known.bundle.issuers().iter().map(|issuer| &issuer.did);
    dids.chain([&known.root_did])
        .filter_map(|did| Some(did::resolve(did).ok()?.1))
        .filter(|key| key.kind() == KeyType::P256)
        .collect()
}

/// The offered configurations that the issuer's metadata describe, in a format the wallet takes.
pub(crate) fn supported(
    metadata: &IssuerMetadata,
    offer: &CredentialOffer,
) -> Result<Vec<String>, Error> {
    let mut ids: Vec<String> = Vec::new();
    let mut described = false;
    for id in &offer.credential_configuration_ids {
        let Some(found) = metadata.credential_configurations_supported.get(id) else {
            continue;
        };
        described = true;
        let ours = CredentialProfile::by_configuration(id).is_some();
        let format = found.format.as_str();
        if (ours || SD_JWT_VC.contains(&format)) && !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    match (ids.is_empty(), described) {
        (false, _) => Ok(ids),
        // The issuer is right, and this wallet has no such format.
        (true, true) => Err(Error::OfferInvalid),
        (true, false) => Err(Error::IssuerMalformed),
    }
}

/// What of some configurations is a Tessera credential: known ones, all of one level. `None` where none is.
fn ours(
    configurations: &[String],
) -> Result<Option<Vec<(&'static CredentialProfile, Format)>>, Error> {
    let mut wanted: Vec<_> = configurations
        .iter()
        .filter_map(|id| CredentialProfile::by_configuration(id))
        .collect();
    wanted.sort_by_key(|(profile, format)| (profile.level, *format));
    wanted.dedup();
    match wanted.first() {
        None => Ok(None),
        Some((first, _)) if wanted.iter().all(|(profile, _)| profile == first) => Ok(Some(wanted)),
        Some(_) => Err(Error::OfferInvalid),
    }
}

/// The level an offer is for; `None` where it is for other credentials than ours.
///
/// # Errors
/// [`Error::OfferInvalid`].
pub fn offered_level(offer: &CredentialOffer) -> Result<Option<AssuranceLevel>, Error> {
    let wanted = ours(&offer.credential_configuration_ids)?;
    Ok(wanted.and_then(|wanted| wanted.first().map(|(profile, _)| profile.level)))
}
