//! Reading the parameters of a request.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::client::{ClientId, ClientIdPrefix};
use super::metadata::ClientMetadata;
use super::{
    AUDIENCE, Candidate, Certificate, Request, ResponseMode, SERVICE_FORMAT,
    UnauthenticatedRequest, registration, transaction,
};
use crate::catalogue::Catalogue;
use crate::dcql::Query;
use crate::error::Error;
use crate::json::{self, Limits};
use crate::jws;
use crate::key::KeyType;
use crate::time::Timestamp;

/// The most bytes and levels of a request, in whatever form it comes.
pub(super) const LIMITS: Limits = Limits {
    bytes: 64 * 1024,
    depth: 16,
};
/// Whose signatures a request may have: those of ES256, ES384, ES512 and EdDSA.
pub(super) const ALGORITHMS: &[KeyType] = &[
    KeyType::P256,
    KeyType::P384,
    KeyType::P521,
    KeyType::Ed25519,
];
/// The longest text that a request may carry in one parameter.
const TEXT_MAX: usize = 2048;
const MAX_INFOS: usize = 16;
const MAX_ORIGINS: usize = 16;
/// The end of a request that states none: the last second of the year 9999.
const NEVER: Timestamp = Timestamp::from_unix(253_402_300_799);

pub(super) fn invalid(why: &'static str) -> Error {
    Error::RequestInvalid { why }
}

/// The way that a request came, which decides what it must and must not say.
#[derive(Clone, Copy)]
pub(super) enum Came<'a> {
    /// Signed: by a link, by reference or by hand.
    Signed,
    /// Unsigned, in the link itself.
    Unsigned,
    /// By the Digital Credentials API from this origin, signed or not.
    DcApi { origin: &'a str, signed: bool },
    /// It is the reader's own.
    Own,
}

/// A request object in the compact serialization.
pub(super) fn signed(compact: &str) -> Result<UnauthenticatedRequest, Error> {
    compact_as(compact, Came::Signed).map(one)
}

/// The reader's own request object.
pub(super) fn own(compact: &str) -> Result<Candidate, Error> {
    compact_as(compact, Came::Own)
}

/// The reader's own unsigned request.
pub(super) fn own_unsigned(
    parameters: &Map<String, Value>,
    origin: Option<&str>,
) -> Result<Request, Error> {
    let (came, client) = match origin {
        Some(origin) => {
            let signed = false;
            (Came::DcApi { origin, signed }, ClientId::origin(origin))
        }
        None => {
            let client = text(parameters, "client_id")?.ok_or(invalid("no client id"))?;
            (Came::Unsigned, ClientId::parse(client)?)
        }
    };
    request(came, client, parameters, infos(parameters)?)
}

pub(super) fn one(candidate: Candidate) -> UnauthenticatedRequest {
    UnauthenticatedRequest {
        candidates: vec![candidate],
    }
}

pub(super) fn compact_as(compact: &str, came: Came<'_>) -> Result<Candidate, Error> {
    let jws = jws::parse_with(compact, LIMITS, ALGORITHMS)?;
    let payload = jws
        .payload_unverified()
        .as_object()
        .ok_or(invalid("no object"))?;
    let client = text(payload, "client_id")?.ok_or(invalid("no client id"))?;
    let request = request(came, ClientId::parse(client)?, payload, infos(payload)?)?;
    Ok(Candidate {
        jws: Some(jws),
        request,
    })
}

/// The parameters of a link (RFC 6749 §3.1: none may stand there twice). Objects and arrays are JSON texts.
pub(super) fn parameters<'a>(
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<UnauthenticatedRequest, Error> {
    let mut payload = Map::new();
    let mut bytes = 0_usize;
    for (name, value) in parameters {
        bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
        if bytes > LIMITS.bytes {
            return Err(Error::too_large("request", LIMITS.bytes));
        }
        let value = match name {
            "dcql_query" | "client_metadata" | "transaction_data" | "verifier_info" => {
                json::parse(value.as_bytes(), LIMITS)?
            }
            _ => Value::String(value.to_owned()),
        };
        if payload.insert(name.to_owned(), value).is_some() {
            return Err(invalid("a parameter given twice"));
        }
    }
    let client = text(&payload, "client_id")?.ok_or(invalid("no client id"))?;
    let client = ClientId::parse(client)?;
    let infos = infos(&payload)?;
    let request = request(Came::Unsigned, client, &payload, infos)?;
    Ok(one(Candidate { jws: None, request }))
}

/// The request that these parameters make, of this client with this `verifier_info`.
pub(super) fn request(
    came: Came<'_>,
    client: ClientId,
    payload: &Map<String, Value>,
    infos: &[Value],
) -> Result<Request, Error> {
    check_signedness(came, client.prefix)?;
    if text(payload, "response_type")? != Some("vp_token") {
        return Err(invalid("response type"));
    }
    check_audience(came, payload)?;
    // §8.2: `redirect_uri` must not stand beside a response URI. The others would lead elsewhere, or ask in a way that is
    // not understood.
    for refused in [
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
    let mode = mode(came, payload)?;
    let query = Query::from_value(payload.get("dcql_query").ok_or(invalid("no DCQL query"))?)?;
    let service = service(infos)?;
    let metadata = ClientMetadata::read(payload.get("client_metadata"))?;
    if mode.is_encrypted() && metadata.encryption.is_none() {
        return Err(invalid("no key that an answer can be encrypted to"));
    }
    let expected_origins = expected_origins(came, mode, payload)?;
    let (issued_at, expires) = times(came, payload, service.is_some())?;
    // Appendix A.2 does not know `state`.
    let state = match mode.is_dc_api() {
        true => None,
        false => state(payload)?,
    };
    let unbound = query
        .credentials
        .iter()
        .any(|asked| !asked.require_cryptographic_holder_binding);
    if unbound && state.is_none() && mode.is_direct_post() {
        return Err(invalid("no state though no holder binding is asked for"));
    }
    let audience = match (came, expected_origins.as_slice()) {
        (Came::DcApi { origin, .. }, _) => ClientId::origin(origin),
        (Came::Own, [origin]) if mode.is_dc_api() => ClientId::origin(origin),
        (Came::Own, _) if mode.is_dc_api() => {
            return Err(invalid("one expected origin is needed"));
        }
        _ => client.clone(),
    };
    Ok(Request {
        response_uri: response_uri(mode, &client, payload)?,
        audience: audience.as_str().to_owned(),
        nonce: nonce(payload, service.is_some())?,
        wallet_nonce: text(payload, "wallet_nonce")?.map(str::to_owned),
        transaction_data: transaction::read(payload.get("transaction_data"), &query)?,
        registrations: registrations(infos)?,
        client,
        mode,
        state,
        expected_origins,
        service,
        query,
        metadata,
        issued_at,
        expires,
    })
}

/// §5.9.3: which clients sign.
pub(super) fn check_signedness(came: Came<'_>, prefix: ClientIdPrefix) -> Result<(), Error> {
    let signs = !matches!(prefix, ClientIdPrefix::RedirectUri | ClientIdPrefix::Origin);
    let signed = match came {
        Came::Signed | Came::Own => true,
        Came::Unsigned => false,
        Came::DcApi { signed, .. } => signed,
    };
    match (signed, signs) {
        (true, true) | (false, false) => Ok(()),
        (true, false) => Err(invalid("a signature that no key can be found for")),
        (false, true) => Err(invalid("a client of this kind signs its requests")),
    }
}

/// §5.8: the static discovery audience. Only a request object has one; over the Digital Credentials API it may be left
/// out, for the wallet is found by the platform.
fn check_audience(came: Came<'_>, payload: &Map<String, Value>) -> Result<(), Error> {
    let said = text(payload, "aud")?;
    let needed = matches!(came, Came::Signed | Came::Own)
        && !text(payload, "response_mode")?.is_some_and(|mode| mode.starts_with("dc_api"));
    match said {
        Some(AUDIENCE) => Ok(()),
        None if !needed => Ok(()),
        // Parameters that a link or an unsigned request does not know are ignored (§5).
        Some(_) if matches!(came, Came::Unsigned) => Ok(()),
        _ => Err(invalid("audience")),
    }
}

pub(super) fn mode(came: Came<'_>, payload: &Map<String, Value>) -> Result<ResponseMode, Error> {
    let said = text(payload, "response_mode")?.ok_or(invalid("response mode"))?;
    let mode = ResponseMode::ALL
        .into_iter()
        .find(|mode| mode.as_str() == said)
        .ok_or(invalid("response mode"))?;
    let fits = match came {
        Came::Own => true,
        Came::Signed => !mode.is_dc_api(),
        Came::Unsigned => mode.is_direct_post(),
        Came::DcApi { .. } => mode.is_dc_api(),
    };
    fits.then_some(mode).ok_or(invalid("response mode"))
}

/// Appendix A.2: needed in signed requests, ignored in unsigned ones.
fn expected_origins(
    came: Came<'_>,
    mode: ResponseMode,
    payload: &Map<String, Value>,
) -> Result<Vec<String>, Error> {
    let from = match came {
        Came::DcApi { signed: false, .. } => return Ok(Vec::new()),
        Came::DcApi { origin, .. } => Some(origin),
        Came::Own if mode.is_dc_api() => None,
        _ => return Ok(Vec::new()),
    };
    let origins: Vec<String> = payload
        .get("expected_origins")
        .and_then(|origins| serde_json::from_value(origins.clone()).ok())
        .filter(|origins: &Vec<String>| (1..=MAX_ORIGINS).contains(&origins.len()))
        .ok_or(invalid("no expected origins"))?;
    match from {
        Some(from) if !origins.iter().any(|origin| origin == from) => {
            Err(invalid("another origin than it expects"))
        }
        _ => Ok(origins),
    }
}

pub(super) fn text<'a>(
    payload: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, Error> {
    match payload.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if text.len() <= TEXT_MAX => Ok(Some(text)),
        Some(_) => Err(invalid("a parameter of the wrong kind")),
    }
}

/// RFC 9101 §10.8 leaves them to the profile. Ours needs both; a foreign request may leave them out, and one that nobody
/// signed needs none: they are claims of a JWT.
pub(super) fn times(
    came: Came<'_>,
    payload: &Map<String, Value>,
    ours: bool,
) -> Result<(Timestamp, Timestamp), Error> {
    let ours = match came {
        Came::Unsigned => return Ok((Timestamp::from_unix(0), NEVER)),
        Came::DcApi { signed, .. } => signed && ours,
        Came::Signed | Came::Own => ours,
    };
    let time = |name: &str| match payload.get(name) {
        None if ours => Err(invalid("no iat or exp")),
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .map(|seconds| Some(Timestamp::from_unix(seconds)))
            .ok_or(invalid("no iat or exp")),
    };
    Ok((
        time("iat")?.unwrap_or(Timestamp::from_unix(0)),
        time("exp")?.unwrap_or(NEVER),
    ))
}

/// §5.2: fresh and of URL-safe characters. In our profile fewer than 16 cannot be random enough.
fn nonce(payload: &Map<String, Value>, ours: bool) -> Result<String, Error> {
    let nonce = text(payload, "nonce")?.ok_or(invalid("no nonce"))?;
    let least = if ours { 16 } else { 1 };
    if !url_safe(nonce) || !(least..=256).contains(&nonce.len()) {
        return Err(invalid("nonce"));
    }
    Ok(nonce.to_owned())
}

/// §5.2. Ours are of safe characters; those of others come back as they are.
pub(super) fn state(payload: &Map<String, Value>) -> Result<Option<String>, Error> {
    Ok(text(payload, "state")?.map(str::to_owned))
}

fn url_safe(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// §8.2: where the answer is posted, within what the client identifier allows (§5.9.3).
pub(super) fn response_uri(
    mode: ResponseMode,
    client: &ClientId,
    payload: &Map<String, Value>,
) -> Result<Option<String>, Error> {
    let said = text(payload, "response_uri")?;
    if !mode.is_direct_post() {
        return match said {
            None => Ok(None),
            Some(_) => Err(invalid("response mode")),
        };
    }
    let uri = match (client.prefix, said) {
        // §5.9.3: the client is its address, which need not be said twice.
        (ClientIdPrefix::RedirectUri, None) => client.original(),
        (_, said) => said.ok_or(invalid("response mode"))?,
    };
    let loopback = ["http://127.0.0.1", "http://[::1]", "http://localhost"]
        .iter()
        .any(|origin| {
            uri.strip_prefix(origin)
                .is_some_and(|rest| rest.starts_with([':', '/']))
        });
    if !uri.starts_with("https://") && !loopback {
        return Err(invalid("response URI"));
    }
    let within = match client.prefix {
        ClientIdPrefix::RedirectUri => uri == client.original(),
        // The FQDN; the port is the client's own affair.
        ClientIdPrefix::X509SanDns => {
            host(uri).is_some_and(|host| host.eq_ignore_ascii_case(client.original()))
        }
        _ => true,
    };
    if within {
        Ok(Some(uri.to_owned()))
    } else {
        Err(invalid("response URI outside the client id"))
    }
}

/// The host of an http(s) URL that has one in plain letters and no user information.
fn host(uri: &str) -> Option<&str> {
    let rest = uri.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    (!host.is_empty() && host.bytes().all(plain)).then_some(host)
}

/// `verifier_info` (§5.1).
pub(super) fn infos(members: &Map<String, Value>) -> Result<&[Value], Error> {
    checked_infos(members.get("verifier_info"))
}

pub(super) fn checked_infos(infos: Option<&Value>) -> Result<&[Value], Error> {
    match infos {
        None => Ok(&[]),
        Some(Value::Array(infos)) if (1..=MAX_INFOS).contains(&infos.len()) => Ok(infos),
        Some(_) => Err(invalid("verifier_info")),
    }
}

fn of_format<'a>(infos: &'a [Value], format: &'a str) -> impl Iterator<Item = &'a Value> {
    infos
        .iter()
        .filter(move |info| info.get("format").is_some_and(|said| said == format))
}

/// The service of the catalogue that the request is for: at most one.
fn service(infos: &[Value]) -> Result<Option<String>, Error> {
    let mut named = of_format(infos, SERVICE_FORMAT);
    let info = match (named.next(), named.next()) {
        (None, _) => return Ok(None),
        (Some(info), None) => info,
        (Some(_), Some(_)) => return Err(invalid("several services named")),
    };
    let id = info
        .get("data")
        .and_then(Value::as_str)
        .ok_or(invalid("no service named"))?;
    let service = Catalogue::builtin()
        .get(id)
        .ok_or(invalid("a service that is not in the catalogue"))?;
    Ok(Some(service.id.clone()))
}

/// The registration certificates. Entries of other formats are ignored (§5.11).
pub(super) fn registrations(infos: &[Value]) -> Result<Vec<Certificate>, Error> {
    of_format(infos, registration::FORMAT)
        .map(|info| {
            let jwt = info.get("data").and_then(Value::as_str);
            let credential_ids = match info.get("credential_ids") {
                None => None,
                Some(ids) => Some(
                    serde_json::from_value(ids.clone()).map_err(|_| invalid("verifier_info"))?,
                ),
            };
            Ok(Certificate {
                jwt: jwt.ok_or(invalid("verifier_info"))?.to_owned(),
                credential_ids,
            })
        })
        .collect()
}
