//! Steps 6 to 10: the physical card at the terminal.

use super::Stage;
use super::face::held;
use crate::Result;
use crate::kiosk::Card;
use crate::registry::MEI;
use crate::report::Report;

/// Step 6.
pub fn full_credential(stage: &mut Stage, report: &mut Report) {
    report.step(
        6,
        "The issuer is back. At a terminal, MEI's card and her live face earn the full credential.",
    );
    report.note(&stage.kiosk.how());
    report.note(stage.kiosk.key_kept());
    report.check("issuer started again", "ready", || {
        stage.authority.start().map(|()| "ready".into())
    });
    let mut code = String::new();
    report.check(
        "chip read, face matches the chip's portrait",
        "code shown",
        || {
            code = at_the_terminal(stage, Card::Genuine, MEI.selfie)?;
            Ok(if code.len() == 6 {
                "code shown".into()
            } else {
                code.clone()
            })
        },
    );
    report.check("full credential received", "ok", || {
        Ok(stage.mei.finish_upgrade(&code)?.verdict())
    });
    report.check("in the wallet", "full: 10 sd_jwt, 10 ldp", || {
        held(&stage.mei)
    });
    report.check("step 4's credential again, fresh bundle", "revoked", || {
        let fresh = stage.file("bundle-2.jwt");
        stage.authority.publish(&fresh)?;
        shown_again(stage, &fresh)
    });
    report.check("the same, bundle from before the upgrade", "ok", || {
        shown_again(stage, &stage.first_bundle())
    });
}

/// Steps 7 to 10.
pub fn refused_cards(stage: &mut Stage, report: &mut Report) {
    let cases = [
        (
            7,
            "A copy of the chip's files without its secret key.",
            "cloned chip",
            Card::Cloned,
            MEI.selfie,
            "active_auth_failed",
        ),
        (
            8,
            "A chip whose name and number were edited.",
            "edited DG1",
            Card::EditedDg1,
            MEI.selfie,
            "dg_hash_mismatch",
        ),
        (
            9,
            "A chip signed by an authority nobody trusts, under the same name.",
            "unknown CSCA",
            Card::OtherCsca,
            MEI.selfie,
            "csca_unknown",
        ),
        (
            10,
            "MEI's own card, with another person before the camera.",
            "another live face",
            Card::Genuine,
            "impostor_1.jpg",
            "face_mismatch",
        ),
    ];
    for (number, sentence, what, card, photo, expected) in cases {
        report.step(number, sentence);
        report.check(what, expected, || at_the_terminal(stage, card, photo));
    }
}

/// Starts a session in MEI's wallet and takes it to the terminal: the code shown there, or why there is none.
fn at_the_terminal(stage: &mut Stage, card: Card, photo: &str) -> Result<String> {
    let session = stage.mei.begin_upgrade(&stage.authority, &MEI)?;
    stage.kiosk.session(&stage.authority, &session, card, photo)
}

fn shown_again(stage: &Stage, bundle: &std::path::Path) -> Result<String> {
    let Some((request, presentation)) = &stage.shown_to_cafe else {
        return Ok("nothing was shown in step 4".into());
    };
    Ok(stage
        .cafe
        .check(request, presentation, bundle, &[])?
        .verdict())
}
