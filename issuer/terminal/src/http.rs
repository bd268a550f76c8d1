//! The issuer over HTTPS. Plain HTTP is for loopback, where development and tests run.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::typestate::AgentScope;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector as _, TcpConnector};

use crate::error::TerminalError;
use crate::issuer::{IssuerApi, IssuerError, Json};
use crate::key::TerminalKey;
use crate::mutual::{self, MutualTls};

/// Most octets of an answer that are read: a nonce, a code or a problem document.
const MAX_ANSWER: u64 = 64 * 1024;
/// Time for a whole call. The issuer compares faces within it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// An issuer at an address.
pub struct HttpIssuer {
    agent: ureq::Agent,
    base: String,
}

impl HttpIssuer {
    /// `base` is the issuer's public URL; `authority` a PEM file of the certificate authorities to
    /// trust instead of the public ones.
    ///
    /// # Errors
    /// [`TerminalError::Address`] for anything but `https`, or `http` on loopback.
    pub fn new(base: &str, authority: Option<&Path>) -> Result<Self, TerminalError> {
        let base = base.trim_end_matches('/');
        check_address(base)?;
        let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ));
        if let Some(path) = authority {
            tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates(path)?)));
        }
        Ok(Self {
            agent: settings().tls_config(tls.build()).build().new_agent(),
            base: base.to_owned(),
        })
    }

    /// The same over TLS in which this terminal shows its own certificate. `base` is the address of the issuer's
    /// listener for terminals, `authority` and `certificate` PEM files: the certificate authority of the terminals, and
    /// what it issued for `key`.
    ///
    /// # Errors
    /// [`TerminalError::Address`] for anything but `https`; [`TerminalError::Certificate`].
    pub fn mutual(
        base: &str,
        (authority, certificate): (&Path, &Path),
        key: Arc<dyn TerminalKey>,
    ) -> Result<Self, TerminalError> {
        let base = base.trim_end_matches('/');
        check_address(base)?;
        if !base.starts_with("https:") {
            return Err(TerminalError::Address("a certificate needs https"));
        }
        let tls = mutual::config(authority, certificate, key)?;
        let connector = ().chain(TcpConnector::default()).chain(MutualTls(Arc::new(tls)));
        let agent =
            ureq::Agent::with_parts(settings().build(), connector, DefaultResolver::default());
        Ok(Self {
            agent,
            base: base.to_owned(),
        })
    }
}

fn settings() -> ConfigBuilder<AgentScope> {
    ureq::Agent::config_builder()
        // A redirect would carry a photograph and a chip's files to whoever wrote it.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(TIMEOUT))
        .timeout_connect(Some(Duration::from_secs(10)))
}

impl IssuerApi for HttpIssuer {
    fn post(&self, path: &str, body: &[u8]) -> Result<Json, IssuerError> {
        let mut response = self
            .agent
            .post(format!("{}{path}", self.base))
            .content_type("application/json")
            .send(body)
            .map_err(|error| IssuerError::Unreachable(error.to_string()))?;
        let status = response.status();
        let bytes = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER)
            .read_to_vec()
            .map_err(|error| IssuerError::Unreachable(error.to_string()))?;
        let answer: Json = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            Ok(answer)
        } else {
            Err(IssuerError::refused(status.as_u16(), &answer))
        }
    }
}

/// `https` to anywhere; `http` only to this machine; no user, query or fragment.
fn check_address(base: &str) -> Result<(), TerminalError> {
    let uri: Uri = base
        .parse()
        .map_err(|_| TerminalError::Address("not a URL"))?;
    let authority = uri
        .authority()
        .ok_or(TerminalError::Address("names no host"))?;
    if authority.as_str().contains('@') || base.contains(['?', '#']) {
        return Err(TerminalError::Address("has a user, a query or a fragment"));
    }
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(authority.host()) => Ok(()),
        Some("http") => Err(TerminalError::Address("plain http is for loopback only")),
        _ => Err(TerminalError::Address("not an https URL")),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, TerminalError> {
    let unusable = TerminalError::Address("the certificate authority file has no certificate");
    let pem = std::fs::read(path)
        .map_err(|_| TerminalError::Address("the certificate authority file cannot be read"))?;
    let found: Vec<_> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        Err(unusable)
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in [
            "https://issuer.example",
            "https://issuer.example/base/",
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:8080",
        ] {
            assert!(HttpIssuer::new(good, None).is_ok(), "{good}");
        }
        for bad in [
            "http://issuer.example",
            "http://127.0.0.1.issuer.example",
            "http://localhost.issuer.example",
            "ftp://issuer.example",
            "issuer.example",
            "https://user@issuer.example",
            "https://issuer.example/?x",
            "https://issuer.example/#x",
            "",
        ] {
            assert!(HttpIssuer::new(bad, None).is_err(), "{bad}");
        }
    }
}
