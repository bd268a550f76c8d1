//! `POST /token` (OpenID4VCI 1.0 §6).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Form, FromRequest as _, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use tessera_verifier::vci::{PRE_AUTHORIZED_CODE, Secret, TokenResponse};
use zeroize::Zeroizing;

use super::body;
use super::problem::Refusal;
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::secrets::{digest, tx_code_digest};
use crate::service::Service;
use crate::store::{Redemption, StoreError};

const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Deserialize)]
struct Parameters {
    grant_type: Option<String>,
    #[serde(rename = "pre-authorized_code")]
    code: Option<Secret>,
    tx_code: Option<Secret>,
}

/// Redeems a pre-authorized code, once.
#[utoipa::path(post, path = "/token", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`grant_type`, `pre-authorized_code`, `tx_code`"), responses(
    (status = 200, description = "An access token", body = Object),
    (status = "default", description = "invalid_grant, invalid_request, unsupported_grant_type", body = super::Problem),
))]
pub(super) async fn redeem(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Refusal> {
    answer(&service, &headers, body)
        .await
        .map(|response| ([(header::CACHE_CONTROL, "no-store")], Json(response)))
        .map_err(Refusal::token)
}

async fn answer(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<TokenResponse, Failure> {
    let most = service.config.limits.body_bytes;
    let parameters = parse(body::bytes(headers, body, &[FORM], most).await?).await?;
    match parameters.grant_type.as_deref() {
        Some(PRE_AUTHORIZED_CODE) => {}
        Some(_) => return Err(Code::UnsupportedGrantType.into()),
        None => return Err(Failure::with(Code::InvalidRequest, "grant_type is missing")),
    }
    let code = parameters.code.ok_or(Failure::with(
        Code::InvalidRequest,
        "pre-authorized_code is missing",
    ))?;
    let tx_code = parameters
        .tx_code
        .ok_or(Failure::with(Code::InvalidRequest, "tx_code is missing"))?;
    let now = service.now();
    let limits = &service.config.limits;
    let lifetimes = &service.config.assurance.lifetimes;
    let access_token = token(&*service.entropy);
    let code_digest = digest(code.expose());
    let redemption = Redemption {
        tx_code_digest: tx_code_digest(&code_digest, tx_code.expose()),
        code_digest,
        token_digest: digest(&access_token),
        token_expires: now + limits.token_seconds,
        token_expires_in_review: now + lifetimes.in_review + lifetimes.approved,
        max_failures: limits.tx_code_attempts,
    };
    match service.store.redeem_code(redemption, now).await {
        Ok(expires) => Ok(TokenResponse {
            access_token: access_token.into(),
            token_type: "Bearer".to_owned(),
            expires_in: u64::try_from(expires - now).ok(),
            refresh_token: None,
            scope: None,
            authorization_details: Vec::new(),
        }),
        // One answer for all of them: which part was wrong is not told to a guesser.
        Err(
            StoreError::NotFound
            | StoreError::Expired
            | StoreError::AlreadyUsed
            | StoreError::WrongState
            | StoreError::WrongTxCode,
        ) => Err(Code::InvalidGrant.into()),
        Err(other) => Err(other.into()),
    }
}

/// A parameter given twice is refused (RFC 6749 §3.2).
async fn parse(bytes: Zeroizing<Vec<u8>>) -> Result<Parameters, Failure> {
    let refused = || Failure::with(Code::InvalidRequest, "the form is not well formed");
    let request = Request::post("/")
        .header(header::CONTENT_TYPE, FORM)
        .body(Body::from(bytes.to_vec()))
        .map_err(|_| refused())?;
    let Form(parameters) = Form::from_request(request, &())
        .await
        .map_err(|_| refused())?;
    Ok(parameters)
}
