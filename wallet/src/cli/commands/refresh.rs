//! `tessera refresh`: new one-time credentials on the checks of before.

use tessera_verifier::claims::AssuranceLevel;
use tessera_wallet::Error;
use tessera_wallet::enrol::{self, Renewable};
use tessera_wallet::receive::{self as library, Accepted};
use tessera_wallet::renew::{self, Candidate, Means};
use tessera_wallet::store::{PendingSession, Store};

use super::receive;
use crate::cli::args::Refresh;
use crate::cli::console::Console;

pub(crate) fn run(console: &Console, arguments: &Refresh) -> Result<(), Error> {
    let mut store = console.open()?;
    if let Some((issuer, number)) = arguments.issuer.as_ref().zip(arguments.number.as_ref()) {
        let renewable = Renewable {
            issuer_url: issuer.clone(),
            number: number.clone(),
            level: arguments.level.map_or(AssuranceLevel::Full, Into::into),
        };
        let root = arguments.root.as_deref();
        let (accepted, session) = by_device(console, &mut store, &renewable, root)?;
        return receive::report(console, &store, &accepted, Some(&session));
    }
    let found = if arguments.due {
        renew::due(store.contents(), console.now())
    } else {
        renew::candidates(store.contents(), console.now())
    };
    if found.is_empty() && !arguments.due {
        return Err(Error::NoCredential);
    }
    for candidate in &found {
        let (accepted, session) = renewed(console, &mut store, candidate)?;
        receive::report(console, &store, &accepted, session.as_ref())?;
    }
    if found.is_empty() {
        let line = console.text("label_nothing_due", &[]);
        console.result(&serde_json::json!({"due": []}), &format!("{line}\n"));
    }
    Ok(())
}

/// Renews what runs low before the wallet is used, if the holder has not switched that off. What cannot be renewed now is
/// said, and hinders nothing.
pub(crate) fn top_up(console: &Console, store: &mut Store) {
    if !store.contents().settings.automatic {
        return;
    }
    for candidate in renew::due(store.contents(), console.now()) {
        console.progress("label_topping_up", &[&candidate.id]);
        if let Err(error) = renewed(console, store, &candidate) {
            console.warning("label_top_up_failed", &[error.code()]);
            if matches!(error, Error::IssuerRefused { .. }) {
                let _ = renew::refused(store, console.surroundings(), &candidate.id);
            }
        }
    }
}

/// Renews one set: by the refresh token, and where that is not taken any more by the device key.
fn renewed(
    console: &Console,
    store: &mut Store,
    candidate: &Candidate,
) -> Result<(Accepted, Option<PendingSession>), Error> {
    let renewable = match &candidate.means {
        Means::DeviceKey(renewable) => {
            let (accepted, session) = by_device(console, store, renewable, None)?;
            return Ok((accepted, Some(session)));
        }
        Means::RefreshToken => store
            .contents()
            .set(&candidate.id)
            .ok()
            .and_then(enrol::renewable),
    };
    if let Ok(set) = store.contents().set(&candidate.id) {
        let issuer = set.issuer_url.clone();
        receive::contact(console, store, &issuer, None)?;
    }
    let identity = console.identity()?;
    let client = identity.client(&store.contents().settings, false);
    match (
        renew::by_token(store, console.surroundings(), client, &candidate.id),
        renewable,
    ) {
        (Err(Error::IssuerRefused { .. }), Some(renewable)) => {
            let (accepted, session) = by_device(console, store, &renewable, None)?;
            Ok((accepted, Some(session)))
        }
        (outcome, _) => outcome.map(|accepted| (accepted, None)),
    }
}

fn by_device(
    console: &Console,
    store: &mut Store,
    renewable: &Renewable,
    root: Option<&str>,
) -> Result<(Accepted, PendingSession), Error> {
    receive::contact(console, store, &renewable.issuer_url, root)?;
    let (session, granted) = enrol::renew(
        store,
        console.surroundings(),
        &renewable.issuer_url,
        &renewable.number,
        renewable.level,
    )?;
    console.progress("label_receiving", &[]);
    let identity = console.identity()?;
    let client = identity.client(&store.contents().settings, false);
    let accepted = library::accept(
        store,
        console.surroundings(),
        client,
        &granted.offer,
        granted.tx_code.as_ref(),
    )?;
    Ok((accepted, session))
}
