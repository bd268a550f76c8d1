//! `tessera receive`, and the part of it that `enrol` and `upgrade` share.

use serde_json::json;
use tessera_verifier::vci::{CredentialOffer, Secret};
use tessera_wallet::Error;
use tessera_wallet::reach::Reach;
use tessera_wallet::receive::Accepted;
use tessera_wallet::store::{PendingSession, Store};
use tessera_wallet::{enrol, receive, trust};
use url::Url;

use crate::cli::args::Receive;
use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console, arguments: Receive) -> Result<(), Error> {
    let offer = receive::parse_offer(&arguments.offer)?;
    let mut store = console.open()?;
    let issuer = receive::offering_issuer(&offer)?;
    let address = Url::parse(&issuer).map_err(|_| Error::OfferInvalid)?;
    Reach::of(store.contents(), arguments.local).check(&address)?;
    let root = arguments.root.as_deref();
    if root.is_none() && !arguments.yes && store.contents().issuer(&issuer).is_err() {
        trust_unknown(console, &issuer)?;
    }
    contact(console, &mut store, &issuer, root)?;
    let tx_code = match arguments.tx_code {
        Some(code) => Some(Secret::from(code)),
        None if needs_tx_code(&offer) => Some(ask_tx_code(console)?),
        None => None,
    };
    accept(console, &mut store, &offer, tx_code.as_ref(), None)
}

fn needs_tx_code(offer: &CredentialOffer) -> bool {
    let grant = offer.grants.pre_authorized_code.as_ref();
    grant.is_some_and(|grant| grant.tx_code.is_some())
}

/// Asks before an issuer that only a link names is contacted and its root pinned: from then on the wallet would believe
/// its register of requesters.
fn trust_unknown(console: &Console, issuer: &str) -> Result<(), Error> {
    console.progress("label_unknown_issuer", &[&describe::printable(issuer)]);
    if console.agrees("label_trust_issuer") {
        Ok(())
    } else {
        Err(Error::IssuerUnconfirmed)
    }
}

/// Asks for the transaction code.
pub(crate) fn ask_tx_code(console: &Console) -> Result<Secret, Error> {
    console
        .ask("label_tx_code")
        .filter(|code| !code.is_empty())
        .map(Secret::from)
        .ok_or(Error::TxCodeNeeded)
}

/// Pins the issuer's root when it is new, and fetches its bundle.
pub(crate) fn contact(
    console: &Console,
    store: &mut Store,
    issuer: &str,
    root: Option<&str>,
) -> Result<(), Error> {
    console.progress("label_contacting", &[&describe::printable(issuer)]);
    let trusted = trust::contact(store, console.surroundings(), issuer, root)?;
    if trusted.newly_pinned {
        console.progress("label_root_pinned", &[&trusted.issuer.root_did]);
    }
    Ok(())
}

/// Takes up an offer and says what came; with the wallet's own session, also what to write down.
pub(crate) fn accept(
    console: &Console,
    store: &mut Store,
    offer: &CredentialOffer,
    tx_code: Option<&Secret>,
    session: Option<&PendingSession>,
) -> Result<(), Error> {
    console.progress("label_receiving", &[]);
    let id = match receive::accept(store, console.surroundings(), offer, tx_code)? {
        Accepted::Stored(id) => id,
        Accepted::Deferred(count) => {
            let line = console.text("label_deferred", &[]);
            console.result(&json!({"deferred": count}), &format!("{line}\n"));
            return Ok(());
        }
    };
    // What was received is stored; a code that cannot be had does not undo it.
    let code = session
        .and_then(|session| enrol::recovery_code(console.surroundings(), session).ok())
        .flatten();
    if let Some(code) = &code {
        console.progress("label_recovery_code", &[code.expose()]);
    }
    stored(console, store, &id, code.as_ref())
}

/// Says what was stored.
pub(crate) fn stored(
    console: &Console,
    store: &Store,
    id: &str,
    recovery_code: Option<&Secret>,
) -> Result<(), Error> {
    let set = store.contents().set(id)?;
    let line = console.text(
        "label_received",
        &[
            &set.id,
            &describe::level(console, set.level),
            &set.issued.to_string(),
            &describe::date(set.valid_until),
        ],
    );
    let mut result = json!({"credential": describe::set_json(set, console.now())});
    if let Some(code) = recovery_code {
        result["recovery_code"] = json!(code.expose());
    }
    console.result(&result, &format!("{line}\n"));
    Ok(())
}
