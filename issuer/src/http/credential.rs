//! `POST /credential` (OpenID4VCI 1.0 §8).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use tessera_verifier::claims::CredentialProfile;
use tessera_verifier::vci::{CredentialRequest, CredentialResponse, IssuedCredential};

use super::body;
use super::encryption::Encrypter;
use super::problem::Refusal;
use crate::failure::{Code, Failure};
use crate::policy::HolderProofs;
use crate::secrets::digest;
use crate::service::Service;
use crate::store::StoreError;

/// Issues a batch of one-time credentials, each to its own key.
#[utoipa::path(post, path = "/credential", tag = "OpenID4VCI", security(("access" = [])),
    request_body(content = Object, description = "OpenID4VCI 1.0 §8.2: `credential_configuration_id`, `proofs.jwt`, `credential_response_encryption`"), responses(
    (status = 200, description = "The credentials, as JSON or as a JWE (`application/jwt`)", body = Object),
    (status = "default", description = "invalid_token, unknown_credential_configuration, invalid_proof, batch_too_large, duplicate_key, invalid_nonce, invalid_encryption_parameters, credential_request_denied", body = super::Problem),
))]
pub(super) async fn issue(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answer(service, &headers, body)
        .await
        .map_err(Refusal::credential)
}

async fn answer(
    service: Arc<Service>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let token = body::bearer(headers).ok_or(Failure::from(Code::InvalidToken))?;
    let token_digest = digest(token);
    let now = service.now();
    let session = service
        .store
        .granted_session(&token_digest, now)
        .await
        .map_err(|error| match error {
            StoreError::NotFound | StoreError::Expired => Code::InvalidToken.into(),
            other => Failure::from(other),
        })?;
    let most = service.config.limits.body_bytes;
    let request: CredentialRequest = body::json(&service, headers, body, most).await?;
    let kind = CredentialProfile::by_configuration(&request.credential_configuration_id)
        .ok_or(Failure::from(Code::UnknownConfiguration))?;
    let encrypter = request
        .credential_response_encryption
        .as_ref()
        .map(Encrypter::new)
        .transpose()?;
    let jwts = request.proofs.map(|proofs| proofs.jwt).unwrap_or_default();
    let proofs = HolderProofs::verify(
        &jwts,
        &service.issuer_url(),
        now,
        service.config.issuance.batch_size,
    )?;

    // In a task of its own: a client that hangs up must not stop an issuance between intent and acknowledgement.
    let issuing = Arc::clone(&service);
    let credentials =
        tokio::spawn(async move { issuing.issue(session, token_digest, kind, proofs).await })
            .await
            .map_err(|error| Failure::internal(&error))??;
    let response = CredentialResponse {
        credentials: credentials
            .into_iter()
            .map(|credential| IssuedCredential { credential })
            .collect(),
        notification_id: None,
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok(match encrypter {
        None => (no_store, Json(response)).into_response(),
        Some(encrypter) => {
            let plain = serde_json::to_vec(&response).map_err(|error| Failure::internal(&error))?;
            let jwe = encrypter.encrypt(&plain)?;
            (no_store, [(header::CONTENT_TYPE, "application/jwt")], jwe).into_response()
        }
    })
}
