//! The simulated chip before outside readers: `emrtd` over BAC and PC/SC, OpenSSL on the SOD.

use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::Command;

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tessera_cardsim::{
    Card, Chip, ChipAuth, Cipher, Csca, Curve, Digest, KeyKind, Profile, Quirk, Revoked, Scheme,
    vpcd,
};
use tessera_tests::reader_daemon::{ReaderDaemon, VIRTUAL_READER};
use tessera_tests::registry;

use tessera_interop::matrix::{Matrix, Outcome, Stop, Way, demand};
use tessera_interop::oracle::Oracle;
use tessera_interop::specimen::now;

/// EF.SOD (Doc 9303-10 §4.7.2).
const SOD: u16 = 0x011D;
/// The data groups the chip has, by number and file.
const DATA_GROUPS: [(&str, u16); 4] = [
    ("dg1", 0x0101),
    ("dg2", 0x0102),
    ("dg14", 0x010E),
    ("dg15", 0x010F),
];

/// A kind of card: its name, and what makes it another than the specimen.
type Kind = (&'static str, fn(&mut Profile));

/// What OpenSSL judges the security object of: signers of every kind, and what documents of the field do.
const SIGNED: [Kind; 9] = [
    ("TD1, P-256", |_| ()),
    ("TD2, brainpoolP384r1, LDS 1.8", |profile| {
        profile.holder.td2 = true;
        signed(
            profile,
            KeyKind::Ec(Curve::Brainpool384),
            Digest::Sha384,
            &[Quirk::Lds18],
        );
    }),
    ("TD3, P-521, signer by key", |profile| {
        profile.holder.document_type = "P".to_owned();
        signed(
            profile,
            KeyKind::Ec(Curve::P521),
            Digest::Sha512,
            &[Quirk::SignerByKey],
        );
    }),
    ("RSA 2048, long serial", |profile| {
        signed(
            profile,
            KeyKind::Rsa(2048),
            Digest::Sha256,
            &[Quirk::LongSerial],
        );
    }),
    ("RSA 3072, SHA-512", |profile| {
        signed(profile, KeyKind::Rsa(3072), Digest::Sha512, &[]);
    }),
    ("RSASSA-PSS, salt 32", |profile| {
        signed(
            profile,
            KeyKind::RsaPss(2048, 32),
            Digest::Sha256,
            &[Quirk::SignerByKey],
        );
    }),
    ("RSASSA-PSS, salt 64, critical policies", |profile| {
        let quirks = [Quirk::CriticalPolicies];
        signed(profile, KeyKind::RsaPss(2048, 64), Digest::Sha512, &quirks);
    }),
    ("brainpoolP256r1, chip authentication", |profile| {
        profile.chip_auth = Some(ChipAuth {
            curve: Curve::Brainpool256,
            cipher: Cipher::Aes128,
            key_id: None,
        });
        signed(
            profile,
            KeyKind::Ec(Curve::Brainpool256),
            Digest::Sha256,
            &[],
        );
    }),
    ("explicit parameters of P-256", |profile| {
        signed(
            profile,
            KeyKind::EcExplicit(Curve::P256),
            Digest::Sha256,
            &[],
        );
    }),
];

/// What `emrtd` reads over BAC, which every one of these cards offers beside PACE.
const READ: [Kind; 4] = [
    ("TD1", |_| ()),
    ("TD2, RSA", |profile| {
        profile.holder.td2 = true;
        signed(profile, KeyKind::Rsa(2048), Digest::Sha256, &[]);
    }),
    ("TD3, brainpoolP384r1, LDS 1.8", |profile| {
        profile.holder.document_type = "P".to_owned();
        signed(
            profile,
            KeyKind::Ec(Curve::Brainpool384),
            Digest::Sha384,
            &[Quirk::Lds18],
        );
    }),
    ("TD1, without PACE, extended length", |profile| {
        profile.pace = false;
        profile.extended = true;
    }),
];

fn signed(profile: &mut Profile, key: KeyKind, digest: Digest, quirks: &[Quirk]) {
    profile.signer = Scheme { key, digest };
    profile.lds_digest = digest;
    profile.signing_time = true;
    profile.quirks.extend(quirks);
}

pub(crate) fn run(oracle: &Oracle, folder: &Path, matrix: &mut Matrix) {
    for (name, kind) in SIGNED {
        let subject = format!("chip: SOD, {name}");
        matrix.ask(&subject, "OpenSSL", Way::OursToTheirs, || {
            openssl(folder, kind)
        });
    }
    matrix.ask("chip: master list", "OpenSSL", Way::OursToTheirs, || {
        master_list(folder)
    });
    matrix.ask(
        "chip: revocation list",
        "OpenSSL",
        Way::OursToTheirs,
        || revocation_list(folder),
    );
    let daemon = ReaderDaemon::ready(folder).map_err(|why| why.to_string());
    for (name, kind) in READ {
        let subject = format!("chip: BAC over PC/SC, {name}");
        matrix.ask(&subject, "emrtd", Way::OursToTheirs, || {
            let daemon = daemon.as_ref().map_err(|why| Stop::Skip(why.clone()))?;
            emrtd(oracle, daemon, kind)
        });
    }
}

struct Made {
    chip: Chip,
    profile: Profile,
    csca: Csca,
}

fn make(kind: fn(&mut Profile)) -> Result<Made, Stop> {
    let rng = &mut rand_core::OsRng;
    let now = now()?.unix();
    let portrait = std::fs::read(registry::photo("person_a_1.jpg")).map_err(Stop::fail)?;
    let mut profile = Profile::specimen(&portrait, now);
    kind(&mut profile);
    let csca = Csca::of_country("UT", profile.signer, rng, now).map_err(Stop::fail)?;
    let chip = Chip::personalise(&profile, &csca, rng).map_err(Stop::fail)?;
    Ok(Made {
        chip,
        profile,
        csca,
    })
}

/// Whether OpenSSL takes a signed object under an authority, and the content it says was signed.
fn verify(folder: &Path, object: &[u8], authority: &[u8]) -> Result<(bool, Vec<u8>), Stop> {
    let (input, ca, out) = (
        folder.join("object.der"),
        folder.join("csca.pem"),
        folder.join("content.der"),
    );
    std::fs::write(&input, object).map_err(Stop::fail)?;
    std::fs::write(&ca, pem(authority)).map_err(Stop::fail)?;
    let _ = std::fs::remove_file(&out);
    let result = Command::new("openssl")
        .args([
            "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-in",
        ])
        .arg(&input)
        .arg("-CAfile")
        .arg(&ca)
        .arg("-attime")
        .arg(now()?.unix().to_string())
        .arg("-out")
        .arg(&out)
        .output()
        .map_err(|_| Stop::Skip("the openssl command is not installed".to_owned()))?;
    let said = String::from_utf8_lossy(&result.stderr);
    if said.contains("explicit") {
        return Err(Stop::Skip(
            "OpenSSL takes no certificate with explicit curve parameters".to_owned(),
        ));
    }
    Ok((
        result.status.success(),
        std::fs::read(&out).unwrap_or_default(),
    ))
}

fn stranger(profile: &Profile) -> Result<Csca, Stop> {
    let rng = &mut rand_core::OsRng;
    Csca::of_country("UT", profile.signer, rng, now()?.unix()).map_err(Stop::fail)
}

/// The signature of the security object under its authority, and the digests it signs.
fn openssl(folder: &Path, kind: fn(&mut Profile)) -> Outcome {
    let made = make(kind)?;
    let card = made.chip.card();
    let sod = card
        .file(SOD)
        .ok_or_else(|| Stop::fail("the chip has no SOD"))?;
    let object = without_tag_77(sod)?;
    let (good, security_object) = verify(folder, object, made.csca.certificate())?;
    demand(good, "OpenSSL refuses the SOD")?;
    let algorithm = match made.profile.lds_digest {
        Digest::Sha384 => &SHA384,
        Digest::Sha512 => &SHA512,
        _ => &SHA256,
    };
    for (name, file) in DATA_GROUPS {
        let bytes = card
            .file(file)
            .ok_or_else(|| Stop::fail(format!("the chip has no {name}")))?;
        let hash = digest(algorithm, bytes);
        let signed = security_object
            .windows(hash.as_ref().len())
            .any(|window| window == hash.as_ref());
        demand(
            signed,
            &format!("the digest of {name} is not in the security object"),
        )?;
    }
    demand(
        !verify(folder, object, stranger(&made.profile)?.certificate())?.0,
        "OpenSSL accepts another authority of the same name",
    )?;
    Ok(format!(
        "signature, chain, {} digests; another authority refused",
        DATA_GROUPS.len()
    ))
}

/// A master list: its signature and chain, and the certificates in it.
fn master_list(folder: &Path) -> Outcome {
    let Made { profile, csca, .. } = make(|_| ())?;
    let other = stranger(&profile)?;
    let certificates = [csca.certificate(), other.certificate()];
    let rng = &mut rand_core::OsRng;
    let list = csca.master_list(&certificates, true, rng, now()?.unix());
    let list = list.map_err(Stop::fail)?;
    let (good, content) = verify(folder, &list, csca.certificate())?;
    demand(good, "OpenSSL refuses the master list")?;
    for certificate in certificates {
        let listed = content
            .windows(certificate.len())
            .any(|part| part == certificate);
        demand(listed, "a certificate is not in the content")?;
    }
    demand(
        !verify(folder, &list, other.certificate())?.0,
        "OpenSSL accepts another authority of the same name",
    )?;
    Ok("signature, chain, 2 certificates; another authority refused".to_owned())
}

/// A revocation list: its signature, and the reason it gives.
fn revocation_list(folder: &Path) -> Outcome {
    let Made {
        chip,
        profile,
        csca,
    } = make(|_| ())?;
    let since = now()?.unix();
    let revoked = Revoked {
        certificate: chip.card().signer_certificate().to_vec(),
        reason: Some(1),
        since,
    };
    let list = csca.crl(1, &[revoked], (since - 60, since + 86_400));
    let input = folder.join("list.der");
    std::fs::write(&input, list.map_err(Stop::fail)?).map_err(Stop::fail)?;
    let says = |authority: &[u8]| -> Result<String, Stop> {
        let ca = folder.join("csca.pem");
        std::fs::write(&ca, pem(authority)).map_err(Stop::fail)?;
        let read = Command::new("openssl")
            .args(["crl", "-inform", "DER", "-text", "-noout", "-in"])
            .arg(&input)
            .arg("-CAfile")
            .arg(&ca)
            .output()
            .map_err(|_| Stop::Skip("the openssl command is not installed".to_owned()))?;
        let text = [read.stdout, read.stderr].concat();
        Ok(String::from_utf8_lossy(&text).into())
    };
    let said = says(csca.certificate())?;
    demand(said.contains("verify OK"), "OpenSSL refuses the list")?;
    demand(said.contains("Key Compromise"), "the reason is not read")?;
    demand(
        !says(stranger(&profile)?.certificate())?.contains("verify OK"),
        "OpenSSL accepts another authority of the same name",
    )?;
    Ok("signature, reason; another authority refused".to_owned())
}

/// Every file read by a foreign reader over the smart-card daemon is the file in the chip.
fn emrtd(oracle: &Oracle, daemon: &ReaderDaemon, kind: fn(&mut Profile)) -> Outcome {
    let Made {
        mut chip, profile, ..
    } = make(kind)?;
    let card = chip.card().clone();
    daemon.wait_until_empty().map_err(Stop::fail)?;
    let reader = TcpStream::connect(VIRTUAL_READER).map_err(Stop::fail)?;
    let inserted = reader.try_clone().map_err(Stop::fail)?;
    let serving = std::thread::spawn(move || vpcd::serve_over(&mut chip, inserted));
    let outcome = read(oracle, &card, &profile);
    // Out of the reader again, for the next one.
    let _ = reader.shutdown(Shutdown::Both);
    let _ = serving.join();
    outcome
}

fn read(oracle: &Oracle, card: &Card, profile: &Profile) -> Outcome {
    let holder = &profile.holder;
    let mut question = json!({
        "reader": "Virtual PCD 00 00",
        "document_number": holder.document_number,
        "birth_date": holder.birth,
        "expiry_date": holder.expiry,
    });
    let answer = until_inserted(oracle, &question)?;
    for (name, file) in DATA_GROUPS
        .into_iter()
        .chain([("sod", SOD), ("com", 0x011E)])
    {
        let read = answer["files"][name]
            .as_str()
            .map(|text| STANDARD.decode(text));
        let same =
            matches!((read, card.file(file)), (Some(Ok(read)), Some(written)) if read == written);
        demand(same, &format!("{name} is not what the chip holds"))?;
    }
    let portrait = STANDARD.encode(&profile.portrait);
    demand(
        answer["files"]["portrait"] == portrait,
        "another portrait came out of DG2",
    )?;
    question["birth_date"] = json!("900116");
    oracle.refuses(&["emrtd", "read"], &question, "a wrong birth date")?;
    Ok("6 files, portrait; wrong MRZ refused".to_owned())
}

/// The daemon takes a moment to notice the card.
fn until_inserted(
    oracle: &Oracle,
    question: &serde_json::Value,
) -> Result<serde_json::Value, Stop> {
    let mut last = Stop::fail("the card was never asked");
    for _ in 0..20 {
        match oracle.ask(&["emrtd", "read"], question) {
            Err(Stop::Fail(reason)) if reason.contains("nobody here does") => {
                return Err(Stop::Skip("the judges were built without PC/SC".to_owned()));
            }
            Err(Stop::Fail(reason))
                if reason.contains("Smart Card") || reason.contains("no reader") =>
            {
                last = Stop::Fail(reason);
                std::thread::sleep(std::time::Duration::from_millis(250));
            }
            other => return other,
        }
    }
    Err(last)
}

/// EF.SOD is the CMS object within tag `77` (Doc 9303-10 §4.6.2).
fn without_tag_77(sod: &[u8]) -> Result<&[u8], Stop> {
    let content = match sod {
        [0x77, length, rest @ ..] if *length < 0x80 => Some(rest),
        [0x77, 0x81, _, rest @ ..]
        | [0x77, 0x82, _, _, rest @ ..]
        | [0x77, 0x83, _, _, _, rest @ ..] => Some(rest),
        _ => None,
    };
    content.ok_or_else(|| Stop::fail("the SOD has no tag 77"))
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}
