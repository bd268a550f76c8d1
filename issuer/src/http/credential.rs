//! `POST /credential` (OpenID4VCI 1.0 §8).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::vci::metadata::KeyAttestationsRequired;
use tessera_verifier::vci::{
    CredentialRequest, CredentialResponse, IssuedCredential, Proofs, ResponseEncryption, Secret,
};

use super::access::{self, Access};
use super::deferred::pending;
use super::problem::Refusal;
use super::{body, notification, wish};
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::nonces::Purpose;
use crate::policy::{HolderProofs, ProofRules};
use crate::proofing::machine::SessionState;
use crate::secrets::digest;
use crate::service::{Service, Wanted, reservation_refused};
use crate::store::{Deferral, DeferredRecord, FreshNonce, SessionRecord, Ticket};
use tessera_exchange::jwe::{Encrypter, JweError};

/// Issues a batch of one-time credentials, each to its own key.
#[utoipa::path(post, path = "/credential", tag = "OpenID4VCI", security(("access" = [])),
    request_body(content = Object, description = "OpenID4VCI 1.0 §8.2: `credential_configuration_id` or `credential_identifier`, `proofs.jwt` or `proofs.attestation`, `credential_response_encryption`; as JSON or as a JWE (`application/jwt`)"), responses(
    (status = 200, description = "The credentials, as JSON or as a JWE (`application/jwt`)", body = Object),
    (status = 202, description = "The authority looks first: `transaction_id`, `interval`", body = Object),
    (status = "default", description = "invalid_token, token_in_query, invalid_dpop_proof, use_dpop_nonce, unknown_credential_configuration, unknown_credential_identifier, invalid_proof, invalid_key_attestation, request_not_encrypted, batch_too_large, duplicate_key, invalid_nonce, invalid_encryption_parameters, credential_request_denied", body = super::Problem),
))]
pub(super) async fn issue(
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
    let Access {
        session,
        grant,
        token_digest,
    } = access::check(&service, uri, headers).await?;
    let now = service.now();
    let (request, proofs, encrypted) = read(&service, headers, body).await?;
    let kind = wish::requested(
        &grant,
        (
            request.credential_identifier.as_deref(),
            request.credential_configuration_id.as_deref(),
        ),
    )?;
    let asked = request.credential_response_encryption.as_ref();
    let encrypter = response_encrypter(&service, asked, encrypted)?;
    let url = service.issuer_url();
    let rules = ProofRules {
        audience: &url,
        now,
        most: service.config.issuance.batch_size,
        attesters: service.key_attesters.trusted(),
        required: &KeyAttestationsRequired {
            key_storage: service.wallets.key_storage.clone(),
            user_authentication: service.wallets.user_authentication.clone(),
        },
    };
    let proofs = HolderProofs::read(&proofs, &rules)?;
    let nonce = service
        .fresh_nonce(Purpose::Proof, proofs.nonce())
        .ok_or(Failure::from(Code::InvalidNonce))?;

    if session.state == SessionState::InReview {
        let transaction = defer(&service, &session, (token_digest, kind), (proofs, nonce)).await?;
        let wait = pending(transaction);
        return respond(StatusCode::ACCEPTED, &wait, encrypter.as_ref());
    }
    let wanted = Wanted {
        granted: (session, grant.level),
        token_digest,
        kind,
        ticket: Ticket::Nonce(nonce),
        keys: proofs.into_keys(),
    };
    let response = credentials(&service, wanted).await?;
    respond(StatusCode::OK, &response, encrypter.as_ref())
}

/// A credential request, its proofs, and whether it came encrypted. Proofs of a kind that is not offered are bad proofs,
/// not a bad request.
async fn read(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<(CredentialRequest, Proofs, bool), Failure> {
    let most = service.config.credential_bytes();
    let (mut value, encrypted) = body::message(service, headers, body, most).await?;
    let proofs = value
        .as_object_mut()
        .and_then(|members| members.remove("proofs"));
    let request = serde_json::from_value(value)
        .map_err(|_| Failure::with(Code::Malformed, "not a credential request"))?;
    let proofs = proofs.ok_or(Failure::with(Code::InvalidProof, "no key proof"))?;
    let proofs = serde_json::from_value(proofs).map_err(|_| {
        Failure::with(
            Code::InvalidProof,
            "proofs hold one list, of jwt or of attestation",
        )
    })?;
    Ok((request, proofs, encrypted))
}

/// Keeps the request until the authority has looked (§8.3, §9); returns the transaction id.
async fn defer(
    service: &Service,
    session: &SessionRecord,
    (token_digest, (profile, format)): (String, (&'static CredentialProfile, Format)),
    (proofs, nonce): (HolderProofs, FreshNonce),
) -> Result<Secret, Failure> {
    if profile.level != AssuranceLevel::Full {
        return Err(Code::UnknownConfiguration.into());
    }
    let (now, lifetimes) = (service.now(), service.config.assurance.lifetimes);
    let transaction = token(&*service.entropy);
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
    let (profile, format) = wanted.kind;
    let configuration = profile.configuration(format);
    let notification = notification::id(&wanted.token_digest, configuration);
    let issuing = Arc::clone(service);
    let credentials = tokio::spawn(async move { issuing.issue(wanted).await })
        .await
        .map_err(|error| Failure::internal(&error))??;
    Ok(CredentialResponse {
        credentials: credentials
            .into_iter()
            .map(|credential| IssuedCredential { credential })
            .collect(),
        notification_id: Some(notification),
        ..CredentialResponse::default()
    })
}

/// What the response is encrypted with, if the wallet asks for it.
///
/// # Errors
/// `invalid_encryption_parameters`; `request_not_encrypted` where the key came in a plain request, which §8.2 forbids.
pub(super) fn response_encrypter(
    service: &Service,
    asked: Option<&ResponseEncryption>,
    encrypted: bool,
) -> Result<Option<Encrypter>, Failure> {
    let Some(asked) = asked else {
        return Ok(None);
    };
    if service.wallets.require_encrypted_request && !encrypted {
        return Err(Code::RequestNotEncrypted.into());
    }
    if asked.zip.is_some() {
        return Err(Failure::with(
            Code::InvalidEncryption,
            "compression is not offered",
        ));
    }
    Encrypter::new(&asked.jwk, &asked.enc)
        .map(Some)
        .map_err(|error| {
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
