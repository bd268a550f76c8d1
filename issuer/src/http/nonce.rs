//! `POST /nonce` (OpenID4VCI 1.0 §7).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use tessera_verifier::vci::NonceResponse;

use super::body;
use crate::failure::Failure;
use crate::nonces::Purpose;
use crate::service::Service;

/// A fresh single-use nonce.
#[utoipa::path(post, path = "/nonce", tag = "OpenID4VCI", responses(
    (status = 200, description = "`{\"c_nonce\": …}`", body = Object),
))]
pub(super) async fn issue(
    State(service): State<Arc<Service>>,
    request: Body,
) -> Result<impl IntoResponse, Failure> {
    body::discard(request, service.config.limits.body_bytes).await?;
    let c_nonce = service.nonce(Purpose::Proof);
    Ok((
        [(header::CACHE_CONTROL, "no-store")],
        Json(NonceResponse { c_nonce }),
    ))
}
