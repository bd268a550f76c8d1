//! OpenID4VP 1.0 requests (§5, appendix A) in every form, and who they are from.
//!
//! | side | calls |
//! |---|---|
//! | relying party | [`RequestBuilder`] → sign → send; [`Request::for_own`] to read it back for [`verify`](fn@crate::verify) |
//! | wallet | [`Request::parse`], [`Request::from_parameters`] or [`Request::from_dc_api`] → [`UnauthenticatedRequest::authenticate_with`] → [`AuthenticatedRequest`] |

mod asker;
mod authenticate;
mod build;
mod client;
mod dc_api;
mod metadata;
mod read;
pub mod registration;
mod sender;
mod transaction;
mod trust;

pub use asker::RequestClient;
pub use build::{MultiSigned, RequestBuilder};
pub use client::ClientIdPrefix;
pub use dc_api::DcApiProtocol;
pub use metadata::ResponseEncryption;
pub use registration::Registration;
pub use sender::Sender;
pub use transaction::{HASH_ALGORITHM, Transaction, TransactionData};
pub use trust::{AuthenticatedName, AuthenticatedRequest, Requester, Trust, Unregistered};

use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::bundle::{Bundle, RelyingParty};
use crate::catalogue::{Catalogue, Service};
use crate::claims::Format;
use crate::dcql::{ClaimPath, Query};
use crate::error::Error;
use crate::jws;
use crate::time::Timestamp;
use client::ClientId;
use metadata::ClientMetadata;

/// The client identifier prefix of a DID (§5.9.3).
pub const CLIENT_ID_PREFIX: &str = "decentralized_identifier:";
/// The response mode of an answer that is handed over without a response URI.
pub const LOCAL_RESPONSE_MODE: &str = "urn:tessera:response_mode:local";
const TYP: &str = "oauth-authz-req+jwt";
const AUDIENCE: &str = "https://self-issued.me/v2";
const SERVICE_FORMAT: &str = "tessera_service";
/// Seconds by which clocks may differ.
const SKEW: i64 = 60;

/// How the answer goes back (§8, appendix A.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResponseMode {
    /// Posted to the response URI in the clear (§8.2).
    DirectPost,
    /// Posted to the response URI, encrypted (§8.3.1).
    DirectPostJwt,
    /// Handed to the platform's Digital Credentials API in the clear.
    DcApi,
    /// Handed to the platform's Digital Credentials API, encrypted.
    DcApiJwt,
    /// Handed over without a response URI: our own [`LOCAL_RESPONSE_MODE`].
    Local,
}

impl ResponseMode {
    /// Every mode.
    pub const ALL: [Self; 5] = [
        Self::DirectPost,
        Self::DirectPostJwt,
        Self::DcApi,
        Self::DcApiJwt,
        Self::Local,
    ];

    /// As `response_mode` says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DirectPost => "direct_post",
            Self::DirectPostJwt => "direct_post.jwt",
            Self::DcApi => "dc_api",
            Self::DcApiJwt => "dc_api.jwt",
            Self::Local => LOCAL_RESPONSE_MODE,
        }
    }

    /// Whether the answer is encrypted.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::DirectPostJwt | Self::DcApiJwt)
    }

    /// Whether the answer goes to the Digital Credentials API.
    #[must_use]
    pub const fn is_dc_api(self) -> bool {
        matches!(self, Self::DcApi | Self::DcApiJwt)
    }

    /// Whether the answer is posted to a response URI.
    #[must_use]
    pub const fn is_direct_post(self) -> bool {
        matches!(self, Self::DirectPost | Self::DirectPostJwt)
    }
}

/// A request whose signer nobody has checked yet: who it says it is from may be a lie.
#[derive(Clone)]
pub struct UnauthenticatedRequest {
    /// One; or one for each signature of a multi-signed request that could be read.
    candidates: Vec<Candidate>,
}

/// A request as one of its signers, if any, makes it.
#[derive(Clone)]
struct Candidate {
    jws: Option<jws::Unverified>,
    request: Request,
}

/// A request that is authenticated (or the relying party's own).
#[derive(Debug, Clone)]
pub struct Request {
    client: ClientId,
    audience: String,
    mode: ResponseMode,
    nonce: String,
    state: Option<String>,
    response_uri: Option<String>,
    wallet_nonce: Option<String>,
    expected_origins: Vec<String>,
    service: Option<String>,
    registrations: Vec<Certificate>,
    query: Query,
    metadata: ClientMetadata,
    transaction_data: Vec<TransactionData>,
    issued_at: Timestamp,
    expires: Timestamp,
}

/// A registration certificate of the request, nothing of it checked.
#[derive(Debug, Clone)]
struct Certificate {
    jwt: String,
    /// The credential queries that it is about; none means all.
    credential_ids: Option<Vec<String>>,
}

impl Request {
    /// Reads a request object that came by a link, by reference or by hand: its form and its times.
    ///
    /// # Errors
    /// `malformed`, `too_large`, `unsupported_algorithm`, `request_invalid`, `transaction_data_invalid`,
    /// `request_expired`.
    pub fn parse(compact: &str, now: Timestamp) -> Result<UnauthenticatedRequest, Error> {
        read::signed(compact)?.in_time(now)
    }

    /// Reads an unsigned request, whose parameters stand in the link itself (§5.4 and the client identifier prefix
    /// `redirect_uri`). Objects are JSON texts.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse); `request_invalid` for every other prefix, whose requests are signed.
    pub fn from_parameters<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        now: Timestamp,
    ) -> Result<UnauthenticatedRequest, Error> {
        read::parameters(parameters)?.in_time(now)
    }

    /// Reads a request of the Digital Credentials API (appendix A): `data` as `protocol` calls for, from a page of
    /// `origin`, which the platform has authenticated.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse); `request_invalid` for an origin that a signed request does not expect, and for
    /// what is no origin. Of several signatures those that cannot be read are passed over, while there is another.
    pub fn from_dc_api(
        protocol: DcApiProtocol,
        data: &[u8],
        origin: &str,
        now: Timestamp,
    ) -> Result<UnauthenticatedRequest, Error> {
        dc_api::read(protocol, data, origin)?.in_time(now)
    }

    /// A relying party's own reading of the request it made. The signature is checked against the key that the request
    /// itself names; registration, trust and expiry are not looked at. A request for the Digital Credentials API expects
    /// one origin: that of the answer's audience.
    ///
    /// # Errors
    /// `malformed`, `unsupported_algorithm`, `request_invalid`, `transaction_data_invalid`.
    pub fn for_own(compact: &str) -> Result<Self, Error> {
        authenticate::own(read::own(compact)?)
    }

    /// A relying party's own reading of a request that it made and nobody signed
    /// ([`build_unsigned`](RequestBuilder::build_unsigned)), good from `issued_at` until `expires`, which it does not say
    /// itself: of a link, or for the Digital Credentials API from pages of `origin`.
    ///
    /// # Errors
    /// Those of [`for_own`](Self::for_own).
    pub fn for_own_unsigned(
        parameters: &Map<String, Value>,
        origin: Option<&str>,
        (issued_at, expires): (Timestamp, Timestamp),
    ) -> Result<Self, Error> {
        let mut request = read::own_unsigned(parameters, origin)?;
        (request.issued_at, request.expires) = (issued_at, expires);
        Ok(request)
    }

    /// A relying party's own reading of a request that several clients sign: every signature is checked as in
    /// [`for_own`](Self::for_own). Gives the first, for the audience of the answer is the origin, whoever is answered.
    ///
    /// # Errors
    /// Those of [`for_own`](Self::for_own).
    pub fn for_own_multi_signed(jws: &Value, origin: &str) -> Result<Self, Error> {
        let jws = jws.as_object().ok_or(Error::malformed("request"))?;
        let mut own = None;
        for candidate in dc_api::every_signature(jws, origin)? {
            let request = authenticate::own(candidate)?;
            own = own.or(Some(request));
        }
        own.ok_or(Error::malformed("request"))
    }

    /// The client identifier with its prefix. For an unsigned request of the Digital Credentials API it is the origin.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.client.as_str()
    }

    /// How the client identifier is to be understood.
    #[must_use]
    pub fn client_id_prefix(&self) -> ClientIdPrefix {
        self.client.prefix
    }

    /// The client identifier without its prefix: for the prefix `decentralized_identifier` the DID.
    #[must_use]
    pub fn client_did(&self) -> &str {
        self.client.original()
    }

    /// The audience of every answer: the client identifier, or `origin:` and the origin where the answer goes to the
    /// Digital Credentials API (appendix A.4).
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// How the answer goes back.
    #[must_use]
    pub fn response_mode(&self) -> ResponseMode {
        self.mode
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

    /// Where to post the answer; none for the other response modes.
    #[must_use]
    pub fn response_uri(&self) -> Option<&str> {
        self.response_uri.as_deref()
    }

    /// `wallet_nonce`, which a request fetched by POST must repeat (§5.10).
    #[must_use]
    pub fn wallet_nonce(&self) -> Option<&str> {
        self.wallet_nonce.as_deref()
    }

    /// The origins that a signed request of the Digital Credentials API may come from.
    #[must_use]
    pub fn expected_origins(&self) -> &[String] {
        &self.expected_origins
    }

    /// To whom the answer is to be encrypted: the first key offered that can be used here. Always there for an encrypted
    /// response mode.
    #[must_use]
    pub fn encryption(&self) -> Option<&ResponseEncryption> {
        self.metadata.encryption.as_ref()
    }

    /// Whether the verifier says that it can check what is made here in `format` (`vp_formats_supported`).
    #[must_use]
    pub fn supports(&self, format: Format) -> bool {
        self.metadata.supports(format)
    }

    /// What the holder is asked to agree to besides.
    #[must_use]
    pub fn transaction_data(&self) -> &[TransactionData] {
        &self.transaction_data
    }

    /// The id of the service in the catalogue, where the request names one.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// Holds the request to HAIP 1.0 §5: an encrypted answer, a client known by the hash of its certificate where the
    /// request is signed, SD-JWT VCs, and the holder's proof with each.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn check_haip(&self) -> Result<(), Error> {
        let invalid = |why| Err(Error::RequestInvalid { why });
        if !self.mode.is_encrypted() {
            return invalid("HAIP asks for an encrypted answer");
        }
        if !matches!(
            self.client.prefix,
            ClientIdPrefix::X509Hash | ClientIdPrefix::Origin
        ) {
            return invalid("HAIP asks for the client identifier prefix x509_hash");
        }
        let asked = &self.query.credentials;
        if asked.iter().any(|asked| asked.format == "ldp_vc") {
            return invalid("HAIP knows no credentials of this format");
        }
        if asked
            .iter()
            .any(|asked| !asked.require_cryptographic_holder_binding)
        {
            return invalid("HAIP asks for the holder's proof");
        }
        Ok(())
    }

    /// What is asked.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// When it was made; the beginning of time for one that does not say.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it ends; far away for one that does not say.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The claims asked beyond what the service may ask, by path into the subject's claims; empty for an honest one, and
    /// for one that names no service.
    #[must_use]
    pub fn asked_beyond(&self) -> Vec<ClaimPath> {
        let Some(service) = &self.service else {
            return Vec::new();
        };
        let service = Catalogue::builtin().get(service);
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
                let allowed = service.is_some_and(|service| service.may_ask(&path));
                if !allowed && !beyond.contains(&path) {
                    beyond.push(path);
                }
            }
        }
        beyond
    }

    /// Refuses to go on with a request that asks beyond its service: for other claims, or for other credentials than those of
    /// identity. That somebody holds one of another kind tells something by itself, as do the claims that it cannot hide.
    pub(crate) fn check_asked(&self) -> Result<(), Error> {
        let mut names: Vec<String> = Vec::new();
        if self.service.is_some() {
            let asked = self.query.credentials.iter();
            let others = asked.filter(|asked| !asked.is_for_identity());
            names.extend(others.map(|asked| alloc::format!("credential {}", asked.id)));
        }
        names.extend(self.asked_beyond().iter().map(ClaimPath::to_string));
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::OverAsking {
            beyond: names.join(", "),
        })
    }
}

impl UnauthenticatedRequest {
    /// Checks who asks and what for: the signature, the registration in the bundle or a certificate by it, and that
    /// nothing beyond the registration is asked.
    ///
    /// # Errors
    /// Those of [`authenticate_with`](Self::authenticate_with).
    pub fn authenticate(self, bundle: &Bundle, now: Timestamp) -> Result<Request, Error> {
        self.authenticate_with(&Trust::of(bundle), now)
            .map(AuthenticatedRequest::into_request)
    }

    /// What it says it asks beyond its service: for telling the holder. Unproven like everything here.
    #[must_use]
    pub fn asked_beyond(&self) -> Vec<ClaimPath> {
        self.first().map(Request::asked_beyond).unwrap_or_default()
    }

    /// The service it names.
    #[must_use]
    pub fn service(&self) -> Option<&'static Service> {
        Catalogue::builtin().get(self.first()?.service()?)
    }

    /// Who it says it is, if the bundle knows the name. Unproven: for error messages only.
    #[must_use]
    pub fn claimed_requester<'a>(&self, bundle: &'a Bundle) -> Option<&'a RelyingParty> {
        bundle.relying_party(self.first()?.client_id())
    }

    /// The client identifiers that it claims: one for each signature.
    pub fn claimed_client_ids(&self) -> impl Iterator<Item = &str> {
        self.candidates.iter().map(|one| one.request.client_id())
    }

    fn first(&self) -> Option<&Request> {
        self.candidates.first().map(|candidate| &candidate.request)
    }

    /// Drops the readings that are out of time.
    fn in_time(mut self, now: Timestamp) -> Result<Self, Error> {
        let mut refusal = Error::RequestInvalid {
            why: "no signature",
        };
        self.candidates
            .retain(|candidate| match one_in_time(&candidate.request, now) {
                Ok(()) => true,
                Err(error) => {
                    refusal = error;
                    false
                }
            });
        match self.candidates.is_empty() {
            true => Err(refusal),
            false => Ok(self),
        }
    }
}

/// Whether a request is neither past nor from the future.
fn one_in_time(request: &Request, now: Timestamp) -> Result<(), Error> {
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
    Ok(())
}
