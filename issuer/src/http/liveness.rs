//! `POST /sessions/{id}/liveness`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

use super::body;
use super::sessions::authenticated;
use crate::failure::{Code, Failure};
use crate::service::Service;
use crate::store::Level;

/// Draws the head movements that the frames of this session's face check must show. Asking again before they are
/// answered repeats them.
#[utoipa::path(post, path = "/sessions/{id}/liveness", tag = "proofing", params(("id" = String, Path)), security(("session" = [])), responses(
    (status = 200, description = "`{\"nonce\": …, \"movements\": [\"left\", \"up\", \"right\"], \"seconds\": …, \"expires_at\": …}`", body = Object),
    (status = "default", description = "unauthorized, not_found, liveness_not_asked, too_many_attempts, session_expired", body = super::Problem),
))]
pub(super) async fn open(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    body::discard(body, service.config.limits.body_bytes).await?;
    let (session, _token) = authenticated(&service, &id, &headers).await?;
    if service.now() >= session.expires {
        return Err(Code::SessionExpired.into());
    }
    if !service.demands_liveness(Level::Limited) {
        return Err(Code::LivenessNotAsked.into());
    }
    let challenge = service.challenge(&session.id, &session.person).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(challenge)))
}
