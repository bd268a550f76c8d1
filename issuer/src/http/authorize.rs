//! The authorization endpoint (RFC 6749 §3.1, RFC 9126, OpenID4VCI 1.0 §5): the page on which a person is proved and agrees.
//!
//! ```text
//! wallet ── POST /par ──► request_uri        browser ── GET /authorize ──► cookie ── GET /authorization (the page)
//!                                                       POST /authorization/face      number and photo, the same check
//!                                                       POST /authorization/confirm   yes ──► code, to the wallet
//!                                                       POST /authorization/decline   no
//! ```
//!
//! A request belongs to the browser that opened it: its cookie is a secret of which the store has the digest, and from
//! which the token in the forms is derived. So a link that somebody else opened, or a form on another site, does nothing.
//! An answer goes to the redirect URI of the request only, and to that of a client nobody registered only when the person
//! has clicked on a page that says where it goes.

mod multipart;
mod page;
mod redirect;

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::{AuthorizationRequest, PushedResponse, Secret};
use zeroize::Zeroizing;

use self::multipart::Parts;
use self::page::{Page, Step};
use super::problem::Refusal;
use super::sessions::{blank, proof};
use super::token::{form, malformed};
use super::{body, client, dpop, wish};
use crate::environment::{identifier, token};
use crate::failure::{Code, Failure};
use crate::proofing::Session;
use crate::proofing::machine::Event;
use crate::registry::is_number;
use crate::secrets::{bearer_tx_code, digest, matches, of_cookie, tx_code_digest};
use crate::service::Service;
use crate::store::{
    Arrival, AuthorizationRecord, Binding, Consented, Level, Pushed, SessionRecord, StoreError,
};

/// RFC 9126 §2.2.
const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";
/// Bytes of the parts of the form beside the photo.
const FORM_BYTES: usize = 16 * 1024;
/// Characters of `state` at most: it is kept.
const STATE_MAX: usize = 1024;

/// Keeps an authorization request until its link is opened.
#[utoipa::path(post, path = "/par", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "RFC 9126: the parameters of an authorization request with PKCE; `scope` or `authorization_details`; `issuer_state`, `dpop_jkt`"), responses(
    (status = 201, description = "`{\"request_uri\": …, \"expires_in\": …}`", body = Object),
    (status = "default", description = "invalid_request, redirect_refused, invalid_scope, invalid_authorization_details, invalid_client, invalid_client_attestation, use_attestation_challenge, too_many_attempts", body = super::Problem),
))]
pub(super) async fn push(
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
    (status = "default", description = "A page that says why not; nobody is redirected", content_type = "text/html"),
))]
pub(super) async fn begin(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match begun(&service, &uri).await {
        Ok(cookie) => {
            let to = format!("{}/authorization", service.issuer_url());
            let headers = [
                (header::LOCATION, to),
                (header::SET_COOKIE, set_cookie(&service, &cookie)),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(failure) => page::refusal(&service, page::chinese(&uri, &headers), &failure),
    }
}

async fn begun(service: &Service, uri: &Uri) -> Result<Secret, Failure> {
    let form = Form::parse(uri.query().unwrap_or_default().as_bytes())
        .map_err(|_| Failure::with(Code::InvalidRequest, "the query is not well formed"))?;
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
                AuthorizationRequest::from_form(&form).map_err(|error| malformed(&error))?;
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

fn unknown(error: StoreError) -> Failure {
    match error {
        StoreError::NotFound | StoreError::Expired => Code::AuthorizationUnknown.into(),
        other => other.into(),
    }
}

/// The browser's request, while it is open.
struct Open {
    cookie: Secret,
    record: AuthorizationRecord,
}

impl Open {
    async fn read(service: &Service, headers: &HeaderMap) -> Result<Self, Failure> {
        let missing = || Failure::from(Code::AuthorizationUnknown);
        let cookie = cookie(service, headers).ok_or_else(missing)?;
        let record = service
            .store
            .authorization(&digest(cookie.expose()), service.now())
            .await
            .map_err(unknown)?;
        Ok(Self { cookie, record })
    }

    fn browser(&self) -> String {
        digest(self.cookie.expose())
    }

    /// What the forms of this browser carry.
    fn csrf(&self) -> Secret {
        of_cookie(self.cookie.expose(), "csrf")
    }

    /// The bearer token of the session that was opened on the page last.
    fn session_token(&self, opened: u32) -> Secret {
        of_cookie(self.cookie.expose(), &format!("session {opened}"))
    }

    /// A form counts only with the token of this browser's page, from a page of ours.
    fn check(
        &self,
        service: &Service,
        headers: &HeaderMap,
        sent: Option<&str>,
    ) -> Result<(), Failure> {
        let origin = redirect::origin(&service.issuer_url());
        let ours = headers
            .get(header::ORIGIN)
            .is_none_or(|sent| Some(sent.as_bytes()) == origin.as_deref().map(str::as_bytes));
        let csrf = digest(self.csrf().expose());
        match ours && sent.is_some_and(|sent| matches(sent, &csrf)) {
            true => Ok(()),
            false => Err(Code::AuthorizationUnknown.into()),
        }
    }

    /// What the person is to do next.
    async fn step(&self, service: &Service) -> Result<Step, Failure> {
        let Some(id) = &self.record.session else {
            return Ok(Step::Prove);
        };
        let session = service.store.session(id).await.map_err(unknown)?;
        let offers = session.state.offers() == Some(self.record.wish.level);
        let open = offers && !session.code_spent && service.now() < session.expires;
        match (open, self.record.by_offer) {
            (true, true) => Ok(Step::ConfirmOffer),
            (true, false) => {
                let token = self.session_token(self.record.opened);
                let code = crate::secrets::recovery_code(token.expose());
                Ok(Step::Confirm(code))
            }
            (false, true) => Err(Code::WrongState.into()),
            (false, false) => Ok(Step::Prove),
        }
    }
}

/// The page.
#[utoipa::path(get, path = "/authorization", tag = "OpenID4VCI", responses(
    (status = 200, description = "The page, in English or Chinese", content_type = "text/html"),
))]
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let chinese = page::chinese(&uri, &headers);
    let shown = async {
        let open = Open::read(&service, &headers).await?;
        let step = open.step(&service).await?;
        Ok((open, step))
    };
    match shown.await {
        Ok((open, step)) => render(&service, chinese, &open, (&step, None)),
        Err(failure) => page::refusal(&service, chinese, &failure),
    }
}

fn render(
    service: &Service,
    chinese: bool,
    open: &Open,
    (step, failure): (&Step, Option<&Failure>),
) -> Response {
    let csrf = open.csrf();
    Page {
        service,
        chinese,
        record: &open.record,
        csrf: csrf.expose(),
        step,
        failure,
    }
    .render()
}

/// Proves the person by number and photo, as `POST /sessions` and its face check do.
#[utoipa::path(post, path = "/authorization/face", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "multipart/form-data", description = "`csrf`, `number`, `photo`, `district`"), responses(
    (status = 200, description = "The page: to confirm, or what was wrong with the photo", content_type = "text/html"),
))]
pub(super) async fn face(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let chinese = page::chinese(&uri, &headers);
    let mut open = match Open::read(&service, &headers).await {
        Ok(open) => open,
        Err(failure) => {
            let most = service.config.limits.photo_bytes.saturating_add(FORM_BYTES);
            let _ = body::discard(body, most.saturating_mul(4)).await;
            return page::refusal(&service, chinese, &failure);
        }
    };
    match proved(&service, &mut open, &headers, body).await {
        Ok(step) => render(&service, chinese, &open, (&step, None)),
        Err(failure) if failure.code == Code::AuthorizationUnknown => {
            page::refusal(&service, chinese, &failure)
        }
        Err(failure) => render(&service, chinese, &open, (&Step::Prove, Some(&failure))),
    }
}

async fn proved(
    service: &Service,
    open: &mut Open,
    headers: &HeaderMap,
    body: Body,
) -> Result<Step, Failure> {
    let most = service.config.limits.photo_bytes.saturating_add(FORM_BYTES);
    let bytes = body::bytes(headers, body, &["multipart/form-data"], most)
        .await
        .map_err(|failure| match failure.code {
            Code::TooLarge => Code::ImageTooLarge.into(),
            _ => failure,
        })?;
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let parts = Parts::parse(content_type, &bytes)?;
    open.check(service, headers, parts.text("csrf"))?;
    // The form sent again by a browser that was reloaded.
    match open.step(service).await? {
        Step::Prove => {}
        done => return Ok(done),
    }
    // A page cannot show the movements that are asked for; the wallet of this authority can.
    if service.demands_liveness(Level::Limited) {
        return Err(Code::LivenessRequired.into());
    }
    let number = parts.text("number").map(str::trim).unwrap_or_default();
    if !is_number(number) {
        return Err(Failure::with(Code::Malformed, "the number is not one"));
    }
    let photo = parts.bytes("photo").unwrap_or_default();
    if photo.is_empty() {
        return Err(Code::ImageUnreadable.into());
    }
    let photo = Zeroizing::new(photo.to_vec());
    let session = session(service, open, number, parts.text("district")).await?;

    let place = service.face.admit()?;
    let person = session.person.clone();
    let judge = async {
        let portrait = service.portrait(&person).await?;
        service.face.check(place, photo, portrait).await
    };
    let (record, verdict) = service
        .attempt(&session.id, Event::FaceMatchedRegister, judge)
        .await?;
    let now = service.now();
    let checked = Session::started(record, now)?.face_checked(verdict, now);
    let tx_code = bearer_tx_code(open.session_token(open.record.opened).expose());
    let passed = proof(service, &checked, &tx_code).await?;
    service.prove(passed).await?;
    open.step(service).await
}

/// The session of the page for this number: the one that is open, or a new one.
async fn session(
    service: &Service,
    open: &mut Open,
    number: &str,
    district: Option<&str>,
) -> Result<SessionRecord, Failure> {
    let person = service.registry.handle(number);
    if let (Some(id), false) = (&open.record.session, open.record.by_offer) {
        let session = service.store.session(id).await.map_err(unknown)?;
        if session.person == person && service.now() < session.expires {
            return Ok(session);
        }
    }
    let rollout = &service.config.rollout;
    let district = district.filter(|_| rollout.is_limited());
    rollout.admit(district, service.now())?;
    let opened = open.record.opened.saturating_add(1);
    let token = open.session_token(opened);
    // No device holds this session: what it yields is renewed by whoever has its refresh token.
    let device = identifier(&*service.entropy);
    let session = SessionRecord {
        district: district.map(str::to_owned),
        ..blank(service, person, Level::Limited, (device, token.expose()))
    };
    let now = service.now();
    service
        .store
        .enrol(&open.browser(), session.clone(), now)
        .await
        .map_err(unknown)?;
    open.record.opened = opened;
    open.record.session = Some(session.id.clone());
    Ok(session)
}

/// The person's yes.
#[utoipa::path(post, path = "/authorization/confirm", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `tx_code`"), responses(
    (status = 303, description = "To the wallet, with `code`, `state` and `iss`"),
))]
pub(super) async fn confirm(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let chinese = page::chinese(&uri, &headers);
    let open = match Open::read(&service, &headers).await {
        Ok(open) => open,
        Err(failure) => return page::refusal(&service, chinese, &failure),
    };
    match confirmed(&service, &open, &headers, body).await {
        Ok(code) => redirect::answer(&service, &open.record, "code", code.expose()),
        Err(failure) if failure.code == Code::TxCodeWrong => render(
            &service,
            chinese,
            &open,
            (&Step::ConfirmOffer, Some(&failure)),
        ),
        Err(failure) => page::refusal(&service, chinese, &failure),
    }
}

async fn confirmed(
    service: &Service,
    open: &Open,
    headers: &HeaderMap,
    body: Body,
) -> Result<Secret, Failure> {
    let form = form(service, headers, body).await?;
    open.check(service, headers, form.get("csrf"))?;
    let now = service.now();
    let tx_code_digest = match (&open.record.session, open.record.by_offer) {
        (Some(id), true) => {
            let session = service.store.session(id).await.map_err(unknown)?;
            let code = session.code_digests.of(open.record.wish.level);
            let typed = form.get("tx_code").map(str::trim).unwrap_or_default();
            Some(tx_code_digest(code, typed))
        }
        _ => None,
    };
    let code = token(&*service.entropy);
    let consented = Consented {
        browser: open.browser(),
        code_digest: digest(&code),
        code_expires: now + service.wallets.code_seconds,
        tx_code_digest,
        max_failures: service.config.limits.tx_code_attempts,
    };
    service
        .store
        .consent(consented, now)
        .await
        .map_err(|error| match error {
            StoreError::WrongTxCode => Code::TxCodeWrong.into(),
            other => unknown(other),
        })?;
    Ok(code.into())
}

/// The person's no.
#[utoipa::path(post, path = "/authorization/decline", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`csrf`"), responses(
    (status = 303, description = "To the wallet, with `error=access_denied`, `state` and `iss`"),
))]
pub(super) async fn decline(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let declined = async {
        let open = Open::read(&service, &headers).await?;
        let form = form(&service, &headers, body).await?;
        open.check(&service, &headers, form.get("csrf"))?;
        let now = service.now();
        let ended = service
            .store
            .decline_authorization(&open.browser(), now)
            .await;
        ended.map_err(unknown)
    };
    match declined.await {
        Ok(record) => redirect::answer(&service, &record, "error", "access_denied"),
        Err(failure) => page::refusal(&service, page::chinese(&uri, &headers), &failure),
    }
}

/// Over TLS the prefix keeps other hosts and plain HTTP from setting it (RFC 6265bis §4.1.3.2).
fn cookie_name(service: &Service) -> &'static str {
    match service.issuer_url().starts_with("https://") {
        true => "__Host-tessera-authorization",
        false => "tessera-authorization",
    }
}

fn set_cookie(service: &Service, cookie: &Secret) -> String {
    let name = cookie_name(service);
    let secure = match name.starts_with("__Host-") {
        true => "; Secure",
        false => "",
    };
    // Lax: the wallet's link comes from another site, and its redirect must carry it.
    format!(
        "{name}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        cookie.expose(),
        service.wallets.page_seconds
    )
}

fn cookie(service: &Service, headers: &HeaderMap) -> Option<Secret> {
    let name = cookie_name(service);
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, value)| *known == name && value.len() == 43);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value.into()),
        _ => None,
    }
}
