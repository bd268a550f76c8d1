//! Reading a request object.

use alloc::borrow::ToOwned;
use alloc::string::String;
use serde_json::{Map, Value};

use super::{
    AUDIENCE, CLIENT_ID_PREFIX, LOCAL_RESPONSE_MODE, Request, SERVICE_FORMAT,
    UnauthenticatedRequest,
};
use crate::catalogue::Catalogue;
use crate::dcql::Query;
use crate::did;
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::time::Timestamp;

/// The longest text that a request may carry in one parameter.
const TEXT_MAX: usize = 2048;

fn invalid(why: &'static str) -> Error {
    Error::RequestInvalid { why }
}

pub(super) fn read(compact: &str) -> Result<UnauthenticatedRequest, Error> {
    let jws = jws::parse(
        compact,
        Limits {
            bytes: 64 * 1024,
            depth: 16,
        },
    )?;
    let payload = jws
        .payload_unverified()
        .as_object()
        .ok_or(invalid("no object"))?;
    let client_id = text(payload, "client_id")?.ok_or(invalid("no client id"))?;
    let client = client_id
        .strip_prefix(CLIENT_ID_PREFIX)
        .ok_or(invalid("client id prefix"))?;
    // §5.9.3: the key is one of the DID's verification methods, named by kid.
    let kid = jws.header().kid.as_deref().ok_or(invalid("no kid"))?;
    let (did, key) = did::resolve_method(kid).map_err(|_| invalid("kid"))?;
    if did != client {
        return Err(invalid("kid of another client"));
    }
    // §5: `iss`, when there, has no meaning but must not contradict.
    if payload
        .get("iss")
        .is_some_and(|iss| *iss != client_id && *iss != client)
    {
        return Err(invalid("issued by another client"));
    }
    if text(payload, "response_type")? != Some("vp_token") {
        return Err(invalid("response type"));
    }
    // §5.8: the static discovery audience.
    if text(payload, "aud")? != Some(AUDIENCE) {
        return Err(invalid("audience"));
    }
    // §5.1: a wallet must not go on with transaction data that it does not understand; the other parameters would
    // point elsewhere.
    for refused in [
        "transaction_data",
        "redirect_uri",
        "request_uri",
        "request",
        "scope",
        "presentation_definition",
    ] {
        if payload.contains_key(refused) {
            return Err(invalid("a parameter that is not supported"));
        }
    }
    let request = Request {
        client_id: client_id.to_owned(),
        nonce: nonce(payload)?,
        state: text(payload, "state")?.map(str::to_owned),
        response_uri: response_uri(payload)?,
        service: service(payload)?,
        query: Query::from_value(payload.get("dcql_query").ok_or(invalid("no DCQL query"))?)?,
        issued_at: time(payload, "iat")?,
        expires: time(payload, "exp")?,
    };
    Ok(UnauthenticatedRequest { jws, key, request })
}

fn text<'a>(payload: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Error> {
    match payload.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= TEXT_MAX => Ok(Some(text)),
        Some(_) => Err(invalid("a parameter of the wrong kind")),
    }
}

fn time(payload: &Map<String, Value>, name: &str) -> Result<Timestamp, Error> {
    payload
        .get(name)
        .and_then(Value::as_i64)
        .map(Timestamp::from_unix)
        .ok_or(invalid("no iat or exp"))
}

/// §5.2: fresh and of URL-safe characters. Fewer than 16 cannot be random enough.
fn nonce(payload: &Map<String, Value>) -> Result<String, Error> {
    let nonce = text(payload, "nonce")?.ok_or(invalid("no nonce"))?;
    let safe = nonce
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    if !safe || !(16..=256).contains(&nonce.len()) {
        return Err(invalid("nonce"));
    }
    Ok(nonce.to_owned())
}

fn response_uri(payload: &Map<String, Value>) -> Result<Option<String>, Error> {
    match (
        text(payload, "response_mode")?,
        text(payload, "response_uri")?,
    ) {
        (Some("direct_post"), Some(uri)) => {
            let loopback = ["http://127.0.0.1", "http://[::1]", "http://localhost"]
                .iter()
                .any(|origin| {
                    uri.strip_prefix(origin)
                        .is_some_and(|rest| rest.starts_with([':', '/']))
                });
            if uri.starts_with("https://") || loopback {
                Ok(Some(uri.to_owned()))
            } else {
                Err(invalid("response URI"))
            }
        }
        (Some(LOCAL_RESPONSE_MODE), None) => Ok(None),
        _ => Err(invalid("response mode")),
    }
}

/// The service named in `verifier_info` (§5.11): exactly one, of the catalogue.
fn service(payload: &Map<String, Value>) -> Result<String, Error> {
    let infos = payload
        .get("verifier_info")
        .and_then(Value::as_array)
        .ok_or(invalid("no service named"))?;
    let mut named = infos.iter().filter(|info| {
        info.get("format")
            .is_some_and(|format| format == SERVICE_FORMAT)
    });
    match (named.next(), named.next()) {
        (Some(info), None) => {
            let id = info
                .get("data")
                .and_then(Value::as_str)
                .ok_or(invalid("no service named"))?;
            let service = Catalogue::builtin()
                .get(id)
                .ok_or(invalid("a service that is not in the catalogue"))?;
            Ok(service.id.clone())
        }
        _ => Err(invalid("no service named")),
    }
}
