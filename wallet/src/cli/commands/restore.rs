//! `tessera restore`

use serde_json::json;
use tessera_wallet::Error;
use tessera_wallet::store::{Backup, BackupKind, KeyStretching, Restored, Store};

use crate::cli::args::Restore;
use crate::cli::console::{Console, Which};
use crate::cli::describe;

pub(crate) fn run(console: &Console, arguments: &Restore) -> Result<(), Error> {
    let folder = console.folder()?;
    if Store::exists(&folder)? {
        return Err(Error::StoreExists);
    }
    let file = arguments.passphrase.backup_passphrase_file.as_deref();
    let backup = Backup::open(&arguments.file, &console.existing(&Which::BACKUP, file)?)?;
    let (kind, made_at) = (backup.kind(), backup.made_at());
    let passphrase = console.new_passphrase()?;
    let Restored { store, file_left } = Store::restore(
        &folder,
        backup,
        &passphrase,
        KeyStretching::DEFAULT,
        console.surroundings(),
    )?;
    let label = match kind {
        BackupKind::Copy => "label_restored_copy",
        BackupKind::Move => "label_restored_move",
    };
    if file_left {
        console.warning("label_backup_left", &[]);
    }
    let shown = folder.display().to_string();
    let line = console.text(label, &[&shown, &made_at.to_rfc3339()]);
    let sets: Vec<_> = store
        .contents()
        .sets
        .iter()
        .map(|set| describe::set_json(set, console.now()))
        .collect();
    console.result(
        &json!({
            "store": shown,
            "made_at": made_at.to_rfc3339(),
            "moved": kind == BackupKind::Move,
            "credentials": sets,
        }),
        &format!("{line}\n"),
    );
    Ok(())
}
