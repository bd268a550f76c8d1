//! `POST /lost`, `POST /sessions/{id}/lost`: the holder reports the phone lost.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tessera_verifier::vci::Secret;
use utoipa::ToSchema;

use super::body;
use super::sessions::authenticated;
use crate::failure::{Code, Failure};
use crate::registry::is_number;
use crate::secrets::recovery_digest;
use crate::service::Service;
use crate::store::{LossReport, RevocationTarget};

/// Reports a phone lost with what the holder wrote down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LostRequest {
    /// The number of the person.
    personal_administrative_number: String,
    /// The recovery code, given with the credentials. Case, spaces and hyphens do not matter.
    #[schema(value_type = String)]
    recovery_code: Secret,
}

/// The report was taken: nothing the person held is good any more.
#[derive(Serialize, ToSchema)]
pub(super) struct LostResponse {
    /// Always true.
    reported: bool,
}

/// Takes a report by recovery code. A wrong code and a person who holds nothing are answered alike, and counted.
#[utoipa::path(post, path = "/lost", tag = "proofing", request_body = LostRequest, responses(
    (status = 200, description = "Everything the person held is revoked", body = LostResponse),
    (status = "default", description = "malformed, recovery_refused, too_many_attempts", body = super::Problem),
))]
pub(super) async fn by_code(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let most = service.config.limits.body_bytes;
    let request: LostRequest = body::json(&service, &headers, body, most).await?;
    if !is_number(&request.personal_administrative_number) {
        return Err(Code::Malformed.into());
    }
    let report = LossReport {
        person: service
            .registry
            .handle(&request.personal_administrative_number),
        recovery_digest: recovery_digest(request.recovery_code.expose()),
        most_per_day: service.config.assurance.recovery_attempts_per_day,
    };
    let revoked = service.store.report_lost(report, service.now()).await?;
    tracing::info!(revoked, "a phone was reported lost");
    Ok(reported())
}

/// Takes a report in a session that has proved the person, by face or at a terminal. The session ends with it.
#[utoipa::path(post, path = "/sessions/{id}/lost", tag = "proofing", params(("id" = String, Path)), security(("session" = [])), responses(
    (status = 200, description = "Everything the person held is revoked", body = LostResponse),
    (status = "default", description = "unauthorized, not_found, session_expired, wrong_state", body = super::Problem),
))]
pub(super) async fn by_session(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let (session, _token) = authenticated(&service, &id, &headers).await?;
    let now = service.now();
    if now >= session.expires {
        return Err(Code::SessionExpired.into());
    }
    if session.state.earns().is_none() {
        return Err(Failure::with(
            Code::WrongState,
            "the person is not proved in this session",
        ));
    }
    let target = RevocationTarget::Person(session.person);
    let revoked = service.store.revoke(target, "reported lost", now).await?;
    tracing::info!(revoked, "a phone was reported lost");
    Ok(reported())
}

fn reported() -> impl IntoResponse {
    (
        [(header::CACHE_CONTROL, "no-store")],
        Json(LostResponse { reported: true }),
    )
}
