//! `GET /healthz`, `GET /readyz`.

use std::sync::Arc;

use axum::extract::State;

use crate::failure::{Code, Failure};
use crate::service::Service;

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "The process runs")))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The service can keep its promises: the store accepts durable writes.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses(
    (status = 200, description = "Ready to serve"),
    (status = 503, description = "The store can no longer promise durability", body = super::Problem),
))]
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Result<&'static str, Failure> {
    match service.store.ready().await {
        Ok(()) => Ok("ready\n"),
        Err(error) => {
            tracing::error!(cause = %error, "not ready");
            Err(Failure::with(
                Code::Busy,
                "the store cannot promise durability",
            ))
        }
    }
}
