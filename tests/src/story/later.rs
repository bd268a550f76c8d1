//! Steps 16 to 18: an authority that looks first, a new phone, a lost phone.

use serde_json::Value;

use super::Stage;
use super::face::held;
use crate::holder::Holder;
use crate::kiosk::Card;
use crate::programs::Finished;
use crate::registry::MEI;
use crate::report::Report;
use crate::{Failure, Result};

/// Steps 16 to 18.
pub fn later(stage: &mut Stage, report: &mut Report) {
    deferred(stage, report);
    let code = new_phone(stage, report);
    lost_phone(stage, report, &code);
}

/// Step 16.
fn deferred(stage: &mut Stage, report: &mut Report) {
    report.step(
        16,
        "The authority now looks before it issues. MEI was at the terminal; her wallet waits, and collects.",
    );
    report.check("review switched on", "ready", || {
        stage.authority.stop()?;
        stage.authority.set("ASSURANCE__REVIEW", "true");
        stage.authority.start().map(|()| "ready".into())
    });
    report.check(
        "card and face at the terminal, offer taken up",
        "deferred: 2",
        || {
            super::next_second();
            let session = stage.mei.begin_upgrade(&stage.authority, &MEI)?;
            let code =
                stage
                    .kiosk
                    .session(&stage.authority, &session, Card::Genuine, MEI.selfie)?;
            let answer = stage.mei.finish_upgrade(&code)?;
            Ok(match answer.json() {
                Ok(told) if told.get("deferred").is_some() => {
                    format!("deferred: {}", told["deferred"])
                }
                _ => answer.verdict(),
            })
        },
    );
    report.check("collected too early", "issuance_pending", || {
        Ok(stage.mei.run(&["collect"])?.verdict())
    });
    report.check("the authority agrees", "approved", || {
        let listed = stage.authority.admin(&["review", "list"])?.stdout;
        let session = listed
            .split_whitespace()
            .skip_while(|word| *word != "session")
            .nth(1)
            .ok_or_else(|| Failure::new(format!("nothing to review: {listed}")))?;
        let decision = stage.kiosk.review(&stage.authority, session)?;
        let decided = stage.authority.admin(&["review", "decide", &decision])?;
        Ok(decided
            .stdout
            .split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned())
    });
    report.check("collected", "ok", || {
        Ok(stage.mei.run(&["collect"])?.verdict())
    });
    report.check("in the wallet", "full: 10 sd_jwt, 10 ldp", || {
        held(&stage.mei)
    });
    report.check("review switched off", "ready", || {
        stage.authority.stop()?;
        stage.authority.set("ASSURANCE__REVIEW", "false");
        stage.authority.start().map(|()| "ready".into())
    });
}

/// Step 17; returns the recovery code of the new phone.
fn new_phone(stage: &mut Stage, report: &mut Report) -> String {
    report.step(
        17,
        "MEI has a new phone. What it receives retires what the old one holds.",
    );
    let mut code = String::new();
    report.check("old phone renews, before", "ok", || {
        Ok(refresh(stage, &stage.mei, "full")?.verdict())
    });
    report.check("new phone enrols", "ok", || {
        let phone = Holder::new(&stage.programs, &stage.file("mei-new-phone"))?;
        let answer = phone.enrol(&stage.authority, &MEI, MEI.selfie)?;
        code = answer.json().ok().map_or(String::new(), |told: Value| {
            told["recovery_code"].as_str().unwrap_or_default().into()
        });
        let verdict = answer.verdict();
        stage.new_phone = Some(phone);
        Ok(verdict)
    });
    report.check("old phone renews, after", "nothing_held", || {
        Ok(refresh(stage, &stage.mei, "full")?.verdict())
    });
    code
}

/// Step 18.
fn lost_phone(stage: &mut Stage, report: &mut Report, code: &str) {
    report.step(
        18,
        "The new phone is lost. MEI reports it from another one, with the code she wrote down.",
    );
    report.check("a guessed code", "recovery_refused", || {
        Ok(lost(stage, "AAAA-AAAA-AAAA-AAAA")?.verdict())
    });
    report.check("the code she wrote down", "ok", || {
        Ok(lost(stage, code)?.verdict())
    });
    report.check("the lost phone renews", "nothing_held", || {
        match &stage.new_phone {
            Some(phone) => Ok(refresh(stage, phone, "limited")?.verdict()),
            None => Ok("there is no new phone".into()),
        }
    });
}

fn refresh(stage: &Stage, phone: &Holder, level: &str) -> Result<Finished> {
    let url = stage.authority.url();
    phone.run(&[
        "refresh", "--issuer", &url, "--number", MEI.number, "--level", level,
    ])
}

fn lost(stage: &Stage, code: &str) -> Result<Finished> {
    let url = stage.authority.url();
    stage.mei.run(&[
        "lost",
        "--issuer",
        &url,
        "--number",
        MEI.number,
        "--recovery-code",
        code,
    ])
}
