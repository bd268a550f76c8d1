//! `tessera passphrase`

use serde_json::json;
use tessera_wallet::Error;
use tessera_wallet::store::KeyStretching;

use crate::cli::args::NewPassphrase;
use crate::cli::console::{Console, Which};

pub(crate) fn run(console: &Console, arguments: &NewPassphrase) -> Result<(), Error> {
    let mut store = console.open()?;
    let passphrase = console.fresh(&Which::NEW, arguments.new_passphrase_file.as_deref())?;
    store.change_passphrase(
        &passphrase,
        KeyStretching::DEFAULT,
        console.surroundings().rng,
    )?;
    let line = console.text("label_passphrase_changed", &[]);
    console.result(&json!({"changed": true}), &format!("{line}\n"));
    Ok(())
}
