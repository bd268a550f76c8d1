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
mod encryption;
mod foreign;
mod offer;
mod requested;
mod session;

use aws_lc_rs::rand::SecureRandom;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::did;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::vci::{CredentialOffer, IssuerMetadata, NotificationEvent, Secret};

pub use authorization::Authorization;
pub use check::{UnverifiedCredential, VerifiedCredential};
pub use offer::{offer_of, parse_offer, read_offer};
pub use requested::{Fetched, KeyRing, Received, Requested};

use crate::client::Client;
use crate::error::Error;
use crate::issuer::identifier;
use crate::secret::StoredKey;
use crate::store::{
    Contents, CredentialSet, DeferredIssuance, ForeignSet, HistoryEntry, HistoryEvent, Renewal,
    Store,
};
use crate::surroundings::Surroundings;
use crate::trust::{self, KnownIssuer};

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

fn assemble_foreign(
    mut received: Received,
    (configuration, vct): (&str, Option<&str>),
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    issuer_url: &str,
) -> Result<ForeignSet, Error> {
    let mut set: Option<ForeignSet> = None;
    for credential in received.credentials {
        let text = credential.as_str().ok_or(Error::CredentialNotAsAsked)?;
        let origin = (client, issuer_url);
        let one = foreign::verify(text, vct, &mut received.keys, surroundings, origin)?;
        match &mut set {
            None => {
                set = Some(ForeignSet {
                    id: String::new(),
                    issuer_url: identifier(issuer_url)?,
                    issuer: one.issuer,
                    authenticated_by: one.authenticated_by,
                    vct: one.vct,
                    configuration: configuration.to_owned(),
                    received_at: surroundings.clock.now().unix(),
                    valid_from: one.valid_from,
                    valid_until: one.valid_until,
                    claims: one.claims,
                    issued: 1,
                    unused: vec![one.one_time],
                    renewal: None,
                });
            }
            // One batch is one data set (§3.3.2).
            Some(set)
                if set.issuer == one.issuer && set.vct == one.vct && set.claims == one.claims =>
            {
                set.issued = set.issued.saturating_add(1);
                set.valid_from = set.valid_from.max(one.valid_from);
                set.valid_until = [set.valid_until, one.valid_until]
                    .into_iter()
                    .flatten()
                    .min();
                set.unused.push(one.one_time);
            }
            Some(_) => return Err(Error::CredentialNotAsAsked),
        }
    }
    set.ok_or(Error::CredentialNotAsAsked)
}

/// Adds a set of another issuer. The same type from the same signer and address is replaced: it was renewed.
fn add_foreign(
    contents: &mut Contents,
    mut set: ForeignSet,
    rng: &dyn SecureRandom,
) -> Result<String, Error> {
    let same = |old: &ForeignSet| {
        old.issuer == set.issuer
            && old.issuer_url == set.issuer_url
            && old.vct == set.vct
            && old.configuration == set.configuration
            && old.claims == set.claims
    };
    let replaced = contents.foreign.iter().position(same);
    set.id = match replaced {
        Some(at) => contents.foreign.remove(at).id,
        None => fresh_id(contents, "other", rng)?,
    };
    let id = set.id.clone();
    contents.remember(HistoryEntry {
        at: set.received_at,
        event: HistoryEvent::ReceivedForeign {
            credential: id.clone(),
            vct: set.vct.clone(),
            issuer: set.issuer.clone(),
        },
    });
    contents.foreign.push(set);
    Ok(id)
}

fn fresh_id(contents: &Contents, kind: &str, rng: &dyn SecureRandom) -> Result<String, Error> {
    loop {
        let mut random = [0u8; 2];
        rng.fill(&mut random).map_err(|_| Error::Randomness)?;
        let id = format!("{kind}-{:04x}", u16::from_be_bytes(random));
        if !contents.has(&id) {
            return Ok(id);
        }
    }
}

/// Asks again for the oldest request that was deferred. What comes is stored; a request that is refused for good is
/// forgotten. Returns the set it went to.
///
/// # Errors
/// [`Error::NothingDeferred`]; [`Error::IssuancePending`] while the authority has not decided; as [`accept`].
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

/// Adds what was deferred to the set that the other format of the same request has made, or makes one.
fn into_set(
    contents: &mut Contents,
    new: CredentialSet,
    set: Option<String>,
    rng: &dyn SecureRandom,
) -> Result<String, Error> {
    let into = set.filter(|id| contents.set(id).is_ok_and(|old| same_data(old, &new)));
    let Some(id) = into else {
        let id = add(contents, new, rng)?;
        for later in &mut contents.deferred {
            later.set = Some(id.clone());
        }
        return Ok(id);
    };
    if let Some(old) = contents.sets.iter_mut().find(|old| old.id == id) {
        old.issued = old.issued.saturating_add(new.issued);
        old.formats.extend(new.formats);
        old.unused.extend(new.unused);
        match (&mut old.renewal, new.renewal) {
            (Some(old), Some(new)) => old.notifications.extend(new.notifications),
            (none, new) => *none = new,
        }
    }
    Ok(id)
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
    for id in &offer.credential_configuration_ids {
        let Some(found) = metadata.credential_configurations_supported.get(id) else {
            continue;
        };
        let ours = CredentialProfile::by_configuration(id).is_some();
        let format = found.format.as_str();
        if (ours || SD_JWT_VC.contains(&format)) && !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    if ids.is_empty() {
        return Err(Error::IssuerMalformed);
    }
    Ok(ids)
}

/// Whether two sets are formats of one: the same data, level and issuer.
fn same_data(old: &CredentialSet, new: &CredentialSet) -> bool {
    old.retired_at.is_none()
        && old.level == new.level
        && old.issuer_url == new.issuer_url
        && old.issuer_did == new.issuer_did
        && old.claims == new.claims
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

/// Makes one set of verified credentials. All must agree on issuer, level and data: one person, one enrolment.
fn assemble(
    verified: Vec<VerifiedCredential>,
    issuer_url: String,
    surroundings: Surroundings<'_>,
) -> Result<CredentialSet, Error> {
    let first = verified.first().ok_or(Error::CredentialNotAsAsked)?;
    if !verified.iter().all(|other| first.agrees_with(other)) {
        return Err(Error::CredentialNotAsAsked);
    }
    let (valid_from, valid_until) = verified
        .iter()
        .map(VerifiedCredential::validity)
        .fold((i64::MIN, i64::MAX), |(from, until), validity| {
            (from.max(validity.0.unix()), until.min(validity.1.unix()))
        });
    Ok(CredentialSet {
        id: String::new(),
        level: first.level(),
        issuer_url,
        issuer_did: first.issuer_did().to_owned(),
        received_at: surroundings.clock.now().unix(),
        valid_from,
        valid_until,
        retired_at: None,
        claims: first.claims().clone(),
        issued: u32::try_from(verified.len()).unwrap_or(u32::MAX),
        formats: verified.iter().map(VerifiedCredential::format).collect(),
        renewal: None,
        refused_at: None,
        unused: verified
            .into_iter()
            .map(VerifiedCredential::into_one_time)
            .collect(),
    })
}

/// Adds a set under a fresh id. The issuer revoked this person's earlier sets in the same step, so they retire here
/// too; sets of anybody else were not revoked and stay.
///
/// A wallet is one person's. Whoever sends an offer for somebody else's credential would otherwise swap the holder's
/// own for it, so data of another person than the issuer vouched for before is refused.
fn add(
    contents: &mut Contents,
    mut set: CredentialSet,
    rng: &dyn SecureRandom,
) -> Result<String, Error> {
    let same_person = |old: &CredentialSet| old.claims.get(PERSON) == set.claims.get(PERSON);
    let mut live = contents
        .sets
        .iter()
        .filter(|old| old.issuer_url == set.issuer_url && old.retired_at.is_none())
        .peekable();
    if live.peek().is_some() && !live.any(same_person) {
        return Err(Error::OtherPerson);
    }
    set.id = fresh_id(contents, set.level.as_str(), rng)?;
    let id = set.id.clone();
    contents
        .sets
        .iter_mut()
        .filter(|old| old.issuer_url == set.issuer_url && old.retired_at.is_none())
        .filter(|old| old.claims.get(PERSON) == set.claims.get(PERSON))
        .for_each(|old| old.retired_at = Some(set.received_at));
    contents.remember(HistoryEntry {
        at: set.received_at,
        event: HistoryEvent::Received {
            credential: id.clone(),
            level: set.level,
            issuer: set.issuer_url.clone(),
        },
    });
    contents.sets.push(set);
    Ok(id)
}
