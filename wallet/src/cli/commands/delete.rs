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
        let (identity, settings) = (console.identity()?, store.contents().settings.clone());
        let contents = store.contents();
        let ids = contents.sets.iter().map(|set| &set.id);
        let ids: Vec<String> = ids
            .chain(contents.foreign.iter().map(|set| &set.id))
            .cloned()
            .collect();
        for id in &ids {
            let client = identity.client(&settings, false);
            delete::delete(&mut store, console.surroundings(), client, id)?;
        }
        store.destroy()?;
        let line = console.text("label_deleted_all", &[]);
        console.result(&json!({"deleted": "wallet"}), &format!("{line}\n"));
        return Ok(());
    };
    // Named before the question: a mistyped id is no question.
    if !store.contents().has(id) {
        return Err(Error::CredentialUnknown);
    }
    agreed(console, arguments.yes, "label_delete")?;
    let in_force = store.contents().is_in_force(id, console.now());
    let identity = console.identity()?;
    let client = identity.client(&store.contents().settings, false);
    let told = delete::delete(&mut store, console.surroundings(), client, id)?;
    let line = console.text("label_deleted", &[id]);
    let more = match (told, in_force) {
        (true, _) => console.text("label_issuer_told", &[]),
        (false, true) => console.text("label_issuer_not_told", &[]),
        // Nothing is left to end: reporting a loss would end what replaced it.
        (false, false) => String::new(),
    };
    console.result(
        &json!({"deleted": id, "issuer_told": told}),
        &format!("{}\n", format!("{line} {more}").trim_end()),
    );
    Ok(())
}

fn agreed(console: &Console, yes: bool, label: &str) -> Result<(), Error> {
    if yes || console.agrees(label) {
        Ok(())
    } else {
        Err(Error::DeletionUnconfirmed)
    }
}
