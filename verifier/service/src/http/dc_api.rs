//! `POST /requests/{id}/dc_api`: the answer of the browser's Digital Credentials API, which the page gave to its back end
//! (OpenID4VP 1.0 appendix A.4).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{blocking, body};
use crate::deciding::Posted;
use crate::failure::{Code, Failure};
use crate::server::Server;

/// What the page got, and where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DigitalCredential {
    /// `protocol` of the `DigitalCredential`.
    protocol: String,
    /// `data` of the `DigitalCredential`: `vp_token`, `response` or `error`.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// The origin of the page that the back end serves.
    origin: String,
}

/// Takes an answer, once.
#[utoipa::path(post, path = "/requests/{id}/dc_api", tag = "back end", security(("back_end" = [])), params(("id" = String, Path)),
    request_body = DigitalCredential, responses(
    (status = 200, description = "Taken: the outcome waits to be fetched", body = Object),
    (status = "default", description = "Not taken, or taken and refused", body = super::Problem),
))]
pub(super) async fn answer(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let back_end = server.back_end(body::bearer(&headers))?;
    let most = server.config.limits.response_bytes;
    let given: DigitalCredential = body::json(&headers, body, most).await?;
    if given.protocol != server.dc_api_protocol().as_str() {
        return Err(Failure::with(Code::ResponseInvalid, "another protocol"));
    }
    let posted = posted(given.data)?;
    blocking(move || server.answer_for(&id, back_end, &given.origin, &posted)).await?;
    Ok(Json(json!({"state": "answered"})))
}

fn posted(mut data: Map<String, Value>) -> Result<Posted, Failure> {
    let mut text = |name: &str| match data.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Failure::from(Code::Malformed)),
    };
    let (response, error, state) = (text("response")?, text("error")?, text("state")?);
    let vp_token = match data.remove("vp_token") {
        None => None,
        Some(token @ Value::Object(_)) => Some(Zeroizing::new(token.to_string())),
        Some(_) => return Err(Code::Malformed.into()),
    };
    Ok(Posted {
        vp_token,
        state,
        response: response.map(Zeroizing::new),
        error,
    })
}
