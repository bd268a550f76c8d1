//! `GET /requests/{id}/result`.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::body;
use crate::failure::Failure;
use crate::requests::HandOver;
use crate::server::Server;

/// Hands the outcome over, once. While there is none: 202.
#[utoipa::path(get, path = "/requests/{id}/result", tag = "back end", security(("back_end" = [])),
    params(("id" = String, Path), ("response_code" = Option<String>, Query, description = "Same-device: the code with which the browser came back")), responses(
    (status = 200, description = "`state`: `verified` with `credentials`, `refused` with `code`, `declined` with `error`", body = Object),
    (status = 202, description = "`state`: `waiting`; `fetched`, `last_refusal`", body = Object),
    (status = "default", description = "Refused", body = super::Problem),
))]
pub(super) async fn hand_over(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let back_end = server.back_end(body::bearer(&headers))?;
    let [code] = body::form(query.unwrap_or_default().as_bytes(), ["response_code"])?;
    let code = code.as_ref().map(|code| code.as_str());
    let now = server.clock.now();
    Ok(match server.requests.hand_over(&id, back_end, code, now)? {
        HandOver::Outcome(body) => (
            [(header::CONTENT_TYPE, "application/json")],
            body.to_string(),
        )
            .into_response(),
        HandOver::Waiting(progress) => (
            StatusCode::ACCEPTED,
            axum::Json(json!({
                "state": "waiting",
                "fetched": progress.fetched,
                "last_refusal": progress.last_refusal,
            })),
        )
            .into_response(),
    })
}
