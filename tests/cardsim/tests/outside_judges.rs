//! The program, and OpenSSL as a judge of what it exports.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use rand_core::OsRng;
use tessera_cardsim::{Chip, Csca, Curve, Digest, KeyKind, Profile, Quirk, Revoked, Scheme};

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

/// What OpenSSL says of a file under an authority: its success, and what it writes.
fn openssl(dir: &Path, authority: &[u8], arguments: &[&str]) -> (bool, String) {
    fs::write(dir.join("trusted.der"), authority).unwrap();
    let run = |arguments: &[&str]| {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments).current_dir(dir).output().unwrap()
    };
    let convert = "x509 -inform DER -in trusted.der -out trusted.pem";
    assert!(
        run(&convert.split(' ').collect::<Vec<_>>())
            .status
            .success()
    );
    let done = run(arguments);
    let text = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&text).into())
}

fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(elapsed.as_secs()).unwrap()
}

/// Security objects of every kind of signer, named by serial number or key identifier, and a master list: OpenSSL takes
/// each under its authority, and under no other of the same name.
#[test]
fn openssl_takes_every_kind_of_signer() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl is not installed");
        return;
    }
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("judge-signers");
    fs::create_dir_all(&dir).unwrap();
    let verify = [
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-purpose",
        "any",
        "-in",
        "object.der",
        "-CAfile",
        "trusted.pem",
        "-out",
        "content.der",
    ];
    for (key, digest, quirk) in [
        (KeyKind::Ec(Curve::P256), Digest::Sha256, Quirk::SignerByKey),
        (
            KeyKind::Ec(Curve::Brainpool384),
            Digest::Sha384,
            Quirk::Lds18,
        ),
        (KeyKind::Rsa(2048), Digest::Sha256, Quirk::LongSerial),
        (
            KeyKind::RsaPss(2048, 32),
            Digest::Sha256,
            Quirk::SignerByKey,
        ),
        (
            KeyKind::RsaPss(2048, 64),
            Digest::Sha512,
            Quirk::CriticalPolicies,
        ),
    ] {
        let scheme = Scheme { key, digest };
        let authority = || Csca::of_country("UT", scheme, &mut OsRng, now()).unwrap();
        let (csca, other) = (authority(), authority());
        let mut profile = Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], now());
        profile.signer = scheme;
        profile.signing_time = true;
        profile.quirks.push(quirk);
        let chip = Chip::personalise(&profile, &csca, &mut OsRng).unwrap();
        let sod = chip.card().file(0x011D).unwrap();
        // Without tag 77 and its length of two octets.
        fs::write(dir.join("object.der"), &sod[4..]).unwrap();
        let (good, said) = openssl(&dir, csca.certificate(), &verify);
        assert!(good, "{scheme:?}: {said}");
        let (good, _) = openssl(&dir, other.certificate(), &verify);
        assert!(!good, "{scheme:?}");

        let certificates = [csca.certificate(), other.certificate()];
        let list = csca.master_list(&certificates, true, &mut OsRng, now());
        fs::write(dir.join("object.der"), list.unwrap()).unwrap();
        let (good, said) = openssl(&dir, csca.certificate(), &verify);
        assert!(good, "{scheme:?}: {said}");
        let signed = fs::read(dir.join("content.der")).unwrap();
        for certificate in certificates {
            assert!(
                signed
                    .windows(certificate.len())
                    .any(|part| part == certificate)
            );
        }
        let (good, _) = openssl(&dir, other.certificate(), &verify);
        assert!(!good, "{scheme:?}");
    }
}

#[test]
fn openssl_reads_revocation_lists() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: openssl is not installed");
        return;
    }
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("judge-lists");
    fs::create_dir_all(&dir).unwrap();
    let authority = || Csca::throwaway(&mut OsRng, now()).unwrap();
    let (csca, other) = (authority(), authority());
    let profile = Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], now());
    let chip = Chip::personalise(&profile, &csca, &mut OsRng).unwrap();
    let revoked = Revoked {
        certificate: chip.card().signer_certificate().to_vec(),
        reason: Some(1),
        since: now(),
    };
    let list = csca.crl(1, &[revoked], (now() - 60, now() + 86_400));
    fs::write(dir.join("list.der"), list.unwrap()).unwrap();
    let read = [
        "crl",
        "-inform",
        "DER",
        "-in",
        "list.der",
        "-text",
        "-noout",
        "-CAfile",
        "trusted.pem",
    ];
    let (_, said) = openssl(&dir, csca.certificate(), &read);
    assert!(
        said.contains("verify OK") && said.contains("Key Compromise"),
        "{said}"
    );
    let (_, said) = openssl(&dir, other.certificate(), &read);
    assert!(!said.contains("verify OK"), "{said}");
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
