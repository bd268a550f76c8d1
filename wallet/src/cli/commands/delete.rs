//! `tessera delete`

use serde_json::json;
use tessera_wallet::Error;
use tessera_wallet::delete;

use crate::cli::args::Delete;
use crate::cli::console::Console;

pub(crate) fn run(console: &Console, arguments: &Delete) -> Result<(), Error> {
    let mut store = console.open()?;
    let Some(id) = &arguments.id else {
        agreed(console, arguments.yes, "label_delete_all")?;
        store.destroy()?;
        let line = console.text("label_deleted_all", &[]);
        console.result(&json!({"deleted": "wallet"}), &format!("{line}\n"));
        return Ok(());
    };
    // Named before the question: a mistyped id is no question.
    store.contents().set(id)?;
    agreed(console, arguments.yes, "label_delete")?;
    delete::delete(&mut store, console.surroundings(), id)?;
    let line = console.text("label_deleted", &[id]);
    console.result(&json!({"deleted": id}), &format!("{line}\n"));
    Ok(())
}

fn agreed(console: &Console, yes: bool, label: &str) -> Result<(), Error> {
    if yes || console.agrees(label) {
        Ok(())
    } else {
        Err(Error::DeletionUnconfirmed)
    }
}
