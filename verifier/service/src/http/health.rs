//! `GET /healthz`, `GET /readyz`.

use std::sync::Arc;

use axum::extract::State;

use crate::failure::Failure;
use crate::server::Server;

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "The process runs")))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The server can decide: it has a bundle that is not past its age.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, description = "Ready to serve"),
    (status = 503, description = "There is no current bundle", body = super::Problem),
))]
pub(super) async fn ready(State(server): State<Arc<Server>>) -> Result<&'static str, Failure> {
    server.bundles.current(server.clock.now())?;
    Ok("ready\n")
}
