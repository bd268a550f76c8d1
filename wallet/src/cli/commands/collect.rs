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
    receive::contact(console, &mut store, &issuer, None)?;
    let mut id = collect(&mut store, console.surroundings())?;
    while !store.contents().deferred.is_empty() {
        id = collect(&mut store, console.surroundings())?;
    }
    receive::stored(console, &store, &id, None)
}
