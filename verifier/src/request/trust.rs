//! Whom a wallet believes about requesters, and what it knows of one whose request it has authenticated.

use alloc::string::String;

use super::{Registration, Request};
use crate::bundle::{Bundle, RelyingParty};
use crate::catalogue::LocalizedText;
use crate::did::Documents;
use crate::time::Timestamp;
use crate::x509::TrustAnchor;

/// Whom a wallet believes about requesters. Everything in it is the wallet's own; nothing comes from a request.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// Registered relying parties, registrars, and authorities of certificates; a wallet without an issuer has none.
    pub bundle: Option<&'a Bundle>,
    /// Authorities of certificates besides those of the bundle.
    pub anchors: &'a [TrustAnchor],
    /// Documents of DIDs that do not say their key themselves, such as did:web.
    pub documents: Option<&'a Documents>,
    /// DIDs, besides the bundle's root and registrars, whose verifier attestations are believed.
    pub attesters: &'a [String],
    /// What to do with a requester that nobody has registered.
    pub unregistered: Unregistered,
}

impl<'a> Trust<'a> {
    /// The bundle alone.
    #[must_use]
    pub fn of(bundle: &'a Bundle) -> Self {
        Self {
            bundle: Some(bundle),
            anchors: &[],
            documents: None,
            attesters: &[],
            unregistered: Unregistered::Refuse,
        }
    }

    pub(super) fn registers(&self, did: &str, now: Timestamp) -> bool {
        self.bundle.is_some_and(|bundle| bundle.registers(did, now))
    }

    pub(super) fn party(&self, client_id: &str) -> Option<&'a RelyingParty> {
        self.bundle?.relying_party(client_id)
    }
}

/// What to do with a requester that is neither in the bundle nor certified by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unregistered {
    /// Refuse.
    #[default]
    Refuse,
    /// Leave it to the holder, who is told that nobody vouches for the requester.
    Ask,
}

/// A request whose sender is known, and as what.
#[derive(Debug, Clone)]
pub struct AuthenticatedRequest {
    pub(super) request: Request,
    pub(super) requester: Requester,
    pub(super) name: AuthenticatedName,
}

/// Who vouches for what the requester may ask.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Requester {
    /// The bundle lists it for the service it names.
    Registered(RelyingParty),
    /// It carries a registration certificate that covers all it asks.
    Certified(Registration),
    /// Nobody. Only with [`Unregistered::Ask`].
    Unregistered,
}

/// The name that was authenticated: what proved it is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticatedName {
    /// A DNS name of a certificate whose chain leads to a trusted authority.
    Dns(String),
    /// The SHA-256 hash of a certificate that says no DNS name.
    CertificateHash(String),
    /// A DID whose key has signed.
    Did(String),
    /// The name that a trusted attester has given.
    Attested {
        /// The name.
        name: String,
        /// The DID of the attester.
        by: String,
    },
    /// The origin of the page, by the platform.
    Origin(String),
    /// Nothing but the address to which the answer goes: the request is not signed.
    ResponseUri(String),
}

impl AuthenticatedName {
    /// The name alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Dns(name)
            | Self::CertificateHash(name)
            | Self::Did(name)
            | Self::Attested { name, .. }
            | Self::Origin(name)
            | Self::ResponseUri(name) => name,
        }
    }
}

impl AuthenticatedRequest {
    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Who vouches for the requester.
    #[must_use]
    pub fn requester(&self) -> &Requester {
        &self.requester
    }

    /// The name that was authenticated.
    #[must_use]
    pub fn name(&self) -> &AuthenticatedName {
        &self.name
    }

    /// The name that an authority registered; none for an unregistered requester.
    #[must_use]
    pub fn registered_name(&self) -> Option<&LocalizedText> {
        match &self.requester {
            Requester::Registered(party) => Some(&party.name),
            Requester::Certified(registration) => Some(&registration.name),
            Requester::Unregistered => None,
        }
    }

    /// The request alone.
    #[must_use]
    pub fn into_request(self) -> Request {
        self.request
    }
}
