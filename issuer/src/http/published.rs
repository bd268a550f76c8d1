//! What relying parties fetch: `GET /bundle`, `GET /status/{list}`, `GET /root`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::failure::Failure;
use crate::service::Service;

/// The signed bundle, fresh.
#[utoipa::path(get, path = "/bundle", tag = "published", responses((status = 200, description = "A compact JWS of type tessera-bundle+jwt", body = String, content_type = "application/jwt")))]
pub(super) async fn bundle(State(service): State<Arc<Service>>) -> Result<Response, Failure> {
    let keys = service.publishing_keys()?;
    let bundle = service
        .publisher
        .bundle(&*service.store, &service.config, &keys, service.now())
        .await?;
    Ok(([(header::CONTENT_TYPE, "application/jwt")], bundle).into_response())
}

/// One status list: `{id}` as a Bitstring Status List credential, `{id}.jwt` as a Token Status List.
#[utoipa::path(get, path = "/status/{list}", tag = "published", params(("list" = String, Path)), responses(
    (status = 200, description = "The signed list", content_type = "application/vc+json", body = Object),
    (status = "default", description = "not_found", body = super::Problem),
))]
pub(super) async fn status(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let id = name.strip_suffix(".jwt").unwrap_or(&name);
    let signer = service.active();
    let list = service
        .publisher
        .list(
            &*service.store,
            &service.config,
            &signer,
            (id, service.now()),
        )
        .await?;
    Ok(if id.len() < name.len() {
        let media_type = [(header::CONTENT_TYPE, "application/statuslist+jwt")];
        (media_type, list.token.clone()).into_response()
    } else {
        let media_type = [(header::CONTENT_TYPE, "application/vc+json")];
        (media_type, list.credential.to_string()).into_response()
    })
}

/// The DID of the authority's root key. Compare it with what the authority publishes elsewhere.
#[utoipa::path(get, path = "/root", tag = "published", responses((status = 200, description = "A did:key", body = String)))]
pub(super) async fn root(State(service): State<Arc<Service>>) -> String {
    service.root_did()
}

/// The certificate of the authority under which credentials carry `x5c`: what a relying party trusts who checks that.
#[utoipa::path(get, path = "/issuing-ca", tag = "published", responses((status = 200, description = "PEM", body = String)))]
pub(super) async fn issuing_ca(State(service): State<Arc<Service>>) -> Result<Response, Failure> {
    let media_type = [(header::CONTENT_TYPE, "application/pem-certificate-chain")];
    Ok((media_type, service.issuing_certificate()?).into_response())
}
