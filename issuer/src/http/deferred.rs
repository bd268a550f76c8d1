//! `POST /deferred_credential` (OpenID4VCI 1.0 §9).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use tessera_verifier::claims::CredentialProfile;
use tessera_verifier::vci::{CredentialResponse, DeferredCredentialRequest, Secret};

use super::credential::{credentials, respond, response_encrypter};
use super::problem::Refusal;
use super::{access, body};
use crate::failure::{Code, Failure};
use crate::policy::ProvenKeys;
use crate::proofing::machine::SessionState;
use crate::secrets::digest;
use crate::service::{Service, Wanted};
use crate::store::{Level, StoreError, Ticket};

/// Seconds a wallet is asked to wait between two questions. A review takes hours.
const INTERVAL: u64 = 300;

/// Asks for credentials that waited for the authority's review.
#[utoipa::path(post, path = "/deferred_credential", tag = "OpenID4VCI", security(("access" = [])),
    request_body(content = Object, description = "OpenID4VCI 1.0 §9.1: `transaction_id`, `credential_response_encryption`"), responses(
    (status = 200, description = "The credentials, as JSON or as a JWE (`application/jwt`)", body = Object),
    (status = 202, description = "Not decided yet: `transaction_id`, `interval`", body = Object),
    (status = "default", description = "invalid_token, invalid_transaction_id, invalid_encryption_parameters, credential_request_denied", body = super::Problem),
))]
pub(super) async fn collect(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answer(service, &uri, &headers, body)
        .await
        .map_err(Refusal::credential)
}

async fn answer(
    service: Arc<Service>,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    // The token before the body, so that a stranger's body is not parsed.
    let token_digest = access::check(&service, uri, headers).await?.token_digest;
    let now = service.now();
    let most = service.config.limits.body_bytes;
    let (value, encrypted) = body::message(&service, headers, body, most).await?;
    let request: DeferredCredentialRequest =
        serde_json::from_value(value).map_err(|_| Failure::from(Code::Malformed))?;
    let asked = request.credential_response_encryption.as_ref();
    let encrypter = response_encrypter(&service, asked, encrypted)?;
    let transaction = digest(request.transaction_id.expose());
    let known = async || {
        let found = service
            .store
            .deferred(&transaction, &token_digest, now)
            .await;
        found.map_err(|error| match error {
            StoreError::NotFound | StoreError::AlreadyUsed => Code::InvalidTransactionId.into(),
            StoreError::Expired => Code::InvalidToken.into(),
            StoreError::WrongState => Code::RequestDenied.into(),
            other => Failure::from(other),
        })
    };
    let (record, session) = known().await?;
    if now >= session.expires {
        return Err(Code::RequestDenied.into());
    }
    match session.state {
        SessionState::InReview => {
            let wait = pending(request.transaction_id);
            return respond(StatusCode::ACCEPTED, &wait, encrypter.as_ref());
        }
        // A second format finds the session where the first one left it.
        SessionState::Approved | SessionState::FullIssued => {}
        _ => return Err(Code::RequestDenied.into()),
    }
    let kind = CredentialProfile::by_configuration(&record.configuration)
        .ok_or(Failure::from(Code::UnknownConfiguration))?;
    let wanted = Wanted {
        granted: (session, Level::Full),
        token_digest: token_digest.clone(),
        kind,
        ticket: Ticket::Deferred(transaction.clone()),
        keys: ProvenKeys::recorded(&record.keys)?,
    };
    let response = match credentials(&service, wanted).await {
        Ok(response) => response,
        // Whoever collects beside another request is refused at any of several steps. The reason is one: it is collected.
        Err(failure) => {
            known().await?;
            return Err(failure);
        }
    };
    respond(StatusCode::OK, &response, encrypter.as_ref())
}

/// What is answered until the review is over (§8.3, §9.2).
pub(super) fn pending(transaction: Secret) -> CredentialResponse {
    CredentialResponse {
        transaction_id: Some(transaction),
        interval: Some(INTERVAL),
        ..CredentialResponse::default()
    }
}
