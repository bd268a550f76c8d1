//! Whom the wallet believes: an issuer's root, pinned at first use, and the bundle that root signs.

use tessera_verifier::bundle::Bundle;
use tessera_verifier::did;
use tessera_verifier::time::Timestamp;

use crate::error::Error;
use crate::issuer::{Issuer, identifier};
use crate::store::{Contents, Store, TrustedIssuer};
use crate::surroundings::Surroundings;
use crate::transport::HttpRequest;

/// Largest bundle fetched, in bytes. Compressed status lists are most of it.
const MAX_BUNDLE: usize = 8 * 1024 * 1024;
const MAX_DID: usize = 512;

/// An issuer's bundle, checked against its pinned root.
pub struct KnownIssuer {
    /// Address of the issuer.
    pub url: String,
    /// Its root.
    pub root_did: String,
    /// Its bundle.
    pub bundle: Bundle,
}

/// What contacting an issuer brought.
pub struct Trusted {
    /// The issuer and its newest bundle.
    pub issuer: KnownIssuer,
    /// Whether the root was pinned just now, on first use.
    pub newly_pinned: bool,
}

/// Contacts an issuer: pins its root when it is new, and fetches its bundle.
///
/// `root` is the root the holder knows by another way; without it the first root seen is pinned.
///
/// # Errors
/// [`Error::IssuerRootChanged`] when `root` is not the pinned one; [`Error::Check`] (`bundle_untrusted`) when the
/// bundle is not signed by it; network errors.
pub fn contact(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    address: &str,
    root: Option<&str>,
) -> Result<Trusted, Error> {
    let issuer = Issuer::new(surroundings, address)?;
    let pinned = store
        .contents()
        .issuer(issuer.identifier())
        .ok()
        .map(|known| known.root_did.clone());
    let root_did = match (&pinned, root) {
        (Some(pinned), Some(given)) if pinned != given => return Err(Error::IssuerRootChanged),
        (Some(pinned), _) => pinned.clone(),
        (None, Some(given)) => given.to_owned(),
        (None, None) => fetch_root(&issuer)?,
    };
    // A root is a DID in its one canonical spelling, without fragment.
    if did::resolve(&root_did)?.0 != root_did {
        return Err(Error::IssuerMalformed);
    }
    let bundle = fetch_bundle(store, surroundings, &issuer, &root_did)?;
    Ok(Trusted {
        issuer: KnownIssuer {
            url: issuer.identifier().to_owned(),
            root_did,
            bundle,
        },
        newly_pinned: pinned.is_none(),
    })
}

/// Fetches the newest bundle of an issuer the wallet knows.
///
/// # Errors
/// [`Error::IssuerUnknown`], [`Error::Check`], network errors.
pub fn refresh(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    address: &str,
) -> Result<KnownIssuer, Error> {
    store.contents().issuer(&identifier(address)?)?;
    contact(store, surroundings, address, None).map(|trusted| trusted.issuer)
}

/// The cached bundle of one issuer; no network.
///
/// # Errors
/// [`Error::IssuerUnknown`], [`Error::Check`].
pub fn cached(contents: &Contents, address: &str) -> Result<KnownIssuer, Error> {
    open(contents.issuer(&identifier(address)?)?)
}

/// The cached bundles of all issuers; no network.
///
/// # Errors
/// [`Error::BundleMissing`] when the wallet knows no issuer; [`Error::Check`].
pub fn all_cached(contents: &Contents) -> Result<Vec<KnownIssuer>, Error> {
    if contents.issuers.is_empty() {
        return Err(Error::BundleMissing);
    }
    contents.issuers.iter().map(open).collect()
}

/// The cached bundles, each refreshed first when it is past its age and the wallet has a usable credential of that
/// issuer.
///
/// Other issuers are not contacted: they would learn that, and when, their former holder shows something. A stale
/// bundle that is not refreshed is left out; when none is left, that is [`Error::BundleStale`]: a register that old may
/// list a requester whose registration was withdrawn.
///
/// # Errors
/// [`Error::BundleMissing`], [`Error::BundleStale`], [`Error::Check`]; when nothing is fresh because nothing was worth
/// refreshing, [`Error::NoCredential`] or [`Error::CredentialExpired`].
pub fn fresh(store: &mut Store, surroundings: Surroundings<'_>) -> Result<Vec<KnownIssuer>, Error> {
    let now = surroundings.clock.now();
    let mut fresh = Vec::new();
    for known in all_cached(store.contents())? {
        if !known.bundle.is_stale(now) {
            fresh.push(known);
        } else if has_usable(store.contents(), Some(&known.url), now)
            && let Ok(renewed) = refresh(store, surroundings, &known.url)
            && !renewed.bundle.is_stale(now)
        {
            fresh.push(renewed);
        }
    }
    if !fresh.is_empty() {
        return Ok(fresh);
    }
    let contents = store.contents();
    Err(if has_usable(contents, None, now) {
        Error::BundleStale
    } else if contents.sets.iter().any(|set| set.retired_at.is_none()) {
        Error::CredentialExpired
    } else {
        Error::NoCredential
    })
}

/// Whether the wallet has a credential in force, of this issuer or (with `None`) of any.
fn has_usable(contents: &Contents, url: Option<&str>, now: Timestamp) -> bool {
    contents
        .sets
        .iter()
        .any(|set| url.is_none_or(|url| set.issuer_url == url) && set.is_usable(now))
}

fn open(known: &TrustedIssuer) -> Result<KnownIssuer, Error> {
    Ok(KnownIssuer {
        url: known.url.clone(),
        root_did: known.root_did.clone(),
        bundle: Bundle::open(known.bundle.as_bytes(), &known.root_did)?,
    })
}

fn fetch_root(issuer: &Issuer<'_>) -> Result<String, Error> {
    let request = HttpRequest::get(issuer.address("/root")?, "text/plain").with_max_answer(MAX_DID);
    let answer = issuer.send(request)?;
    let text = String::from_utf8(answer.body).map_err(|_| Error::IssuerMalformed)?;
    Ok(text.trim().to_owned())
}

/// Fetches, checks and stores a bundle. An older one than the wallet has is not taken: a mirror (or whoever stands in
/// the way) must not bring back a withdrawn registration.
fn fetch_bundle(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    issuer: &Issuer<'_>,
    root_did: &str,
) -> Result<Bundle, Error> {
    let request =
        HttpRequest::get(issuer.address("/bundle")?, "application/jwt").with_max_answer(MAX_BUNDLE);
    let text = String::from_utf8(issuer.send(request)?.body).map_err(|_| Error::IssuerMalformed)?;
    let text = text.trim().to_owned();
    let bundle = Bundle::open(text.as_bytes(), root_did)?;
    if let Ok(known) = cached(store.contents(), issuer.identifier())
        && known.bundle.issued_at() > bundle.issued_at()
    {
        return Ok(known.bundle);
    }
    let now = surroundings.clock.now().unix();
    store.update(surroundings.rng, |contents| {
        let entry = TrustedIssuer {
            url: issuer.identifier().to_owned(),
            root_did: root_did.to_owned(),
            bundle: text,
            bundle_fetched_at: now,
        };
        match contents
            .issuers
            .iter_mut()
            .find(|known| known.url == entry.url)
        {
            Some(known) => *known = entry,
            None => contents.issuers.push(entry),
        }
        Ok(())
    })?;
    Ok(bundle)
}
