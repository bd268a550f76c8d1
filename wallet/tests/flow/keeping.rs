//! What the wallet keeps: files of every version it ever wrote, backups and moves.

use std::path::{Path, PathBuf};

use super::*;
use tessera_wallet::secret::Passphrase;
use tessera_wallet::store::{Backup, BackupKind, HistoryEvent, KeyStretching, Restored};

/// Files written by past versions. They are never written again: what a version wrote must open for ever.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/kept")
        .join(name)
}

/// Writes the files of the present version beside the kept ones, where there are none yet.
#[test]
#[ignore = "makes a file to be kept; run once for each new version of a format"]
fn write_the_files_of_this_version() {
    let world = World::new();
    let (folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let request = world.request("internet-cafe", None, None);
    presented(&world, &mut store, &request, None).unwrap();
    drop(store);
    let into = kept("store-v2");
    std::fs::create_dir_all(&into).unwrap();
    std::fs::copy(
        folder.path().join("wallet.sealed"),
        into.join("wallet.sealed"),
    )
    .unwrap();
    for (name, kind) in [("copy-v1", BackupKind::Copy), ("move-v1", BackupKind::Move)] {
        let mut store = Store::open(folder.path(), &words("passphrase")).unwrap();
        let file = kept(&format!("{name}.tessera-backup"));
        back_up(&world, &mut store, &file, kind).unwrap();
    }
}

const QUICK: KeyStretching = KeyStretching::HAZMAT_TESTING_ONLY;

fn words(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

fn back_up(world: &World, store: &mut Store, path: &Path, kind: BackupKind) -> Result<(), Error> {
    store.back_up(path, kind, &words("backup"), QUICK, world.surroundings())
}

fn restored(world: &World, path: &Path) -> (tempfile::TempDir, Restored) {
    let folder = tempfile::tempdir().unwrap();
    let backup = Backup::open(path, &words("backup")).unwrap();
    let restored = Store::restore(
        folder.path(),
        backup,
        &words("passphrase"),
        QUICK,
        world.surroundings(),
    )
    .unwrap();
    (folder, restored)
}

fn left(store: &Store) -> Vec<usize> {
    let sets = &store.contents().sets;
    sets.iter().map(|set| set.unused.len()).collect()
}

/// Peer bug class 18: a store of any past version opens, with all it held.
#[test]
fn a_wallet_of_every_past_version_opens() {
    for version in ["store-v1", "store-v2"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wallet.sealed");
        std::fs::copy(kept(version).join("wallet.sealed"), &file).unwrap();
        let mut store = Store::open(folder.path(), &words("passphrase")).unwrap();
        let [set] = store.contents().sets.as_slice() else {
            unreachable!("{version}: one set");
        };
        assert_eq!(set.claims["family_name"], "SPECIMEN", "{version}");
        assert_eq!((set.issued, set.unused.len()), (20, 19), "{version}");
        assert!(set.unused.iter().all(|one| one.key.open().is_ok()));
        assert_eq!(store.contents().history.len(), 2, "{version}");
        assert!(trust::cached(store.contents(), ISSUER).is_ok());
        // And it can be changed, and opened again.
        let world = World::new();
        let id = set.id.clone();
        tessera_wallet::delete::delete(&mut store, world.surroundings(), Client::default(), &id)
            .unwrap();
        drop(store);
        let store = Store::open(folder.path(), &words("passphrase")).unwrap();
        assert!(store.contents().sets.is_empty(), "{version}");
    }
}

/// Peer bug class 18: a backup of any past version restores.
#[test]
fn a_backup_of_every_past_version_restores() {
    for (version, unused) in [("copy-v1", 0), ("move-v1", 19)] {
        let world = World::new();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup");
        std::fs::copy(kept(&format!("{version}.tessera-backup")), &file).unwrap();
        let (home, Restored { store, file_left }) = restored(&world, &file);
        assert!(!file_left);
        drop(store);
        let store = Store::open(home.path(), &words("passphrase")).unwrap();
        let [set] = store.contents().sets.as_slice() else {
            unreachable!("{version}: one set");
        };
        assert_eq!(set.claims["family_name"], "SPECIMEN", "{version}");
        assert_eq!(set.unused.len(), unused, "{version}");
        assert!(store.contents().device_key.open().is_ok());
        assert!(trust::cached(store.contents(), ISSUER).is_ok());
        let last = &store.contents().history.last().unwrap().event;
        let moved = unused > 0;
        assert!(matches!(last, HistoryEvent::Restored { moved: m, .. } if *m == moved));
    }
}

#[test]
fn a_copy_holds_nothing_that_can_be_shown_and_leaves_the_wallet_as_it_was() {
    let world = World::new();
    let (folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let key = store.contents().device_key.open().unwrap();
    let file = folder.path().join("copy");
    back_up(&world, &mut store, &file, BackupKind::Copy).unwrap();
    assert_eq!(left(&store), [20]);

    let (
        _home,
        Restored {
            store: mut other, ..
        },
    ) = restored(&world, &file);
    assert_eq!(left(&other), [0]);
    assert!(file.exists(), "a copy may be restored again");
    // The same device to the issuer, so that it renews; nothing to show until it has.
    use tessera_verifier::crypto::LocalSigner as _;
    let same = other.contents().device_key.open().unwrap();
    assert_eq!(same.public_key(), key.public_key());
    let request = world.request("internet-cafe", None, None);
    let shown = proposed(&world, &mut other, &request, None);
    assert_eq!(code(shown), "credentials_exhausted");
}

#[test]
fn a_move_leaves_nothing_behind_and_its_file_goes_when_it_is_restored() {
    let world = World::new();
    let (folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let file = folder.path().join("move");
    back_up(&world, &mut store, &file, BackupKind::Move).unwrap();
    assert!(!store.is_moving());
    assert!(store.contents().sets.is_empty());
    let request = world.request("internet-cafe", None, None);
    let shown = proposed(&world, &mut store, &request, None);
    assert_eq!(code(shown), "no_credential");

    let (
        _home,
        Restored {
            store: mut other,
            file_left,
        },
    ) = restored(&world, &file);
    assert!(!file_left && !file.exists());
    assert_eq!(left(&other), [20]);
    presented(&world, &mut other, &request, None).unwrap();
    use tessera_verifier::crypto::LocalSigner as _;
    let key = |store: &Store| store.contents().device_key.open().unwrap();
    assert_ne!(key(&store).public_key(), key(&other).public_key());
}

#[test]
fn a_move_that_cannot_write_loses_nothing_shows_nothing_and_goes_on() {
    let world = World::new();
    let (folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let nowhere = folder.path().join("no such folder").join("move");
    let outcome = back_up(&world, &mut store, &nowhere, BackupKind::Move);
    assert_eq!(code(outcome), "file_unwritable");
    assert!(store.is_moving());
    let request = world.request("internet-cafe", None, None);
    let shown = proposed(&world, &mut store, &request, None);
    assert_eq!(code(shown), "no_credential");
    // After a crash just as well.
    drop(store);
    let mut store = Store::open(folder.path(), &words("passphrase")).unwrap();
    assert!(store.is_moving());
    let file = folder.path().join("move");
    back_up(&world, &mut store, &file, BackupKind::Move).unwrap();
    assert!(!store.is_moving());
    let (_home, Restored { store: other, .. }) = restored(&world, &file);
    assert_eq!(left(&other), [20]);
}

#[test]
fn a_backup_never_replaces_a_file_and_wrong_files_are_named() {
    let world = World::new();
    let (folder, mut store) = world.store();
    let file = folder.path().join("backup");
    std::fs::write(&file, "kept").unwrap();
    let outcome = back_up(&world, &mut store, &file, BackupKind::Copy);
    assert_eq!(code(outcome), "file_exists");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");

    let open = |path: &Path, passphrase: &str| code(Backup::open(path, &words(passphrase)));
    assert_eq!(open(&file, "backup"), "backup_damaged");
    assert_eq!(
        open(&folder.path().join("none"), "backup"),
        "file_unreadable"
    );
    // A wallet is no backup.
    assert_eq!(
        open(&folder.path().join("wallet.sealed"), "passphrase"),
        "backup_damaged"
    );
    std::fs::remove_file(&file).unwrap();
    back_up(&world, &mut store, &file, BackupKind::Copy).unwrap();
    assert_eq!(open(&file, "wrong"), "wrong_passphrase");
    let mut bytes = std::fs::read(&file).unwrap();
    for at in [20, bytes.len() / 2, bytes.len() - 1] {
        bytes[at] ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(open(&file, "backup"), "backup_damaged");
        bytes[at] ^= 1;
    }
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(open(&file, "backup"), "backup_damaged");
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_backup_and_nothing_in_it_is_readable() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let (folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let file = folder.path().join("backup");
    back_up(&world, &mut store, &file, BackupKind::Copy).unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bytes = std::fs::read(&file).unwrap();
    for word in ["SPECIMEN", "issuer.example", "device_key"] {
        let found = bytes
            .windows(word.len())
            .any(|part| part == word.as_bytes());
        assert!(!found, "{word}");
    }
}

#[test]
fn after_a_change_of_passphrase_only_the_new_one_opens_and_nothing_is_lost() {
    let world = World::new();
    let (folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let rng = world.surroundings().rng;
    store
        .change_passphrase(&words("another"), QUICK, rng)
        .unwrap();
    // Still usable while open.
    let request = world.request("internet-cafe", None, None);
    presented(&world, &mut store, &request, None).unwrap();
    drop(store);
    let old = Store::open(folder.path(), &words("passphrase"));
    assert_eq!(code(old), "wrong_passphrase");
    let store = Store::open(folder.path(), &words("another")).unwrap();
    assert_eq!(left(&store), [19]);
}

#[test]
fn deleting_removes_set_and_keys_and_is_remembered_by_name_only() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let id = enrolled(&world, &mut store).unwrap();
    let delete = |store: &mut Store, id: &str| {
        tessera_wallet::delete::delete(store, world.surroundings(), Client::default(), id).map(drop)
    };
    assert_eq!(code(delete(&mut store, "full-0000")), "credential_unknown");
    delete(&mut store, &id).unwrap();
    assert!(store.contents().sets.is_empty());
    let history = serde_json::to_string(&store.contents().history).unwrap();
    assert!(
        history.contains("deleted") && !history.contains("SPECIMEN"),
        "{history}"
    );
}

#[test]
fn a_destroyed_wallet_is_gone() {
    let world = World::new();
    let (folder, store) = world.store();
    store.destroy().unwrap();
    assert!(!Store::exists(folder.path()).unwrap());
}
