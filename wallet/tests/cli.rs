//! The `tessera` command as a person and a script meet it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

struct Cli<'a> {
    store: &'a Path,
    passphrase: Option<&'a str>,
}

impl Cli<'_> {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
        command
            .args(arguments)
            .env_remove("TESSERA_PASSPHRASE")
            .env_remove("TESSERA_LANG")
            .env("TESSERA_STORE", self.store)
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        if let Some(passphrase) = self.passphrase {
            command.env("TESSERA_PASSPHRASE", passphrase);
        }
        command.output().unwrap()
    }

    /// The error code of a run that must fail with status 1, from standard error.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let line = stderr
            .lines()
            .find(|line| line.starts_with("error[") || line.starts_with("错误["))
            .unwrap();
        line.split(['[', ']']).nth(1).unwrap().to_owned()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_is_what_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli {
        store: folder.path(),
        passphrase: None,
    };
    let mut shown = String::new();
    for command in [
        "",
        "init",
        "enrol",
        "receive",
        "upgrade",
        "collect",
        "refresh",
        "lost",
        "rollout",
        "list",
        "show",
        "present",
        "dc-api",
        "history",
        "bundle",
        "backup",
        "restore",
        "passphrase",
        "delete",
        "settings",
    ] {
        let arguments: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let output = cli.run(&arguments);
        assert!(output.status.success());
        shown.push_str(&format!("$ tessera {}\n", arguments.join(" ")));
        shown.push_str(&text(&output.stdout).replace(&folder.path().display().to_string(), "DIR"));
        shown.push('\n');
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/help.txt");
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    if kept != shown {
        // The new text is left beside the kept one, to be looked at and taken over.
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("help.txt");
        std::fs::write(&fresh, &shown).unwrap();
        assert_eq!(
            kept,
            shown,
            "help changed: compare with {}",
            fresh.display()
        );
    }
}

#[test]
fn a_new_wallet_is_empty_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    let cli = Cli {
        store: &store,
        passphrase: Some("correct horse"),
    };
    assert_eq!(cli.refused(&["list"]), "store_missing");
    assert_eq!(
        cli.json(&["init", "--json"])["store"],
        store.display().to_string()
    );
    assert_eq!(cli.refused(&["init"]), "store_exists");
    assert_eq!(
        cli.json(&["--json", "list"])["credentials"],
        serde_json::json!([])
    );
    assert_eq!(
        cli.json(&["--json", "history"])["history"],
        serde_json::json!([])
    );
    assert!(text(&cli.run(&["list"]).stdout).contains("tessera enrol"));
    assert!(text(&cli.run(&["--lang", "zh", "list"]).stdout).contains("钱包是空的"));
    assert_eq!(cli.refused(&["show", "full-0000"]), "credential_unknown");
    assert_eq!(cli.refused(&["bundle"]), "bundle_missing");
    // Whom to believe the names of servers must be said in a way that can be read, or nothing is done.
    let noise = folder.path().join("noise.pem");
    std::fs::write(&noise, "noise").unwrap();
    let noise = noise.display().to_string();
    assert_eq!(
        cli.refused(&["--tls-authority", &noise, "list"]),
        "file_unreadable"
    );
    assert_eq!(cli.refused(&["upgrade", "--resume"]), "session_missing");

    let wrong = Cli {
        store: &store,
        passphrase: Some("incorrect horse"),
    };
    assert_eq!(wrong.refused(&["list"]), "wrong_passphrase");
    let nobody = Cli {
        store: &store,
        passphrase: None,
    };
    assert_eq!(nobody.refused(&["list"]), "passphrase_needed");
    let file = folder.path().join("passphrase");
    std::fs::write(&file, "correct horse\nsecond line\n").unwrap();
    let named = file.display().to_string();
    assert!(
        nobody
            .run(&["--passphrase-file", &named, "list"])
            .status
            .success()
    );

    let lock = std::fs::File::options()
        .write(true)
        .open(store.join("wallet.lock"))
        .unwrap();
    lock.lock().unwrap();
    assert_eq!(cli.refused(&["list"]), "store_locked");
    assert_eq!(cli.refused(&["delete", "--all", "--yes"]), "store_locked");
    drop(lock);

    let sealed = store.join("wallet.sealed");
    let mut bytes = std::fs::read(&sealed).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&sealed, bytes).unwrap();
    assert_eq!(cli.refused(&["list"]), "store_damaged");
}

#[test]
fn errors_have_code_sentence_and_hint_in_the_chosen_language() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli {
        store: folder.path(),
        passphrase: Some("correct horse"),
    };
    let output = cli.run(&["list", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["error"]["code"], "store_missing");
    assert!(
        value["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("tessera init")
    );
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("error[store_missing]: ") && stderr.contains("\n  hint: "),
        "{stderr}"
    );
    let stderr = text(&cli.run(&["--lang", "zh", "list"]).stderr);
    assert!(
        stderr.starts_with("错误[store_missing]: ") && stderr.contains("\n  提示: "),
        "{stderr}"
    );
}

#[test]
fn wrong_usage_is_told_apart_from_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli {
        store: folder.path(),
        passphrase: None,
    };
    for arguments in [
        &["frobnicate"][..],
        &["enrol", "--number", "1"],
        &["present"],
        &["present", "x", "--format", "mdoc"],
        &["dc-api", "x"],
        &["upgrade", "--resume", "--no-wait"],
    ] {
        assert_eq!(cli.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn bad_addresses_offers_photos_and_requests_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    let cli = Cli {
        store: &store,
        passphrase: Some("correct horse"),
    };
    assert!(cli.run(&["init"]).status.success());
    let photo = folder.path().join("me.jpg");
    std::fs::write(&photo, b"\xff\xd8\xff\xe0 specimen").unwrap();
    let photo = photo.display().to_string();
    let enrol = |issuer: &str, photo: &str| {
        cli.refused(&[
            "enrol", "--issuer", issuer, "--number", "1", "--photo", photo,
        ])
    };
    assert_eq!(enrol("http://issuer.example", &photo), "url_insecure");
    assert_eq!(enrol("issuer.example", &photo), "url_invalid");
    assert_eq!(enrol("https://10.1.2.3", &photo), "address_refused");
    assert_eq!(enrol("http://127.0.0.1:1", &photo), "network_unreachable");
    assert_eq!(
        enrol("http://127.0.0.1:1", "/nonexistent.jpg"),
        "file_unreadable"
    );
    let not_a_photo = store.join("wallet.sealed").display().to_string();
    assert_eq!(
        enrol("http://127.0.0.1:1", &not_a_photo),
        "image_unreadable"
    );
    assert_eq!(cli.refused(&["receive", "nonsense"]), "offer_invalid");
    // The other kind of code was scanned, or one that is for no wallet.
    for link in [
        "openid4vp://?client_id=a",
        " HAIP-VP://x",
        "eu-eaap://x",
        "eudi-openid4vp://x",
        "mdoc-openid4vp://x",
    ] {
        assert_eq!(cli.refused(&["receive", link]), "link_is_request");
    }
    let offer = offer_of("https://issuer.example");
    for link in [&offer, "haip-vci://?credential_offer=%7B"] {
        assert_eq!(cli.refused(&["present", link]), "link_is_offer");
    }
    let kept = folder.path().join("scanned");
    std::fs::write(&kept, format!("{offer}\n")).unwrap();
    let kept = kept.display().to_string();
    assert_eq!(cli.refused(&["present", &kept]), "link_is_offer");
    assert_eq!(
        cli.refused(&["present", "otpauth://x"]),
        "request_unreadable"
    );
    // Of the files a command may name, the one that is missing.
    let missing = [
        "enrol",
        "--issuer",
        "https://issuer.example",
        "--number",
        "1",
        "--photo",
        "/no/me.jpg",
    ];
    let stderr = text(&cli.run(&missing).stderr);
    assert!(
        stderr.contains("The file /no/me.jpg cannot be read."),
        "{stderr}"
    );
    let stderr = text(&cli.run(&["--lang", "zh", "present", "/no/a.jwt"]).stderr);
    assert!(stderr.contains("无法读取文件 /no/a.jwt"), "{stderr}");
    assert_eq!(
        cli.refused(&["present", "/nonexistent.jwt"]),
        "file_unreadable"
    );
    assert_eq!(
        cli.refused(&["present", "openid4vp://?client_id=a"]),
        "request_unreadable"
    );
    // Without an issuer there is no register to authenticate anybody with.
    assert_eq!(cli.refused(&["present", &photo]), "request_unreadable");
    assert_eq!(cli.refused(&["present", "-"]), "bundle_missing");
}

fn offer_of(issuer: &str) -> String {
    let offer = serde_json::json!({
        "credential_issuer": issuer,
        "credential_configuration_ids": ["identity_limited_sd_jwt"],
        "grants": {"urn:ietf:params:oauth:grant-type:pre-authorized_code": {
            "pre-authorized_code": "one-time",
        }},
    });
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("credential_offer", &offer.to_string());
    format!("openid-credential-offer://?{}", form.finish())
}

#[test]
fn an_issuer_that_only_a_link_names_is_asked_about_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    let cli = Cli {
        store: &store,
        passphrase: Some("correct horse"),
    };
    assert!(cli.run(&["init"]).status.success());
    // An address that no wallet contacts: whoever gets as far as contacting it is told so.
    let offer = offer_of("https://10.1.2.3");
    assert_eq!(cli.refused(&["receive", &offer]), "issuer_unconfirmed");
    assert_eq!(
        cli.refused(&["receive", &offer, "--yes"]),
        "address_refused"
    );
    let root = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";
    assert_eq!(
        cli.refused(&["receive", &offer, "--root", root]),
        "address_refused"
    );
}

#[test]
fn an_offer_does_not_lead_to_this_machine_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    let cli = Cli {
        store: &store,
        passphrase: Some("correct horse"),
    };
    assert!(cli.run(&["init"]).status.success());
    let offer = offer_of("http://127.0.0.1:1");
    let receive = |more: &[&str]| cli.refused(&[&["receive", &offer, "--yes"], more].concat());
    assert_eq!(receive(&[]), "address_refused");
    assert_eq!(receive(&["--local"]), "network_unreachable");
}

#[test]
fn a_wallet_is_backed_up_restored_relocked_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (store, other) = (folder.path().join("wallet"), folder.path().join("other"));
    let cli = Cli {
        store: &store,
        passphrase: Some("correct horse"),
    };
    assert!(cli.run(&["init"]).status.success());
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (words, wrong) = (file("words", "battery staple\n"), file("wrong", "guess\n"));
    let backup = folder.path().join("wallet.tessera-backup");
    let backup = backup.display().to_string();
    assert_eq!(cli.refused(&["backup", &backup]), "passphrase_needed");
    let given = ["--backup-passphrase-file", words.as_str()];
    let made = cli.json(&[&["backup", &backup, "--json"], &given[..]].concat());
    assert_eq!(made["moved"], false);
    assert_eq!(
        cli.refused(&[&["backup", &backup], &given[..]].concat()),
        "file_exists"
    );
    assert_eq!(
        cli.refused(&[&["restore", &backup], &given[..]].concat()),
        "store_exists"
    );

    let fresh = Cli {
        store: &other,
        passphrase: Some("another horse"),
    };
    let guess = ["restore", &backup, "--backup-passphrase-file", &wrong];
    assert_eq!(fresh.refused(&guess), "wrong_passphrase");
    assert_eq!(
        fresh.refused(&["restore", &words, given[0], given[1]]),
        "backup_damaged"
    );
    let made = fresh.json(&[&["restore", &backup, "--json"], &given[..]].concat());
    assert_eq!(made["store"], other.display().to_string());
    let history = fresh.json(&["history", "--json"]);
    assert_eq!(history["history"][0]["event"], "restored");
    let csv = text(&cli.run(&["history", "--csv"]).stdout);
    assert!(
        csv.starts_with("at,event,") && csv.contains("\"backed_up\""),
        "{csv}"
    );

    let new = ["--new-passphrase-file", words.as_str()];
    assert_eq!(
        fresh.json(&[&["passphrase", "--json"], &new[..]].concat())["changed"],
        true
    );
    assert_eq!(fresh.refused(&["list"]), "wrong_passphrase");
    let changed = Cli {
        store: &other,
        passphrase: Some("battery staple"),
    };
    assert!(changed.run(&["list"]).status.success());
    assert_eq!(
        changed.refused(&["delete", "full-0000"]),
        "credential_unknown"
    );
    assert_eq!(
        changed.refused(&["delete", "--all"]),
        "deletion_unconfirmed"
    );
    assert!(changed.run(&["delete", "--all", "--yes"]).status.success());
    assert_eq!(changed.refused(&["list"]), "store_missing");
}

/// The disk is full, or the command is killed while it writes: what was there stays, and the next command goes on from it.
#[cfg(unix)]
#[test]
fn a_wallet_survives_a_full_disk_and_a_kill_in_the_middle_of_a_write() {
    use std::os::unix::process::ExitStatusExt as _;

    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    let cli = Cli {
        store: &store,
        passphrase: Some("correct horse"),
    };
    let files = |of: &Path| std::fs::read_dir(of).unwrap().count();
    // No file may be written at all. Ignoring the signal leaves the error of the system call.
    let limited = |ignoring: bool, arguments: &[&str]| {
        let trap = if ignoring { "trap '' XFSZ; " } else { "" };
        let script = format!("{trap}ulimit -f 0; exec \"$0\" \"$@\"");
        Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_tessera")])
            .args(arguments)
            .env("TESSERA_STORE", &store)
            .env("TESSERA_PASSPHRASE", "correct horse")
            .env("TESSERA_BACKUP_PASSPHRASE", "battery staple")
            .env_remove("TESSERA_LANG")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let refused = |arguments: &[&str], code: &str| {
        let output = limited(true, arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(&format!("error[{code}]")), "{stderr}");
    };
    refused(&["init"], "store_io");
    assert_eq!(cli.refused(&["list"]), "store_missing");
    assert!(cli.run(&["init"]).status.success());
    let below = || cli.json(&["settings", "--json"])["settings"]["reissue_below"].clone();
    let before = below();
    assert_ne!(before, 7);
    refused(&["settings", "--reissue-below", "7"], "store_io");
    let killed = limited(false, &["settings", "--reissue-below", "7"]);
    assert!(killed.status.signal().is_some(), "{:?}", killed.status);
    assert_eq!(below(), before);
    let backups = folder.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    let backup = backups.join("of-today").display().to_string();
    refused(&["backup", &backup], "file_unwritable");
    // A move begins with the wallet, which forgets nothing that it cannot write down.
    refused(&["backup", &backup, "--move"], "store_io");
    assert_eq!(files(&backups), 0);
    refused(&["delete", "--all", "--yes"], "store_io");
    assert_eq!(
        cli.json(&["settings", "--reissue-below", "7", "--json"])["settings"]["reissue_below"],
        7
    );
    assert_eq!(files(&store), 2, "the wallet and its lock");
}

/// Whoever reads may go away; what was done is done. A full disk is another thing: the result is lost.
#[cfg(target_os = "linux")]
#[test]
fn nobody_need_read_what_is_said_but_a_result_that_is_lost_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let run = |command: &str, store: &str, out: Stdio, err: Stdio| {
        let status = Command::new(env!("CARGO_BIN_EXE_tessera"))
            .arg(command)
            .env("TESSERA_STORE", folder.path().join(store))
            .env("TESSERA_PASSPHRASE", "short")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .status()
            .unwrap();
        status.code()
    };
    let full = || {
        let device = std::fs::File::options().write(true).open("/dev/full");
        Stdio::from(device.unwrap())
    };
    let gone = || Stdio::from(std::io::pipe().unwrap().1);
    // The warning of a short passphrase is for nobody.
    assert_eq!(run("init", "unheard", gone(), full()), Some(0));
    assert_eq!(run("init", "lost", full(), gone()), Some(1));
    assert_eq!(run("list", "missing", full(), full()), Some(1));
    assert!(folder.path().join("lost/wallet.sealed").exists());
}

/// A wallet does not come to lie wherever the command happens to be run.
#[test]
fn without_a_home_the_folder_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = |home: Option<&Path>, data: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
        for name in ["TESSERA_STORE", "TESSERA_LANG", "HOME"] {
            command.env_remove(name);
        }
        if let Some(home) = home {
            command.env("HOME", home);
        }
        // The XDG Base Directory Specification passes over what is no absolute path.
        command.args(["list", "--json"]).env("XDG_DATA_HOME", data);
        let output = command.current_dir(folder.path()).output().unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        said["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(run(None, ""), "store_unnamed");
    assert_eq!(run(None, "here"), "store_unnamed");
    assert_eq!(run(Some(folder.path()), "here"), "store_missing");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A proxy of the environment would see whom the holder talks to, and resolve names in the wallet's place.
#[test]
fn no_proxy_of_the_environment_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let at = format!("http://{}", proxy.local_addr().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command
        .args(["rollout", "--issuer", "http://127.0.0.1:1"])
        .env("TESSERA_STORE", folder.path())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("TESSERA_LANG");
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"] {
        command.env(name, &at);
        command.env(name.to_ascii_lowercase(), &at);
    }
    let stderr = text(&command.output().unwrap().stderr);
    assert!(stderr.starts_with("error[network_unreachable]"), "{stderr}");
    assert!(proxy.accept().is_err(), "nobody came");
}

/// A label without a sentence would be printed as its code.
#[test]
fn every_label_the_command_prints_is_in_the_table() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let written = source.split('"').filter(|word| word.starts_with("label_"));
            // A label that is put together is looked up by the test of whoever puts it together.
            for label in written.filter(|word| !word.contains('{')) {
                assert!(tessera_wallet::messages::knows(label), "{label}");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "the sources were not found");
}
