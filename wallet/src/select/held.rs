//! What the wallet holds, seen alike whoever issued it.

use serde_json::Value;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::sd_jwt;
use tessera_verifier::time::Timestamp;
use tessera_verifier::x509;

use crate::error::Error;
use crate::request::AuthenticatedRequest;
use crate::store::{Contents, CredentialBody, CredentialSet, ForeignSet, OneTimeCredential};

/// One set of one-time credentials about the same data.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) id: &'a str,
    pub(super) level: Option<AssuranceLevel>,
    pub(super) issuer_url: &'a str,
    pub(super) received_at: i64,
    unused: &'a [OneTimeCredential],
}

impl<'a> Held<'a> {
    fn ours(set: &'a CredentialSet) -> Self {
        Self {
            id: &set.id,
            level: Some(set.level),
            issuer_url: &set.issuer_url,
            received_at: set.received_at,
            unused: &set.unused,
        }
    }

    fn foreign(set: &'a ForeignSet) -> Self {
        Self {
            id: &set.id,
            level: None,
            issuer_url: &set.issuer_url,
            received_at: set.received_at,
            unused: &set.unused,
        }
    }

    /// How many unused credentials there are in `format`.
    pub(super) fn remaining(&self, format: Format) -> usize {
        self.of(format).count()
    }

    /// One of the unused credentials, which are all about the same data.
    pub(super) fn specimen(&self, format: Format) -> Option<&'a OneTimeCredential> {
        self.of(format).next()
    }

    fn of(&self, format: Format) -> impl Iterator<Item = &'a OneTimeCredential> + use<'a> {
        self.unused.iter().filter(move |one| one.format == format)
    }

    /// The types under which it may be asked for: `vct`, and the W3C types.
    pub(super) fn types(&self, root: &Value) -> (Option<String>, Vec<String>) {
        let vct = root.get("vct").and_then(Value::as_str).map(str::to_owned);
        let types = match self.level {
            Some(level) => CredentialProfile::of(level)
                .types()
                .map(str::to_owned)
                .to_vec(),
            None => Vec::new(),
        };
        (vct, types)
    }
}

/// The credential with every claim in its place: what DCQL's paths point into.
pub(super) fn root(one: &OneTimeCredential) -> Result<Value, Error> {
    Ok(match &one.body {
        CredentialBody::SdJwt(text) => sd_jwt::parse(text)?.claims_unverified()?,
        CredentialBody::Ldp(document) => document.clone(),
    })
}

/// The key identifiers of the authorities behind the issuer's certificate, where it has one.
pub(super) fn authority_key_ids(one: &OneTimeCredential) -> Vec<Vec<u8>> {
    let CredentialBody::SdJwt(text) = &one.body else {
        return Vec::new();
    };
    sd_jwt::parse(text)
        .and_then(|parsed| parsed.certificates())
        .map(|chain| x509::authority_key_ids(&chain))
        .unwrap_or_default()
}

/// The sets in force that this requester may see, lowest level first, newest first within a level: those of the issuer
/// that registered it, or all of them where the holder is asked. What issuers of no bundle gave comes last, and a service of
/// the catalogue does not see it: such an issuer may call its credentials what it likes.
pub(super) fn eligible<'a>(
    contents: &'a Contents,
    request: &AuthenticatedRequest,
    now: Timestamp,
) -> Result<Vec<Held<'a>>, Error> {
    let may_see = |set: &&CredentialSet| {
        set.retired_at.is_none()
            && request
                .issuer_url()
                .is_none_or(|issuer| issuer == set.issuer_url)
    };
    let live: Vec<_> = contents.sets.iter().filter(may_see).collect();
    let foreign: Vec<_> = match request.service() {
        Some(_) => Vec::new(),
        None => contents.foreign.iter().collect(),
    };
    let mut held: Vec<_> = live
        .iter()
        .filter(|set| set.is_usable(now))
        .map(|set| Held::ours(set))
        .collect();
    held.extend(
        foreign
            .iter()
            .filter(|set| set.is_usable(now))
            .map(|set| Held::foreign(set)),
    );
    if held.is_empty() {
        return Err(match live.is_empty() && foreign.is_empty() {
            true => Error::NoCredential,
            false => Error::CredentialExpired,
        });
    }
    held.sort_by_key(|set| {
        let newest = core::cmp::Reverse(set.received_at);
        (set.level.is_none(), set.level, newest)
    });
    Ok(held)
}

/// Takes one unused credential of a set out of the wallet.
pub(crate) fn take(
    contents: &mut Contents,
    set_id: &str,
    format: Format,
) -> Result<OneTimeCredential, Error> {
    let ours = contents
        .sets
        .iter_mut()
        .map(|set| (&set.id, &mut set.unused));
    let foreign = contents
        .foreign
        .iter_mut()
        .map(|set| (&set.id, &mut set.unused));
    let unused = ours
        .chain(foreign)
        .find(|(id, _)| *id == set_id)
        .map(|(_, unused)| unused)
        .ok_or(Error::CredentialUnknown)?;
    let at = unused
        .iter()
        .position(|one| one.format == format)
        .ok_or(Error::CredentialsExhausted)?;
    Ok(unused.remove(at))
}
