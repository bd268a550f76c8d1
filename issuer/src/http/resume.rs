//! `POST /terminal/resume`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;
use tessera_verifier::terminal::{
    ChallengeRequest as StatementRequest, EvidenceResponse, ResumeStatement,
};

use super::body;
use super::mutual::{Certified, stated};
use crate::failure::{Code, Failure};
use crate::secrets::{fresh_tx_code, tx_code_digest};
use crate::service::Service;
use crate::store::{Level, StatementUse, StoreError};

/// What became of evidence whose answer was lost, told to the terminal that sent it. Where it was accepted the terminal
/// gets a fresh transaction code, and the one before no longer opens anything: only a digest of it was kept.
#[utoipa::path(post, path = "/terminal/resume", tag = "terminal", request_body(content = Object, description = "`{\"statement\": JWT}`"), responses(
    (status = 200, description = "`{\"state\": \"face_matched_to_card\", \"tx_code\": …}`, or `{\"state\": …}` where there is no code to show", body = Object),
    (status = "default", description = "terminal_unknown, terminal_retired, terminal_statement_invalid, terminal_certificate_mismatch, counter_replayed, challenge_unknown, session_expired", body = super::Problem),
))]
pub(super) async fn resume(
    State(service): State<Arc<Service>>,
    certified: Option<Extension<Certified>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let most = service.config.limits.body_bytes;
    let request: StatementRequest = body::json(&service, &headers, body, most).await?;
    let now = service.now();
    let statement: ResumeStatement =
        stated(&service, certified.as_deref(), &request.statement, now)?;
    let used = StatementUse {
        nonce: statement.nonce,
        terminal: statement.iss,
        session: statement.session,
        counter: statement.counter,
    };
    let tx_code = fresh_tx_code(&*service.entropy);
    let shown = tx_code.clone();
    let renew = Box::new(move |code: &str| tx_code_digest(code, tx_code.expose()));
    let session = match service.store.resume_statement(used, renew, now).await {
        Err(StoreError::NotFound) => return Err(Code::ChallengeUnknown.into()),
        other => other?,
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok(match session.state {
        state if state.offers() == Some(Level::Full) && !session.code_spent => {
            let answer = EvidenceResponse {
                state: state.as_str().to_owned(),
                tx_code: shown,
            };
            (no_store, Json(answer)).into_response()
        }
        state => (no_store, Json(json!({ "state": state }))).into_response(),
    })
}
