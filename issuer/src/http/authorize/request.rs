//! What wallets ask: pushed requests (RFC 9126), and the link that brings a browser.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::{AuthorizationRequest, PushedResponse, Secret};

use super::open::{set_cookie, unknown};
use super::page;
use super::redirect::{self, To};
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::http::problem::{Problem, Refusal};
use crate::http::token::{form, malformed};
use crate::http::{client, dpop, wish};
use crate::secrets::digest;
use crate::service::Service;
use crate::store::{Arrival, AuthorizationRecord, Binding, Level, Pushed};

/// RFC 9126 §2.2.
const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";
/// Characters of `state` at most: it is kept.
const STATE_MAX: usize = 1024;

/// Keeps an authorization request until its link is opened.
#[utoipa::path(post, path = "/par", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "RFC 9126: the parameters of an authorization request with PKCE; `scope` or `authorization_details`; `issuer_state`, `dpop_jkt`"), responses(
    (status = 201, description = "`{\"request_uri\": …, \"expires_in\": …}`", body = Object),
    (status = "default", description = "invalid_request, redirect_refused, invalid_scope, invalid_authorization_details, invalid_client, invalid_client_attestation, use_attestation_challenge, too_many_attempts", body = Problem),
))]
pub(in crate::http) async fn push(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    pushed(&service, &headers, body)
        .await
        .map_err(Refusal::token)
}

async fn pushed(service: &Service, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let form = form(service, headers, body).await?;
    // RFC 9126 §2.1: a reference cannot be pushed.
    if form.get("request_uri").is_some() || form.get("request").is_some() {
        return Err(Failure::with(Code::InvalidRequest, "request_uri"));
    }
    let mut binding = client::authenticate(service, headers, form.get("client_id")).await?;
    // RFC 9449 §10.1: the code is bound to the key of the header, or to that of the parameter.
    let proof = dpop::proof(service, headers, "/par", None).await?;
    binding.jkt = proof.map(|proof| proof.key.thumbprint());
    let request = AuthorizationRequest::from_form(&form).map_err(|error| malformed(&error))?;
    let seconds = service.wallets.pushed_seconds;
    let record = prepare(service, request, binding, seconds).await?;
    let handle = token(&*service.entropy);
    let pushed = Pushed {
        handle: digest(&handle),
        record,
        most_per_minute: service.wallets.requests_per_minute,
    };
    service
        .store
        .push_authorization(pushed, service.now())
        .await?;
    let response = PushedResponse {
        request_uri: format!("{REQUEST_URI}{handle}").into(),
        expires_in: u64::try_from(seconds).unwrap_or(0),
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(response)).into_response())
}

/// A request as it is kept: everything in it is decided here.
async fn prepare(
    service: &Service,
    request: AuthorizationRequest,
    mut binding: Binding,
    seconds: i64,
) -> Result<AuthorizationRecord, Failure> {
    let known = redirect::allowed(service, &request, &binding)?;
    let url = service.issuer_url();
    let wish = wish::read(
        request.scope.as_deref(),
        &request.authorization_details,
        &url,
    )?
    .ok_or(Failure::from(Code::InvalidScope))?;
    if request.state.as_ref().is_some_and(|s| s.len() > STATE_MAX) {
        return Err(Failure::with(Code::InvalidRequest, "state is too long"));
    }
    match (&binding.jkt, request.dpop_jkt) {
        (Some(proved), Some(named)) if *proved != named => {
            return Err(Code::InvalidDpopProof.into());
        }
        (None, Some(named)) if named.len() == 43 => binding.jkt = Some(named),
        (None, Some(_)) => return Err(Failure::with(Code::InvalidRequest, "dpop_jkt")),
        _ => {}
    }
    let session = match &request.issuer_state {
        None => None,
        Some(state) => {
            let unknown = Failure::with(Code::InvalidRequest, "issuer_state");
            Some(service.session_of(state.expose()).ok_or(unknown)?)
        }
    };
    // A full credential is earned at a terminal: without a session that was there nothing on this page can help.
    if session.is_none() && wish.level == Level::Full {
        return Err(Failure::with(
            Code::InvalidRequest,
            "a full credential needs the issuer_state of a session proved at a terminal",
        ));
    }
    binding.client = Some(request.client_id);
    Ok(AuthorizationRecord {
        binding,
        redirect_uri: request.redirect_uri,
        known,
        code_challenge: request.code_challenge,
        state: request.state,
        wish,
        by_offer: session.is_some(),
        session,
        opened: 0,
        expires: service.now() + seconds,
    })
}

/// Begins: binds a request to this browser, and shows its page.
#[utoipa::path(get, path = "/authorize", tag = "OpenID4VCI", params(("client_id" = String, Query), ("request_uri" = Option<String>, Query)), responses(
    (status = 303, description = "To the page, with a cookie"),
    (status = "default", description = "A page that says why not; a registered client is told at its own redirect URI (303)", content_type = "text/html"),
))]
pub(in crate::http) async fn begin(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let form = match Form::parse(uri.query().unwrap_or_default().as_bytes()) {
        Ok(form) => form,
        Err(_) => {
            let failure = Failure::with(Code::InvalidRequest, "the query is not well formed");
            return page::refusal(&service, page::chinese(&uri, &headers), &failure);
        }
    };
    match begun(&service, &form).await {
        Ok(cookie) => {
            let to = format!("{}/authorization", service.issuer_url());
            let headers = [
                (header::LOCATION, to),
                (header::SET_COOKIE, set_cookie(&service, &cookie)),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(failure) => match redirect::back(&service, &form) {
            Some(to) => told(&service, &to, failure),
            None => page::refusal(&service, page::chinese(&uri, &headers), &failure),
        },
    }
}

/// A mistake, told to the client (RFC 6749 §4.1.2.1).
fn told(service: &Service, to: &To<'_>, failure: Failure) -> Response {
    let refusal = Refusal::token(failure);
    let error = match refusal.failure.code {
        Code::TooManyAttempts | Code::Busy => "temporarily_unavailable",
        _ => refusal.protocol_error().unwrap_or("server_error"),
    };
    let mut response = redirect::answer(service, to, ("error", error));
    response.extensions_mut().insert(refusal.on_page());
    response
}

async fn begun(service: &Service, form: &Form) -> Result<Secret, Failure> {
    let wallets = &service.wallets;
    let arrival = match form.get("request_uri") {
        Some(reference) => Arrival::Pushed {
            handle: digest(
                reference
                    .strip_prefix(REQUEST_URI)
                    .ok_or(Failure::with(Code::InvalidRequest, "request_uri"))?,
            ),
            client: form
                .get("client_id")
                .ok_or(Failure::with(Code::InvalidRequest, "client_id"))?
                .to_owned(),
            expires: service.now() + wallets.page_seconds,
        },
        None if wallets.require_pushed => return Err(Code::PushRequired.into()),
        None => {
            let request =
                AuthorizationRequest::from_form(form).map_err(|error| malformed(&error))?;
            let seconds = wallets.page_seconds;
            let record = prepare(service, request, Binding::default(), seconds).await?;
            Arrival::Direct {
                record: Box::new(record),
                most_per_minute: wallets.requests_per_minute,
            }
        }
    };
    // A fresh cookie each time: one that was planted beforehand is worth nothing.
    let cookie = token(&*service.entropy);
    let browser = digest(&cookie);
    let now = service.now();
    service
        .store
        .begin_authorization(arrival, &browser, now)
        .await
        .map_err(unknown)?;
    Ok(cookie.into())
}
