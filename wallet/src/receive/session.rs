//! One issuance with one issuer: its metadata, its authorization server, and requests that prove who sends them.

use std::cell::RefCell;

use aws_lc_rs::rand::SecureRandom;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::encoding::base64url;
use tessera_verifier::key::PublicKey;
use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::{
    AuthorizationServerMetadata, ChallengeResponse, IssuerMetadata, Secret, Trusted,
    client_attestation, dpop, metadata,
};
use url::Url;

use crate::client::{CLIENT_ID, Client};
use crate::error::Error;
use crate::issuer::{Issuer, protocol_error, read, refusal};
use crate::secret::{HolderKey, StoredKey};
use crate::surroundings::Surroundings;
use crate::transport::{HttpRequest, HttpResponse, TransportError, check_url, is_loopback_host};

const FORM: &str = "application/x-www-form-urlencoded";
/// Longest nonce or challenge of a server that is repeated to it.
const MAX_NONCE: usize = 512;

/// Issuer and authorization server, as they describe themselves, and the key of this one issuance.
///
/// The key is the wallet instance's towards both and proves each request (DPoP): fresh for every issuance, so that
/// servers cannot recognise the wallet by it. Has no `Debug`.
pub(super) struct Session<'a> {
    pub(super) surroundings: Surroundings<'a>,
    pub(super) client: Client<'a>,
    pub(super) issuer: Issuer<'a>,
    pub(super) metadata: IssuerMetadata,
    pub(super) server: AuthorizationServerMetadata,
    at_server: Issuer<'a>,
    pub(super) stored: StoredKey,
    key: HolderKey,
    /// The nonces each server wants in the next proof (RFC 9449 §8, §9), and the challenge of the attestation.
    server_nonce: RefCell<Option<String>>,
    issuer_nonce: RefCell<Option<String>>,
    challenge: RefCell<Option<String>>,
}

/// An access token, and how it is sent.
#[derive(Clone)]
pub(super) struct AccessToken {
    pub(super) token: Secret,
    /// Bound to the session's key.
    pub(super) bound: bool,
}

impl<'a> Session<'a> {
    /// Reads what issuer and authorization server say of themselves. `server` is the one the offer names; `keys` are
    /// those the issuer is known by, against which it may sign its metadata.
    pub(super) fn discover(
        surroundings: Surroundings<'a>,
        client: Client<'a>,
        (credential_issuer, server): (&str, Option<&str>),
        keys: &[PublicKey],
        stored: StoredKey,
    ) -> Result<Self, Error> {
        let issuer = Issuer::new(surroundings, credential_issuer)?;
        let metadata = issuer_metadata(surroundings, client, &issuer, credential_issuer, keys)?;
        let named = &metadata.authorization_servers;
        let identifier = match server {
            // OpenID4VCI 1.0 §4.1.1: one of those the issuer names.
            Some(server) if named.iter().any(|one| one == server) => server,
            Some(server) if named.is_empty() && server == metadata.credential_issuer => server,
            Some(_) => return Err(Error::IssuerMalformed),
            None => named.first().unwrap_or(&metadata.credential_issuer),
        };
        let at_server = Issuer::new(surroundings, identifier)?;
        // An issuer elsewhere must not point the wallet at services of this machine.
        let (ours, theirs) = (issuer.address("")?, at_server.address("")?);
        if is_loopback_host(&theirs) && !is_loopback_host(&ours) {
            return Err(TransportError::AddressRefused.into());
        }
        let server = server_metadata(&at_server)?;
        // RFC 8414 §3.3: compared as strings.
        if server.issuer != identifier {
            return Err(Error::IssuerMalformed);
        }
        let session = Self {
            key: stored.open()?,
            surroundings,
            client,
            issuer,
            metadata,
            server,
            at_server,
            stored,
            server_nonce: RefCell::default(),
            issuer_nonce: RefCell::default(),
            challenge: RefCell::default(),
        };
        session.check_profile()?;
        Ok(session)
    }

    /// Whether what the server demands can be met, before anything is sent.
    fn check_profile(&self) -> Result<(), Error> {
        let methods = &self.server.token_endpoint_auth_methods_supported;
        let only_attested = !methods.is_empty()
            && methods
                .iter()
                .all(|method| method == client_attestation::METHOD);
        if (self.client.haip || only_attested) && self.client.attester.is_none() {
            return Err(Error::AttestationNeeded);
        }
        Ok(())
    }

    /// Who the wallet says it is; none where nobody need say (OpenID4VCI 1.0 §6.1).
    pub(super) fn client_id(&self, anonymous: bool) -> Option<&str> {
        match self.attests() {
            Some(attester) => Some(attester.client_id()),
            None if anonymous && self.server.pre_authorized_grant_anonymous_access_supported => {
                None
            }
            None => Some(CLIENT_ID),
        }
    }

    fn attests(&self) -> Option<&'a dyn crate::client::Attester> {
        let offered = self
            .server
            .token_endpoint_auth_methods_supported
            .iter()
            .any(|method| method == client_attestation::METHOD);
        self.client.attester.filter(|_| offered || self.client.haip)
    }

    /// Whether tokens are asked to be bound to the session's key.
    pub(super) fn binds(&self) -> bool {
        let offered = &self.server.dpop_signing_alg_values_supported;
        self.client.haip || offered.iter().any(|alg| alg == "ES256")
    }

    /// The thumbprint an authorization code shall be bound to (RFC 9449 §10).
    pub(super) fn thumbprint(&self) -> String {
        self.key.public_key().thumbprint()
    }

    /// An address the authorization server names.
    pub(super) fn server_address(&self, address: &str) -> Result<Url, Error> {
        self.at_server.named(address)
    }

    /// Posts a form to the authorization server, with whatever proves who sends it. A server that first wants a nonce or
    /// a challenge gets one more request, not a third.
    pub(super) fn post_form(&self, endpoint: &str, form: &Form) -> Result<HttpResponse, Error> {
        let url = self.server_address(endpoint)?;
        let mut last = false;
        loop {
            let mut request =
                HttpRequest::post(url.clone(), FORM, form.encode().as_bytes().to_vec());
            if self.binds() {
                let nonce = self.server_nonce.borrow().clone();
                let proof = self.proof(&url, nonce.as_deref(), None)?;
                request = request.with_header("DPoP", &proof);
            }
            request = self.with_attestation(request)?;
            let answer = self.surroundings.transport.send(request)?;
            let fresh_nonce = keep(&answer, "dpop-nonce", &self.server_nonce);
            let fresh_challenge = keep(
                &answer,
                &client_attestation::CHALLENGE_HEADER.to_ascii_lowercase(),
                &self.challenge,
            );
            if (200..300).contains(&answer.status) {
                return Ok(answer);
            }
            let again = match protocol_error(&answer).as_deref() {
                Some("use_dpop_nonce") => fresh_nonce,
                Some("use_attestation_challenge") => {
                    if !fresh_challenge {
                        self.challenge.replace(None);
                    }
                    fresh_challenge || self.server.challenge_endpoint.is_some()
                }
                _ => false,
            };
            if last || !again {
                return Err(refusal(&answer));
            }
            last = true;
        }
    }

    /// Posts to the issuer with an access token. A server that first wants a nonce gets one more request.
    pub(super) fn post_authorized(
        &self,
        endpoint: &str,
        (content_type, body): (&'static str, &[u8]),
        token: &AccessToken,
        max_answer: usize,
    ) -> Result<HttpResponse, Error> {
        let url = self.issuer.named(endpoint)?;
        let mut last = false;
        loop {
            let mut request = HttpRequest::post(url.clone(), content_type, body.to_vec())
                .with_max_answer(max_answer);
            request = if token.bound {
                let nonce = self.issuer_nonce.borrow().clone();
                let proof = self.proof(&url, nonce.as_deref(), Some(&token.token))?;
                let scheme = Secret::from(format!("DPoP {}", token.token.expose()));
                request
                    .with_header("Authorization", &scheme)
                    .with_header("DPoP", &proof)
            } else {
                request.with_bearer(&token.token)
            };
            let answer = self.surroundings.transport.send(request)?;
            let fresh = keep(&answer, "dpop-nonce", &self.issuer_nonce);
            if (200..300).contains(&answer.status) {
                return Ok(answer);
            }
            // RFC 9449 §9: the error is in the challenge; some also put it into the body.
            let challenged = answer
                .header("www-authenticate")
                .is_some_and(|challenge| challenge.contains("use_dpop_nonce"))
                || protocol_error(&answer).as_deref() == Some("use_dpop_nonce");
            if last || !(token.bound && challenged && fresh) {
                return Err(refusal(&answer));
            }
            last = true;
        }
    }

    /// Posts without a token; what the answer says about the next nonce is kept (OpenID4VCI 1.0 §7.2).
    pub(super) fn post_plain(&self, endpoint: &str) -> Result<HttpResponse, Error> {
        let url = self.issuer.named(endpoint)?;
        let answer =
            self.issuer
                .send(HttpRequest::post(url, "application/json", b"{}".to_vec()))?;
        keep(&answer, "dpop-nonce", &self.issuer_nonce);
        Ok(answer)
    }

    fn proof(
        &self,
        url: &Url,
        nonce: Option<&str>,
        token: Option<&Secret>,
    ) -> Result<Secret, Error> {
        let jti = random(self.surroundings.rng)?;
        let claims = dpop::Claims {
            htm: "POST",
            htu: url.as_str(),
            jti: &jti,
            iat: self.surroundings.clock.now(),
            nonce,
            access_token: token.map(Secret::expose),
        };
        dpop::prepare(self.key.public_key(), &claims)
            .sign(&self.key)
            .map(Secret::from)
            .map_err(|_| Error::Signing)
    }

    fn with_attestation(&self, request: HttpRequest) -> Result<HttpRequest, Error> {
        let Some(attester) = self.attests() else {
            return Ok(request);
        };
        let now = self.surroundings.clock.now();
        if self.challenge.borrow().is_none()
            && let Some(endpoint) = &self.server.challenge_endpoint
        {
            let url = self.server_address(endpoint)?;
            let request = HttpRequest::post(url, FORM, Vec::new());
            let answer: ChallengeResponse = read(&self.at_server.send(request)?)?;
            self.challenge.replace(Some(answer.attestation_challenge));
        }
        let challenge = self.challenge.borrow().clone();
        let jti = random(self.surroundings.rng)?;
        let attestation = attester.attest_client(self.key.public_key(), now)?;
        let pop = client_attestation::prepare_pop(&client_attestation::PopClaims {
            client_id: attester.client_id(),
            audience: &self.server.issuer,
            jti: &jti,
            iat: now,
            challenge: challenge.as_deref(),
        })
        .sign(&self.key)
        .map_err(|_| Error::Signing)?;
        Ok(request
            .with_header(client_attestation::HEADER, &Secret::from(attestation))
            .with_header(client_attestation::POP_HEADER, &Secret::from(pop)))
    }
}

/// 128 random bits as text.
pub(super) fn random(rng: &dyn SecureRandom) -> Result<String, Error> {
    let mut bytes = [0u8; 16];
    rng.fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(base64url(&bytes))
}

/// Keeps a server's nonce for the next request; whether there was one.
fn keep(answer: &HttpResponse, header: &str, into: &RefCell<Option<String>>) -> bool {
    let value = answer
        .header(header)
        .filter(|value| !value.is_empty() && value.len() <= MAX_NONCE);
    if let Some(value) = value {
        into.replace(Some(value.to_owned()));
    }
    value.is_some()
}

/// The issuer's metadata (OpenID4VCI 1.0 §12.2), signed where somebody is known who may sign it.
fn issuer_metadata(
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    issuer: &Issuer<'_>,
    credential_issuer: &str,
    keys: &[PublicKey],
) -> Result<IssuerMetadata, Error> {
    let url = issuer.well_known("openid-credential-issuer")?;
    let trusted = Trusted {
        keys,
        anchors: client.anchors,
    };
    let known = !keys.is_empty() || !client.anchors.is_empty();
    let accept = if known {
        "application/jwt, application/json;q=0.9"
    } else {
        "application/json"
    };
    let answer = match issuer.get(url, accept) {
        // Where the drafts before 1.0 put it.
        Err(Error::IssuerRefused { status: 404, .. }) => issuer.get(
            issuer.address("/.well-known/openid-credential-issuer")?,
            accept,
        )?,
        found => found?,
    };
    let metadata = if answer.content_type == "application/jwt" {
        let text = std::str::from_utf8(&answer.body).map_err(|_| Error::IssuerMalformed)?;
        let now = surroundings.clock.now();
        metadata::verify_signed(text.trim(), credential_issuer, &trusted, now)?
    } else {
        read(&answer)?
    };
    // §12.2.4: compared as strings, without normalization.
    if metadata.credential_issuer != credential_issuer {
        return Err(Error::IssuerMalformed);
    }
    Ok(metadata)
}

/// The authorization server's metadata (RFC 8414 §3), or what OpenID Connect calls it.
fn server_metadata(server: &Issuer<'_>) -> Result<AuthorizationServerMetadata, Error> {
    match server.get_json(server.well_known("oauth-authorization-server")?) {
        Err(Error::IssuerRefused { status: 404, .. }) => {
            let url = server.address("/.well-known/openid-configuration")?;
            check_url(&url)?;
            server.get_json(url)
        }
        found => found,
    }
}
