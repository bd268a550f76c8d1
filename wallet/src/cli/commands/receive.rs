//! `tessera receive`, and the part of it that `enrol` and `upgrade` share.

use serde_json::json;
use tessera_verifier::vci::{CredentialOffer, Secret};
use tessera_wallet::Error;
use tessera_wallet::reach::Reach;
use tessera_wallet::store::Store;
use tessera_wallet::{receive, trust};
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
        None if offer.grants.pre_authorized_code.tx_code.is_some() => Some(ask_tx_code(console)?),
        None => None,
    };
    accept(console, &mut store, &offer, tx_code.as_ref())
}

/// Asks before an issuer that only a link names is contacted and its root pinned: from then on the wallet would believe
/// its register of requesters.
fn trust_unknown(console: &Console, issuer: &str) -> Result<(), Error> {
    console.progress("label_unknown_issuer", &[&describe::printable(issuer)]);
    match console.ask("label_trust_issuer").as_deref() {
        Some("y" | "Y" | "yes" | "Yes" | "是") => Ok(()),
        _ => Err(Error::IssuerUnconfirmed),
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

/// Takes up an offer and says what came.
pub(crate) fn accept(
    console: &Console,
    store: &mut Store,
    offer: &CredentialOffer,
    tx_code: Option<&Secret>,
) -> Result<(), Error> {
    console.progress("label_receiving", &[]);
    let id = receive::accept(store, console.surroundings(), offer, tx_code)?;
    let set = store.contents().set(&id)?;
    let line = console.text(
        "label_received",
        &[
            &set.id,
            &describe::level(console, set.level),
            &set.issued.to_string(),
            &describe::date(set.valid_until),
        ],
    );
    console.result(
        &json!({"credential": describe::set_json(set, console.now())}),
        &format!("{line}\n"),
    );
    Ok(())
}
