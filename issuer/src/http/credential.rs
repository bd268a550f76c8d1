//! `POST /credential` (OpenID4VCI 1.0 §8).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::vci::{
    CredentialRequest, CredentialResponse, IssuedCredential, Proofs, ResponseEncryption, Secret,
};

use super::body;
use super::deferred::pending;
use super::problem::Refusal;
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::policy::HolderProofs;
use crate::proofing::machine::SessionState;
use crate::secrets::digest;
use crate::service::{Service, Wanted, reservation_refused};
use crate::store::{Deferral, DeferredRecord, SessionRecord, StoreError, Ticket};
use tessera_exchange::jwe::{Encrypter, JweError};

/// Issues a batch of one-time credentials, each to its own key.
#[utoipa::path(post, path = "/credential", tag = "OpenID4VCI", security(("access" = [])),
    request_body(content = Object, description = "OpenID4VCI 1.0 §8.2: `credential_configuration_id`, `proofs.jwt`, `credential_response_encryption`"), responses(
    (status = 200, description = "The credentials, as JSON or as a JWE (`application/jwt`)", body = Object),
    (status = 202, description = "The authority looks first: `transaction_id`, `interval`", body = Object),
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
    let token_digest = digest(body::bearer(headers).ok_or(Failure::from(Code::InvalidToken))?);
    let now = service.now();
    let granted = service
        .store
        .granted_session(&token_digest, now)
        .await
        .map_err(|error| match error {
            StoreError::NotFound | StoreError::Expired => Code::InvalidToken.into(),
            other => Failure::from(other),
        })?;
    let most = service.config.limits.body_bytes;
    let request: CredentialRequest = body::json(&service, headers, body, most).await?;
    let kind = request
        .credential_configuration_id
        .as_deref()
        .and_then(CredentialProfile::by_configuration)
        .ok_or(Failure::from(Code::UnknownConfiguration))?;
    let encrypter = request
        .credential_response_encryption
        .as_ref()
        .map(response_encrypter)
        .transpose()?;
    let Some(Proofs::Jwt(jwts)) = request.proofs else {
        return Err(Failure::with(Code::InvalidProof, "no key proof"));
    };
    let proofs = HolderProofs::verify(
        &jwts,
        &service.issuer_url(),
        now,
        service.config.issuance.batch_size,
    )?;

    if granted.0.state == SessionState::InReview {
        let transaction = defer(&service, &granted.0, (token_digest, kind), proofs).await?;
        let wait = pending(transaction);
        return respond(StatusCode::ACCEPTED, &wait, encrypter.as_ref());
    }
    let wanted = Wanted {
        granted,
        token_digest,
        kind,
        ticket: Ticket::Nonce(proofs.nonce().to_owned()),
        keys: proofs.into_keys(),
    };
    let response = credentials(&service, wanted).await?;
    respond(StatusCode::OK, &response, encrypter.as_ref())
}

/// Keeps the request until the authority has looked (§8.3, §9); returns the transaction id.
async fn defer(
    service: &Service,
    session: &SessionRecord,
    (token_digest, (profile, format)): (String, (&'static CredentialProfile, Format)),
    proofs: HolderProofs,
) -> Result<Secret, Failure> {
    if profile.level != AssuranceLevel::Full {
        return Err(Code::UnknownConfiguration.into());
    }
    let (now, lifetimes) = (service.now(), service.config.assurance.lifetimes);
    let transaction = token(&*service.entropy);
    let nonce = proofs.nonce().to_owned();
    let deferral = Deferral {
        transaction: digest(&transaction),
        record: DeferredRecord {
            session: session.id.clone(),
            token_digest,
            configuration: profile.configuration(format).to_owned(),
            keys: proofs.into_keys().to_dids(),
        },
        nonce,
        expires: now + lifetimes.in_review + lifetimes.approved,
    };
    service
        .store
        .defer(deferral, now)
        .await
        .map_err(reservation_refused)?;
    Ok(transaction.into())
}

/// Issues, in a task of its own: a client that hangs up must not stop an issuance between intent and acknowledgement.
pub(super) async fn credentials(
    service: &Arc<Service>,
    wanted: Wanted,
) -> Result<CredentialResponse, Failure> {
    let issuing = Arc::clone(service);
    let credentials = tokio::spawn(async move { issuing.issue(wanted).await })
        .await
        .map_err(|error| Failure::internal(&error))??;
    Ok(CredentialResponse {
        credentials: credentials
            .into_iter()
            .map(|credential| IssuedCredential { credential })
            .collect(),
        ..CredentialResponse::default()
    })
}

/// Checks how the wallet wants the response encrypted, before anything is issued (§10).
pub(super) fn response_encrypter(asked: &ResponseEncryption) -> Result<Encrypter, Failure> {
    Encrypter::new(&asked.jwk, &asked.enc).map_err(|error| {
        let why = match error {
            JweError::ContentEncryption => "the content encryption is not offered",
            JweError::KeyAgreement => "the key agreement is not offered",
            _ => "the key is not P-256",
        };
        Failure::with(Code::InvalidEncryption, why)
    })
}

/// The response as JSON, or as a JWE where the wallet asked for one (§10).
pub(super) fn respond(
    status: StatusCode,
    response: &CredentialResponse,
    encrypter: Option<&Encrypter>,
) -> Result<Response, Failure> {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok(match encrypter {
        None => (status, no_store, Json(response)).into_response(),
        Some(encrypter) => {
            let plain = serde_json::to_vec(response).map_err(|error| Failure::internal(&error))?;
            let jwe = encrypter
                .encrypt(&plain)
                .map_err(|error| Failure::internal(&error))?;
            let media_type = [(header::CONTENT_TYPE, "application/jwt")];
            (status, no_store, media_type, jwe).into_response()
        }
    })
}
