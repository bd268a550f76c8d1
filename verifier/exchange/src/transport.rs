//! What the protocol code needs of a network: one request, one bounded answer. No sockets here.

use tessera_verifier::vci::Secret;
use url::Url;
use zeroize::Zeroizing;

/// An HTTP method the protocols use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Fetch.
    Get,
    /// Send a body.
    Post,
}

/// One request. Has no `Debug`: it may carry a bearer token or a photograph.
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Absolute address.
    pub url: Url,
    /// Sent as `Authorization: Bearer …` (RFC 6750 §2.1) when present.
    pub bearer: Option<Secret>,
    /// Further header fields, each name given once; values are wiped when dropped.
    pub headers: Vec<(&'static str, Secret)>,
    /// Media types accepted in the answer.
    pub accept: &'static str,
    /// Media type of `body`; empty when there is none.
    pub content_type: &'static str,
    /// The body; empty for GET. Wiped when dropped: it may be a photograph, a code or a presentation.
    pub body: Zeroizing<Vec<u8>>,
    /// Most bytes of answer body that will be read.
    pub max_answer: usize,
}

impl HttpRequest {
    /// Default bound of an answer, in bytes.
    pub const MAX_ANSWER: usize = 1024 * 1024;

    /// A GET.
    #[must_use]
    pub fn get(url: Url, accept: &'static str) -> Self {
        Self {
            method: Method::Get,
            url,
            bearer: None,
            headers: Vec::new(),
            accept,
            content_type: "",
            body: Zeroizing::default(),
            max_answer: Self::MAX_ANSWER,
        }
    }

    /// A POST of `body`, answered in JSON.
    #[must_use]
    pub fn post(url: Url, content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            method: Method::Post,
            content_type,
            body: Zeroizing::new(body),
            ..Self::get(url, "application/json")
        }
    }

    /// The same request with a bearer token.
    #[must_use]
    pub fn with_bearer(mut self, token: &Secret) -> Self {
        self.bearer = Some(token.clone());
        self
    }

    /// The same request with one more header field.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &Secret) -> Self {
        self.headers.push((name, value.clone()));
        self
    }

    /// The same request with another bound on the answer.
    #[must_use]
    pub fn with_max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }
}

/// One answer, its body within the request's bound.
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Media type without parameters, lower case.
    pub content_type: String,
    /// Header fields, names in lower case; only those whose values are visible ASCII.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The value of a header field that was sent exactly once. `name` is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(given, _)| given == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// Sends requests.
///
/// An implementation must enforce [`check_url`], bound time and size, follow no redirect, and keep away from private
/// networks ([`is_public`]) unless the host is a loopback name or address.
pub trait Transport {
    /// Sends one request. An error status is an answer, not an error.
    ///
    /// # Errors
    /// [`TransportError`] when there is no answer, or it may not be used.
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;
}

/// Why there is no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// Not an absolute http(s) address, or it carries a user name.
    UrlInvalid,
    /// Plain http to a host that is not this machine.
    UrlInsecure,
    /// The name leads into a private network.
    AddressRefused,
    /// The server wanted to send us elsewhere.
    RedirectRefused,
    /// The answer is longer than the bound.
    AnswerTooLarge,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Unreachable,
}

impl TransportError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UrlInvalid => "url_invalid",
            Self::UrlInsecure => "url_insecure",
            Self::AddressRefused => "address_refused",
            Self::RedirectRefused => "redirect_refused",
            Self::AnswerTooLarge => "answer_too_large",
            Self::Timeout => "network_timeout",
            Self::Unreachable => "network_unreachable",
        }
    }
}

/// Whether an address may be contacted at all: https, or http on this machine; no user information.
///
/// # Errors
/// [`TransportError::UrlInvalid`] or [`TransportError::UrlInsecure`].
pub fn check_url(url: &Url) -> Result<(), TransportError> {
    let plain = !url.username().is_empty() || url.password().is_some() || url.host().is_none();
    match url.scheme() {
        _ if plain => Err(TransportError::UrlInvalid),
        "https" => Ok(()),
        "http" if is_loopback_host(url) => Ok(()),
        "http" => Err(TransportError::UrlInsecure),
        _ => Err(TransportError::UrlInvalid),
    }
}

/// Whether the host is written as this machine: `localhost` or a loopback address.
#[must_use]
pub fn is_loopback_host(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether an address is on the public internet (not private, shared, link-local, reserved or mapped into those).
///
/// A name under an attacker's control may point anywhere, so the check is made on the resolved address.
#[must_use]
pub fn is_public(address: std::net::IpAddr) -> bool {
    use std::net::IpAddr;
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || a == 0
                || a >= 224
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            // Global unicast is 2000::/3; 2002::/16 (6to4), 2001::/23 (Teredo and others), 2001:db8::/32 and 3fff::/20 embed
            // or document other addresses.
            (first & 0xe000) == 0x2000
                && first != 0x2002
                && !(first == 0x3fff && v6.segments()[1] < 0x1000)
                && !(first == 0x2001 && (v6.segments()[1] < 0x0200 || v6.segments()[1] == 0x0db8))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn plain_http_only_to_this_machine() {
        let verdict = |text: &str| check_url(&Url::parse(text).unwrap());
        for ok in [
            "https://issuer.example/x",
            "http://127.0.0.1:8080/",
            "http://localhost/",
            "http://[::1]:9/",
        ] {
            assert_eq!(verdict(ok), Ok(()), "{ok}");
        }
        for insecure in [
            "http://issuer.example/",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
        ] {
            assert_eq!(
                verdict(insecure),
                Err(TransportError::UrlInsecure),
                "{insecure}"
            );
        }
        for invalid in [
            "file:///etc/passwd",
            "ftp://issuer.example/",
            "https://user:word@issuer.example/",
            "data:,x",
        ] {
            assert_eq!(
                verdict(invalid),
                Err(TransportError::UrlInvalid),
                "{invalid}"
            );
        }
    }

    #[test]
    fn private_networks_are_not_public() {
        for private in [
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "ff02::1",
            "2002:0a00:0001::1",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "2001::1",
            "2001:1ff::1",
            "3fff:fff::1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.51.100.1",
            "203.0.113.1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "198.20.0.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "3fff:1000::1",
            "::ffff:1.1.1.1",
            "192.0.1.1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
