//! Step 19: a terminal that the authority no longer believes.

use super::Stage;
use crate::kiosk::Card;
use crate::registry::MEI;
use crate::report::Report;

/// Step 19. The terminal is registered again at the end, for whatever comes after.
pub fn retired(stage: &mut Stage, report: &mut Report) {
    report.step(
        19,
        "The terminal is retired. Its key and certificate are as good as ever; nobody believes it any more.",
    );
    report.check("genuine card, right face", "terminal_retired", || {
        stage.kiosk.retire(&stage.authority)?;
        at_the_terminal(stage)
    });
    report.check("registered again", "code shown", || {
        stage.kiosk.enrol(&stage.authority)?;
        let code = at_the_terminal(stage)?;
        Ok(if code.len() == 6 {
            "code shown".into()
        } else {
            code
        })
    });
}

fn at_the_terminal(stage: &mut Stage) -> crate::Result<String> {
    super::next_second();
    let session = stage.mei.begin_upgrade(&stage.authority, &MEI)?;
    stage
        .kiosk
        .session(&stage.authority, &session, Card::Genuine, MEI.selfie)
}
