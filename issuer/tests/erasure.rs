//! A person is erased: what is left is searched byte by byte, in the store, in the log, and in a backup made before.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{Issuer, Logs, NUMBER, offer_of};
use tessera_issuer::admin::Command;
use tessera_issuer::config::Log;

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// Every byte below a folder, as one stretch.
fn bytes(folder: &Path) -> Vec<u8> {
    let files = support::files(folder);
    assert!(!files.is_empty());
    files
        .iter()
        .flat_map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in support::files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, target).unwrap();
    }
}

fn handle_of(issuer: &Issuer) -> String {
    let text = std::fs::read(issuer.data.path().join("registry/handles.json")).unwrap();
    let handles: Value = serde_json::from_slice(&text).unwrap();
    handles["handles"][NUMBER].as_str().unwrap().to_owned()
}

#[test]
fn an_erased_person_is_found_nowhere() {
    let logs = Logs::default();
    let sink = logs.clone();
    let log = Log {
        filter: "trace".to_owned(),
        ..Log::default()
    };
    let subscriber = tessera_issuer::logging::subscriber(&log, move || sink.clone()).unwrap();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let issuer = Issuer::start();
    let session = issuer.session(NUMBER, "limited");
    issuer.face(&session, b"ELSE").refused(422, "face_mismatch");
    let (code, tx_code) = offer_of(&issuer.face(&session, b"SAME"));
    let token = issuer.redeem(&code, &tx_code).text("access_token");
    let answer = issuer.credentials(&token, "identity_limited_sd_jwt", 2);
    assert_eq!(answer.status, 200, "{answer:?}");
    // Another session stands open.
    issuer.session(NUMBER, "full");

    let store = issuer.data.path().join("store");
    let handle = handle_of(&issuer);
    assert!(contains(&bytes(&store), &handle), "the search can find");
    let backup = tempfile::tempdir().unwrap();
    copy(&store, backup.path());

    let erased = issuer.admin(Command::Erase {
        person: Some(NUMBER.to_owned()),
        handle: None,
    });
    assert_eq!(erased["handle"], handle.as_str());
    assert_eq!(erased["issuances"], 2);

    // The number, and what the register says of the person, are in no byte of store, backup and log.
    for personal in [
        NUMBER,
        "QUILLA",
        "奎拉",
        "1990-01-01",
        "Zephyr",
        "UTO000009",
    ] {
        for (what, found) in [
            ("store", bytes(&store)),
            ("backup", bytes(backup.path())),
            ("log", logs.0.lock().unwrap().clone()),
        ] {
            assert!(!contains(&found, personal), "{personal} in the {what}");
        }
    }
    // What is left of the handle there belongs to nobody: no file says whose it was.
    assert!(contains(&bytes(backup.path()), &handle));
    for file in support::files(issuer.data.path()) {
        let inside = file.starts_with(&store);
        let found = contains(&std::fs::read(&file).unwrap(), &handle);
        assert!(inside || !found, "{} knows the handle", file.display());
    }
    assert_ne!(
        handle_of(&issuer),
        handle,
        "a fresh one: still in the register"
    );

    // The status is still published; the session is gone, with its bearer's rights.
    let listed = issuer.admin(Command::Issuances {});
    let rows = listed.as_array().unwrap();
    assert!(rows.iter().all(|row| row["revoked"] == "erased"));
    let path = format!("/sessions/{}", session.0);
    issuer
        .get(&path, Some(&session.1))
        .refused(404, "not_found");
    issuer
        .credentials(&token, "identity_limited_ldp", 1)
        .refused(401, "invalid_token");
    // Whoever is erased may come again, as anybody may.
    let answer = issuer.face(&issuer.session(NUMBER, "limited"), b"SAME");
    assert_eq!(answer.status, 200);
}

#[test]
fn an_erasure_is_repeated_by_its_handle_after_a_restore() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    issuer.credentials(&token, "identity_limited_sd_jwt", 3);
    let handle = handle_of(&issuer);
    // As after a restore: the handle is known again, and so is the number.
    let erased = issuer.admin(Command::Erase {
        person: None,
        handle: Some(handle.clone()),
    });
    assert_eq!(erased["issuances"], 3);
    assert_ne!(handle_of(&issuer), handle);
    for (person, handle) in [
        (None, None),
        (Some("../x".to_owned()), None),
        (Some(NUMBER.to_owned()), Some(handle)),
    ] {
        assert!(issuer.try_admin(Command::Erase { person, handle }).is_err());
    }
}
