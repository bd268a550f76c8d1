//! `tessera receive`, and the part of it that `enrol`, `upgrade` and `refresh` share.

use serde_json::json;
use tessera_verifier::vci::offer::AuthorizationCode;
use tessera_verifier::vci::{CredentialOffer, Secret};
use tessera_wallet::Error;
use tessera_wallet::reach::Reach;
use tessera_wallet::receive::Accepted;
use tessera_wallet::store::{PendingSession, Store};
use tessera_wallet::{enrol, receive, trust};
use url::Url;

use super::authorize;
use crate::cli::args::Receive;
use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console, arguments: Receive) -> Result<(), Error> {
    let mut store = console.open()?;
    let reach = Reach::of(store.contents(), arguments.local);
    let mut offer = match (&arguments.offer, &arguments.issuer) {
        (Some(link), _) => receive::read_offer(console.surroundings(), link, &reach)?,
        (None, Some(issuer)) => receive::offer_of(issuer, &arguments.configuration)?,
        // clap demands one of them.
        (None, None) => return Err(Error::OfferInvalid),
    };
    let issuer = receive::offering_issuer(&offer)?;
    let address = Url::parse(&issuer).map_err(|_| Error::OfferInvalid)?;
    reach.check(&address)?;
    let root = arguments.root.as_deref();
    if root.is_none() && !arguments.yes && store.contents().issuer(&issuer).is_err() {
        trust_unknown(console, &issuer)?;
    }
    let foreign = is_foreign(console, &mut store, &offer, root)?;
    let identity = console.identity()?;
    let client = identity.client(&store.contents().settings, foreign);
    let grants = &mut offer.grants;
    if let Some(grant) = &grants.pre_authorized_code {
        let tx_code = match arguments.tx_code {
            Some(code) => Some(Secret::from(code)),
            None if grant.tx_code.is_some() => Some(ask_tx_code(console)?),
            None => None,
        };
        console.progress("label_receiving", &[]);
        let surroundings = console.surroundings();
        let accepted = receive::accept(&mut store, surroundings, client, &offer, tx_code.as_ref())?;
        return report(console, &store, &accepted, None);
    }
    // OpenID4VCI 1.0 §4.1.1: without a grant the wallet finds out what the server can.
    grants
        .authorization_code
        .get_or_insert_with(AuthorizationCode::default);
    let requested = authorize::agree(console, &store, client, &offer, arguments.paste)?;
    console.progress("label_receiving", &[]);
    let accepted = receive::take(&mut store, console.surroundings(), client, &requested)?;
    report(console, &store, &accepted, None)
}

/// Whether the offer comes from an issuer that has no register of its own. One that has is contacted, and its root pinned
/// when it is new.
fn is_foreign(
    console: &Console,
    store: &mut Store,
    offer: &CredentialOffer,
    root: Option<&str>,
) -> Result<bool, Error> {
    let issuer = receive::offering_issuer(offer)?;
    let known = store.contents().issuer(&issuer).is_ok();
    let ours = receive::offered_level(offer)?.is_some();
    if !known && !ours && root.is_none() {
        return Ok(true);
    }
    match contact(console, store, &issuer, root) {
        Ok(()) => Ok(false),
        // Named like ours, and without a root: an issuer somebody else wrote.
        Err(Error::IssuerRefused { status, .. })
            if (400..500).contains(&status) && !known && root.is_none() =>
        {
            Ok(true)
        }
        Err(error) => Err(error),
    }
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

/// Takes up an offer of an issuer the wallet knows and says what came; with the wallet's own session, also what to write
/// down.
pub(crate) fn accept(
    console: &Console,
    store: &mut Store,
    offer: &CredentialOffer,
    tx_code: Option<&Secret>,
    session: Option<&PendingSession>,
) -> Result<(), Error> {
    console.progress("label_receiving", &[]);
    let identity = console.identity()?;
    let client = identity.client(&store.contents().settings, false);
    let accepted = receive::accept(store, console.surroundings(), client, offer, tx_code)?;
    report(console, store, &accepted, session)
}

/// Says what came of an offer.
pub(crate) fn report(
    console: &Console,
    store: &Store,
    accepted: &Accepted,
    session: Option<&PendingSession>,
) -> Result<(), Error> {
    let id = match accepted {
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
    stored(console, store, id, code.as_ref())
}

/// Says what was stored.
pub(crate) fn stored(
    console: &Console,
    store: &Store,
    id: &str,
    recovery_code: Option<&Secret>,
) -> Result<(), Error> {
    let contents = store.contents();
    if let Some(set) = contents.foreign.iter().find(|set| set.id == id) {
        let line = console.text(
            "label_received_foreign",
            &[
                &set.id,
                &describe::printable(&set.vct),
                &describe::signer(console, set),
                &set.issued.to_string(),
            ],
        );
        let result = json!({"credential": describe::foreign_json(set, console.now())});
        console.result(&result, &format!("{line}\n"));
        return Ok(());
    }
    let set = contents.set(id)?;
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
