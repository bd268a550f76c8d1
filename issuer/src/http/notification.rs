//! `POST /notification` (OpenID4VCI 1.0 §11).

use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use subtle::ConstantTimeEq as _;
use tessera_verifier::encoding::base64url;
use tessera_verifier::vci::{NotificationEvent, NotificationRequest};

use super::problem::Refusal;
use super::{access, body};
use crate::failure::{Code, Failure};
use crate::service::Service;

/// Takes note of what became of the credentials of one response. Nothing is changed by it and nothing kept: only the kind
/// of event is logged.
#[utoipa::path(post, path = "/notification", tag = "OpenID4VCI", security(("access" = [])),
    request_body(content = Object, description = "OpenID4VCI 1.0 §11.1: `notification_id`, `event`"), responses(
    (status = 204, description = "Noted; the same may be said again"),
    (status = "default", description = "invalid_token, invalid_notification_id, invalid_dpop_proof, use_dpop_nonce", body = super::Problem),
))]
pub(super) async fn note(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    answer(&service, &uri, &headers, body)
        .await
        .map_err(Refusal::notification)
}

async fn answer(
    service: &Service,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<StatusCode, Failure> {
    let access = access::check(service, uri, headers).await?;
    let most = service.config.limits.body_bytes;
    let request: NotificationRequest = body::json(service, headers, body, most).await?;
    let known = access.grant.used.iter().any(|configuration| {
        let ours = id(&access.token_digest, configuration);
        ours.as_bytes()
            .ct_eq(request.notification_id.as_bytes())
            .into()
    });
    if !known {
        return Err(Code::InvalidNotificationId.into());
    }
    let event = match request.event {
        NotificationEvent::CredentialAccepted => "credential_accepted",
        NotificationEvent::CredentialDeleted => "credential_deleted",
        NotificationEvent::CredentialFailure => "credential_failure",
    };
    tracing::info!(event, "notified");
    Ok(StatusCode::NO_CONTENT)
}

/// The notification id of the response that this token got for this configuration: derived, so that none is kept.
pub(super) fn id(token_digest: &str, configuration: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token_digest.as_bytes());
    let text = format!("notification {configuration}");
    base64url(hmac::sign(&key, text.as_bytes()).as_ref())
}
