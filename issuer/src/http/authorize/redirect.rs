//! Where answers may go, and how they get there.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tessera_verifier::vci::AuthorizationRequest;
use tessera_verifier::vci::form::{Form, percent};

use crate::failure::{Code, Failure};
use crate::service::Service;
use crate::store::{AuthorizationRecord, Binding};

/// Characters of a redirect URI at most: it is kept.
const URI_MAX: usize = 1024;
/// Schemes that a browser runs, reads or shows by itself.
const FORBIDDEN: [&str; 12] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "ftp",
    "ws",
    "wss",
    "filesystem",
    "view-source",
    "mailto",
];

/// Whether answers may go to the redirect URI of a request, and whether it is known to be the client's.
///
/// # Errors
/// `redirect_refused`; `invalid_client` for a client that is not registered, where that is demanded.
pub(super) fn allowed(
    service: &Service,
    request: &AuthorizationRequest,
    binding: &Binding,
) -> Result<bool, Failure> {
    let uri = &request.redirect_uri;
    if target(uri).is_none() {
        return Err(Code::RedirectRefused.into());
    }
    if let Some(client) = service.wallets.client(&request.client_id) {
        let fits = client.redirect_uris.iter().any(|known| same(known, uri));
        return match fits {
            true => Ok(true),
            false => Err(Code::RedirectRefused.into()),
        };
    }
    let attested = binding.instance.is_some();
    match attested || service.wallets.unregistered {
        true => Ok(attested),
        false => Err(Code::InvalidClient.into()),
    }
}

/// Compared as strings, but for the port of a loopback address (RFC 8252 §7.3).
fn same(known: &str, sent: &str) -> bool {
    fn without_port(uri: &str) -> Option<(&str, &str)> {
        let rest = uri.strip_prefix("http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = host(authority)?;
        loopback(host).then_some((host, path))
    }
    known == sent
        || matches!((without_port(known), without_port(sent)), (Some(one), Some(other)) if one == other)
}

/// What a page may send a form's answer to: `https://host[:port]`, `http` only to this machine, or `scheme:`.
pub(super) fn target(uri: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}#;,".contains(&byte);
    if uri.len() > URI_MAX || !uri.bytes().all(plain) {
        return None;
    }
    let (scheme, rest) = uri.split_once(':')?;
    let mut letters = scheme.bytes();
    let named = letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte)
        });
    if !named || FORBIDDEN.contains(&scheme) {
        return None;
    }
    match scheme {
        "https" | "http" => {
            let origin = origin(uri)?;
            let authority = rest.strip_prefix("//")?;
            let host = host(authority.split(['/', '?']).next()?)?;
            (scheme == "https" || loopback(host)).then_some(origin)
        }
        _ => Some(format!("{scheme}:")),
    }
}

/// Scheme, host and port of an `http` or `https` URL.
pub(super) fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    host(authority)?;
    Some(format!("{scheme}://{authority}"))
}

/// The host of an authority without user information.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(_) => authority.split_at(authority.find(']')?.checked_add(1)?),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.len() <= 5;
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte);
    (number && !inner.is_empty() && inner.bytes().all(name)).then_some(host)
}

fn loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// An address that an answer goes to, and what goes back with it.
pub(super) struct To<'a> {
    uri: &'a str,
    state: Option<&'a str>,
}

impl<'a> From<&'a AuthorizationRecord> for To<'a> {
    fn from(record: &'a AuthorizationRecord) -> Self {
        Self {
            uri: &record.redirect_uri,
            state: record.state.as_deref(),
        }
    }
}

/// Where a mistake in a request that came in a link is told (RFC 6749 §4.1.2.1): at the address of a client the authority
/// registered, and no other. Of a pushed request nothing is wrong but its link.
pub(super) fn back<'f>(service: &Service, form: &'f Form) -> Option<To<'f>> {
    let (client, uri) = (form.get("client_id")?, form.get("redirect_uri")?);
    let mut known = service.wallets.client(client)?.redirect_uris.iter();
    let registered = form.get("request_uri").is_none()
        && target(uri).is_some()
        && known.any(|known| same(known, uri));
    registered.then(|| To {
        uri,
        state: form.get("state"),
    })
}

/// The answer, with `state` and `iss` (RFC 6749 §4.1.2, RFC 9207 §2).
pub(super) fn answer(service: &Service, to: &To<'_>, (name, value): (&str, &str)) -> Response {
    let begin = if to.uri.contains('?') { '&' } else { '?' };
    let mut uri = format!("{}{begin}{name}={}", to.uri, percent(value));
    if let Some(state) = to.state {
        uri.push_str(&format!("&state={}", percent(state)));
    }
    uri.push_str(&format!("&iss={}", percent(&service.issuer_url())));
    let Ok(location) = HeaderValue::from_str(&uri) else {
        return Failure::from(Code::RedirectRefused).into_response();
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            HeaderName::from_static("referrer-policy"),
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_to_wallets_and_nowhere_else() {
        for (uri, to) in [
            ("https://wallet.example/cb?x=1", "https://wallet.example"),
            ("https://wallet.example:8443", "https://wallet.example:8443"),
            ("http://127.0.0.1:4711/", "http://127.0.0.1:4711"),
            ("http://[::1]:4711/cb", "http://[::1]:4711"),
            ("example.wallet:/cb", "example.wallet:"),
            ("openid-wallet://cb", "openid-wallet:"),
        ] {
            assert_eq!(target(uri).as_deref(), Some(to), "{uri}");
        }
        for uri in [
            "http://wallet.example/cb",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "https://user:secret@wallet.example/",
            "https://wallet.example/cb#fragment",
            "https://wallet.example/\"><script>",
            "https://wallet.example/;script-src *",
            "https:///cb",
            "https://wallet.example:port/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "//wallet.example/cb",
            "/cb",
            "",
            "https://wallet.example/\r\nset-cookie: a=b",
        ] {
            assert_eq!(target(uri), None, "{uri}");
        }
        assert!(same("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb"));
        assert!(!same("http://127.0.0.1/cb", "http://127.0.0.1:4711/other"));
        assert!(!same(
            "https://wallet.example/cb",
            "https://wallet.example:1/cb"
        ));
    }
}
