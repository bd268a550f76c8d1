//! `GET /rollout`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::rollout::Opening;
use crate::service::Service;

/// Which districts take part, and from which day. Empty where everybody may come.
#[utoipa::path(get, path = "/rollout", tag = "proofing", responses((status = 200, description = "The districts", body = [Opening])))]
pub(super) async fn list(State(service): State<Arc<Service>>) -> Json<Vec<Opening>> {
    Json(service.config.rollout.openings(service.now()))
}
