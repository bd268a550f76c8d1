//! Reading a call: size before content, strict forms and JSON, bearer secrets.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tessera_verifier::json;
use zeroize::Zeroizing;

use crate::failure::{Code, Failure};

/// The media type of a form (OpenID4VP 1.0 §8.2, §5.10).
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
/// A body up to so many times the limit is read to its end and thrown away, so that an honest client that sends too much
/// is told so instead of finding the connection closed.
const DISCARDED: usize = 4;
/// The most parameters of a form.
const MAX_PARAMETERS: usize = 16;
/// The deepest JSON of a back end.
const DEPTH: usize = 16;

/// The bytes of a body of this media type, at most `most` of them; wiped when dropped.
pub(super) async fn bytes(
    headers: &HeaderMap,
    mut body: Body,
    media_type: &str,
    most: usize,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase());
    if given.as_deref() != Some(media_type) {
        return Err(Code::UnsupportedMediaType.into());
    }
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    let patience = most.saturating_mul(DISCARDED);
    if announced.is_some_and(|length| length > patience) {
        return Err(Code::TooLarge.into());
    }
    // Room for all that is announced at once: a buffer that grows leaves copies behind.
    let mut kept = Zeroizing::new(Vec::with_capacity(announced.unwrap_or_default().min(most)));
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
    match seen > most {
        true => Err(Code::TooLarge.into()),
        false => Ok(kept),
    }
}

/// A strict JSON body (unique names, bounded depth).
pub(super) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<T, Failure> {
    let bytes = bytes(headers, body, "application/json", most).await?;
    let limits = json::Limits {
        bytes: most,
        depth: DEPTH,
    };
    let value = json::parse(&bytes, limits).map_err(|_| Failure::from(Code::Malformed))?;
    serde_json::from_value(value).map_err(|_| Code::Malformed.into())
}

/// The parameters of a form by name; those that `wanted` does not name are passed over (RFC 6749 §3.1).
///
/// # Errors
/// `malformed`: one given twice (RFC 6749 §3.1), too many, not UTF-8.
pub(super) fn form<const N: usize>(
    bytes: &[u8],
    wanted: [&str; N],
) -> Result<[Option<Zeroizing<String>>; N], Failure> {
    let refused = |why| Failure::with(Code::Malformed, why);
    // Percent-encoding may hide other bytes; those would be replaced silently.
    let mut found = [const { None }; N];
    for (count, (name, value)) in url::form_urlencoded::parse(bytes).enumerate() {
        if count >= MAX_PARAMETERS {
            return Err(refused("too many parameters"));
        }
        let value = Zeroizing::new(value.into_owned());
        if value.contains('\u{fffd}') {
            return Err(refused("a parameter is not UTF-8"));
        }
        let place = wanted.iter().position(|wanted| *wanted == name);
        if let Some(slot) = place.and_then(|place| found.get_mut(place)) {
            if slot.is_some() {
                return Err(refused("a parameter is given twice"));
            }
            *slot = Some(value);
        }
    }
    Ok(found)
}

/// The secret of `Authorization: Bearer` (RFC 6750 §2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= 256)
        .then_some(token)
}
