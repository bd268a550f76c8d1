//! `POST /sessions`, `GET /sessions/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tessera_verifier::claims::CredentialProfile;
use tessera_verifier::vci::Secret;
use tessera_verifier::vci::offer::{
    AuthorizationCode, CredentialOffer, Grants, PreAuthorizedCode, TxCode,
};
use tessera_verifier::{Timestamp, device};
use utoipa::ToSchema;

use super::body;
use crate::environment::{identifier, token};
use crate::failure::{Code, Failure};
use crate::nonces::Purpose;
use crate::proofing::Provable;
use crate::registry::is_number;
use crate::secrets::{
    bearer_tx_code, digest, matches, offer_code, recovery_code, recovery_digest, tx_code_digest,
};
use crate::service::{Service, assurance};
use crate::store::{CodeDigests, FreshNonce, Level, Proof, SessionRecord, SessionState};

/// Opens an enrolment session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenRequest {
    /// The number of the person to be proved.
    personal_administrative_number: String,
    /// `limited` or `full`.
    #[schema(value_type = String)]
    level: Level,
    /// A JWT of type `tessera-device+jwt` over a nonce of `POST /nonce`.
    device_proof: String,
    /// The district the person lives in, where there is a roll-out (`GET /rollout`).
    #[serde(default)]
    district: Option<String>,
}

/// An open session.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenResponse {
    session_id: String,
    /// Bearer token of this session.
    #[schema(value_type = String)]
    session_token: Secret,
    /// The session's own nonce.
    nonce: String,
    /// Always `started`.
    #[schema(value_type = String)]
    state: SessionState,
    /// RFC 3339.
    expires_at: String,
}

/// Opens a session. Whether the number is in the register is not told.
#[utoipa::path(post, path = "/sessions", tag = "proofing", request_body = OpenRequest, responses(
    (status = 201, description = "The session", body = OpenResponse),
    (status = "default", description = "malformed, device_proof_invalid, nonce_mismatch, district_not_open", body = super::Problem),
))]
pub(super) async fn open(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let most = service.config.limits.body_bytes;
    let request: OpenRequest = body::json(&service, &headers, body, most).await?;
    service
        .config
        .rollout
        .admit(request.district.as_deref(), service.now())?;
    let (session, token, nonce) = fresh(&service, request)?;
    let response = OpenResponse {
        session_id: session.id.clone(),
        session_token: token,
        nonce: session.nonce.clone(),
        state: session.state,
        expires_at: Timestamp::from_unix(session.expires).to_rfc3339(),
    };
    service
        .store
        .open_session(session, nonce, service.now())
        .await?;
    Ok((
        StatusCode::CREATED,
        [(header::CACHE_CONTROL, "no-store")],
        Json(response),
    ))
}

/// A session as it begins, its bearer token, and the nonce its device proof consumes.
pub(super) fn fresh(
    service: &Service,
    request: OpenRequest,
) -> Result<(SessionRecord, Secret, FreshNonce), Failure> {
    if !is_number(&request.personal_administrative_number) {
        return Err(Code::Malformed.into());
    }
    let now = service.now();
    let proof = device::verify(
        &request.device_proof,
        &service.issuer_url(),
        Timestamp::from_unix(now),
    )
    .map_err(|_| Failure::from(Code::DeviceProofInvalid))?;
    let nonce = service
        .fresh_nonce(Purpose::Proof, &proof.nonce)
        .ok_or(Failure::from(Code::NonceMismatch))?;
    let session_token = token(&*service.entropy);
    let person = service
        .registry
        .handle(&request.personal_administrative_number);
    let device = proof.key.thumbprint();
    let session = SessionRecord {
        // Only what the roll-out knows: an applicant's own words are not kept.
        district: request
            .district
            .filter(|_| service.config.rollout.is_limited()),
        ..blank(service, person, request.level, (device, &session_token))
    };
    Ok((session, session_token.into(), nonce))
}

/// A session of a device and with a bearer token, before anything is proved.
pub(super) fn blank(
    service: &Service,
    person: String,
    level: Level,
    (device, session_token): (String, &str),
) -> SessionRecord {
    let now = service.now();
    SessionRecord {
        id: identifier(&*service.entropy),
        token_digest: digest(session_token),
        code_digests: CodeDigests {
            limited: digest(offer_code(session_token, Level::Limited).expose()),
            full: digest(offer_code(session_token, Level::Full).expose()),
        },
        recovery_digest: recovery_digest(recovery_code(session_token).expose()),
        nonce: token(&*service.entropy),
        person,
        level,
        device,
        state: SessionState::Started,
        created: now,
        expires: now + service.config.assurance.lifetimes.started,
        attempts: 0,
        next_attempt: now,
        proved: None,
        tx_code_digest: None,
        tx_code_failures: 0,
        code_spent: false,
        district: None,
    }
}

/// Where a session stands.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionResponse {
    /// `started`, `face_checked`, `limited_issued`, `card_checked`, `face_matched_to_card`, `in_review`, `approved`,
    /// `full_issued`, `refused` or `expired`.
    pub(super) state: &'static str,
    /// `limited` or `full`.
    pub(super) level: &'static str,
    /// Once the person is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(super) credential_offer: Option<CredentialOffer>,
    /// With a limited offer. That of a full one is shown by the terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) tx_code: Option<Secret>,
    /// Once credentials were issued: what to write down, to report the phone lost with (`POST /lost`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) recovery_code: Option<Secret>,
}

/// Shows a session to its bearer.
#[utoipa::path(get, path = "/sessions/{id}", tag = "proofing", params(("id" = String, Path)), security(("session" = [])), responses(
    (status = 200, description = "The session", body = SessionResponse),
    (status = "default", description = "unauthorized, not_found", body = super::Problem),
))]
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let (session, token) = authenticated(&service, &id, &headers).await?;
    let state = session.state;
    let live = service.now() < session.expires;
    let offered = state.offers().filter(|_| live && !session.code_spent);
    let response = SessionResponse {
        state: match (live, state) {
            // What was issued stays issued.
            (true, _) | (_, SessionState::LimitedIssued | SessionState::FullIssued) => {
                state.as_str()
            }
            (false, _) => "expired",
        },
        level: session.level.as_str(),
        credential_offer: offered.map(|level| offer(&service, level, (&session.id, &token))),
        tx_code: (offered == Some(Level::Limited)).then(|| bearer_tx_code(token.expose())),
        recovery_code: matches!(
            state,
            SessionState::LimitedIssued | SessionState::FullIssued
        )
        .then(|| recovery_code(token.expose())),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(response)))
}

/// The session, for the bearer of its token only.
pub(super) async fn authenticated(
    service: &Service,
    id: &str,
    headers: &HeaderMap,
) -> Result<(SessionRecord, Secret), Failure> {
    let token = body::bearer(headers).ok_or(Failure::from(Code::Unauthorized))?;
    let session = service.store.session(id).await?;
    if !matches(token, &session.token_digest) {
        return Err(Code::Unauthorized.into());
    }
    Ok((session, token.into()))
}

/// The offer of a proved session (OpenID4VCI 1.0 §4.1): both formats, and either grant, once.
pub(super) fn offer(
    service: &Service,
    level: Level,
    (session, session_token): (&str, &Secret),
) -> CredentialOffer {
    let profile = CredentialProfile::of(assurance(level));
    CredentialOffer {
        credential_issuer: service.issuer_url(),
        credential_configuration_ids: vec![
            profile.sd_jwt_configuration.to_owned(),
            profile.ldp_configuration.to_owned(),
        ],
        grants: Grants {
            authorization_code: Some(AuthorizationCode {
                issuer_state: Some(service.issuer_state(session)),
                authorization_server: None,
            }),
            pre_authorized_code: Some(PreAuthorizedCode {
                code: offer_code(session_token.expose(), level),
                tx_code: Some(TxCode {
                    input_mode: Some("numeric".to_owned()),
                    length: Some(6),
                    description: None,
                }),
                authorization_server: None,
            }),
        },
    }
}

/// What the store records of a passed check: the verdicts, the transaction code of the offer they earn, and the place
/// it takes.
///
/// # Errors
/// `district_not_open`, `district_mismatch`.
pub(super) async fn proof(
    service: &Service,
    checked: &dyn Provable,
    tx_code: &Secret,
) -> Result<Proof, Failure> {
    let record = checked.record();
    let place = service.place(record).await?;
    let code = record.code_digests.of(checked.proves());
    let assurance = &service.config.assurance;
    Ok(Proof {
        session: record.id.clone(),
        proved: checked.proved(),
        tx_code_digest: tx_code_digest(code, tx_code.expose()),
        lifetimes: assurance.lifetimes,
        review: assurance.review,
        place,
    })
}
