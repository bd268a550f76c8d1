//! `POST /terminal/challenge`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use tessera_verifier::Timestamp;
use tessera_verifier::terminal::{ChallengeRequest, ChallengeResponse, ChallengeStatement};

use super::body;
use super::mutual::{Certified, stated};
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::service::Service;
use crate::store::{ChallengeRecord, Level, StoreError};

/// A nonce for one card read, by one terminal, for one session.
#[utoipa::path(post, path = "/terminal/challenge", tag = "terminal", request_body(content = Object, description = "`{\"statement\": JWT}`"), responses(
    (status = 200, description = "`{\"nonce\": …, \"expires_at\": …}`", body = Object),
    (status = "default", description = "terminal_unknown, terminal_retired, terminal_statement_invalid, terminal_certificate_mismatch, not_found, session_expired, wrong_state", body = super::Problem),
))]
pub(super) async fn open(
    State(service): State<Arc<Service>>,
    certified: Option<Extension<Certified>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let most = service.config.limits.body_bytes;
    let request: ChallengeRequest = body::json(&service, &headers, body, most).await?;
    let now = service.now();
    let statement: ChallengeStatement =
        stated(&service, certified.as_deref(), &request.statement, now)?;
    if statement.jti.is_empty() || statement.jti.len() > 128 || statement.jti.contains('\0') {
        return Err(Code::TerminalStatementInvalid.into());
    }
    let challenge = ChallengeRecord {
        nonce: token(&*service.entropy),
        terminal: statement.iss,
        session: statement.session,
        expires: now + service.config.limits.nonce_seconds,
    };
    let mut response = ChallengeResponse {
        nonce: challenge.nonce.clone(),
        expires_at: Timestamp::from_unix(challenge.expires).to_rfc3339(),
        liveness: None,
    };
    // An unregistered terminal learns nothing about sessions: it is refused before the session is looked at.
    service.store.terminal(&challenge.terminal).await?;
    let session = service.store.session(&challenge.session).await?;
    if session.level != Level::Full {
        return Err(Failure::with(
            Code::WrongState,
            "a limited session is proved on the phone",
        ));
    }
    if service.demands_liveness(Level::Full) {
        response.liveness = Some(service.challenge(&response.nonce, &session.person).await?);
    }
    service
        .store
        .open_challenge(challenge, &statement.jti, now)
        .await
        .map_err(|error| match error {
            StoreError::AlreadyUsed => Code::TerminalStatementInvalid.into(),
            other => Failure::from(other),
        })?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(response)))
}
