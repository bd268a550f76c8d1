//! The router: a table of contents.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::answer::{MAX_BODY, Refusal};
use crate::state::State;
use crate::{issue, resolve, status, verify};

/// Every endpoint of the server.
pub fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/{suite}/credentials/issue", post(issue::issue))
        .route("/{suite}/credentials/derive", post(issue::derive))
        .route("/{suite}/credentials/verify", post(verify::credential))
        .route("/{suite}/presentations/verify", post(verify::presentation))
        // Without a suite: verified in any of them, derived by what the proof says.
        .route("/credentials/derive", post(issue::derive))
        .route("/credentials/verify", post(verify::any_credential))
        .route("/presentations/verify", post(verify::any_presentation))
        .route("/1.0/identifiers/{did}", get(resolve::identifier))
        .route("/status/{purpose}", get(status::list))
        .fallback(async || Refusal::not_found())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state)
}
