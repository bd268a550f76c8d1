//! Liveness and covered faces: a head that moves as asked, and what does not pass for one.

use std::path::PathBuf;

use super::Stage;
use crate::Result;
use crate::authority::text;
use crate::holder::Holder;
use crate::kiosk::Card;
use crate::registry::{ANTON, MEI, Specimen, photo};
use crate::report::Report;

/// The number of the first of these steps.
const FIRST: u8 = 22;

/// The issuer, started again with a demand, asks wallets for head movements.
pub fn moving_head(stage: &mut Stage, report: &mut Report) {
    report.step(
        FIRST,
        "The authority now wants to see heads move. Recordings here are computed from one photograph.",
    );
    report.check("issuer started again", "ready", || {
        stage.authority.stop()?;
        stage.authority.set("PROOFING__LIVENESS", "limited");
        stage.authority.start().map(|()| "ready".into())
    });
    report.check("a photo alone", "liveness_required", || {
        let folder = tempfile::tempdir_in(&stage.folder)?;
        let wallet = Holder::new(&stage.programs, &folder.path().join("wallet"))?;
        Ok(wallet
            .enrol(&stage.authority, &ANTON, ANTON.selfie)?
            .verdict())
    });
    let kept = text(&stage.file("recording"));
    report.check("the head moves as asked", "ok", || {
        let photo = selfie(&ANTON);
        let arguments = ["--photo", &photo, "--seed", "21", "--keep", &kept];
        filmed(stage, &ANTON, &arguments)
    });
    report.check(
        "the same recording, played again",
        "liveness_replayed",
        || filmed(stage, &ANTON, &["--play", &kept]),
    );
    report.check(
        "another movement than asked",
        "liveness_wrong_movement",
        || {
            // Of two movements in a row at least one is not the first one asked.
            let mut seen = String::new();
            for (seed, instead) in [("31", "left,left,left"), ("32", "right,right,right")] {
                let arguments = [
                    "--photo",
                    &selfie(&MEI),
                    "--seed",
                    seed,
                    "--instead",
                    instead,
                ];
                seen = filmed(stage, &MEI, &arguments)?;
                if seen == "liveness_wrong_movement" {
                    break;
                }
            }
            Ok(seen)
        },
    );
}

/// Faces under a mask and behind dark glasses.
pub fn covered_faces(stage: &mut Stage, report: &mut Report) {
    report.step(
        FIRST + 1,
        "MEI before the camera with a mask, then with sunglasses, both drawn over her photograph.",
    );
    for (what, cover, expected) in [
        ("a mask", "blue_mask", "face_mouth_covered"),
        ("sunglasses", "sunglasses", "face_eyes_covered"),
    ] {
        report.check(what, expected, || {
            let arguments = ["--photo", &selfie(&MEI), "--seed", "41", "--cover", cover];
            filmed(stage, &MEI, &arguments)
        });
    }
}

/// At the terminal too the head has to move.
pub fn at_the_terminal(stage: &mut Stage, report: &mut Report) {
    report.step(
        FIRST + 3,
        "The authority wants to see heads move at the terminal as well: it films, signs the frames, and keeps none.",
    );
    report.check("issuer started again", "ready", || {
        stage.authority.stop()?;
        stage.authority.set("PROOFING__LIVENESS", "required");
        stage.authority.start().map(|()| "ready".into())
    });
    report.check("a photo beside the card", "camera_needed", || visit(stage));
    let mut code = String::new();
    report.check("the head moves as asked", "code shown", || {
        let camera = camera(stage, &["--photo", &selfie(&MEI), "--seed", "51"])?;
        stage.kiosk.film_with(&camera);
        code = visit(stage)?;
        Ok(if code.len() == 6 {
            "code shown".into()
        } else {
            code.clone()
        })
    });
    report.check("full credential received", "ok", || {
        Ok(stage.mei.finish_upgrade(&code)?.verdict())
    });
    report.check("MEI sits still", "liveness_incomplete", || {
        let still = ["--photo", &selfie(&MEI), "--seed", "54", "--still"];
        let camera = camera(stage, &still)?;
        stage.kiosk.film_with(&camera);
        visit(stage)
    });
}

/// MEI and her card at the terminal: the code shown, or the code of the refusal.
fn visit(stage: &mut Stage) -> Result<String> {
    super::next_second();
    let session = stage.mei.begin_upgrade(&stage.authority, &MEI)?;
    let kiosk = &stage.kiosk;
    kiosk.session(&stage.authority, &session, Card::Genuine, MEI.selfie)
}

/// A program that is the synthetic camera with these arguments before the movements.
fn camera(stage: &Stage, arguments: &[&str]) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let program = stage.file("terminal-camera");
    let quoted = |word: &str| format!("'{}'", word.replace('\'', "'\\''"));
    let words: Vec<String> = std::iter::once(text(&stage.programs.path("synthetic-camera")))
        .chain(arguments.iter().map(|word| (*word).to_owned()))
        .map(|word| quoted(&word))
        .collect();
    std::fs::write(
        &program,
        format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")),
    )?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700))?;
    Ok(program)
}

/// What a fresh wallet is told when it enrols with the synthetic camera.
fn filmed(stage: &Stage, person: &Specimen, camera: &[&str]) -> Result<String> {
    let folder = tempfile::tempdir_in(&stage.folder)?;
    let wallet = Holder::new(&stage.programs, &folder.path().join("wallet"))?;
    let program = text(&stage.programs.path("synthetic-camera"));
    let command = [&[program.as_str()], camera].concat().join(" ");
    let arguments = [
        "enrol",
        "--issuer",
        &stage.authority.url(),
        "--number",
        person.number,
        "--camera",
        &command,
    ];
    Ok(wallet.run(&arguments)?.verdict())
}

fn selfie(person: &Specimen) -> String {
    text(&photo(person.selfie))
}
