//! What an operator is told when a command cannot be done.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser as _;

use tessera_issuer::cli::{Cli, Outside, Reason, Refusal, prefers_chinese, run};
use tessera_issuer::environment::{SystemClock, SystemEntropy};
use tessera_issuer::store::SledStore;

/// A data folder and a passphrase beside it.
struct Desk {
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("passphrase"), "specimen passphrase\n").unwrap();
        let data = folder.path().join("data");
        Self { folder, data }
    }

    fn file(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Result<(), Refusal> {
        self.run_with(&self.file("passphrase"), arguments)
    }

    fn run_with(&self, passphrase: &str, arguments: &[&str]) -> Result<(), Refusal> {
        let data = self.data.to_str().unwrap();
        let own = [
            "tessera-issuer",
            "--data",
            data,
            "--passphrase-file",
            passphrase,
        ];
        let cli = Cli::try_parse_from(own.iter().chain(arguments)).unwrap();
        let outside = Outside {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let done = runtime.block_on(run(cli, outside));
        done.map_err(|error| Refusal::of(&*error))
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], reason: Reason, says: &str) {
        check(self.run(arguments), reason, says);
    }
}

#[track_caller]
fn check(outcome: Result<(), Refusal>, reason: Reason, says: &str) {
    let refusal = outcome.unwrap_err();
    assert_eq!(refusal.reason(), reason, "{refusal}");
    assert!(refusal.to_string().contains(says), "{refusal}");
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_wrong_with_keys_folder_and_store_has_its_own_code() {
    let desk = Desk::new();
    let publish: &[&str] = &["publish"];
    desk.refused(publish, Reason::KeysMissing, "tessera-issuer init");
    let no_file = desk.run_with("/nowhere/passphrase", &["init"]);
    check(no_file, Reason::PassphraseMissing, "/nowhere/passphrase");
    std::fs::write(desk.file("short"), "short").unwrap();
    let short = desk.run_with(&desk.file("short"), &["init"]);
    check(short, Reason::PassphraseUnfit, "8 characters");
    desk.run(&["init"]).unwrap();
    desk.refused(&["init"], Reason::KeysExist, "keys.json");
    std::fs::write(desk.file("wrong"), "another passphrase").unwrap();
    let wrong = desk.run_with(&desk.file("wrong"), publish);
    check(wrong, Reason::PassphraseWrong, "does not open");

    mode(&desk.data, 0o750);
    desk.refused(publish, Reason::DataNotPrivate, "chmod 700");
    mode(&desk.data, 0o700);
    let held = SledStore::open(&desk.data.join("store")).unwrap();
    desk.refused(publish, Reason::StoreInUse, "Another process");
    drop(held);
    desk.run(publish).unwrap();
    std::fs::remove_dir_all(desk.data.join("store")).unwrap();
    std::fs::write(desk.data.join("store"), "no folder").unwrap();
    desk.refused(publish, Reason::StoreFailed, "restore");
    std::fs::write(desk.data.join("keys.json"), "{").unwrap();
    desk.refused(publish, Reason::KeysDamaged, "not a key file");
}

#[test]
fn what_is_wrong_with_configuration_and_arguments_is_named() {
    let desk = Desk::new();
    let config = desk.file("issuer.toml");
    let with = |command: &'static str| ["--config".to_owned(), config.clone(), command.to_owned()];
    let run = |command| {
        let arguments = with(command);
        desk.run(&arguments.each_ref().map(String::as_str))
    };
    check(run("publish"), Reason::ConfigUnreadable, "issuer.toml");
    for (text, says) in [
        ("nonsense = 5", "unknown field `nonsense`"),
        ("listen = 5", "in `listen`"),
        ("listen", "TOML"),
    ] {
        std::fs::write(&config, text).unwrap();
        check(run("publish"), Reason::ConfigInvalid, says);
    }
    for url in [
        "issuer.example",
        "ftp://issuer.example",
        "https://",
        "https://issuer.example/?a",
        "https://issuer.example/#a",
        "https://user@issuer.example",
        "https://issuer example",
    ] {
        let arguments = ["serve", "--public-url", url];
        desk.refused(&arguments, Reason::ConfigInvalid, "public_url");
    }

    desk.run(&["init"]).unwrap();
    let did = "did:key:zDnaeunMXyoPt5LskMyY5uePqXjfdv7ARXzs681A3ENUJgNgu";
    let refused = |arguments: &[&str], says: &str| {
        desk.refused(arguments, Reason::Refused, says);
    };
    refused(
        &["terminal", "add", "--did", "x", "--name", "n"],
        "`x` is no DID",
    );
    refused(
        &["operator", "add", "--did", "x", "--staff", "s"],
        "`x` is no DID",
    );
    refused(&["operator", "retire", "--did", did], "no operator");
    refused(&["terminal", "retire", "--did", did], "terminal unknown");
    refused(&["revoke", "--credential", "x"], "no credential");
    let folder = desk.file("empty");
    std::fs::create_dir(&folder).unwrap();
    refused(&["registry", "import", &folder], "persons.json");
    let out = "/nowhere/authority.pem";
    let authority = ["terminal", "authority", "--out", out];
    desk.refused(&authority, Reason::FileUnavailable, out);
    desk.refused(
        &["registry", "import", "/nowhere"],
        Reason::FileUnavailable,
        "/nowhere",
    );
}

#[test]
fn revoking_and_erasing_say_what_they_need() {
    for (command, wanted) in [
        (
            "revoke",
            "<--person <PERSON>|--credential <CREDENTIAL>|--terminal <TERMINAL>>",
        ),
        ("erase", "<--person <PERSON>|--handle <HANDLE>>"),
    ] {
        let refused = Cli::try_parse_from(["tessera-issuer", command]).unwrap_err();
        assert!(refused.to_string().contains(wanted), "{refused}");
        let both = ["tessera-issuer", command, "--person", "1"];
        let other = match command {
            "revoke" => ["--credential", "1"],
            _ => ["--handle", "1"],
        };
        assert!(Cli::try_parse_from(both.iter().chain(&other)).is_err());
        assert!(Cli::try_parse_from(both).is_ok());
    }
}

#[test]
fn every_reason_has_its_code_and_both_languages() {
    let codes: std::collections::HashSet<_> = Reason::ALL.iter().map(|one| one.code()).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
    let page = include_str!("../../../docs/ERRORS.md");
    for reason in Reason::ALL {
        let row = format!("| `{}` | {} |", reason.code(), reason.english());
        assert!(page.contains(&row), "docs/ERRORS.md lacks {row}");
        assert!(!reason.chinese().is_ascii());
    }
    let set = |name: &'static str, value: &'static str| {
        move |asked: &str| (asked == name).then(|| value.to_owned())
    };
    assert!(prefers_chinese(set("LANG", "zh_CN.UTF-8")));
    assert!(prefers_chinese(set("TESSERA_LANG", "zh")));
    assert!(!prefers_chinese(set("LANG", "de_DE.UTF-8")));
    assert!(!prefers_chinese(|_| None));
    let both = |asked: &str| match asked {
        "TESSERA_LANG" => Some("en".to_owned()),
        _ => Some("zh_CN".to_owned()),
    };
    assert!(!prefers_chinese(both));
}
