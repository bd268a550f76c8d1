//! A request whose sender is known.

use std::sync::Arc;

use tessera_verifier::bundle::Bundle;
use tessera_verifier::catalogue::{Catalogue, LocalizedText, Service};
use tessera_verifier::claims::CredentialProfile;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::request::{self, AuthenticatedName, Request, Requester, Sender};

use crate::select::Item;
use crate::trust::KnownIssuer;

/// A request whose sender is known, and either entitled to ask what it asks or put before the holder as a stranger.
pub struct AuthenticatedRequest {
    inner: request::AuthenticatedRequest,
    shown: LocalizedText,
    /// The issuer in whose register the requester stands.
    issuer_url: Option<String>,
    bundles: Vec<(String, Bundle)>,
}

impl AuthenticatedRequest {
    pub(super) fn registered(
        inner: request::AuthenticatedRequest,
        issuer: &KnownIssuer,
        known: &[KnownIssuer],
    ) -> Self {
        Self {
            issuer_url: Some(issuer.url.clone()),
            ..Self::unregistered(inner, known)
        }
    }

    pub(super) fn unregistered(
        inner: request::AuthenticatedRequest,
        known: &[KnownIssuer],
    ) -> Self {
        let shown = inner.registered_name().cloned().unwrap_or_else(|| {
            let name = inner.name().as_str();
            LocalizedText {
                en: name.to_owned(),
                zh: name.to_owned(),
            }
        });
        Self {
            inner,
            shown,
            issuer_url: None,
            bundles: known
                .iter()
                .map(|issuer| (issuer.url.clone(), issuer.bundle.clone()))
                .collect(),
        }
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        self.inner.request()
    }

    /// Where an error that answers it may go (OpenID4VP 1.0 §8.5); `None` where nobody is known to be told.
    #[must_use]
    pub fn sender(&self) -> Option<Sender> {
        self.inner.sender()
    }

    /// The requester's name as an authority registered it, or for a stranger the name that was authenticated: the name
    /// of a certificate, a DID, an origin. Names that are merely sent are not shown to anybody.
    #[must_use]
    pub fn requester(&self) -> &LocalizedText {
        &self.shown
    }

    /// Whether an authority vouches for what the requester may ask.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        !matches!(self.inner.requester(), Requester::Unregistered)
    }

    /// The name that was authenticated, and how.
    #[must_use]
    pub fn name(&self) -> &AuthenticatedName {
        self.inner.name()
    }

    /// The service asked for, where an authority registered the requester for one.
    #[must_use]
    pub fn service(&self) -> Option<&'static Service> {
        let named = self.request().service();
        Catalogue::builtin().get(named.filter(|_| self.is_registered())?)
    }

    /// Why it asks, in words that an authority has approved; none for a stranger.
    #[must_use]
    pub fn purpose(&self) -> Option<&LocalizedText> {
        match self.inner.requester() {
            Requester::Registered(_) => self.service().map(|service| &service.purpose),
            Requester::Certified(registration) => registration
                .purpose
                .as_ref()
                .or_else(|| self.service().map(|service| &service.purpose)),
            _ => None,
        }
    }

    /// The issuer whose register lists the requester; only its credentials are shown. None for a stranger.
    #[must_use]
    pub fn issuer_url(&self) -> Option<&str> {
        self.issuer_url.as_deref()
    }

    /// What the authority that issued an item calls one of its claims (SD-JWT VC §9.2), in the first of `locales` it
    /// has words for. `name` is as in [`crate::select::ShownClaim`]: what lies below a claim keeps its own name.
    #[must_use]
    pub fn claim_label(&self, item: &Item, name: &str, locales: &[&str]) -> Option<String> {
        let bundle = self.bundle(&item.issuer_url)?;
        let metadata = bundle.type_metadata(CredentialProfile::of(item.level()?).vct)?;
        let (top, below) = name.split_at(name.find('.').unwrap_or(name.len()));
        let label = metadata.label(&ClaimPath::keys(&[top]), locales)?;
        Some(format!("{label}{below}"))
    }

    fn bundle(&self, issuer_url: &str) -> Option<&Bundle> {
        let mut bundles = self.bundles.iter();
        bundles
            .find(|(url, _)| url == issuer_url)
            .map(|(_, bundle)| bundle)
    }

    /// The JSON-LD contexts that the credentials of an issuer are read with.
    pub(crate) fn contexts(&self, issuer_url: &str) -> Arc<ContextStore> {
        self.bundle(issuer_url)
            .map_or_else(ContextStore::builtin, |bundle| bundle.contexts().clone())
    }
}
