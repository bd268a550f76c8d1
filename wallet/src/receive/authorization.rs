//! The authorization code flow (OpenID4VCI 1.0 §5): the person agrees in a browser, and comes back with a code.

use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::token::Grant;
use tessera_verifier::vci::{
    AuthorizationDetail, AuthorizationRequest, CredentialOffer, PushedResponse, Secret,
    TokenRequest, authorization, pkce,
};
use url::Url;
use zeroize::Zeroizing;

use super::known_keys;
use super::requested::Requested;
use super::session::{Session, random};
use crate::client::Client;
use crate::error::Error;
use crate::issuer::{is_plain, read};
use crate::secret::StoredKey;
use crate::store::Contents;
use crate::surroundings::Surroundings;
use crate::transport::check_url;
use crate::trust;

/// Longest address a browser may come back with, in bytes.
const MAX_REDIRECTED: usize = 16 * 1024;

/// An authorization that waits for the person. Has no `Debug`: it holds the PKCE verifier.
pub struct Authorization<'a> {
    session: Session<'a>,
    client_id: String,
    configurations: Vec<String>,
    redirect_uri: String,
    state: Secret,
    verifier: Secret,
    link: Url,
}

impl<'a> Authorization<'a> {
    /// Asks the authorization server for what is offered, to be agreed to at [`Self::link`]. `redirect_uri` is where the
    /// browser shall come back to.
    ///
    /// # Errors
    /// [`Error::OfferInvalid`] without the grant; [`Error::IssuerUnknown`] for an issuer in no bundle, unless the client
    /// takes those; [`Error::IssuerMalformed`] where the server has no such flow;
    /// [`Error::AttestationNeeded`], [`Error::IssuerRefused`], network errors.
    pub fn begin(
        contents: &Contents,
        surroundings: Surroundings<'a>,
        client: Client<'a>,
        offer: &CredentialOffer,
        redirect_uri: &str,
    ) -> Result<Self, Error> {
        let grant = offer
            .grants
            .authorization_code
            .as_ref()
            .ok_or(Error::OfferInvalid)?;
        if !client.foreign {
            // Before anything is sent, and the person to somebody's page.
            trust::cached(contents, &offer.credential_issuer)?;
        }
        let session = Session::discover(
            surroundings,
            client,
            (
                &offer.credential_issuer,
                grant.authorization_server.as_deref(),
            ),
            &known_keys(contents, &offer.credential_issuer),
            StoredKey::generate(surroundings.rng)?,
        )?;
        let page = session
            .server
            .authorization_endpoint
            .as_deref()
            .ok_or(Error::IssuerMalformed)?;
        let mut link = session.server_address(page)?;
        check_url(&link)?;
        let configurations = super::supported(&session.metadata, offer)?;
        let client_id = session
            .client_id(false)
            .ok_or(Error::IssuerMalformed)?
            .to_owned();
        // Two draws: RFC 7636 §4.1 wants 43 characters or more.
        let verifier = Secret::from(
            [
                random(surroundings.rng)?,
                random(surroundings.rng)?,
                random(surroundings.rng)?,
            ]
            .concat(),
        );
        let state = Secret::from(random(surroundings.rng)?);
        let (scope, authorization_details) = wish(&session, &configurations);
        let pushed = session
            .server
            .pushed_authorization_request_endpoint
            .as_deref();
        if client.haip && pushed.is_none() {
            return Err(Error::IssuerMalformed);
        }
        let request = AuthorizationRequest {
            client_id: client_id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            code_challenge: pkce::challenge(verifier.expose()),
            state: Some(state.expose().to_owned()),
            scope,
            authorization_details,
            issuer_state: grant.issuer_state.clone(),
            dpop_jkt: session.binds().then(|| session.thumbprint()),
        };
        let parameters = match pushed {
            Some(endpoint) => {
                let answer = session.post_form(endpoint, &request.to_form())?;
                let pushed: PushedResponse = read(&answer)?;
                let mut short = Form::default();
                short.push("client_id", &client_id);
                short.push("request_uri", pushed.request_uri.expose());
                short
            }
            None => request.to_form(),
        };
        let encoded = parameters.encode();
        let query = match link.query() {
            Some(own) if !own.is_empty() => Zeroizing::new(format!("{own}&{}", *encoded)),
            _ => encoded,
        };
        link.set_query(Some(&query));
        Ok(Self {
            session,
            client_id,
            configurations,
            redirect_uri: redirect_uri.to_owned(),
            state,
            verifier,
            link,
        })
    }

    /// What the person opens in a browser.
    #[must_use]
    pub fn link(&self) -> &Url {
        &self.link
    }

    /// Whether an address a browser came back with answers this request, so that anything else can be passed over.
    #[must_use]
    pub fn is_answer(&self, redirected: &str) -> bool {
        self.answer(redirected).is_ok()
    }

    /// Takes the address the browser came back with, and exchanges its code for a token.
    ///
    /// # Errors
    /// [`Error::AuthorizationInvalid`] for an answer to another request or of another server (RFC 9207);
    /// [`Error::IssuerRefused`] with the server's code; network errors.
    pub fn finish(self, redirected: &str) -> Result<Requested<'a>, Error> {
        let answer = self.answer(redirected)?;
        let iss = answer.get("iss");
        let promised = self
            .session
            .server
            .authorization_response_iss_parameter_supported;
        // RFC 9207 §2.4: another server's answer must not be taken to this one.
        if iss.is_some_and(|iss| iss != self.session.server.issuer) || (promised && iss.is_none()) {
            return Err(Error::AuthorizationInvalid);
        }
        if let Some(error) = answer.get("error") {
            return Err(Error::IssuerRefused {
                code: if is_plain(error) {
                    error
                } else {
                    "unspecified"
                }
                .to_owned(),
                status: 400,
            });
        }
        let code = answer.get("code").ok_or(Error::AuthorizationInvalid)?;
        let request = TokenRequest {
            grant: Grant::AuthorizationCode {
                code: Secret::from(code),
                redirect_uri: Some(self.redirect_uri),
                code_verifier: Some(self.verifier),
            },
            client_id: Some(self.client_id),
            authorization_details: Vec::new(),
        };
        Requested::with(self.session, &request, self.configurations)
    }

    /// The parameters of an answer to this request: the right address, and the state that only it knows.
    fn answer(&self, redirected: &str) -> Result<Form, Error> {
        let invalid = || Error::AuthorizationInvalid;
        let redirected = redirected.trim();
        if redirected.len() > MAX_REDIRECTED {
            return Err(invalid());
        }
        let (address, query) = redirected.split_once('?').ok_or_else(invalid)?;
        let (query, _) = query.split_once('#').unwrap_or((query, ""));
        let form = Form::parse(query.as_bytes()).map_err(|_| invalid())?;
        if address != self.redirect_uri || form.get("state") != Some(self.state.expose()) {
            return Err(invalid());
        }
        Ok(form)
    }
}

/// By scope or by authorization details: as the server can, scopes first (HAIP 1.0 §4.1 asks for them).
fn wish(
    session: &Session<'_>,
    configurations: &[String],
) -> (Option<String>, Vec<AuthorizationDetail>) {
    let supported = &session.metadata.credential_configurations_supported;
    let scopes: Option<Vec<&str>> = configurations
        .iter()
        .map(|id| supported.get(id)?.scope.as_deref())
        .collect();
    let details = session
        .server
        .authorization_details_types_supported
        .iter()
        .any(|kind| kind == authorization::OPENID_CREDENTIAL);
    match scopes {
        Some(mut scopes) if session.client.haip || !details => {
            scopes.sort_unstable();
            scopes.dedup();
            (Some(scopes.join(" ")), Vec::new())
        }
        _ => {
            let details = configurations.iter().map(|id| {
                let mut detail = AuthorizationDetail::new(id);
                // §5.1.1: where the server serves several issuers, it must know for which.
                if !session.metadata.authorization_servers.is_empty() {
                    detail
                        .locations
                        .push(session.metadata.credential_issuer.clone());
                }
                detail
            });
            (None, details.collect())
        }
    }
}
