//! Other cards at the terminal: a chip without active authentication, and a resident card through a security module.

use serde_json::Value;

use super::{Stage, next_second};
use crate::Result;
use crate::kiosk::Card;
use crate::lean_holder::LeanHolder;
use crate::registry::MEI;
use crate::report::Report;

/// Step 20: a chip that proves itself by agreeing keys with the issuer.
pub fn key_agreeing_chip(stage: &mut Stage, report: &mut Report) {
    report.step(
        20,
        "A chip without active authentication: the issuer agrees keys with it, through a terminal that cannot read along.",
    );
    for (what, card, expected) in [
        (
            "genuine chip",
            Card::KeyAgreeing,
            "chip: vcrypt, pvp; chip-and-face-attended",
        ),
        (
            "a copy of its files",
            Card::KeyAgreeingCopy,
            "chip_auth_failed",
        ),
    ] {
        report.check(what, expected, || {
            earned(stage, |stage, session| {
                stage
                    .kiosk
                    .session(&stage.authority, session, card, MEI.selfie)
            })
        });
    }
}

/// Step 21: a resident card: the terminal's word, recorded as that.
pub fn resident_card(stage: &mut Stage, report: &mut Report) {
    report.step(
        21,
        "MEI's resident card, read through a reader's security module: the terminal's word, not a chip's proof.",
    );
    for (what, fault, selfie, expected) in [
        (
            "card and face agree",
            None,
            MEI.selfie,
            "sam_reader: vdig, pvp; terminal-attested-and-face-attended",
        ),
        (
            "the reader's line is disturbed",
            Some("bad-check"),
            MEI.selfie,
            "malformed",
        ),
        (
            "the reader says nothing",
            Some("stuck"),
            MEI.selfie,
            "reader_failed",
        ),
        ("another live face", None, "impostor_1.jpg", "face_mismatch"),
    ] {
        report.check(what, expected, || {
            earned(stage, |stage, session| {
                stage
                    .kiosk
                    .resident_session(&stage.authority, session, fault, selfie)
            })
        });
    }
}

/// Takes a session of MEI's to the terminal: what the credential that it earns says of the checks, or why there is none.
fn earned(stage: &Stage, visit: impl FnOnce(&Stage, &str) -> Result<String>) -> Result<String> {
    next_second();
    let phone = LeanHolder::new(&stage.authority.url())?;
    let session = phone.start(MEI.number, "full")?;
    let shown = visit(stage, session["session_id"].as_str().unwrap_or_default())?;
    if shown.len() != 6 || !shown.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(shown);
    }
    let credential = phone
        .redeem(&phone.granted(&session, &shown)?)?
        .full_ldp()?;
    let evidence = &credential["evidence"][0];
    let text = |pointer: &str| {
        let found = evidence.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or("?").to_owned()
    };
    Ok(format!(
        "{}: {}, {}; {}",
        text("/assurance_process/pathway"),
        text("/evidence_sources/0/check_details/0/check_method"),
        text("/evidence_sources/0/check_details/1/check_method"),
        text("/assurance_process/procedure"),
    ))
}
