//! The person's yes and no, which go to the wallet.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use tessera_verifier::vci::Secret;

use super::open::{Open, unknown};
use super::page::{self, Step};
use super::redirect::{self, To};
use super::render;
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::http::token::form;
use crate::secrets::{digest, tx_code_digest};
use crate::service::Service;
use crate::store::{Consented, StoreError};

/// The person's yes.
#[utoipa::path(post, path = "/authorization/confirm", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`csrf`, `tx_code`"), responses(
    (status = 303, description = "To the wallet, with `code`, `state` and `iss`"),
))]
pub(in crate::http) async fn confirm(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let chinese = page::chinese(&uri, &headers);
    let open = match Open::read(&service, &headers).await {
        Ok(open) => open,
        Err(failure) => return page::refusal(&service, chinese, &failure),
    };
    match confirmed(&service, &open, &headers, body).await {
        Ok(code) => redirect::answer(&service, &To::from(&open.record), ("code", code.expose())),
        Err(failure) if failure.code == Code::TxCodeWrong => render(
            &service,
            chinese,
            &open,
            (&Step::ConfirmOffer, Some(&failure)),
        ),
        Err(failure) => page::refusal(&service, chinese, &failure),
    }
}

async fn confirmed(
    service: &Service,
    open: &Open,
    headers: &HeaderMap,
    body: Body,
) -> Result<Secret, Failure> {
    let form = form(service, headers, body).await?;
    open.check(service, headers, form.get("csrf"))?;
    let now = service.now();
    let tx_code_digest = match (&open.record.session, open.record.by_offer) {
        (Some(id), true) => {
            let session = service.store.session(id).await.map_err(unknown)?;
            let code = session.code_digests.of(open.record.wish.level);
            let typed = form.get("tx_code").map(str::trim).unwrap_or_default();
            Some(tx_code_digest(code, typed))
        }
        _ => None,
    };
    let code = token(&*service.entropy);
    let consented = Consented {
        browser: open.browser(),
        code_digest: digest(&code),
        code_expires: now + service.wallets.code_seconds,
        tx_code_digest,
        max_failures: service.config.limits.tx_code_attempts,
    };
    service
        .store
        .consent(consented, now)
        .await
        .map_err(|error| match error {
            StoreError::WrongTxCode => Code::TxCodeWrong.into(),
            other => unknown(other),
        })?;
    Ok(code.into())
}

/// The person's no.
#[utoipa::path(post, path = "/authorization/decline", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`csrf`"), responses(
    (status = 303, description = "To the wallet, with `error=access_denied`, `state` and `iss`"),
))]
pub(in crate::http) async fn decline(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let declined = async {
        let open = Open::read(&service, &headers).await?;
        let form = form(&service, &headers, body).await?;
        open.check(&service, &headers, form.get("csrf"))?;
        let now = service.now();
        let ended = service
            .store
            .decline_authorization(&open.browser(), now)
            .await;
        ended.map_err(unknown)
    };
    match declined.await {
        Ok(record) => redirect::answer(&service, &To::from(&record), ("error", "access_denied")),
        Err(failure) => page::refusal(&service, page::chinese(&uri, &headers), &failure),
    }
}
