//! `tessera backup`

use serde_json::json;
use tessera_wallet::Error;
use tessera_wallet::store::{BackupKind, KeyStretching};

use crate::cli::args::Backup;
use crate::cli::console::{Console, Which};

pub(crate) fn run(console: &Console, arguments: &Backup) -> Result<(), Error> {
    let mut store = console.open()?;
    let file = arguments.passphrase.backup_passphrase_file.as_deref();
    let passphrase = console.fresh(&Which::BACKUP, file)?;
    let kind = if arguments.moves {
        BackupKind::Move
    } else {
        BackupKind::Copy
    };
    store.back_up(
        &arguments.file,
        kind,
        &passphrase,
        KeyStretching::DEFAULT,
        console.surroundings(),
    )?;
    let shown = arguments.file.display().to_string();
    let label = if arguments.moves {
        "label_moved_out"
    } else {
        "label_backed_up"
    };
    let line = console.text(label, &[&shown]);
    console.result(
        &json!({"backup": shown, "moved": arguments.moves}),
        &format!("{line}\n"),
    );
    Ok(())
}
