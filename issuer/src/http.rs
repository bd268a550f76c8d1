//! The HTTP interface. The router is the table of contents; each operation has a file.

mod access;
mod attestation;
mod authorize;
mod body;
mod challenge;
mod client;
mod credential;
mod deferred;
mod dpop;
mod evidence;
mod face;
mod health;
mod liveness;
mod lost;
mod metadata;
mod mutual;
mod nonce;
mod notification;
mod observe;
mod openapi;
mod problem;
mod published;
mod relay;
mod renewals;
mod resume;
mod rollout;
mod sessions;
mod token;
mod wish;

use std::sync::Arc;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::failure::{Code, Failure};
use crate::service::Service;

pub use openapi::document;
pub use problem::Problem;

pub use mutual::{PeerTerminal, TerminalListener};

/// What wallets and relying parties reach; on a development machine terminals as well
/// ([`crate::config::Config::terminals_in_the_clear`]).
pub fn router(service: Arc<Service>) -> Router {
    let terminals = match service.config.terminals_in_the_clear() {
        true => terminal_routes(),
        false => Router::new(),
    };
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
        .route("/challenge", post(attestation::challenge))
        .route("/par", post(authorize::request::push))
        .route("/authorize", get(authorize::request::begin))
        .route("/authorization", get(authorize::show))
        .route("/authorization/face", post(authorize::prove::face))
        .route("/authorization/camera.js", get(authorize::film::script))
        .route("/authorization/liveness", post(authorize::film::challenge))
        .route("/authorization/frames", post(authorize::film::frames))
        .route("/authorization/confirm", post(authorize::answer::confirm))
        .route("/authorization/decline", post(authorize::answer::decline))
        .route("/token", post(token::redeem))
        .route("/credential", post(credential::issue))
        .route("/deferred_credential", post(deferred::collect))
        .route("/notification", post(notification::note))
        // Proving a person
        .route("/sessions", post(sessions::open))
        .route("/sessions/{id}", get(sessions::show))
        .route("/sessions/{id}/liveness", post(liveness::open))
        .route("/sessions/{id}/face", post(face::check))
        .route("/sessions/{id}/lost", post(lost::by_session))
        .route("/renewals", post(renewals::open))
        .route("/lost", post(lost::by_code))
        .route("/rollout", get(rollout::list))
        // What relying parties carry away
        .route("/bundle", get(published::bundle))
        .route("/status/{list}", get(published::status))
        .route("/root", get(published::root))
        .route("/issuing-ca", get(published::issuing_ca))
        // Operation
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(openapi::serve))
        .merge(terminals)
        .fallback(async || Failure::from(Code::NotFound))
        .method_not_allowed_fallback(async || Failure::from(Code::MethodNotAllowed))
        .layer(from_fn_with_state(
            observe::Observer::new(&service),
            observe::observe,
        ))
        .with_state(service)
}

/// What terminals reach over a [`TerminalListener`].
pub fn terminal_router(
    service: Arc<Service>,
) -> IntoMakeServiceWithConnectInfo<Router, PeerTerminal> {
    terminal_routes()
        .fallback(async || Failure::from(Code::NotFound))
        .method_not_allowed_fallback(async || Failure::from(Code::MethodNotAllowed))
        .layer(axum::middleware::from_fn(mutual::identify))
        .layer(from_fn_with_state(
            observe::Observer::new(&service),
            observe::observe,
        ))
        .with_state(service)
        .into_make_service_with_connect_info()
}

fn terminal_routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/terminal/challenge", post(challenge::open))
        .route("/terminal/chip-authentication", post(relay::advance))
        .route("/terminal/evidence", post(evidence::submit))
        .route("/terminal/resume", post(resume::resume))
}
