//! The real network, by ureq: https outside this machine, no redirects, no proxies, bounded time and size.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use ureq::RequestBuilder;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::transport::{
    HttpRequest, HttpResponse, Method, Transport, TransportError, check_url, is_public,
};

/// How long a call may take and where it may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The whole call. By default 60 s: a photograph over a slow line, and no more.
    pub call: Duration,
    /// Connecting. By default 10 s.
    pub connect: Duration,
    /// Whether names may lead into private networks: false by default, and true only where an operator says so.
    pub private: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            call: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            private: false,
        }
    }
}

/// Certificate authorities that vouch for the names of servers.
#[derive(Clone, Debug)]
pub struct Authorities(Vec<Certificate<'static>>);

impl Authorities {
    /// Those of a PEM file; anything else in it is passed over. `None` where it has no certificate, or one that is none.
    #[must_use]
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let mut found = Vec::new();
        for item in parse_pem(pem) {
            if let PemItem::Certificate(certificate) = item.ok()? {
                // The client itself would pass over what it cannot read, and trust fewer than it was told to.
                let der = CertificateDer::from(certificate.der());
                RootCertStore::empty().add(der).ok()?;
                found.push(certificate);
            }
        }
        (!found.is_empty()).then_some(Self(found))
    }
}

/// A client for servers that somebody else named.
pub struct HttpTransport {
    agent: ureq::Agent,
}

impl HttpTransport {
    /// [`Bounds::default`].
    #[must_use]
    pub fn new() -> Self {
        Self::within(Bounds::default())
    }

    /// Within these bounds.
    #[must_use]
    pub fn within(bounds: Bounds) -> Self {
        Self::with_roots(DefaultResolver::default(), bounds, RootCerts::WebPki)
    }

    /// Within these bounds, and believing the names of servers to these authorities alone, not to the public ones: for
    /// networks that have a certificate authority of their own.
    #[must_use]
    pub fn trusting(bounds: Bounds, authorities: Authorities) -> Self {
        let roots = RootCerts::Specific(Arc::new(authorities.0));
        Self::with_roots(DefaultResolver::default(), bounds, roots)
    }

    fn with_roots(resolver: impl Resolver, bounds: Bounds, roots: RootCerts) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = Config::builder()
            .http_status_as_error(false)
            // A server is named by its address: nobody may send us elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A proxy from the environment would see everything and undo the address check.
            .proxy(None)
            .timeout_global(Some(bounds.call))
            .timeout_connect(Some(bounds.connect))
            .max_response_header_size(32 * 1024)
            // The version stays out: it would tell wallets apart.
            .user_agent("tessera")
            .tls_config(
                TlsConfig::builder()
                    .unversioned_rustls_crypto_provider(provider)
                    .root_certs(roots)
                    .build(),
            )
            .build();
        Self {
            agent: ureq::Agent::with_parts(
                config,
                DefaultConnector::default(),
                PublicOnly {
                    resolver,
                    private: bounds.private,
                },
            ),
        }
    }
}

impl Default for HttpTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        check_url(&request.url)?;
        let bearer = request
            .bearer
            .as_ref()
            .map(|token| format!("Bearer {}", token.expose()));
        let url = request.url.as_str();
        let mut fields = vec![("accept", request.accept)];
        if let Some(bearer) = &bearer {
            fields.push(("authorization", bearer));
        }
        let more = request.headers.iter();
        fields.extend(more.map(|(name, value)| (*name, value.expose())));
        let answer = match request.method {
            Method::Get => {
                let call = self.agent.get(url);
                let with = |call: RequestBuilder<_>, (name, value)| call.header(name, value);
                fields.into_iter().fold(call, with).call()
            }
            Method::Post => {
                if !request.content_type.is_empty() {
                    fields.push(("content-type", request.content_type));
                }
                let call = self.agent.post(url);
                let with = |call: RequestBuilder<_>, (name, value)| call.header(name, value);
                fields
                    .into_iter()
                    .fold(call, with)
                    .send(request.body.as_slice())
            }
        };
        let mut answer = answer.map_err(|error| reason(&error))?;
        let status = answer.status().as_u16();
        if (300..400).contains(&status) {
            return Err(TransportError::RedirectRefused);
        }
        let content_type = answer.body().mime_type().unwrap_or("").to_ascii_lowercase();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect();
        let body = answer
            .body_mut()
            .with_config()
            .limit(request.max_answer as u64)
            .read_to_vec()
            .map_err(|error| reason(&error))?;
        Ok(HttpResponse {
            status,
            content_type,
            headers,
            body,
        })
    }
}

fn reason(error: &ureq::Error) -> TransportError {
    match error {
        ureq::Error::Timeout(_) => TransportError::Timeout,
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => {
            TransportError::AnswerTooLarge
        }
        ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => {
            TransportError::RedirectRefused
        }
        ureq::Error::BadUri(_) => TransportError::UrlInvalid,
        ureq::Error::Other(other) if other.is::<Refused>() => TransportError::AddressRefused,
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut => TransportError::Timeout,
        _ => TransportError::Unreachable,
    }
}

/// Resolves names, and keeps only public addresses unless the name itself says "this machine".
#[derive(Debug, Default)]
struct PublicOnly<R> {
    resolver: R,
    private: bool,
}

impl<R: Resolver> Resolver for PublicOnly<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.resolver.resolve(uri, config, timeout)?;
        let local = says_loopback(uri.host().unwrap_or(""));
        let mut kept = self.empty();
        for address in found.iter() {
            // A loopback name that resolves elsewhere is as wrong as a public one that resolves inwards.
            let fits = if local {
                address.ip().is_loopback()
            } else {
                self.private || is_public(address.ip())
            };
            if fits {
                kept.push(*address);
            }
        }
        if kept.is_empty() {
            return Err(ureq::Error::Other(Box::new(Refused)));
        }
        Ok(kept)
    }
}

fn says_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The address check said no.
#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name leads into a private network")
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::time::Instant;

    use rcgen::CertifiedKey;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use url::Url;

    /// A hostile server: answers one connection with `answer`, piece by piece, `pause` between the pieces.
    fn server(pieces: Vec<Vec<u8>>, pause: Duration) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut heard = [0u8; 4096];
            let _ = socket.read(&mut heard);
            for piece in pieces {
                if socket.write_all(&piece).is_err() {
                    return;
                }
                std::thread::sleep(pause);
            }
        });
        Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap()
    }

    fn ask(url: Url, max: usize) -> Result<HttpResponse, TransportError> {
        let bounds = Bounds {
            call: Duration::from_millis(700),
            ..Bounds::default()
        };
        HttpTransport::within(bounds)
            .send(HttpRequest::get(url, "application/json").with_max_answer(max))
    }

    #[test]
    fn reads_an_honest_answer_and_passes_error_statuses_on() {
        let url = server(
            vec![b"HTTP/1.1 422 Nope\r\nDPoP-Nonce: n-1\r\nx: 1\r\nx: 2\r\ncontent-type: Application/Problem+JSON; charset=utf-8\r\ncontent-length: 2\r\n\r\n{}".to_vec()],
            Duration::ZERO,
        );
        let answer = ask(url, 100).unwrap();
        assert_eq!(
            (answer.status, answer.content_type.as_str()),
            (422, "application/problem+json")
        );
        assert_eq!(answer.body, b"{}");
        // A field sent twice says nothing.
        let field = |name| answer.header(name);
        assert_eq!((field("dpop-nonce"), field("x")), (Some("n-1"), None));
    }

    #[test]
    fn an_answer_without_end_is_cut_off() {
        let mut pieces = vec![b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec()];
        pieces.extend((0..200).map(|_| vec![b'a'; 64 * 1024]));
        assert_eq!(
            ask(server(pieces, Duration::ZERO), 100_000).err(),
            Some(TransportError::AnswerTooLarge)
        );
    }

    /// Complete answers, so that nothing else is wrong with them than the length.
    #[test]
    fn headers_are_bounded_in_size_and_number() {
        let with = |count: usize, length: usize| {
            let fields: String = (0..count)
                .map(|n| format!("x-{n}: {}\r\n", "a".repeat(length)))
                .collect();
            let answer = format!("HTTP/1.1 200 OK\r\n{fields}content-length: 2\r\n\r\n{{}}");
            ask(server(vec![answer.into_bytes()], Duration::ZERO), 1000).map(|answer| answer.status)
        };
        assert_eq!(with(31, 1000), Ok(200));
        assert_eq!(with(33, 1024), Err(TransportError::AnswerTooLarge));
        assert_eq!(with(100, 1), Ok(200));
        assert!(with(200, 1).is_err());
    }

    #[test]
    fn a_server_that_drips_does_not_hold_us() {
        let mut pieces = vec![b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec()];
        pieces.extend((0..1000).map(|_| b"a".to_vec()));
        let began = Instant::now();
        let outcome = ask(server(pieces, Duration::from_millis(50)), 2000);
        assert_eq!(outcome.err(), Some(TransportError::Timeout));
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_server_that_says_nothing_does_not_hold_us() {
        let url = server(vec![Vec::new()], Duration::from_secs(3));
        let began = Instant::now();
        assert_eq!(ask(url, 10).err(), Some(TransportError::Timeout));
        assert!(began.elapsed() < Duration::from_millis(2500));
    }

    /// Somebody on the way answers in a server's name, with a certificate that no authority has signed.
    #[test]
    fn a_certificate_that_nobody_signed_is_refused() {
        let names = vec!["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
            let mut stream = rustls::StreamOwned::new(session, socket);
            let mut heard = [0u8; 4096];
            if stream.read(&mut heard).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
            }
        });
        let url = Url::parse(&format!("https://localhost:{port}/")).unwrap();
        assert_eq!(ask(url, 10).err(), Some(TransportError::Unreachable));
    }

    #[test]
    fn what_is_no_plain_https_address_is_not_even_looked_up() {
        let listens = server(
            vec![b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec()],
            Duration::ZERO,
        );
        let mut named = listens.clone();
        named.set_username("holder").unwrap();
        assert_eq!(ask(named, 10).err(), Some(TransportError::UrlInvalid));
        let far = Url::parse("http://issuer.example/").unwrap();
        assert_eq!(ask(far, 10).err(), Some(TransportError::UrlInsecure));
        assert_eq!(ask(listens, 10).unwrap().status, 200);
    }

    /// A name server in somebody else's hands.
    #[derive(Debug)]
    struct Says(Vec<SocketAddr>);

    impl Resolver for Says {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let mut all = self.empty();
            self.0.iter().for_each(|address| all.push(*address));
            Ok(all)
        }
    }

    #[test]
    fn a_name_that_leads_inwards_is_not_followed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let here = listener.local_addr().unwrap();
        let asked = |url: &str, addresses: &[SocketAddr], private| {
            let bounds = Bounds {
                call: Duration::from_millis(700),
                private,
                ..Bounds::default()
            };
            let resolver = Says(addresses.to_vec());
            let transport = HttpTransport::with_roots(resolver, bounds, RootCerts::WebPki);
            let request = HttpRequest::get(Url::parse(url).unwrap(), "application/json");
            transport.send(request).err()
        };
        let inside: SocketAddr = "10.0.0.1:443".parse().unwrap();
        let outside: SocketAddr = "203.0.113.7:80".parse().unwrap();
        let refused = Some(TransportError::AddressRefused);
        let far = "https://verifier.example/";
        assert_eq!(asked(far, &[here, inside], false), refused);
        // Nor a name of this machine that leads away from it, in the clear.
        assert_eq!(asked("http://localhost/", &[outside], false), refused);
        assert!(listener.accept().is_err(), "nobody came");
        // An operator may allow it: then somebody comes, who does not speak TLS with us.
        assert_ne!(asked(far, &[here], true), refused);
        assert!(listener.accept().is_ok());
    }

    /// Of several addresses those inside are left out.
    #[test]
    fn only_public_addresses_of_a_name_are_kept() {
        let parsed = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (inside, outside) = (parsed("192.168.0.1:443"), parsed("1.1.1.1:443"));
        let resolver = PublicOnly {
            resolver: Says(vec![inside, outside, parsed("[::1]:443")]),
            private: false,
        };
        let timeout = NextTimeout {
            after: ureq::unversioned::transport::time::Duration::NotHappening,
            reason: ureq::Timeout::Global,
            per_read: None,
            per_write: None,
        };
        let uri = Uri::from_static("https://verifier.example/");
        let kept = resolver.resolve(&uri, &Config::default(), timeout).unwrap();
        assert_eq!(kept.iter().collect::<Vec<_>>(), [&outside]);
    }

    #[test]
    fn redirects_are_refused_even_to_the_same_machine() {
        for to in [
            "http://127.0.0.1:1/",
            "https://elsewhere.example/",
            "file:///etc/passwd",
        ] {
            let url = server(
                vec![
                    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
                        .into_bytes(),
                ],
                Duration::ZERO,
            );
            assert_eq!(
                ask(url, 100).err(),
                Some(TransportError::RedirectRefused),
                "{to}"
            );
        }
    }

    #[test]
    fn a_connection_cut_in_the_middle_is_an_error() {
        let url = server(
            vec![b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc".to_vec()],
            Duration::ZERO,
        );
        assert_eq!(ask(url, 2000).err(), Some(TransportError::Unreachable));
    }

    #[test]
    fn private_addresses_are_not_contacted() {
        for url in [
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:192.168.0.1]/",
            "https://[fe80::1]/",
            "https://0.0.0.0/",
        ] {
            assert_eq!(
                ask(Url::parse(url).unwrap(), 10).err(),
                Some(TransportError::AddressRefused),
                "{url}"
            );
        }
    }

    /// An authority of its own, and a server whose certificate for this machine is by it.
    fn private_server() -> (String, Url) {
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        let key = rcgen::KeyPair::generate().unwrap();
        let root = authority.self_signed(&key).unwrap();
        let block = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, root.der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{block}\n-----END CERTIFICATE-----\n");
        let own = rcgen::KeyPair::generate().unwrap();
        let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf
            .signed_by(&own, &rcgen::Issuer::new(authority, key))
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivatePkcs8KeyDer::from(own.serialize_der()).into(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = rustls::StreamOwned::new(tls, socket);
                let mut heard = [0; 4096];
                // A client that does not trust the certificate ends the handshake here.
                if stream.read(&mut heard).is_ok() {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                    let _ = stream.write_all(answer);
                    let _ = stream.flush();
                }
            }
        });
        (
            pem,
            Url::parse(&format!("https://127.0.0.1:{port}/")).unwrap(),
        )
    }

    #[test]
    fn a_private_authority_is_believed_where_it_is_named_and_nowhere_else() {
        let (pem, url) = private_server();
        let (other, _) = private_server();
        let ask = |transport: HttpTransport| {
            let request = HttpRequest::get(url.clone(), "text/plain").with_max_answer(10);
            transport.send(request).map(|answer| answer.body)
        };
        let trusting = |pem: &str| {
            let authorities = Authorities::from_pem(pem.as_bytes()).unwrap();
            HttpTransport::trusting(Bounds::default(), authorities)
        };
        assert_eq!(ask(trusting(&pem)), Ok(b"hi".to_vec()));
        assert_eq!(ask(trusting(&format!("{other}{pem}"))), Ok(b"hi".to_vec()));
        for stranger in [HttpTransport::new(), trusting(&other)] {
            assert_eq!(ask(stranger), Err(TransportError::Unreachable));
        }
        // A file that does not say whom to trust is refused, and one that names more than can be read.
        let noise = pem.replace("MII", "AAA");
        for text in ["", "noise", &noise, &format!("{pem}{noise}")] {
            assert!(Authorities::from_pem(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn nothing_listens() {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let url = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
        assert_eq!(ask(url, 10).err(), Some(TransportError::Unreachable));
    }
}
