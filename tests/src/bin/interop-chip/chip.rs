//! The simulated chip before outside readers: `emrtd` over BAC and PC/SC, OpenSSL on the SOD.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tessera_cardsim::{Chip, Csca, Profile, vpcd};
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

pub(crate) fn run(oracle: &Oracle, folder: &Path, matrix: &mut Matrix) {
    matrix.ask("chip: SOD", "OpenSSL cms", Way::OursToTheirs, || {
        openssl(folder)
    });
    matrix.ask("chip: BAC over PC/SC", "emrtd", Way::OursToTheirs, || {
        emrtd(oracle, folder)
    });
}

struct Made {
    chip: Chip,
    profile: Profile,
    csca: Csca,
}

fn make() -> Result<Made, Stop> {
    let rng = &mut rand_core::OsRng;
    let now = now()?.unix();
    let portrait = std::fs::read(registry::photo("person_a_1.jpg")).map_err(Stop::fail)?;
    let profile = Profile::specimen(&portrait, now);
    let csca = Csca::throwaway(rng, now).map_err(Stop::fail)?;
    let chip = Chip::personalise(&profile, &csca, rng).map_err(Stop::fail)?;
    Ok(Made {
        chip,
        profile,
        csca,
    })
}

/// The signature of the security object under its authority, and the digests it signs.
fn openssl(folder: &Path) -> Outcome {
    let made = make()?;
    let card = made.chip.card();
    let sod = card
        .file(SOD)
        .ok_or_else(|| Stop::fail("the chip has no SOD"))?;
    let verify = |authority: &[u8]| -> Result<(bool, Vec<u8>), Stop> {
        let (input, ca, out) = (
            folder.join("sod.der"),
            folder.join("csca.pem"),
            folder.join("lds.der"),
        );
        std::fs::write(&input, without_tag_77(sod)?).map_err(Stop::fail)?;
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
        Ok((
            result.status.success(),
            std::fs::read(&out).unwrap_or_default(),
        ))
    };
    let (good, security_object) = verify(made.csca.certificate())?;
    demand(good, "OpenSSL refuses the SOD")?;
    for (name, file) in DATA_GROUPS {
        let bytes = card
            .file(file)
            .ok_or_else(|| Stop::fail(format!("the chip has no {name}")))?;
        let hash = digest(&SHA256, bytes);
        let signed = security_object
            .windows(32)
            .any(|window| window == hash.as_ref());
        demand(
            signed,
            &format!("the digest of {name} is not in the security object"),
        )?;
    }
    let impostor = Csca::throwaway(&mut rand_core::OsRng, now()?.unix()).map_err(Stop::fail)?;
    demand(
        !verify(impostor.certificate())?.0,
        "OpenSSL accepts another authority of the same name",
    )?;
    Ok(format!(
        "signature, chain, {} digests; another authority refused",
        DATA_GROUPS.len()
    ))
}

/// Every file read by a foreign reader over the smart-card daemon is the file in the chip.
fn emrtd(oracle: &Oracle, folder: &Path) -> Outcome {
    let _daemon = ReaderDaemon::ready(folder).map_err(|why| Stop::Skip(why.to_string()))?;
    let Made {
        mut chip, profile, ..
    } = make()?;
    let card = chip.card().clone();
    std::thread::spawn(move || vpcd::serve(&mut chip, VIRTUAL_READER));
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
