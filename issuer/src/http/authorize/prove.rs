//! Number and photo: the person of the page is proved by the check that sessions have.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use zeroize::Zeroizing;

use super::multipart::Parts;
use super::open::{Open, unknown};
use super::page::{self, Step};
use super::render;
use crate::environment::identifier;
use crate::failure::{Code, Failure};
use crate::http::body;
use crate::http::sessions::{blank, proof};
use crate::proofing::machine::Event;
use crate::proofing::{FacePassed, Session};
use crate::registry::is_number;
use crate::secrets::bearer_tx_code;
use crate::service::Service;
use crate::store::{Level, SessionRecord};

/// Bytes of the parts of the form beside the photo.
const FORM_BYTES: usize = 16 * 1024;

/// Proves the person by number and photo, as `POST /sessions` and its face check do.
#[utoipa::path(post, path = "/authorization/face", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "multipart/form-data", description = "`csrf`, `number`, `photo`, `district`"), responses(
    (status = 200, description = "The page: to confirm, or what was wrong with the photo", content_type = "text/html"),
))]
pub(in crate::http) async fn face(
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
        .map_err(too_large)?;
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
    if service.demands_liveness(Level::Limited) {
        return Err(Code::LivenessRequired.into());
    }
    let photo = parts.bytes("photo").unwrap_or_default();
    if photo.is_empty() {
        return Err(Code::ImageUnreadable.into());
    }
    let photo = Zeroizing::new(photo.to_vec());
    let applicant = Applicant {
        number: parts.text("number").unwrap_or_default(),
        district: parts.text("district"),
        // No device holds this session: what it yields is renewed by whoever has its refresh token.
        device: None,
    };
    let session = session(service, open, &applicant).await?;

    let place = service.face.admit()?;
    let person = session.person.clone();
    let judge = async {
        let portrait = service.portrait(&person).await?;
        service.face.check(place, photo, portrait).await
    };
    let (record, verdict) = service
        .attempt(&session.id, Event::FaceMatchedRegister, judge)
        .await?;
    passed(service, open, (record, verdict)).await?;
    open.step(service).await
}

/// Pictures that are too large are told by that name.
pub(super) fn too_large(failure: Failure) -> Failure {
    match failure.code {
        Code::TooLarge => Code::ImageTooLarge.into(),
        _ => failure,
    }
}

/// Records a face check that was passed: the session offers the limited credential.
pub(super) async fn passed(
    service: &Service,
    open: &Open,
    (record, verdict): (SessionRecord, FacePassed),
) -> Result<(), Failure> {
    let now = service.now();
    let checked = Session::started(record, now)?.face_checked(verdict, now);
    let tx_code = bearer_tx_code(open.session_token(open.record.opened).expose());
    let passed = proof(service, &checked, &tx_code).await?;
    service.prove(passed).await?;
    Ok(())
}

/// Who wants to be proved.
pub(super) struct Applicant<'a> {
    /// The identity number, as typed.
    pub(super) number: &'a str,
    /// The district, where there is a roll-out.
    pub(super) district: Option<&'a str>,
    /// Thumbprint of the browser's key, where frames have to be signed.
    pub(super) device: Option<&'a str>,
}

/// The session of the page for this applicant: the one that is open, or a new one. A page opens a few only.
pub(super) async fn session(
    service: &Service,
    open: &mut Open,
    applicant: &Applicant<'_>,
) -> Result<SessionRecord, Failure> {
    let number = applicant.number.trim();
    if !is_number(number) {
        return Err(Failure::with(Code::Malformed, "the number is not one"));
    }
    let person = service.registry.handle(number);
    if let (Some(id), false) = (&open.record.session, open.record.by_offer) {
        let session = service.store.session(id).await.map_err(unknown)?;
        let same_device = applicant.device.is_none_or(|key| key == session.device);
        if session.person == person && same_device && service.now() < session.expires {
            return Ok(session);
        }
    }
    let rollout = &service.config.rollout;
    let district = applicant.district.filter(|_| rollout.is_limited());
    rollout.admit(district, service.now())?;
    let opened = open.record.opened.saturating_add(1);
    let token = open.session_token(opened);
    let device = match applicant.device {
        Some(key) => key.to_owned(),
        None => identifier(&*service.entropy),
    };
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
