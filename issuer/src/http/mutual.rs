//! The listener for terminals: TLS 1.3 in which both sides show a certificate of the terminals' authority.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::serve::{IncomingStream, Listener};
use der::Decode as _;
use rustls::pki_types::UnixTime;
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{RootCertStore, ServerConfig};
use tessera_verifier::Timestamp;
use tessera_verifier::did::did_key;
use tessera_verifier::key::PublicKey;
use tessera_verifier::terminal::{self, Statement};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::environment::Clock;
use crate::failure::{Code, Failure};
use crate::service::Service;
use crate::terminal_ca::TerminalCa;

/// The longest that a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at once; beyond it connections wait to be accepted.
const HANDSHAKES: usize = 64;
/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_secs(1);

/// Which terminal a connection belongs to: the DID of the key its certificate is over.
#[derive(Debug, Clone)]
pub struct PeerTerminal(Option<String>);

/// Accepts connections of terminals. Handshakes run beside one another, so that a slow one keeps nobody out.
pub struct TerminalListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    local: SocketAddr,
    accepting: tokio::task::JoinHandle<()>,
}

impl TerminalListener {
    /// Listens on a bound socket under `names`.
    ///
    /// # Errors
    /// TLS cannot be set up, or a name is none.
    pub fn new(
        tcp: TcpListener,
        authority: TerminalCa,
        names: Vec<String>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(config(authority, names, clock)?));
        let local = tcp.local_addr()?;
        let (send, ready) = mpsc::channel(HANDSHAKES);
        let accepting = tokio::spawn(accept(tcp, acceptor, send));
        Ok(Self {
            ready,
            local,
            accepting,
        })
    }
}

impl Drop for TerminalListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn config(
    authority: TerminalCa,
    names: Vec<String>,
    clock: Arc<dyn Clock>,
) -> io::Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(authority.certificate().clone())
        .map_err(io::Error::other)?;
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(io::Error::other)?;
    let own = authority
        .listener(&names, clock.now())
        .map_err(io::Error::other)?;
    let resolver = OwnCertificate {
        authority,
        names,
        clock: Arc::clone(&clock),
        current: Mutex::new(own),
    };
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(OurTime(clock)))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(resolver));
    // Every connection proves the key anew: a resumed one would only prove a ticket.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

async fn accept(
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (stream, from) = match tcp.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(cause = %error, "a terminal's connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    // A send fails only when the listener is gone.
                    let _ = ready.send((stream, from)).await;
                }
                Ok(Err(error)) => tracing::info!(cause = %error, "a terminal's handshake failed"),
                Err(_) => tracing::info!("a terminal's handshake took too long"),
            }
            drop(place);
        });
    }
}

impl Listener for TerminalListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends with this value only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.local)
    }
}

impl Connected<IncomingStream<'_, TerminalListener>> for PeerTerminal {
    fn connect_info(stream: IncomingStream<'_, TerminalListener>) -> Self {
        let (_, connection) = stream.io().get_ref();
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        Self(certificate.and_then(|der| terminal_of(der)))
    }
}

/// The DID of the key that a certificate is over. The handshake has verified the certificate.
fn terminal_of(der: &[u8]) -> Option<String> {
    let certificate = x509_cert::Certificate::from_der(der).ok()?;
    let key = certificate
        .tbs_certificate
        .subject_public_key_info
        .subject_public_key;
    let key = PublicKey::from_uncompressed(key.as_bytes()?).ok()?;
    Some(did_key(&key))
}

/// The terminal of this connection, for the handlers. On the listener for terminals there always is one.
pub(super) async fn identify(
    ConnectInfo(peer): ConnectInfo<PeerTerminal>,
    mut request: Request,
    next: Next,
) -> Response {
    match peer.0 {
        Some(did) => {
            request.extensions_mut().insert(Certified(did));
            next.run(request).await
        }
        None => Failure::from(Code::TerminalCertificateMismatch).into_response(),
    }
}

/// The DID a connection proved.
#[derive(Debug, Clone)]
pub(super) struct Certified(String);

/// What a terminal says, by its own signature and over its own connection.
pub(super) fn stated<S: Statement>(
    service: &Service,
    certified: Option<&Certified>,
    statement: &str,
    now: i64,
) -> Result<S, Failure> {
    let now = Timestamp::from_unix(now);
    let statement: S = terminal::verify(statement, &service.issuer_url(), now)
        .map_err(|_| Failure::from(Code::TerminalStatementInvalid))?;
    same_terminal(certified, statement.envelope().0)?;
    Ok(statement)
}

/// Whether a statement of this terminal may come over this connection: over the listener for terminals only from the one
/// whose certificate it is.
fn same_terminal(certified: Option<&Certified>, terminal: &str) -> Result<(), Failure> {
    match certified {
        Some(Certified(did)) if did != terminal => Err(Code::TerminalCertificateMismatch.into()),
        _ => Ok(()),
    }
}

/// The listener's certificate, made anew at half time.
struct OwnCertificate {
    authority: TerminalCa,
    names: Vec<String>,
    clock: Arc<dyn Clock>,
    current: Mutex<(Arc<CertifiedKey>, i64)>,
}

impl std::fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnCertificate(..)")
    }
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if now >= current.1 {
            match self.authority.listener(&self.names, now) {
                Ok(fresh) => *current = fresh,
                Err(error) => tracing::error!(cause = %error, "the listener's certificate is old"),
            }
        }
        Some(Arc::clone(&current.0))
    }
}

/// The service's clock as TLS reads it.
struct OurTime(Arc<dyn Clock>);

impl std::fmt::Debug for OurTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OurTime")
    }
}

impl TimeProvider for OurTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
