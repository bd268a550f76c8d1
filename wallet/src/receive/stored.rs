//! From checked credentials to the wallet: one set for each data set, and what becomes of the sets that were there.

use aws_lc_rs::rand::SecureRandom;

use super::check::VerifiedCredential;
use super::requested::Received;
use super::{PERSON, foreign};
use crate::client::Client;
use crate::error::Error;
use crate::issuer::identifier;
use crate::store::{Contents, CredentialSet, ForeignSet, HistoryEntry, HistoryEvent};
use crate::surroundings::Surroundings;

/// Makes one set of verified credentials. All must agree on issuer, level and data: one person, one enrolment.
pub(super) fn assemble(
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
        issuer_did: first.issuer().to_owned(),
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
pub(super) fn add(
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

/// Adds what was deferred to the set that the other format of the same request has made, or makes one.
pub(super) fn into_set(
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

/// Whether two sets are formats of one: the same data, level and issuer.
fn same_data(old: &CredentialSet, new: &CredentialSet) -> bool {
    old.retired_at.is_none()
        && old.level == new.level
        && old.issuer_url == new.issuer_url
        && old.issuer_did == new.issuer_did
        && old.claims == new.claims
}

/// One set of what an issuer in no bundle has sent.
pub(super) fn assemble_foreign(
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
pub(super) fn add_foreign(
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
