//! Number and moving head, where the authority demands liveness: the challenge, the film that answers it, and the
//! program in the page that makes the film.
//!
//! What a phone does over `/sessions/{id}/liveness` and `/face`, the browser does here with its cookie in place of the
//! session's token. The page makes a key that it cannot export and that ends with it; the session is opened for the
//! thumbprint of that key, and only that key can sign the frames. Another key is another session, of which a page has
//! a few only.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use tessera_verifier::liveness::MEDIA_TYPE;

use super::open::Open;
use super::page::Step;
use super::prove::{Applicant, passed, session, too_large};
use crate::failure::{Code, Failure};
use crate::http::body;
use crate::http::token::form;
use crate::liveness::Answering;
use crate::proofing::machine::Event;
use crate::service::Service;
use crate::store::{Level, SessionRecord};

/// The program of the page.
const SCRIPT: &str = include_str!("camera.js");
/// Where the token of the forms stands in a request that is no form.
const CSRF: HeaderName = HeaderName::from_static("csrf-token");
/// How many tries are left after a failed one.
const ATTEMPTS_LEFT: &str = "attempts-left";

/// The program that films, for the page only.
#[utoipa::path(get, path = "/authorization/camera.js", tag = "OpenID4VCI", responses(
    (status = 200, description = "The program of the page where liveness is demanded", content_type = "text/javascript"),
))]
pub(in crate::http) async fn script() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    (headers, SCRIPT)
}

/// Draws the head movements that the film must show, for the number and the key named.
#[utoipa::path(post, path = "/authorization/liveness", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `number`, `district`, and `jkt`: the RFC 7638 thumbprint of the key that will sign the frames"), responses(
    (status = 200, description = "`{\"nonce\": …, \"movements\": [\"left\", \"up\", \"right\"], \"seconds\": …, \"expires_at\": …}`", body = Object),
    (status = "default", description = "authorization_unknown, malformed, liveness_not_asked, wrong_state, district_not_open, too_many_attempts", body = crate::http::problem::Problem),
))]
pub(in crate::http) async fn challenge(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let form = form(&service, &headers, body).await?;
    let mut open = Open::read(&service, &headers).await?;
    open.check(&service, &headers, form.get("csrf"))?;
    unproved(&service, &open).await?;
    let key = form.get("jkt").unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if key.len() != 43 || !key.bytes().all(plain) {
        return Err(Failure::with(Code::Malformed, "jkt"));
    }
    let applicant = Applicant {
        number: form.get("number").unwrap_or_default(),
        district: form.get("district"),
        device: Some(key),
    };
    let session = session(&service, &mut open, &applicant).await?;
    // Nobody shall film what cannot be taken.
    match (left(&service, &session), wait(&service, &session)) {
        (0, _) => return Err(Code::TooManyAttempts.into()),
        (_, Some(seconds)) => {
            return Err(Failure {
                retry_after: Some(seconds),
                ..Code::TooManyAttempts.into()
            });
        }
        (_, None) => {}
    }
    let challenge = service.challenge(&session.id, &session.person).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(challenge)))
}

/// Judges the film. The page then shows what comes next.
#[utoipa::path(post, path = "/authorization/frames", tag = "OpenID4VCI",
    params(("csrf-token" = String, Header, description = "The `csrf` of the page's forms")),
    request_body(content = Vec<u8>, content_type = "application/vnd.tessera.frames"), responses(
    (status = 204, description = "Passed"),
    (status = "default", description = "As of `/sessions/{id}/face`, and authorization_unknown. `Attempts-Left` and `Retry-After` say how often and from when it can be tried again", body = crate::http::problem::Problem),
))]
pub(in crate::http) async fn frames(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let most = service.config.limits.photo_bytes;
    let (open, session) = match allowed(&service, &headers).await {
        Ok(allowed) => allowed,
        Err(failure) => {
            let _ = body::discard(body, most.saturating_mul(4)).await;
            return Err(failure);
        }
    };
    let film = body::bytes(&headers, body, &[MEDIA_TYPE], most)
        .await
        .map_err(too_large)?;
    let place = service.face.admit()?;
    let judge = async {
        let portrait = service.portrait(&session.person).await?;
        let answering = Answering {
            id: &session.id,
            key: &session.device,
        };
        service.live_check(place, answering, film, portrait).await
    };
    let judged = service
        .attempt(&session.id, Event::FaceMatchedRegister, judge)
        .await;
    match judged {
        Ok(judged) => passed(&service, &open, judged).await?,
        Err(failure) => return Err(again(&service, &session.id, failure).await),
    }
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::NO_CONTENT, no_store))
}

/// The browser's request and its session, where frames are awaited.
async fn allowed(service: &Service, headers: &HeaderMap) -> Result<(Open, SessionRecord), Failure> {
    let open = Open::read(service, headers).await?;
    let sent = headers.get(CSRF).and_then(|value| value.to_str().ok());
    open.check(service, headers, sent)?;
    unproved(service, &open).await?;
    let id = open.record.session.as_deref();
    let id = id.ok_or(Failure::from(Code::LivenessChallengeUnknown))?;
    let session = service.store.session(id).await?;
    Ok((open, session))
}

/// Frames are for who still has to be proved, where they are demanded.
async fn unproved(service: &Service, open: &Open) -> Result<(), Failure> {
    if !service.demands_liveness(Level::Limited) {
        return Err(Code::LivenessNotAsked.into());
    }
    match open.step(service).await? {
        Step::Prove => Ok(()),
        Step::Confirm(_) | Step::ConfirmOffer => Err(Code::WrongState.into()),
    }
}

fn left(service: &Service, session: &SessionRecord) -> u32 {
    let most = service.config.face.attempts;
    most.saturating_sub(session.attempts)
}

/// Seconds until the next attempt is taken, if there are any.
fn wait(service: &Service, session: &SessionRecord) -> Option<u64> {
    let seconds = session.next_attempt.saturating_sub(service.now());
    u64::try_from(seconds).ok().filter(|&seconds| seconds > 0)
}

/// A refusal, with how often and from when it can be tried again.
async fn again(service: &Service, session: &str, failure: Failure) -> Failure {
    let Ok(session) = service.store.session(session).await else {
        return failure;
    };
    let left = left(service, &session).to_string();
    Failure {
        retry_after: failure.retry_after.or_else(|| wait(service, &session)),
        header: Some((ATTEMPTS_LEFT, left)),
        ..failure
    }
}
