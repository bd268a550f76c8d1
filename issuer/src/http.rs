//! The HTTP interface. The router is the table of contents; each operation has a file.

mod body;
mod challenge;
mod credential;
mod encryption;
mod evidence;
mod face;
mod health;
mod metadata;
mod nonce;
mod observe;
mod openapi;
mod problem;
mod published;
mod resume;
mod sessions;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::failure::{Code, Failure};
use crate::service::Service;

pub use openapi::document;
pub use problem::Problem;

/// Every route of the service.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        // OpenID4VCI 1.0
        .route(
            "/.well-known/openid-credential-issuer",
            get(metadata::issuer),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::authorization_server),
        )
        .route("/nonce", post(nonce::issue))
        .route("/token", post(token::redeem))
        .route("/credential", post(credential::issue))
        // Proving a person
        .route("/sessions", post(sessions::open))
        .route("/sessions/{id}", get(sessions::show))
        .route("/sessions/{id}/face", post(face::check))
        .route("/terminal/challenge", post(challenge::open))
        .route("/terminal/evidence", post(evidence::submit))
        .route("/terminal/resume", post(resume::resume))
        // What relying parties carry away
        .route("/bundle", get(published::bundle))
        .route("/status/{list}", get(published::status))
        .route("/root", get(published::root))
        // Operation
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(openapi::serve))
        .fallback(async || Failure::from(Code::NotFound))
        .method_not_allowed_fallback(async || Failure::from(Code::MethodNotAllowed))
        .layer(from_fn_with_state(
            observe::Observer::new(&service),
            observe::observe,
        ))
        .with_state(service)
}
