//! Reading a request: size before content, strict JSON, bearer tokens.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tessera_exchange::jwe::ENCS;
use tessera_verifier::json;
use zeroize::Zeroizing;

use crate::failure::{Code, Failure};
use crate::service::Service;

/// A body up to so many times the limit is read to its end and thrown away, so that an honest client that sends too much
/// is told so instead of finding the connection closed.
const DISCARDED: usize = 4;

/// The bytes of a body of one of the media types, at most `most` of them; wiped when dropped, since many carry codes,
/// photographs or the contents of a card.
pub(super) async fn bytes(
    headers: &HeaderMap,
    mut body: Body,
    media_types: &[&str],
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default();
    if !media_types.contains(&media_type.as_str()) {
        return Err(Code::UnsupportedMediaType.into());
    }
    // An announced length far beyond the limit is refused before a byte is read.
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    let patience = most.saturating_mul(DISCARDED);
    if announced.is_some_and(|length| length > patience) {
        return Err(Code::TooLarge.into());
    }
    // Room for all of it at once: a buffer that grows leaves copies of a photo behind.
    let mut kept = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(most).min(most)));
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Failure::with(Code::Malformed, "the body broke off"));
        };
        let Some(data) = frame.data_ref() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen <= most {
            kept.extend_from_slice(data);
        } else if seen > patience {
            break;
        }
    }
    if seen > most {
        return Err(Code::TooLarge.into());
    }
    Ok(kept)
}

/// Reads a body that says nothing, at most `most` bytes, to its end. A server that answers before the body has arrived
/// must close the connection, and the client's next request finds nobody.
pub(super) async fn discard(mut body: Body, most: usize) -> Result<(), Failure> {
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::with(Code::Malformed, "the body broke off"))?;
        seen = seen.saturating_add(frame.data_ref().map_or(0, |data| data.len()));
        if seen > most {
            return Err(Code::TooLarge.into());
        }
    }
    Ok(())
}

/// A strict JSON body (unique names, bounded depth) of type `T`.
pub(super) async fn json<T: DeserializeOwned>(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<T, Failure> {
    let bytes = bytes(headers, body, &["application/json"], most).await?;
    let limits = json::Limits {
        bytes: most,
        depth: service.config.limits.json_depth,
    };
    serde_json::from_value(object(&bytes, limits)?).map_err(|_| Code::Malformed.into())
}

/// A JSON object. Of an array, deserialization would take the elements for members in their order.
fn object(bytes: &[u8], limits: json::Limits) -> Result<Value, Failure> {
    let value = json::parse(bytes, limits).map_err(|_| Failure::from(Code::Malformed))?;
    match value.is_object() {
        true => Ok(value),
        false => Err(Code::Malformed.into()),
    }
}

/// A JSON body, or one encrypted to us (OpenID4VCI 1.0 §10), of at most `most` bytes, and whether it was encrypted.
///
/// # Errors
/// Those of [`bytes`]; `request_not_encrypted` for what cannot be decrypted; `malformed`.
pub(super) async fn message(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<(Value, bool), Failure> {
    const JWT: &str = "application/jwt";
    let sent = bytes(headers, body, &["application/json", JWT], most).await?;
    let media_type = headers.get(header::CONTENT_TYPE);
    let encrypted = media_type.is_some_and(|sent| {
        let sent = sent.to_str().unwrap_or_default();
        sent.split(';')
            .next()
            .is_some_and(|sent| sent.trim().eq_ignore_ascii_case(JWT))
    });
    let unreadable = || {
        Failure::with(
            Code::RequestNotEncrypted,
            "the request cannot be decrypted; compression is refused",
        )
    };
    let plain = match encrypted {
        false => sent,
        true => {
            let compact = std::str::from_utf8(&sent).map_err(|_| unreadable())?;
            service
                .decryption
                .decrypt(compact.trim(), &ENCS)
                .map_err(|_| unreadable())?
        }
    };
    let limits = json::Limits {
        bytes: most,
        depth: service.config.limits.json_depth,
    };
    Ok((object(&plain, limits)?, encrypted))
}

/// The token of `Authorization: Bearer` (RFC 6750 §2.1). A token in the query is not looked at.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= 256)
        .then_some(token)
}
