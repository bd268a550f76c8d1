//! `POST /sessions/{id}/face`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

use super::body;
use super::sessions::{SessionResponse, authenticated, offer, proof};
use crate::failure::{Code, Failure};
use crate::proofing::Session;
use crate::proofing::machine::Event;
use crate::secrets::bearer_tx_code;
use crate::service::Service;
use crate::store::Level;

/// Compares a photo with the register. The photo is wiped when the check returns.
#[utoipa::path(post, path = "/sessions/{id}/face", tag = "proofing", params(("id" = String, Path)), security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "image/jpeg", description = "JPEG or PNG"), responses(
    (status = 200, description = "The face matched; the offer and its transaction code", body = SessionResponse),
    (status = "default", description = "face_none, face_several, face_too_small, face_blurred, image_unreadable, image_too_large, face_mismatch, too_many_attempts, wrong_state, session_expired", body = super::Problem),
))]
pub(super) async fn check(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let (session, token) = authenticated(&service, &id, &headers).await?;
    let most = service.config.limits.photo_bytes;
    let media_types = ["image/jpeg", "image/png", "application/octet-stream"];
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
        service.face.check(place, photo, portrait).await
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
        credential_offer: Some(offer(&service, Level::Limited, &token)),
        tx_code: Some(tx_code),
        recovery_code: None,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(response)))
}
