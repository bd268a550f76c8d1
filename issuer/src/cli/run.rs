//! What each command does.

use std::error::Error;
use std::future::IntoFuture as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tessera_face::{FaceEngine, FacePolicy, ModelBytes, OnnxPassiveDetector, PadModel};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::refusal::{Reason, Refusal};
use super::{
    Action, Cli, CscaAction, Erasure, OperatorAction, Registration, RegistryAction,
    RelyingPartyAction, ReviewAction, Revocation, Revoked, TerminalAction,
};
use crate::admin::{self, Command, Outcome};
use crate::config::{Config, PadNetwork};
use crate::environment::{Clock, Entropy};
use crate::face::{AbsentFaceCheck, FaceCheck, TractFaceCheck};
use crate::files;
use crate::http::TerminalListener;
use crate::keys::{KeyFile, Signer as _};
use crate::service::{Parts, Service};
use crate::store::{RevocationTarget, SledStore, TerminalRegistration, sweep_all};

type Failed = Box<dyn Error + Send + Sync>;

/// A reviewer's statement is shorter.
const STATEMENT_BYTES_MAX: u64 = 16 * 1024;

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

/// Sends a command to the running service, or opens the store and executes it here.
async fn administer(config: Config, outside: Outside, action: Action) -> Result<(), Failed> {
    let out = registration_file(&action);
    let pem = certificate_file(&action);
    let as_json = matches!(action, Action::Issuances { json: true });
    let Some(command) = command(action)? else {
        return Err("nothing to do".into());
    };
    let socket = admin::socket(&config.data);
    let outcome = match admin::send(&socket, &command).await? {
        Some(outcome) => outcome,
        None => {
            let service = open(config, outside, Arc::new(AbsentFaceCheck))?;
            admin::execute(&service, command).await
        }
    };
    match outcome {
        Outcome::Refused(why) => Err(Refusal::new(Reason::Refused, why).into()),
        Outcome::Done(value) => {
            if let (Some(file), Some(pem)) = (&pem, value["certificate"].as_str()) {
                std::fs::write(file, pem).map_err(|error| unavailable(file, &error))?;
                return Ok(());
            }
            if let Some(file) = out {
                let mut text = serde_json::to_vec_pretty(&value)?;
                text.push(b'\n');
                std::fs::write(&file, text).map_err(|error| unavailable(&file, &error))?;
            }
            print(&value, as_json)
        }
    }
}

/// Where a certificate is to be written.
fn certificate_file(action: &Action) -> Option<PathBuf> {
    match action {
        Action::Terminal {
            action: TerminalAction::Certify { out, .. } | TerminalAction::Authority { out },
        } => Some(out.clone()),
        _ => None,
    }
}

fn registration_file(action: &Action) -> Option<PathBuf> {
    match action {
        Action::RelyingParty {
            action: RelyingPartyAction::Add(Registration { out, .. }),
        } => out.clone(),
        _ => None,
    }
}

fn command(action: Action) -> Result<Option<Command>, Failed> {
    Ok(Some(match action {
        Action::Registry {
            action: RegistryAction::Import { dir },
        } => Command::RegistryImport {
            folder: absolute(&dir)?,
        },
        Action::Csca { action } => match action {
            CscaAction::Add { state, files } => Command::CscaAdd {
                state,
                files: all_absolute(&files)?,
            },
            CscaAction::MasterList { file } => Command::CscaMasterList {
                file: absolute(&file)?,
            },
            CscaAction::Crl { files } => Command::CscaCrl {
                files: all_absolute(&files)?,
            },
        },
        Action::Terminal { action } => match action {
            TerminalAction::Add(terminal) => Command::TerminalAdd(TerminalRegistration {
                did: terminal.did,
                name: terminal.name,
                organisation: terminal.organisation,
                place: terminal.place,
                readers: terminal.readers,
                sams: terminal.sams,
                attended: terminal.attended,
            }),
            TerminalAction::Certify { did, .. } => Command::TerminalCertify { did },
            TerminalAction::Authority { .. } => Command::TerminalAuthority {},
            TerminalAction::Retire { did } => Command::TerminalRetire { did },
            TerminalAction::List => Command::TerminalList {},
        },
        Action::Operator { action } => match action {
            OperatorAction::Add {
                did,
                staff,
                organisation,
                reviewer,
            } => Command::OperatorAdd {
                did,
                staff,
                organisation,
                reviewer,
            },
            OperatorAction::Retire { did } => Command::OperatorRetire { did },
            OperatorAction::List => Command::OperatorList {},
        },
        Action::RelyingParty {
            action: RelyingPartyAction::Add(r),
        } => Command::RelyingPartyAdd {
            did: r.did,
            name_en: r.name_en,
            name_zh: r.name_zh,
            services: r.services,
        },
        Action::Revoke(Revocation {
            what:
                Revoked {
                    person,
                    credential,
                    terminal,
                },
            since,
            reason,
        }) => Command::Revoke {
            target: match (person, credential, terminal) {
                (Some(number), _, _) => RevocationTarget::Person(number),
                (None, Some(id), _) => RevocationTarget::Credential(id),
                (None, None, Some(did)) => RevocationTarget::Terminal {
                    did,
                    since: since.unwrap_or(0),
                },
                (None, None, None) => {
                    return Err("name a person, a credential or a terminal".into());
                }
            },
            reason,
        },
        Action::Review { action } => match action {
            ReviewAction::List => Command::ReviewList {},
            ReviewAction::Show { session } => Command::ReviewShow { session },
            ReviewAction::Decide { statement } => Command::ReviewDecide {
                statement: statement_of(statement)?,
            },
            ReviewAction::Decisions => Command::ReviewDecisions {},
        },
        Action::Erase(Erasure { person, handle }) => Command::Erase { person, handle },
        Action::Rotate => Command::Rotate {},
        Action::NewStatusList => Command::NewStatusList {},
        Action::Publish => Command::Publish {},
        Action::Issuances { .. } => Command::Issuances {},
        Action::Serve { .. } | Action::Init | Action::Root | Action::Openapi => return Ok(None),
    }))
}

/// A statement as given, or the one on standard input.
fn statement_of(given: String) -> Result<String, Failed> {
    if given != "-" {
        return Ok(given);
    }
    let mut read = String::new();
    std::io::stdin()
        .lock()
        .take(STATEMENT_BYTES_MAX)
        .read_to_string(&mut read)?;
    Ok(read.trim().to_owned())
}

fn print(value: &Value, as_json: bool) -> Result<(), Failed> {
    let mut out = std::io::stdout().lock();
    match value {
        Value::Array(rows) if !as_json => {
            for row in rows {
                writeln!(out, "{}", line(row))?;
            }
        }
        Value::Object(_) if !as_json => writeln!(out, "{}", line(value))?,
        other => writeln!(out, "{}", serde_json::to_string_pretty(other)?)?,
    }
    Ok(())
}

/// `name value` pairs on one line.
fn line(value: &Value) -> String {
    let Value::Object(members) = value else {
        return value.to_string();
    };
    let pairs: Vec<String> = members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        })
        .collect();
    pairs.join("  ")
}

fn open(
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

fn unavailable(file: &Path, error: &std::io::Error) -> Refusal {
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

fn absolute(path: &Path) -> Result<PathBuf, Failed> {
    std::fs::canonicalize(path).map_err(|error| unavailable(path, &error).into())
}

fn all_absolute(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failed> {
    paths.iter().map(|path| absolute(path)).collect()
}
