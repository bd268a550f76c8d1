//! `POST /challenge`: challenges for the proofs beside wallet attestations
//! (draft-ietf-oauth-attestation-based-client-auth-07 §8).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use tessera_verifier::vci::ChallengeResponse;

use super::{body, client};
use crate::failure::Failure;
use crate::service::Service;

/// A fresh challenge.
#[utoipa::path(post, path = "/challenge", tag = "OpenID4VCI", responses(
    (status = 200, description = "`{\"attestation_challenge\": …}`", body = Object),
))]
pub(super) async fn challenge(
    State(service): State<Arc<Service>>,
    request: Body,
) -> Result<impl IntoResponse, Failure> {
    body::discard(request, service.config.limits.body_bytes).await?;
    let attestation_challenge = client::challenge(&service);
    Ok((
        [(header::CACHE_CONTROL, "no-store")],
        Json(ChallengeResponse {
            attestation_challenge,
        }),
    ))
}
