//! `tessera init`

use serde_json::json;
use tessera_wallet::Error;
use tessera_wallet::store::{KeyStretching, Store};

use crate::cli::console::Console;

pub(crate) fn run(console: &Console) -> Result<(), Error> {
    let folder = console.folder()?;
    if Store::exists(&folder)? {
        return Err(Error::StoreExists);
    }
    let passphrase = console.new_passphrase()?;
    Store::create(
        &folder,
        &passphrase,
        KeyStretching::DEFAULT,
        console.surroundings().rng,
    )?;
    let shown = folder.display().to_string();
    let line = console.text("label_created", &[&shown]);
    console.result(&json!({"store": shown}), &format!("{line}\n"));
    Ok(())
}
