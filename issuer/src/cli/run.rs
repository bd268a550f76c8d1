//! What each command does; those about the authority's data are in [`administer`].

use std::error::Error;
use std::future::IntoFuture as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tessera_face::{FaceEngine, FacePolicy, ModelBytes, OnnxPassiveDetector, PadModel};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::administer::administer;
use super::refusal::{Reason, Refusal};
use super::{Action, Cli};
use crate::admin;
use crate::config::{Config, PadNetwork};
use crate::environment::{Clock, Entropy};
use crate::face::{FaceCheck, TractFaceCheck};
use crate::files;
use crate::http::TerminalListener;
use crate::keys::{KeyFile, Signer as _};
use crate::service::{Parts, Service};
use crate::store::{SledStore, sweep_all};

pub(super) type Failed = Box<dyn Error + Send + Sync>;

/// Time and randomness, made in `main`.
#[derive(Clone)]
pub struct Outside {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// Runs the command.
///
/// # Errors
/// What [`Refusal::of`] reads.
pub async fn run(cli: Cli, outside: Outside) -> Result<(), Failed> {
    let mut config = Config::load(cli.config.as_deref(), std::env::vars())?;
    if let Some(data) = cli.data {
        config.data = data;
    }
    if cli.passphrase_file.is_some() {
        config.passphrase_file = cli.passphrase_file;
    }
    match cli.action {
        Action::Serve {
            listen,
            public_url,
            terminal_listen,
        } => {
            if terminal_listen.is_some() {
                config.terminals.listen = terminal_listen;
            }
            if let Some(listen) = listen {
                config.listen = listen;
            }
            if public_url.is_some() {
                config.public_url = public_url;
            }
            serve(config, outside).await
        }
        Action::Init => init(&config, &outside),
        Action::Root => {
            println!("{}", KeyFile::root_did(&key_path(&config))?);
            Ok(())
        }
        Action::Openapi => {
            print!("{}", crate::http::document()?);
            Ok(())
        }
        action => administer(config, outside, action).await,
    }
}

fn init(config: &Config, outside: &Outside) -> Result<(), Failed> {
    files::create_private(&config.data).map_err(|error| unavailable(&config.data, &error))?;
    require_private(&config.data)?;
    let passphrase = passphrase(config, true)?;
    let (entropy, now) = (&*outside.entropy, outside.clock.now());
    let keys = KeyFile::create(&key_path(config), &passphrase, entropy, now)?;
    println!("root   {}", keys.root().did());
    println!("issuer {}", keys.active().did());
    Ok(())
}

async fn serve(config: Config, outside: Outside) -> Result<(), Failed> {
    config.check_public_url()?;
    tracing::subscriber::set_global_default(crate::logging::subscriber(
        &config.log,
        std::io::stderr,
    )?)?;
    let policy = FacePolicy {
        threshold: config.face.threshold,
        least_pad_score: config
            .face
            .pad_required
            .then_some(config.face.least_pad_score),
        ..FacePolicy::default()
    };
    let networks = config.face.pad_model.clone();
    let engine = tokio::task::spawn_blocking(move || face_engine(&networks));
    let face = Arc::new(TractFaceCheck::new(engine.await??, policy));
    let (listen, socket) = (config.listen.clone(), admin::socket(&config.data));
    let service = open(config, outside, face)?;
    service.recover().await?;
    // All that may be wrong with addresses is found before anybody is served.
    let listener = bind(&listen).await?;
    let terminals = match &service.config.terminals.listen {
        Some(listen) => Some(bind(listen).await?),
        None => None,
    };
    let administration = admin::bind(&socket).map_err(|error| {
        Refusal::new(
            Reason::SocketUnavailable,
            format!("{}: {error}", socket.display()),
        )
    })?;
    tracing::info!(listen, issuer = service.issuer_url(), "serving");

    let admin = tokio::spawn(admin::serve(Arc::clone(&service), administration));
    let sweeper = tokio::spawn(sweep(Arc::clone(&service)));
    let terminals = serve_terminals(&service, terminals)?;
    axum::serve(listener, crate::http::router(service))
        .with_graceful_shutdown(asked_to_stop())
        .into_future()
        .await?;
    if let Some(terminals) = terminals {
        terminals.await??;
    }
    admin.abort();
    sweeper.abort();
    let _gone = std::fs::remove_file(socket);
    tracing::info!("stopped");
    Ok(())
}

async fn bind(listen: &str) -> Result<TcpListener, Refusal> {
    TcpListener::bind(listen).await.map_err(|error| {
        Refusal::new(
            Reason::AddressUnavailable,
            format!("cannot listen on {listen}: {error}"),
        )
    })
}

/// Serves terminals on a listener of their own, where one is configured.
fn serve_terminals(
    service: &Arc<Service>,
    tcp: Option<TcpListener>,
) -> Result<Option<JoinHandle<std::io::Result<()>>>, Failed> {
    let Some(tcp) = tcp else {
        if service.config.terminals_in_the_clear() {
            tracing::warn!("terminals are served without TLS: for development only");
        } else {
            tracing::warn!("no listener for terminals is configured: none is served");
        }
        return Ok(None);
    };
    let listen = tcp.local_addr()?;
    let names = service.config.terminals.names.clone();
    let clock = Arc::clone(&service.clock);
    let listener = TerminalListener::new(tcp, service.terminal_ca()?, names, clock)?;
    tracing::info!(%listen, "serving terminals");
    let router = crate::http::terminal_router(Arc::clone(service));
    Ok(Some(tokio::spawn(
        axum::serve(listener, router)
            .with_graceful_shutdown(asked_to_stop())
            .into_future(),
    )))
}

/// The engine, with the presentation-attack detector the operator named.
fn face_engine(networks: &[PadNetwork]) -> Result<FaceEngine, Failed> {
    let engine = FaceEngine::load(ModelBytes::embedded())?;
    if networks.is_empty() {
        return Ok(engine);
    }
    let models: Vec<PadModel<'_>> = networks
        .iter()
        .map(|network| {
            Ok(PadModel {
                path: &network.path,
                sha256: digest_of(&network.sha256)
                    .ok_or("face.pad_model: sha256 is not 64 hexadecimal digits")?,
                side: network.side,
                scale: network.scale,
                live_class: network.live_class,
            })
        })
        .collect::<Result<_, Failed>>()?;
    let detector = OnnxPassiveDetector::load(&models)?;
    Ok(engine.with_passive_detector(Box::new(detector)))
}

fn digest_of(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (i, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// Once a minute, removes what has expired until nothing is left of it.
async fn sweep(service: Arc<Service>) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        minute.tick().await;
        let keep = service.config.issuance.record_seconds();
        match sweep_all(&*service.store, service.now(), keep).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "expired entries removed"),
            Err(error) => tracing::warn!(cause = %error, "sweeping failed"),
        }
    }
}

/// SIGINT or SIGTERM.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _stop = tokio::signal::ctrl_c().await;
        }
    }
}

pub(super) fn open(
    config: Config,
    outside: Outside,
    face: Arc<dyn FaceCheck>,
) -> Result<Arc<Service>, Failed> {
    let passphrase = passphrase_of(&config)?;
    require_private(&config.data)?;
    let keys = KeyFile::open(&key_path(&config), &passphrase)?;
    let store = Arc::new(SledStore::open(&config.data.join("store"))?);
    Service::new(Parts {
        config,
        store,
        keys,
        face,
        clock: outside.clock,
        entropy: outside.entropy,
    })
}

fn require_private(data: &Path) -> Result<(), Refusal> {
    files::require_private(data).map_err(|error| Refusal::new(Reason::DataNotPrivate, error))
}

pub(super) fn unavailable(file: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(
        Reason::FileUnavailable,
        format!("{}: {error}", file.display()),
    )
}

fn key_path(config: &Config) -> PathBuf {
    config.data.join("keys.json")
}

fn passphrase_of(config: &Config) -> Result<Zeroizing<String>, Failed> {
    let path = key_path(config);
    if !path.exists() {
        return Err(crate::keys::KeyError::Missing(path).into());
    }
    passphrase(config, false)
}

/// From the file, the environment, or a prompt; in this order.
fn passphrase(config: &Config, twice: bool) -> Result<Zeroizing<String>, Failed> {
    if let Some(path) = &config.passphrase_file {
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| {
            let path = path.display();
            Refusal::new(
                Reason::PassphraseMissing,
                format!("cannot read {path}: {error}"),
            )
        })?);
        return Ok(Zeroizing::new(
            text.lines().next().unwrap_or_default().to_owned(),
        ));
    }
    if let Ok(text) = std::env::var("TESSERA_ISSUER_PASSPHRASE") {
        return Ok(Zeroizing::new(text));
    }
    let asked = |prompt| {
        rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| {
            Refusal::new(
                Reason::PassphraseMissing,
                "no passphrase: set TESSERA_ISSUER_PASSPHRASE, give --passphrase-file, or use a terminal",
            )
        })
    };
    let first = asked("Passphrase of the key file: ")?;
    if twice && *first != *asked("Once more: ")? {
        return Err(Refusal::new(Reason::PassphraseUnfit, "the two passphrases differ").into());
    }
    Ok(first)
}
