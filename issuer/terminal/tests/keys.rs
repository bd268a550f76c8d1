//! Keys in a PKCS#11 token (SoftHSM) and in a TPM 2.0 (swtpm). Where these are not installed the tests say `skipped: ...`.
#![cfg(all(unix, feature = "pkcs11"))]
#![expect(clippy::unwrap_used, reason = "tests")]

mod token;

use std::path::Path;

use tessera_terminal::key::{self, KeyPlace};
use tessera_terminal::{Protection, TerminalError, TerminalKey};
use zeroize::Zeroizing;

fn opened(place: &str, pin: &str) -> Result<Box<dyn TerminalKey>, TerminalError> {
    let place = KeyPlace::parse(place).unwrap();
    key::open(&place, &mut || Ok(Zeroizing::new(pin.to_owned())))
}

fn made(place: &str, pin: &str) -> Result<Box<dyn TerminalKey>, TerminalError> {
    let place = KeyPlace::parse(place).unwrap();
    let pin = &mut || Ok(Zeroizing::new(pin.to_owned()));
    key::generate(&place, false, pin, &mut rand_core::OsRng)
}

fn code(result: Result<Box<dyn TerminalKey>, TerminalError>) -> String {
    result.map(|key| key.did()).unwrap_err().code().to_owned()
}

fn signs(key: &dyn TerminalKey) {
    for message in [b"".as_slice(), b"one", &[7; 100_000]] {
        let signature = key.sign(message).unwrap();
        key.public_key().verify(message, &signature).unwrap();
        assert!(key.public_key().verify(b"another", &signature).is_err());
    }
}

/// SoftHSM finds its tokens through a variable of the environment, which only another process can be given.
#[test]
fn a_key_in_a_token() {
    if !token::in_softhsm("a_key_in_a_token") {
        return;
    }
    let module = token::MODULE;
    let place = format!("pkcs11:token=Kiosk;object=terminal?module-path={module}");
    assert_eq!(
        code(opened(&place, token::PIN)),
        "key_token_failed",
        "no key yet"
    );
    assert_eq!(code(made(&place, "wrong pin")), "pin_refused");
    let first = made(&place, token::PIN).unwrap();
    assert_eq!(first.protection(), Protection::Pkcs11);
    signs(&*first);
    // A second key of the token would be opened without its PIN being checked.
    assert_eq!(code(opened(&place, "wrong pin")), "key_token_failed");
    let did = first.did();
    drop(first);

    assert_eq!(code(opened(&place, "wrong pin")), "pin_refused");
    assert_eq!(
        code(made(&place, token::PIN)),
        "key_token_failed",
        "never twice"
    );
    let again = opened(&place, token::PIN).unwrap();
    assert_eq!(again.did(), did);
    signs(&*again);
    drop(again);

    let elsewhere = place.replace("token=Kiosk", "token=Another");
    assert_eq!(code(opened(&elsewhere, token::PIN)), "key_token_failed");
    let no_library = "pkcs11:token=Kiosk;object=terminal?module-path=/usr/lib/none.so";
    assert_eq!(code(opened(no_library, token::PIN)), "key_token_failed");

    // The PIN from a file that others can read is no secret.
    let folder = tempfile::tempdir().unwrap();
    let pin = folder.path().join("pin");
    std::fs::write(&pin, format!("{}\n", token::PIN)).unwrap();
    let mode = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&pin, mode).unwrap();
    };
    let with_pin = format!("{place}&pin-source=file:{}", pin.display());
    mode(0o644);
    assert_eq!(code(opened(&with_pin, "not asked")), "key_file_unusable");
    mode(0o600);
    assert_eq!(opened(&with_pin, "not asked").unwrap().did(), did);
}

/// A key somebody put into the token from outside, and which it would hand out again.
#[test]
fn a_key_that_can_leave_its_token_is_refused() {
    if !token::in_softhsm("a_key_that_can_leave_its_token_is_refused") {
        return;
    }
    token::import_extractable("imported");
    let place = format!(
        "pkcs11:token=Kiosk;object=imported?module-path={}",
        token::MODULE
    );
    let error = opened(&place, token::PIN).map(|key| key.did()).unwrap_err();
    assert!(error.to_string().contains("can leave the token"), "{error}");
}

#[test]
fn a_key_in_a_tpm() {
    let Some(tpm) = token::Tpm::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("terminal.tpm");
    let place = |tpm: &Path| format!("tpm:{}?device={}", file.display(), tpm.display());
    assert_eq!(
        code(made(&place(tpm.socket()), &"x".repeat(33))),
        "pin_refused"
    );
    let first = made(&place(tpm.socket()), "12345678").unwrap();
    assert_eq!(first.protection(), Protection::Tpm);
    signs(&*first);
    let did = first.did();
    drop(first);

    assert_eq!(
        code(made(&place(tpm.socket()), "12345678")),
        "key_file_unusable",
        "never twice"
    );
    assert_eq!(
        code(opened(&place(tpm.socket()), "87654321")),
        "pin_refused"
    );
    assert_eq!(code(opened(&place(tpm.socket()), "")), "pin_refused");
    let again = opened(&place(tpm.socket()), "12345678").unwrap();
    assert_eq!(again.did(), did);
    signs(&*again);
    drop(again);

    // The file is of no use to another TPM.
    let other = token::Tpm::start().unwrap();
    assert_eq!(
        code(opened(&place(other.socket()), "12345678")),
        "key_token_failed"
    );
    // Nor when it was altered, at any byte.
    let text = std::fs::read_to_string(&file).unwrap();
    for (found, put) in [
        ("\"version\": 1", "\"version\": 2"),
        ("\"private\": \"A", "\"private\": \"B"),
    ] {
        let altered = text.replacen(found, put, 1);
        assert_ne!(altered, text);
        std::fs::write(&file, altered).unwrap();
        assert!(opened(&place(tpm.socket()), "12345678").is_err());
    }
    assert_eq!(
        code(opened("tpm:/nowhere?device=/nowhere", "")),
        "key_file_unusable"
    );

    // Without a PIN the key opens without one.
    std::fs::remove_file(&file).unwrap();
    let open = made(&place(tpm.socket()), "").unwrap();
    let did = open.did();
    drop(open);
    assert_eq!(opened(&place(tpm.socket()), "").unwrap().did(), did);
}
