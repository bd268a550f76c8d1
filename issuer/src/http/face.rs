//! `POST /sessions/{id}/face`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use tessera_verifier::liveness::MEDIA_TYPE;

use super::body;
use super::sessions::{SessionResponse, authenticated, offer, proof};
use crate::failure::{Code, Failure};
use crate::liveness::Answering;
use crate::proofing::Session;
use crate::proofing::machine::Event;
use crate::secrets::bearer_tx_code;
use crate::service::Service;
use crate::store::Level;

/// Compares a photo with the register. The photo is wiped when the check returns.
#[utoipa::path(post, path = "/sessions/{id}/face", tag = "proofing", params(("id" = String, Path)), security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "image/jpeg", description = "JPEG or PNG; where liveness is demanded, the frames as application/vnd.tessera.frames"), responses(
    (status = 200, description = "The face matched; the offer and its transaction code", body = SessionResponse),
    (status = "default", description = "face_none, face_several, face_too_small, face_blurred, image_unreadable, image_too_large, face_too_dark, face_too_bright, face_turned_away, face_cropped, face_eyes_covered, face_mouth_covered, face_mismatch, pad_failed, liveness_required and the other liveness codes, too_many_attempts, wrong_state, session_expired", body = super::Problem),
))]
pub(super) async fn check(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let (session, token) = authenticated(&service, &id, &headers).await?;
    let most = service.config.limits.photo_bytes;
    let live = service.demands_liveness(Level::Limited);
    let sent = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.as_bytes());
    if live != (sent == Some(MEDIA_TYPE.as_bytes())) {
        body::discard(body, most.saturating_mul(4)).await?;
        return Err(if live {
            Code::LivenessRequired.into()
        } else {
            Code::LivenessNotAsked.into()
        });
    }
    let media_types = [
        "image/jpeg",
        "image/png",
        "application/octet-stream",
        MEDIA_TYPE,
    ];
    let photo = body::bytes(&headers, body, &media_types, most)
        .await
        .map_err(|failure| match failure.code {
            Code::TooLarge => Code::ImageTooLarge.into(),
            _ => failure,
        })?;
    let place = service.face.admit()?;
    let number = session.person.clone();
    let judge = async {
        let portrait = service.portrait(&number).await?;
        if live {
            let answering = Answering {
                id: &session.id,
                key: &session.device,
            };
            service.live_check(place, answering, photo, portrait).await
        } else {
            service.face.check(place, photo, portrait).await
        }
    };
    let (record, verdict) = service
        .attempt(&session.id, Event::FaceMatchedRegister, judge)
        .await?;
    let now = service.now();
    let checked = Session::started(record, now)?.face_checked(verdict, now);
    let tx_code = bearer_tx_code(token.expose());
    let passed = proof(&service, &checked, &tx_code).await?;
    let record = service.prove(passed).await?;
    let response = SessionResponse {
        state: record.state.as_str(),
        level: record.level.as_str(),
        credential_offer: Some(offer(&service, Level::Limited, (&record.id, &token))),
        tx_code: Some(tx_code),
        recovery_code: None,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(response)))
}
