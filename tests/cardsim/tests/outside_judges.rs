//! The program, and OpenSSL as a judge of what it exports.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tessera-cardsim");

/// A fresh folder with a card in it and its export.
fn exported(name: &str, options: &[&str]) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("photo.jpg"), [0xFF, 0xD8, 0xFF, 0xD9]).unwrap();
    let run = |arguments: &[&str]| {
        let status = Command::new(PROGRAM)
            .args(arguments)
            .current_dir(&dir)
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
    };
    let mut arguments = vec![
        "personalise",
        "--out",
        "card.json",
        "--csca-out",
        "trusted.der",
    ];
    arguments.extend(["--portrait", "photo.jpg", "--surname", "SPECIMEN"]);
    arguments.extend(options);
    run(&arguments);
    run(&["export", "--profile", "card.json", "--dir", "."]);
    dir
}

#[test]
fn openssl_accepts_the_security_object_and_refuses_an_impostors() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl is not installed");
        return;
    }
    for (name, options, genuine) in [
        ("judge-genuine", &[][..], true),
        ("judge-impostor", &["--fault", "other_csca"][..], false),
    ] {
        let dir = exported(name, options);
        let openssl = |arguments: &[&str]| {
            Command::new("openssl")
                .args(arguments)
                .current_dir(&dir)
                .output()
                .unwrap()
        };
        let convert = [
            "x509",
            "-inform",
            "DER",
            "-in",
            "trusted.der",
            "-out",
            "trusted.pem",
        ];
        assert!(openssl(&convert).status.success());
        let verified = openssl(&[
            "cms",
            "-verify",
            "-inform",
            "DER",
            "-in",
            "sod.der",
            "-CAfile",
            "trusted.pem",
            "-out",
            "lds.der",
        ]);
        assert_eq!(verified.status.success(), genuine, "{name}");
        if genuine {
            let digest = openssl(&["dgst", "-sha256", "-binary", "dg1.bin"]).stdout;
            let signed = fs::read(dir.join("lds.der")).unwrap();
            assert!(signed.windows(digest.len()).any(|window| window == digest));
        }
    }
}

#[test]
fn the_pipe_answers_line_by_line() {
    let dir = exported("pipe", &["--no-pace"]);
    let mut child = Command::new(PROGRAM)
        .args(["pipe", "--profile", "card.json"])
        .current_dir(&dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let commands = "00A4040C07A0000002471001\n00A4020C02011C\n00A4020C020101\n\n0084000008\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(commands.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    // No EF.CardAccess without PACE, DG1 only after access control, no challenge after a reset.
    assert_eq!(output.stdout, b"9000\n6A82\n6982\n\n6D00\n");
}
