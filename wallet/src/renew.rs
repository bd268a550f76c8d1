//! New one-time credentials before the old ones run out, or before their validity ends.

use tessera_verifier::claims::Format;
use tessera_verifier::time::Timestamp;

use crate::client::Client;
use crate::enrol::{self, Renewable};
use crate::error::Error;
use crate::receive::{Accepted, Requested, take};
use crate::store::{Contents, CredentialSet, ForeignSet, Settings, Store};
use crate::surroundings::Surroundings;

const DAY: i64 = 86_400;

/// How new credentials can be had.
pub enum Means {
    /// By the refresh token of the issuance (RFC 6749 §6).
    RefreshToken,
    /// By the device key, at an issuer of ours.
    DeviceKey(Renewable),
}

/// A set that can be renewed.
pub struct Candidate {
    /// Its local id.
    pub id: String,
    /// How.
    pub means: Means,
}

/// Every set in force that can be renewed.
#[must_use]
pub fn candidates(contents: &Contents, now: Timestamp) -> Vec<Candidate> {
    let ours = contents.sets.iter().filter(|set| set.is_usable(now));
    let foreign = contents.foreign.iter().filter(|set| set.is_usable(now));
    ours.filter_map(of_ours)
        .chain(foreign.filter_map(of_foreign))
        .collect()
}

/// Those whose stock runs low or whose validity ends soon, by the holder's settings. What an issuer refused to renew less
/// than a day ago is left alone: asking again would only tell it when the wallet is used.
#[must_use]
pub fn due(contents: &Contents, now: Timestamp) -> Vec<Candidate> {
    let settings = &contents.settings;
    let ours = contents.sets.iter().filter(|set| {
        let refused = set
            .refused_at
            .is_some_and(|at| now.unix() < at.saturating_add(DAY));
        set.is_usable(now) && !refused && set_is_due(set, settings, now)
    });
    let foreign = contents
        .foreign
        .iter()
        .filter(|set| set.is_usable(now) && foreign_is_due(set, settings, now));
    ours.filter_map(of_ours)
        .chain(foreign.filter_map(of_foreign))
        .collect()
}

fn of_ours(set: &CredentialSet) -> Option<Candidate> {
    let by_token = set
        .renewal
        .as_ref()
        .is_some_and(|r| r.refresh_token.is_some());
    let means = if by_token {
        Means::RefreshToken
    } else {
        Means::DeviceKey(enrol::renewable(set)?)
    };
    Some(Candidate {
        id: set.id.clone(),
        means,
    })
}

fn of_foreign(set: &ForeignSet) -> Option<Candidate> {
    set.renewal.as_ref()?.refresh_token.as_ref()?;
    Some(Candidate {
        id: set.id.clone(),
        means: Means::RefreshToken,
    })
}

fn set_is_due(set: &CredentialSet, settings: &Settings, now: Timestamp) -> bool {
    // Files of before the formats were kept: those that are left.
    let kept: Vec<Format> = set.formats.iter().copied().collect();
    let formats = if kept.is_empty() {
        let left = Format::ALL.into_iter();
        left.filter(|format| set.remaining(*format) > 0).collect()
    } else {
        kept
    };
    let each = set.issued / u32::try_from(formats.len().max(1)).unwrap_or(1);
    let low = formats.is_empty()
        || formats
            .iter()
            .any(|format| is_low(set.remaining(*format), each, settings));
    low || ends_soon((set.valid_from, set.valid_until), settings, now)
}

fn foreign_is_due(set: &ForeignSet, settings: &Settings, now: Timestamp) -> bool {
    let validity = set.valid_until.map(|until| (set.received_at, until));
    is_low(set.unused.len(), set.issued, settings)
        || validity.is_some_and(|validity| ends_soon(validity, settings, now))
}

/// Fewer than the holder wants left; of a small batch, fewer than half.
fn is_low(left: usize, issued: u32, settings: &Settings) -> bool {
    let wanted = settings.reissue_below.min((issued / 2).max(1));
    u32::try_from(left).is_ok_and(|left| left < wanted)
}

/// Whether the end is near, for what lives long enough that this is not always so.
fn ends_soon((from, until): (i64, i64), settings: &Settings, now: Timestamp) -> bool {
    let margin = i64::from(settings.reissue_days).saturating_mul(DAY);
    until.saturating_sub(from) > margin.saturating_mul(2)
        && until.saturating_sub(now.unix()) < margin
}

/// Renews a set by its refresh token. A new refresh token is on the disk before anything is asked for with the access
/// token that came with it: the old one may be good no more.
///
/// # Errors
/// [`Error::CredentialUnknown`], [`Error::NothingToRenew`], as [`take`].
pub fn by_token(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    id: &str,
) -> Result<Accepted, Error> {
    let contents = store.contents();
    let ours = contents.sets.iter().find(|set| set.id == id);
    let foreign = contents.foreign.iter().find(|set| set.id == id);
    let (renewal, url) = match (ours, foreign) {
        (Some(set), _) => (set.renewal.as_ref(), set.issuer_url.clone()),
        (None, Some(set)) => (set.renewal.as_ref(), set.issuer_url.clone()),
        (None, None) => return Err(Error::CredentialUnknown),
    };
    let client = Client {
        // The holder took this issuer's credentials before.
        foreign: client.foreign || foreign.is_some(),
        ..client
    };
    let renewal = renewal.ok_or(Error::NothingToRenew)?.duplicate();
    let requested = Requested::refresh(contents, surroundings, client, &url, &renewal)?;
    let fresh = requested.refresh_token().cloned();
    store.update(surroundings.rng, |contents| {
        let ours = contents.sets.iter_mut().find(|set| set.id == id);
        let renewal = match ours {
            Some(set) => set.renewal.as_mut(),
            None => {
                let foreign = contents.foreign.iter_mut().find(|set| set.id == id);
                foreign.and_then(|set| set.renewal.as_mut())
            }
        };
        if let Some(renewal) = renewal {
            renewal.refresh_token = fresh;
        }
        Ok(())
    })?;
    take(store, surroundings, client, &requested)
}

/// Remembers that the issuer refused to renew a set.
///
/// # Errors
/// Store errors.
pub fn refused(store: &mut Store, surroundings: Surroundings<'_>, id: &str) -> Result<(), Error> {
    let now = surroundings.clock.now().unix();
    store.update(surroundings.rng, |contents| {
        if let Some(set) = contents.sets.iter_mut().find(|set| set.id == id) {
            set.refused_at = Some(now);
        }
        Ok(())
    })
}
