//! The listener for terminals, as TLS sees it.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
};
use tessera_issuer::environment::Clock as _;
use tessera_issuer::keys::{Signer as _, SoftwareKey};

use super::support::{Issuer, TestClock};

/// The issuer's clock on the client's side.
struct Now(Arc<TestClock>);

impl std::fmt::Debug for Now {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Now")
    }
}

impl TimeProvider for Now {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now()).unwrap();
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// A handshake with a good certificate over `versions`: the version and the listener's certificate.
fn handshake(
    issuer: &Issuer,
    port: u16,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<(ProtocolVersion, Vec<u8>)> {
    let authority = issuer.service.terminal_ca().unwrap();
    let (key, pkcs8) = SoftwareKey::generate().unwrap();
    let certificate = authority
        .certify(key.did(), issuer.clock.now(), 30)
        .unwrap();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let now = Arc::new(Now(issuer.clock.clone()));
    let config = ClientConfig::builder_with_details(provider, now)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![certificate],
            PrivatePkcs8KeyDer::from(pkcs8.to_vec()).into(),
        )
        .unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tcp = TcpStream::connect(("127.0.0.1", port))?;
    tcp.set_read_timeout(Some(Duration::from_secs(10)))?;
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    let shown = tls.peer_certificates().unwrap()[0].to_vec();
    Ok((tls.protocol_version().unwrap(), shown))
}

#[test]
fn the_listener_speaks_one_version_and_renews_its_certificate() {
    let issuer = Issuer::start();
    let port = issuer.listen_for_terminals();
    let newest = || handshake(&issuer, port, &[&rustls::version::TLS13]).unwrap();
    let (version, first) = newest();
    assert_eq!(version, ProtocolVersion::TLSv1_3);
    // RFC 8446 and nothing before it: TLS 1.2 shows certificates in the clear.
    assert!(handshake(&issuer, port, &[&rustls::version::TLS12]).is_err());
    issuer.clock.advance(29 * 86_400);
    assert_eq!(newest().1, first);
    // Half of its time is over. The whole of it would be too late for a terminal that connects then.
    issuer.clock.advance(86_400);
    let second = newest().1;
    assert_ne!(second, first);
    issuer.clock.advance(90 * 86_400);
    assert_ne!(newest().1, second);
}
