//! OpenID4VP 1.0 request objects (§5), our profile of them.
//!
//! | side | calls |
//! |---|---|
//! | relying party | [`RequestBuilder`] → sign → send; [`Request::for_own`] to read it back for [`verify`](fn@crate::verify) |
//! | wallet | [`Request::parse`] → [`UnauthenticatedRequest::authenticate`] → [`Request`] |

mod build;
mod read;

pub use build::RequestBuilder;

use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde_json::Value;

use crate::bundle::{Bundle, RelyingParty};
use crate::catalogue::{Catalogue, Service};
use crate::dcql::{ClaimPath, Query};
use crate::error::Error;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;

/// The client identifier prefix of a DID (§5.9.3).
pub const CLIENT_ID_PREFIX: &str = "decentralized_identifier:";
/// The response mode of an answer that is handed over without a response URI.
pub const LOCAL_RESPONSE_MODE: &str = "urn:tessera:response_mode:local";
const TYP: &str = "oauth-authz-req+jwt";
const AUDIENCE: &str = "https://self-issued.me/v2";
const SERVICE_FORMAT: &str = "tessera_service";
/// Seconds by which clocks may differ.
const SKEW: i64 = 60;

/// A request whose signer nobody has checked yet: who it says it is from may be a lie.
#[derive(Clone)]
pub struct UnauthenticatedRequest {
    jws: jws::Unverified,
    key: PublicKey,
    request: Request,
}

/// A request that is authenticated (or the relying party's own).
#[derive(Debug, Clone)]
pub struct Request {
    client_id: String,
    nonce: String,
    state: Option<String>,
    response_uri: Option<String>,
    service: String,
    query: Query,
    issued_at: Timestamp,
    expires: Timestamp,
}

impl Request {
    /// Reads a request object: its form and its times.
    ///
    /// # Errors
    /// `malformed`, `too_large`, `unsupported_algorithm`, `request_invalid`, `request_expired`.
    pub fn parse(compact: &str, now: Timestamp) -> Result<UnauthenticatedRequest, Error> {
        let unauthenticated = read::read(compact)?;
        let request = &unauthenticated.request;
        if now >= request.expires {
            return Err(Error::RequestExpired {
                until: request.expires,
                now,
            });
        }
        if request.issued_at > now.add_seconds(SKEW) {
            return Err(Error::RequestInvalid {
                why: "issued in the future",
            });
        }
        Ok(unauthenticated)
    }

    /// A relying party's own reading of the request it made. The signature is checked against the DID in the client
    /// id; registration and expiry are not looked at.
    ///
    /// # Errors
    /// `malformed`, `unsupported_algorithm`, `request_invalid`.
    pub fn for_own(compact: &str) -> Result<Self, Error> {
        read::read(compact)?.check_signature()
    }

    /// The client identifier with its prefix: the audience of every answer.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The DID inside the client identifier.
    #[must_use]
    pub fn client_did(&self) -> &str {
        self.client_id
            .strip_prefix(CLIENT_ID_PREFIX)
            .unwrap_or(&self.client_id)
    }

    /// The nonce that the answer must carry.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// `state`, to be sent back with the answer.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// Where to post the answer; none for the local response mode.
    #[must_use]
    pub fn response_uri(&self) -> Option<&str> {
        self.response_uri.as_deref()
    }

    /// The id of the service in the catalogue.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// What is asked.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// When it was made.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it ends.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The claims asked beyond what the service may ask, by path into the subject's claims; empty for an honest one.
    #[must_use]
    pub fn asked_beyond(&self) -> Vec<ClaimPath> {
        let allowed = Catalogue::builtin()
            .get(&self.service)
            .map(|service| service.claims.as_slice())
            .unwrap_or_default();
        let mut beyond: Vec<ClaimPath> = Vec::new();
        for credential in &self.query.credentials {
            for claim in &credential.claims {
                let path = match credential.format.as_str() {
                    "ldp_vc" => claim
                        .path
                        .inside("credentialSubject")
                        .unwrap_or_else(|| claim.path.clone()),
                    _ => claim.path.clone(),
                };
                if !allowed.iter().any(|allowed| allowed.covers(&path)) && !beyond.contains(&path) {
                    beyond.push(path);
                }
            }
        }
        beyond
    }

    /// Refuses to go on with a request that asks beyond its service.
    pub(crate) fn check_asked(&self) -> Result<(), Error> {
        let beyond = self.asked_beyond();
        if beyond.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = beyond.iter().map(ClaimPath::to_string).collect();
        Err(Error::OverAsking {
            beyond: names.join(", "),
        })
    }
}

impl UnauthenticatedRequest {
    /// Checks who asks and what for: the signature by the DID in the client id, its registration in the bundle for the
    /// service, and that nothing beyond the service's claims is asked.
    ///
    /// # Errors
    /// `request_invalid`, `requester_unregistered`, `over_asking`.
    pub fn authenticate(self, bundle: &Bundle, now: Timestamp) -> Result<Request, Error> {
        let request = self.check_signature()?;
        let unregistered = |why| Error::RequesterUnregistered { why };
        let party = bundle
            .relying_party(&request.client_id)
            .ok_or(unregistered("not in the bundle"))?;
        if party.not_after.is_some_and(|until| now >= until) {
            return Err(unregistered("its registration has ended"));
        }
        if !party.services.contains(&request.service) {
            return Err(unregistered("not for this service"));
        }
        request.check_asked()?;
        Ok(request)
    }

    /// What it says it asks beyond its service: for telling the holder. Unproven like everything here.
    #[must_use]
    pub fn asked_beyond(&self) -> Vec<ClaimPath> {
        self.request.asked_beyond()
    }

    /// The service it names.
    #[must_use]
    pub fn service(&self) -> Option<&'static Service> {
        Catalogue::builtin().get(&self.request.service)
    }

    /// Who it says it is, if the bundle knows the name. Unproven: for error messages only.
    #[must_use]
    pub fn claimed_requester<'a>(&self, bundle: &'a Bundle) -> Option<&'a RelyingParty> {
        bundle.relying_party(&self.request.client_id)
    }

    fn check_signature(self) -> Result<Request, Error> {
        let _: Value = self
            .jws
            .verify(&self.key, TYP)
            .map_err(|error| match error {
                Error::UnsupportedFormat { .. } => Error::RequestInvalid {
                    why: "type of the request object",
                },
                _ => Error::RequestInvalid { why: "signature" },
            })?;
        Ok(self.request)
    }
}
