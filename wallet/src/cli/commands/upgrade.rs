//! `tessera upgrade`: a session for the terminal, then the full-function credential.

use std::time::Duration;

use serde_json::json;
use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::vci::Secret;
use tessera_wallet::Error;
use tessera_wallet::enrol::{self, Applicant, Granted, Progress};
use tessera_wallet::store::{PendingSession, Store};

use super::receive;
use crate::cli::args::Upgrade;
use crate::cli::console::Console;

/// Time between two questions to the issuer.
const POLL: Duration = Duration::from_secs(2);
/// After this long (the visit takes minutes) waiting ends, and `--resume` goes on.
const PATIENCE: u32 = 900;

pub(crate) fn run(console: &Console, arguments: Upgrade) -> Result<(), Error> {
    let passphrase = console.passphrase()?;
    let mut store = Store::open(&console.folder()?, &passphrase)?;
    if !arguments.resume {
        start(console, &mut store, &arguments)?;
        if arguments.no_wait {
            let session = pending(&store)?;
            console.result(
                &json!({"session_id": session.session_id, "state": "started"}),
                &format!("{}\n", session.session_id),
            );
            return Ok(());
        }
    }
    let session = pending(&store)?.duplicate();
    // The wallet stays usable while the holder walks to the terminal.
    drop(store);
    let waited = wait(console, &session, arguments.resume);
    let mut store = Store::open(&console.folder()?, &passphrase)?;
    let granted = match waited {
        Ok(granted) => granted,
        Err(error) => {
            if matches!(error, Error::SessionExpired) {
                enrol::forget(&mut store, console.surroundings())?;
            }
            return Err(error);
        }
    };
    receive::contact(console, &mut store, &session.issuer_url, None)?;
    let tx_code = match (arguments.tx_code, granted.tx_code) {
        (Some(code), _) => Secret::from(code),
        (None, Some(code)) => code,
        (None, None) => receive::ask_tx_code(console)?,
    };
    receive::accept(
        console,
        &mut store,
        &granted.offer,
        Some(&tx_code),
        Some(&session),
    )?;
    enrol::forget(&mut store, console.surroundings())
}

fn start(console: &Console, store: &mut Store, arguments: &Upgrade) -> Result<(), Error> {
    if store.contents().pending.is_some() && !arguments.restart {
        return Err(Error::SessionPending);
    }
    // clap demands both unless --resume is there.
    let (issuer, number) = arguments
        .issuer
        .as_deref()
        .zip(arguments.number.as_deref())
        .ok_or(Error::SessionMissing)?;
    receive::contact(console, store, issuer, arguments.root.as_deref())?;
    let session = enrol::start(
        store,
        console.surroundings(),
        issuer,
        Applicant {
            number,
            district: arguments.district.as_deref(),
        },
        AssuranceLevel::Full,
    )?;
    console.progress("label_session", &[&session.session_id]);
    enrol::remember(store, console.surroundings(), session, arguments.restart)
}

fn pending(store: &Store) -> Result<&PendingSession, Error> {
    store
        .contents()
        .pending
        .as_ref()
        .ok_or(Error::SessionMissing)
}

/// Asks until the terminal is done; with `once`, asks one time.
fn wait(console: &Console, session: &PendingSession, once: bool) -> Result<Granted, Error> {
    if !once {
        console.progress("label_waiting", &[]);
    }
    for _ in 0..PATIENCE {
        match enrol::progress(console.surroundings(), session) {
            Ok(Progress::Granted(granted)) => return Ok(*granted),
            Ok(Progress::Issued) => return Err(Error::SessionExpired),
            Ok(Progress::Waiting) if once => return Err(Error::SessionNotReady),
            // The network may come and go while the holder walks.
            Err(Error::Transport(_)) if !once => {}
            Err(error) => return Err(error),
            Ok(Progress::Waiting) => {}
        }
        std::thread::sleep(POLL);
    }
    Err(Error::SessionNotReady)
}
