//! The HTTP interface. The router is the table of contents; each operation has a file.

mod body;
mod dc_api;
mod health;
mod observe;
mod openapi;
mod page;
mod problem;
mod request_object;
mod response;
mod result;
mod start;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::failure::{Code, Failure};
use crate::server::Server;

pub use openapi::document;
pub use problem::Problem;

/// Everything: back ends, wallets, browsers and operators.
pub fn router(server: Arc<Server>) -> Router {
    Router::new()
        // The relying party's back end
        .route("/requests", post(start::start))
        .route("/requests/{id}/result", get(result::hand_over))
        .route("/requests/{id}/dc_api", post(dc_api::answer))
        // Wallets, OpenID4VP 1.0
        .route(
            "/request/{handle}",
            get(request_object::get).post(request_object::post),
        )
        .route("/response/{handle}", post(response::take))
        // Browsers
        .route("/page/{handle}", get(page::html))
        .route("/page/{handle}/state", get(page::state))
        .route("/assets/page.css", get(page::css))
        .route("/assets/page.js", get(page::js))
        // Operation
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(openapi::serve))
        .fallback(async || Failure::from(Code::NotFound))
        .method_not_allowed_fallback(async || Failure::from(Code::MethodNotAllowed))
        .layer(from_fn_with_state(
            observe::Observer::new(&server),
            observe::observe,
        ))
        .with_state(server)
}

/// Runs what takes the processor off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::internal(&error))?
}
