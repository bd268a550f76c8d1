//! `POST /terminal/chip-authentication`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use tessera_card::Resumed;
use tessera_verifier::encoding::base64url;
use tessera_verifier::terminal::{RelayRequest, RelayResponse, RelayStatement};

use super::body;
use super::mutual::{Certified, stated};
use crate::card::resume;
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::service::{Service, blocking};
use crate::store::{RelayStep, StoreError};

/// One round of chip authentication with a chip at a terminal: its DG14 or its answer in, the next command for it out.
/// The issuer holds the key of one use, so that a terminal can carry the messages and not make them up.
#[utoipa::path(post, path = "/terminal/chip-authentication", tag = "terminal", request_body(content = Object, description = "`{\"statement\": JWT}`"), responses(
    (status = 200, description = "`{\"command\": base64url}`; `{}` once the chip has proved its key", body = Object),
    (status = "default", description = "terminal_unknown, terminal_retired, terminal_statement_invalid, terminal_certificate_mismatch, challenge_unknown, wrong_state, chip_auth_failed, chip_auth_missing, chip_not_authentic", body = super::Problem),
))]
pub(super) async fn advance(
    State(service): State<Arc<Service>>,
    certified: Option<Extension<Certified>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Failure> {
    let most = service.config.limits.body_bytes;
    let request: RelayRequest = body::json(&service, &headers, body, most).await?;
    let now = service.now();
    let statement: RelayStatement =
        stated(&service, certified.as_deref(), &request.statement, now)?;
    let step = RelayStep {
        nonce: statement.nonce,
        terminal: statement.iss,
        session: statement.session,
        round: statement.round,
        message: statement.message,
        seed: token(&*service.entropy),
    };
    let record = service
        .store
        .advance_relay(step, now)
        .await
        .map_err(|error| match error {
            StoreError::NotFound => Code::ChallengeUnknown.into(),
            other => Failure::from(other),
        })?;
    let resumed = blocking(move || resume(&record)).await?;
    let response = RelayResponse {
        command: match resumed {
            Resumed::Relay(command) => Some(base64url(&command.to_bytes())),
            Resumed::Done(_) => None,
        },
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(response)))
}
