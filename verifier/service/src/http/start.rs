//! `POST /requests`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{blocking, body};
use crate::asking::{Started, Wanted};
use crate::failure::Failure;
use crate::qr;
use crate::server::Server;

/// A request that was started.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StartedRequest {
    /// Its name, for fetching the result.
    id: String,
    /// Until when it can be answered, RFC 3339.
    expires_at: String,
    /// The link that opens a wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// Cross-device: the link as a QR code, SVG.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr_svg: Option<String>,
    /// Cross-device: a page that shows the code, how far the request is, and the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Digital Credentials API: what the page gives to `navigator.credentials.get` as `digital`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    digital: Option<Value>,
}

/// Starts a request for a service of the catalogue.
#[utoipa::path(post, path = "/requests", tag = "back end", security(("back_end" = [])), request_body = Wanted, responses(
    (status = 201, description = "Started", body = StartedRequest),
    (status = "default", description = "Refused", body = super::Problem),
))]
pub(super) async fn start(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<StartedRequest>), Failure> {
    let back_end = server.back_end(body::bearer(&headers))?;
    let wanted: Wanted = body::json(&headers, body, server.config.limits.body_bytes).await?;
    let started = blocking(move || server.ask(back_end, wanted)).await?;
    Ok((StatusCode::CREATED, Json(describe(started)?)))
}

fn describe(started: Started) -> Result<StartedRequest, Failure> {
    let qr_svg = match (&started.link, started.cross_device) {
        (Some(link), true) => Some(
            qr::svg(link, "openid4vp")
                .ok_or_else(|| Failure::internal(&"the link does not fit into a QR code"))?,
        ),
        _ => None,
    };
    Ok(StartedRequest {
        id: started.id,
        expires_at: started.expires.to_rfc3339(),
        link: started.link,
        qr_svg,
        page: started.page,
        // OpenID4VP 1.0 appendix A.1 and A.3.2.
        digital: started.digital.map(|one| json!({"requests": [one]})),
    })
}
