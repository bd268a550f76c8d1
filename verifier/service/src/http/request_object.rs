//! `GET` and `POST /request/{handle}`: the signed request object by reference (RFC 9101 §5.2, OpenID4VP 1.0 §5.10).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value};
use tessera_exchange::jwe::{ALG, Encrypter, best_enc};
use tessera_verifier::json::{self, Limits};

use super::problem::Refused;
use super::{blocking, body};
use crate::failure::{Code, Failure};
use crate::server::Server;

const MEDIA_TYPE: &str = "application/oauth-authz-req+jwt";
/// The most keys of a wallet.
const MAX_KEYS: usize = 16;
/// The longest nonce of a wallet.
const MAX_NONCE: usize = 256;

/// Gives the request object. A wallet may fetch it again.
#[utoipa::path(get, path = "/request/{handle}", tag = "OpenID4VP", params(("handle" = String, Path)), responses(
    (status = 200, description = "The signed request object", body = String, content_type = "application/oauth-authz-req+jwt"),
    (status = "default", description = "Unknown, expired or answered", body = super::Problem),
))]
pub(super) async fn get(
    State(server): State<Arc<Server>>,
    Path(handle): Path<String>,
) -> Result<impl IntoResponse, Refused> {
    let (object, _) = server
        .requests
        .fetch(&handle, server.clock.now())
        .map_err(Refused::wallet)?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], object.to_string()))
}

/// Gives the request object with the wallet's nonce in it.
#[utoipa::path(post, path = "/request/{handle}", tag = "OpenID4VP", params(("handle" = String, Path)),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`wallet_nonce`, `wallet_metadata`"), responses(
    (status = 200, description = "The signed request object", body = String, content_type = "application/oauth-authz-req+jwt"),
    (status = "default", description = "Unknown, expired or answered", body = super::Problem),
))]
pub(super) async fn post(
    State(server): State<Arc<Server>>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Refused> {
    let object = with_nonce(server, handle, &headers, body)
        .await
        .map_err(Refused::wallet)?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], object))
}

async fn with_nonce(
    server: Arc<Server>,
    handle: String,
    headers: &HeaderMap,
    body: Body,
) -> Result<String, Failure> {
    let bytes = body::bytes(headers, body, body::FORM, server.config.limits.body_bytes).await?;
    let [nonce, metadata] = body::form(&bytes, ["wallet_nonce", "wallet_metadata"])?;
    if nonce.as_deref().is_some_and(|nonce| !well_formed(nonce)) {
        return Err(Failure::with(Code::WalletParameterInvalid, "wallet_nonce"));
    }
    let mut encrypter = None;
    if let Some(metadata) = metadata {
        let limits = Limits {
            bytes: server.config.limits.body_bytes,
            depth: 12,
        };
        let members = json::parse_object(metadata.as_bytes(), limits)
            .map_err(|_| Failure::with(Code::WalletParameterInvalid, "wallet_metadata"))?;
        usable(&members)?;
        encrypter = encryption(&members)?;
    }
    let (object, asked) = server.requests.fetch(&handle, server.clock.now())?;
    blocking(move || {
        let object = match nonce {
            None => object.to_string(),
            Some(nonce) => server.object(&asked, Some(&nonce))?,
        };
        match encrypter {
            None => Ok(object),
            Some(encrypter) => encrypter
                .encrypt(object.as_bytes())
                .map_err(|error| Failure::internal(&error)),
        }
    })
    .await
}

/// §5.10: a wallet that sends a key wants the request object encrypted to it (RFC 9101 §6.1: signed, then encrypted). The
/// first key that can be used is taken.
fn encryption(metadata: &Map<String, Value>) -> Result<Option<Encrypter>, Failure> {
    let refused = |why| Err(Failure::with(Code::WalletParameterInvalid, why));
    let Some(jwks) = metadata.get("jwks") else {
        return Ok(None);
    };
    let keys = jwks.get("keys").and_then(Value::as_array);
    let Some(keys) = keys.filter(|keys| keys.len() <= MAX_KEYS) else {
        return refused("jwks");
    };
    let names = |member: &str, default: &'static str| -> Vec<String> {
        match metadata.get(member).and_then(Value::as_array) {
            None => vec![default.to_owned()],
            Some(all) => all
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        }
    };
    let algorithms = names("request_object_encryption_alg_values_supported", ALG);
    let encryptions = names("request_object_encryption_enc_values_supported", "A128GCM");
    let Some(enc) = best_enc(&encryptions).filter(|_| algorithms.iter().any(|one| one == ALG))
    else {
        return refused("no encryption in common");
    };
    // A key that does not say so is none for encryption.
    let meant = |jwk: &&Value| jwk.get("use").is_some_and(|purpose| purpose == "enc");
    let encrypter = keys
        .iter()
        .filter(meant)
        .find_map(|jwk| Encrypter::new(jwk, enc).ok());
    match encrypter {
        Some(encrypter) => Ok(Some(encrypter.with_content_type("JWT"))),
        None => refused("no key that can be used"),
    }
}

fn well_formed(nonce: &str) -> bool {
    (1..=MAX_NONCE).contains(&nonce.len())
        && nonce
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// Whether a wallet that says what it can do can do anything with what would be asked: told now, not after the holder
/// has been bothered.
fn usable(metadata: &Map<String, Value>) -> Result<(), Failure> {
    let formats = metadata.get("vp_formats_supported");
    let format = formats.is_none_or(|formats| {
        ["dc+sd-jwt", "ldp_vc"]
            .iter()
            .any(|ours| formats.get(ours).is_some())
    });
    let signature = match metadata.get("request_object_signing_alg_values_supported") {
        None => true,
        Some(algorithms) => algorithms
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == "ES256")),
    };
    match (format, signature) {
        (false, _) => Err(Failure::with(
            Code::WalletParameterInvalid,
            "no credential format in common",
        )),
        (_, false) => Err(Failure::with(
            Code::WalletParameterInvalid,
            "no signature algorithm in common",
        )),
        _ => Ok(()),
    }
}
