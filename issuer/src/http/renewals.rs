//! `POST /renewals`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use tessera_verifier::vci::Secret;
use tessera_verifier::vci::offer::CredentialOffer;
use utoipa::ToSchema;

use super::body;
use super::sessions::{OpenRequest, fresh, offer};
use crate::failure::{Code, Failure};
use crate::secrets::{bearer_tx_code, tx_code_digest};
use crate::service::Service;
use crate::store::{Renewal, StoreError};

/// A session that renews.
#[derive(Serialize, ToSchema)]
pub(super) struct RenewalResponse {
    session_id: String,
    /// Bearer token of this session.
    #[schema(value_type = String)]
    session_token: Secret,
    /// `face_checked` or `face_matched_to_card`.
    state: &'static str,
    /// What the evidence of before still earns.
    #[schema(value_type = Object)]
    credential_offer: CredentialOffer,
    /// Its transaction code.
    #[schema(value_type = String)]
    tx_code: Secret,
}

/// Renews what this device holds, on the evidence it rests on, as long as that is young enough. The credentials are to
/// the same person on the same device; what they replace is retired when they are fetched.
#[utoipa::path(post, path = "/renewals", tag = "proofing", request_body = OpenRequest, responses(
    (status = 201, description = "The session, with its offer", body = RenewalResponse),
    (status = "default", description = "malformed, device_proof_invalid, nonce_mismatch, nothing_held, evidence_too_old", body = super::Problem),
))]
pub(super) async fn open(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let most = service.config.limits.body_bytes;
    let request: OpenRequest = body::json(&service, &headers, body, most).await?;
    let (session, token, nonce) = fresh(&service, request)?;
    let (now, level) = (service.now(), session.level);
    let tx_code = bearer_tx_code(token.expose());
    let renewal = Renewal {
        tx_code_digest: tx_code_digest(session.code_digests.of(level), tx_code.expose()),
        session,
        nonce,
        lifetimes: service.config.assurance.lifetimes,
        evidence: service.config.assurance.evidence_days,
    };
    let session = service
        .store
        .renew(renewal, now)
        .await
        .map_err(|error| match error {
            // Another person's device, nobody's number and a revoked set look the same.
            StoreError::NotFound | StoreError::WrongState => Code::NothingHeld.into(),
            other => Failure::from(other),
        })?;
    let response = RenewalResponse {
        credential_offer: offer(&service, level, (&session.id, &token)),
        session_id: session.id,
        state: session.state.as_str(),
        session_token: token,
        tx_code,
    };
    Ok((
        StatusCode::CREATED,
        [(header::CACHE_CONTROL, "no-store")],
        Json(response),
    ))
}
