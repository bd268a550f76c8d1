//! Administration: one command type, executed here whether it arrives over the socket of the running service or the
//! command line opened the store itself.
//!
//! The socket lies in the data folder and is open to its owner only: who may write there holds the keys anyway. One
//! command a connection: a JSON line in, a JSON line out.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tessera_verifier::catalogue::Catalogue;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::publish::registration;
use crate::service::Service;
use crate::store::{
    OperatorRecord, RelyingPartyRecord, RevocationTarget, StoreError, TerminalRegistration,
};

const SOCKET: &str = "admin.sock";
const COMMAND_BYTES_MAX: u64 = 64 * 1024;
/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(10);

/// An administrative command. Paths are absolute.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Replaces the register by a folder's.
    RegistryImport {
        /// The folder.
        folder: PathBuf,
    },
    /// Trusts document issuers.
    CscaAdd {
        /// The state whose documents they may vouch for, as the MRZ names it.
        state: String,
        /// DER or PEM files.
        files: Vec<PathBuf>,
    },
    /// Trusts the authorities of a master list that a trusted authority countersigned.
    CscaMasterList {
        /// DER or PEM.
        file: PathBuf,
    },
    /// Takes revocation lists of trusted authorities.
    CscaCrl {
        /// DER or PEM files.
        files: Vec<PathBuf>,
    },
    /// Registers a terminal.
    TerminalAdd(TerminalRegistration),
    /// Issues a certificate to a registered terminal.
    TerminalCertify {
        /// Its DID.
        did: String,
    },
    /// The certificate of the terminals' authority.
    TerminalAuthority {},
    /// Retires a terminal.
    TerminalRetire {
        /// Its DID.
        did: String,
    },
    /// Lists terminals.
    TerminalList {},
    /// Registers an operator.
    OperatorAdd {
        /// DID of the key the operator signs with.
        did: String,
        /// The authority's own staff identifier.
        staff: String,
        /// The organisation at whose terminals the operator works.
        organisation: String,
        /// Whether the key decides reviews, and does not count at terminals.
        #[serde(default)]
        reviewer: bool,
    },
    /// Retires an operator.
    OperatorRetire {
        /// The operator's DID.
        did: String,
    },
    /// Lists operators.
    OperatorList {},
    /// Registers a relying party.
    RelyingPartyAdd {
        /// Its DID.
        did: String,
        /// Name, English.
        name_en: String,
        /// Name, Chinese.
        name_zh: String,
        /// Services of the catalogue.
        services: Vec<String>,
    },
    /// Revokes.
    Revoke {
        /// What.
        target: RevocationTarget,
        /// Why; kept with the record, not published.
        reason: String,
    },
    /// Lists what waits for a review, without personal data.
    ReviewList {},
    /// Shows who it is that waits. Personal data, for the reviewer.
    ReviewShow {
        /// The session.
        session: String,
    },
    /// Decides a review.
    ReviewDecide {
        /// A [`tessera_verifier::terminal::ReviewStatement`], signed by a registered reviewer.
        statement: String,
    },
    /// Lists who decided which reviews, and how.
    ReviewDecisions {},
    /// Forgets a person, by number, or again by the handle that an earlier erasure printed: after a restore.
    Erase {
        /// The number.
        person: Option<String>,
        /// The handle.
        handle: Option<String>,
    },
    /// Replaces the signing key.
    Rotate {},
    /// Begins a new status list with the next issuance.
    NewStatusList {},
    /// Writes bundle and status lists as files.
    Publish {},
    /// Lists issuances without personal data.
    Issuances {},
}

/// What came of a command: its result, or a sentence for the operator.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Done(Value),
    /// Refused.
    Refused(String),
}

/// Executes a command.
pub async fn execute(service: &Arc<Service>, command: Command) -> Outcome {
    match run(service, command).await {
        Ok(value) => Outcome::Done(value),
        Err(error) => Outcome::Refused(error.to_string()),
    }
}

async fn run(
    service: &Arc<Service>,
    command: Command,
) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    let store = &service.store;
    match command {
        Command::RegistryImport { folder } => {
            let (registry, entropy) = (Arc::clone(&service.registry), Arc::clone(&service.entropy));
            let count =
                tokio::task::spawn_blocking(move || registry.import(&folder, &*entropy)).await??;
            tracing::info!(count, "register imported");
            Ok(json!({"persons": count}))
        }
        Command::CscaAdd { state, files } => {
            let mut digests = Vec::new();
            for file in files {
                let digest = service
                    .anchors
                    .add(&file, &state)
                    .map_err(|error| format!("{}: {error}", file.display()))?;
                tracing::info!(digest, state, "trust anchor added");
                digests.push(digest);
            }
            Ok(json!({"sha256": digests}))
        }
        Command::CscaMasterList { file } => {
            let imported = service
                .anchors
                .add_master_list(&file, service.now())
                .map_err(|error| format!("{}: {error}", file.display()))?;
            let states: std::collections::BTreeSet<&str> = imported
                .added
                .iter()
                .map(|(state, _)| state.as_str())
                .collect();
            let (added, skipped) = (imported.added.len(), imported.skipped.len());
            tracing::info!(added, skipped, "master list taken");
            Ok(json!({"added": added, "states": states, "skipped": skipped}))
        }
        Command::CscaCrl { files } => {
            for file in &files {
                service
                    .anchors
                    .add_crl(file, service.now())
                    .map_err(|error| format!("{}: {error}", file.display()))?;
            }
            tracing::info!(count = files.len(), "revocation lists taken");
            Ok(json!({"lists": files.len()}))
        }
        Command::TerminalAdd(mut terminal) => {
            // Stored in the one spelling that statements resolve to.
            terminal.did = resolved(&terminal.did)?;
            bounded(&terminal)?;
            store.put_terminal(terminal.clone()).await?;
            Ok(serde_json::to_value(terminal)?)
        }
        Command::TerminalCertify { did } => {
            let did = store.terminal(&did).await?.registration.did;
            let days = service.config.terminals.certificate_days;
            let certificate = service.terminal_ca()?.certify(&did, service.now(), days)?;
            tracing::info!(did, "a terminal's certificate was issued");
            Ok(json!({"did": did, "certificate": certificate}))
        }
        Command::TerminalAuthority {} => Ok(json!({"certificate": service.terminal_ca()?.pem()})),
        Command::TerminalRetire { did } => {
            store.retire_terminal(&did).await?;
            Ok(json!({"did": did, "retired": true}))
        }
        Command::TerminalList {} => Ok(json!(store.terminals().await?)),
        Command::OperatorAdd {
            did,
            staff,
            organisation,
            reviewer,
        } => {
            let did = resolved(&did)?;
            let operator = OperatorRecord {
                did,
                staff,
                organisation,
                reviewer,
                retired: false,
            };
            store.put_operator(operator.clone()).await?;
            Ok(serde_json::to_value(operator)?)
        }
        Command::OperatorRetire { did } => {
            let mut operator = match store.operator(&did).await {
                Err(StoreError::NotFound) => return Err("no operator has this DID".into()),
                found => found?,
            };
            operator.retired = true;
            store.put_operator(operator).await?;
            Ok(json!({"did": did, "retired": true}))
        }
        Command::OperatorList {} => Ok(json!(store.operators().await?)),
        Command::RelyingPartyAdd {
            did,
            name_en,
            name_zh,
            services,
        } => {
            let did = resolved(&did)?;
            let catalogue = Catalogue::builtin();
            for id in &services {
                if catalogue.get(id).is_none() {
                    return Err(format!("no service `{id}` in the catalogue").into());
                }
            }
            let days = service.config.bundle.registration_days;
            let party = RelyingPartyRecord {
                did,
                name_en,
                name_zh,
                services,
                not_after: crate::environment::start_of_day(service.now()) + days * 86_400,
            };
            store.put_relying_party(party.clone()).await?;
            Ok(serde_json::to_value(registration(&party))?)
        }
        Command::ReviewList {} => crate::review::list(service).await,
        Command::ReviewShow { session } => crate::review::show(service, &session).await,
        Command::ReviewDecide { statement } => crate::review::decide(service, &statement).await,
        Command::ReviewDecisions {} => Ok(json!(store.review_decisions().await?)),
        Command::Erase { person, handle } => crate::erase::erase(service, person, handle).await,
        Command::Revoke { target, reason } => {
            let target = match target {
                RevocationTarget::Person(number) => {
                    RevocationTarget::Person(service.registry.handle(&number))
                }
                other => other,
            };
            let revoked = match store.revoke(target, &reason, service.now()).await {
                Err(StoreError::NotFound) => return Err("no credential has this id".into()),
                revoked => revoked?,
            };
            tracing::info!(revoked, "credentials revoked");
            Ok(json!({"revoked": revoked}))
        }
        Command::Rotate {} => {
            service.rotate().await?;
            tracing::info!(did = service.active().did(), "signing key rotated");
            Ok(json!({"issuer": service.active().did()}))
        }
        Command::NewStatusList {} => {
            store.close_status_list().await?;
            Ok(json!({"status_list": "closed"}))
        }
        Command::Publish {} => {
            let keys = service.publishing_keys()?;
            let files = service
                .publisher
                .write(&**store, &service.config, &keys, service.now())
                .await?;
            Ok(json!({"folder": service.public_folder(), "files": files}))
        }
        Command::Issuances {} => issuances(service).await,
    }
}

/// The one spelling of a DID.
fn resolved(did: &str) -> Result<String, String> {
    match tessera_verifier::did::resolve(did) {
        Ok((did, _key)) => Ok(did),
        Err(error) => Err(format!("`{did}` is no DID that signs here: {error}")),
    }
}

/// A registration of a size that a record holds, in one line of the list each.
fn bounded(terminal: &TerminalRegistration) -> Result<(), String> {
    let texts = [&terminal.name, &terminal.organisation, &terminal.place];
    let identifiers = terminal.readers.iter().chain(&terminal.sams);
    let sound = |text: &String| text.len() <= 256 && !text.contains(char::is_control);
    if terminal.readers.len() > 8 || terminal.sams.len() > 8 {
        return Err("a terminal has at most eight readers and eight security modules".to_owned());
    }
    match texts.into_iter().chain(identifiers).all(sound) {
        true => Ok(()),
        false => Err("a text is longer than 256 bytes or holds control characters".to_owned()),
    }
}

async fn issuances(service: &Service) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    let records = service.store.issuances().await?;
    let listed: Vec<Value> = records
        .iter()
        .map(|record| {
            json!({
                "id": record.id,
                "set": record.set,
                "configuration": record.configuration,
                "state": record.state,
                "list": record.list,
                "index": record.index,
                "issuer": record.issuer,
                "terminal": record.terminal,
                "revoked": record.revoked,
            })
        })
        .collect();
    Ok(Value::Array(listed))
}

/// Where the socket of a data folder is.
#[must_use]
pub fn socket(data: &Path) -> PathBuf {
    data.join(SOCKET)
}

/// Makes the socket.
///
/// # Errors
/// It cannot be made: its path may have about a hundred characters.
pub fn bind(path: &Path) -> std::io::Result<UnixListener> {
    // The store is locked by this process, so a socket that is still there belongs to a service that died.
    let _stale = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves commands until dropped.
pub async fn serve(service: Arc<Service>, listener: UnixListener) {
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(connection) => connection,
            Err(error) => {
                // A connection that broke off, or too many open files: both pass.
                tracing::warn!(cause = %error, "an administrative connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            if let Err(error) = answer(&service, stream).await {
                tracing::warn!(cause = %error, "an administrative connection broke");
            }
        });
    }
}

async fn answer(service: &Arc<Service>, stream: UnixStream) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(read.take(COMMAND_BYTES_MAX));
    tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await??;
    let outcome = match serde_json::from_str(&line) {
        Ok(command) => execute(service, command).await,
        Err(error) => Outcome::Refused(format!("not a command: {error}")),
    };
    let mut bytes = serde_json::to_vec(&outcome)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await
}

/// Sends a command to the running service; `None` where none runs.
///
/// # Errors
/// The connection broke.
pub async fn send(path: &Path, command: &Command) -> std::io::Result<Option<Outcome>> {
    let Ok(mut stream) = UnixStream::connect(path).await else {
        return Ok(None);
    };
    let mut bytes = serde_json::to_vec(command)?;
    bytes.push(b'\n');
    stream.write_all(&bytes).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(Some(serde_json::from_slice(&answer)?))
}
