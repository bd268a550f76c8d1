//! What the authority does with its data: sent to the running service, or done here while none runs.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::refusal::{Reason, Refusal};
use super::run::{Failed, Outside, open, unavailable};
use super::{
    Action, CscaAction, Erasure, OperatorAction, Registration, RegistryAction, RelyingPartyAction,
    ReviewAction, Revocation, Revoked, TerminalAction,
};
use crate::admin::{self, Command, Outcome};
use crate::config::Config;
use crate::face::AbsentFaceCheck;
use crate::store::{RevocationTarget, TerminalRegistration};

/// A reviewer's statement is shorter.
const STATEMENT_BYTES_MAX: u64 = 16 * 1024;

/// Sends a command to the running service, or opens the store and executes it here.
pub(super) async fn administer(
    config: Config,
    outside: Outside,
    action: Action,
) -> Result<(), Failed> {
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

fn absolute(path: &Path) -> Result<PathBuf, Failed> {
    std::fs::canonicalize(path).map_err(|error| unavailable(path, &error).into())
}

fn all_absolute(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failed> {
    paths.iter().map(|path| absolute(path)).collect()
}
