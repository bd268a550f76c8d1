//! `tessera collect`: what the authority wanted to look at first.

use tessera_wallet::Error;
use tessera_wallet::receive::collect;

use super::receive;
use crate::cli::console::Console;

/// Collects every format there is; what has come is stored even if another is not ready.
pub(crate) fn run(console: &Console) -> Result<(), Error> {
    let mut store = console.open()?;
    let issuer = match store.contents().deferred.first() {
        Some(open) => open.issuer_url.clone(),
        None => return Err(Error::NothingDeferred),
    };
    // One that is in no bundle was accepted when it was asked.
    let foreign = store.contents().issuer(&issuer).is_err();
    if !foreign {
        receive::contact(console, &mut store, &issuer, None)?;
    }
    let identity = console.identity()?;
    let client = identity.client(&store.contents().settings, foreign);
    let mut id = collect(&mut store, console.surroundings(), client)?;
    while !store.contents().deferred.is_empty() {
        id = collect(&mut store, console.surroundings(), client)?;
    }
    receive::stored(console, &store, &id, None)
}
