//! `POST /response/{handle}`: the wallet's answer (OpenID4VP 1.0 §8.2, §8.3.1).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::{Value, json};
use url::Url;

use super::problem::Refused;
use super::{blocking, body};
use crate::deciding::Posted;
use crate::failure::Failure;
use crate::requests::Finished;
use crate::server::Server;

/// Takes an answer, once.
#[utoipa::path(post, path = "/response/{handle}", tag = "OpenID4VP", params(("handle" = String, Path)),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`response`, or `vp_token` and `state`, or `error` and `state`"), responses(
    (status = 200, description = "Taken; `redirect_uri` where the browser goes back to the relying party", body = Object),
    (status = "default", description = "Not taken, or taken and refused", body = super::Problem),
))]
pub(super) async fn take(
    State(server): State<Arc<Server>>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Refused> {
    let finished = answer(server, handle, &headers, body)
        .await
        .map_err(Refused::wallet)?;
    Ok(Json(match finished.redirect {
        Some((url, code)) => json!({"redirect_uri": with_code(&url, &code)}),
        None => json!({}),
    }))
}

async fn answer(
    server: Arc<Server>,
    handle: String,
    headers: &HeaderMap,
    body: Body,
) -> Result<Finished, Failure> {
    let most = server.config.limits.response_bytes;
    let bytes = body::bytes(headers, body, body::FORM, most).await?;
    let names = ["vp_token", "state", "response", "error"];
    let [vp_token, state, response, error] = body::form(&bytes, names)?;
    let posted = Posted {
        vp_token,
        state: state.map(|state| state.to_string()),
        response,
        error: error.map(|error| error.to_string()),
    };
    blocking(move || server.answer(&handle, &posted)).await
}

/// The configured address with `response_code` in its query.
fn with_code(url: &str, code: &str) -> String {
    match Url::parse(url) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair("response_code", code);
            url.into()
        }
        // It was held to be a URL when the request was started.
        Err(_) => String::new(),
    }
}
