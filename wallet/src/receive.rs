//! Taking up a credential offer: OpenID4VCI 1.0, pre-authorized code flow with transaction code.
//!
//! ```text
//! offer ──▶ Requested ──▶ UnverifiedCredential ──▶ VerifiedCredential ──▶ stored
//! ```
//!
//! A batch of one-time credentials is asked for in each format offered, each to a key of its own, the response
//! encrypted whenever the issuer offers that. Nothing is stored unless everything that came is what was asked for.

mod check;
mod requested;

use aws_lc_rs::rand::SecureRandom;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::vci::{CredentialOffer, Secret};

pub use check::{UnverifiedCredential, VerifiedCredential};
pub use requested::{Fetched, KeyRing, Requested};

use crate::error::Error;
use crate::issuer::identifier;
use crate::store::{Contents, CredentialSet, DeferredIssuance, HistoryEntry, HistoryEvent, Store};
use crate::surroundings::Surroundings;
use crate::trust;

/// How many one-time credentials are asked for in each format, at most.
pub const BATCH: usize = 10;
/// The claim that tells one person from another.
pub(crate) const PERSON: &str = "personal_administrative_number";

/// Reads an `openid-credential-offer://` link that carries its offer by value (OpenID4VCI 1.0 §4.1.2).
///
/// # Errors
/// [`Error::OfferInvalid`].
pub fn parse_offer(link: &str) -> Result<CredentialOffer, Error> {
    let offer = CredentialOffer::from_uri(link.trim()).map_err(|_| Error::OfferInvalid)?;
    wanted(&offer)?;
    Ok(offer)
}

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

/// Takes up an offer of an issuer the wallet [knows](crate::trust::contact), and stores what it brings as one set,
/// which replaces the sets this issuer gave the same person before. What is deferred is remembered, with its keys.
///
/// # Errors
/// [`Error::TxCodeNeeded`], [`Error::IssuerUnknown`], [`Error::IssuerRefused`], [`Error::Check`],
/// [`Error::OtherPerson`] and the reasons for which a received credential is not taken; then nothing is stored.
pub fn accept(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    offer: &CredentialOffer,
    tx_code: Option<&Secret>,
) -> Result<Accepted, Error> {
    let known = trust::cached(store.contents(), &offer.credential_issuer)?;
    let requested = Requested::begin(surroundings, offer, tx_code)?;
    let mut verified = Vec::new();
    let mut deferred = Vec::new();
    for (profile, format) in wanted(offer)? {
        match requested.fetch(profile, format)? {
            Fetched::Now(received, mut keys) => {
                for credential in received {
                    let now = surroundings.clock.now();
                    verified.push(credential.verify(&mut keys, &known.bundle, now)?);
                }
            }
            Fetched::Deferred(later) => deferred.push(later),
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
    let set = assemble(verified, known.url, surroundings)?;
    store.update(surroundings.rng, |contents| {
        let id = add(contents, set, surroundings.rng)?;
        for later in &mut deferred {
            later.set = Some(id.clone());
        }
        contents.deferred.append(&mut deferred);
        Ok(Accepted::Stored(id))
    })
}

/// Asks again for the oldest request that was deferred. What comes is stored; a request that is refused for good is
/// forgotten. Returns the set it went to.
///
/// # Errors
/// [`Error::NothingDeferred`]; [`Error::IssuancePending`] while the authority has not decided; as [`accept`].
pub fn collect(store: &mut Store, surroundings: Surroundings<'_>) -> Result<String, Error> {
    let open = store
        .contents()
        .deferred
        .first()
        .ok_or(Error::NothingDeferred)?;
    let transaction = open.transaction_id.clone();
    let ours = |one: &DeferredIssuance| one.transaction_id.expose() == transaction.expose();
    let (waiting, set) = (open.duplicate(), open.set.clone());
    let known = trust::cached(store.contents(), &waiting.issuer_url)?;
    let fetched = Requested::resume(surroundings, &waiting).and_then(|r| r.collect(waiting));
    let (received, mut keys) = match fetched {
        Ok(Fetched::Now(received, keys)) => (received, keys),
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
    let mut verified = Vec::new();
    for credential in received {
        verified.push(credential.verify(&mut keys, &known.bundle, surroundings.clock.now())?);
    }
    let new = assemble(verified, known.url, surroundings)?;
    store.update(surroundings.rng, |contents| {
        contents.deferred.retain(|one| !ours(one));
        let into = set.filter(|id| contents.set(id).is_ok_and(|old| same_data(old, &new)));
        let Some(id) = into else {
            let id = add(contents, new, surroundings.rng)?;
            for later in &mut contents.deferred {
                later.set = Some(id.clone());
            }
            return Ok(id);
        };
        if let Some(old) = contents.sets.iter_mut().find(|old| old.id == id) {
            old.issued = old.issued.saturating_add(new.issued);
            old.unused.extend(new.unused);
        }
        Ok(id)
    })
}

/// Whether two sets are formats of one: the same data, level and issuer.
fn same_data(old: &CredentialSet, new: &CredentialSet) -> bool {
    old.retired_at.is_none()
        && old.level == new.level
        && old.issuer_url == new.issuer_url
        && old.issuer_did == new.issuer_did
        && old.claims == new.claims
}

/// What of an offer the wallet takes: known configurations, all of one level.
fn wanted(offer: &CredentialOffer) -> Result<Vec<(&'static CredentialProfile, Format)>, Error> {
    let mut wanted: Vec<_> = offer
        .credential_configuration_ids
        .iter()
        .filter_map(|id| CredentialProfile::by_configuration(id))
        .collect();
    wanted.sort_by_key(|(profile, format)| (profile.level, *format));
    wanted.dedup();
    match wanted.first() {
        Some((first, _)) if wanted.iter().all(|(profile, _)| profile == first) => Ok(wanted),
        _ => Err(Error::OfferInvalid),
    }
}

/// The level an offer is for.
///
/// # Errors
/// [`Error::OfferInvalid`].
pub fn offered_level(offer: &CredentialOffer) -> Result<AssuranceLevel, Error> {
    wanted(offer)?
        .first()
        .map(|(profile, _)| profile.level)
        .ok_or(Error::OfferInvalid)
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
    loop {
        let mut random = [0u8; 2];
        rng.fill(&mut random).map_err(|_| Error::Randomness)?;
        set.id = format!("{}-{:04x}", set.level, u16::from_be_bytes(random));
        if contents.set(&set.id).is_err() {
            break;
        }
    }
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
