//! Steps 4 and 5: a relying party decides with the issuer switched off.

use std::path::PathBuf;

use super::Stage;
use crate::Result;
use crate::crafted::Asked;
use crate::lean_holder::{Binding, now, vp_token};
use crate::relying_party::disclosed;
use crate::report::Report;

/// Step 4.
pub fn internet_cafe(stage: &mut Stage, report: &mut Report) {
    report.step(
        4,
        "An internet café asks for adulthood. The issuer is already switched off.",
    );
    report.check("bundle carried away, issuer stopped", "stopped", || {
        stage.authority.publish(&stage.first_bundle())?;
        stage
            .mei
            .run(&["bundle", "refresh"])?
            .expect_ok("tessera bundle refresh")?;
        stage.authority.stop()?;
        Ok("stopped".into())
    });
    let adult = r#"{"age_equal_or_over":{"18":true}}"#;
    for format in ["sd_jwt", "ldp"] {
        report.check(&format!("learned, as {format}"), adult, || {
            let shown = show_cafe(stage, format)?;
            let learned = disclosed(&stage.cafe.check(
                &shown.0,
                &shown.1,
                &stage.first_bundle(),
                &[],
            )?);
            stage.shown_to_cafe = Some(shown);
            learned
        });
    }
    report.note("Name, birth date and number stayed in the wallet.");
}

/// Step 5.
pub fn limited_at_the_bank(stage: &mut Stage, report: &mut Report) {
    report.step(
        5,
        "A bank account needs the full credential. MEI has only the limited one.",
    );
    report.check("her wallet says so", "assurance_too_low", || {
        let request = stage.bank.request("bank-account", "bank-limited")?;
        Ok(stage
            .mei
            .present(&request, &stage.file("bank-limited.json"), "sd_jwt")?
            .verdict())
    });
    report.check(
        "a wallet that shows it all the same",
        "assurance_too_low",
        || {
            let request = stage.bank.request("bank-account", "bank-stubborn")?;
            let asked = Asked::read(&request)?;
            let binding = Binding {
                audience: asked.audience()?,
                nonce: asked.nonce()?,
                issued_at: now(),
            };
            let credential = stage.next_of_anton()?;
            let names = [
                "family_name",
                "given_name",
                "birthdate",
                "nationalities",
                "personal_administrative_number",
                "resident_address",
            ];
            let presentation = stage.file("bank-stubborn.json");
            std::fs::write(
                &presentation,
                vp_token(&credential.present(&names, &binding)?),
            )?;
            Ok(stage
                .bank
                .check(&request, &presentation, &stage.first_bundle(), &[])?
                .verdict())
        },
    );
}

fn show_cafe(stage: &Stage, format: &str) -> Result<(PathBuf, PathBuf)> {
    let request = stage
        .cafe
        .request("internet-cafe", &format!("cafe-{format}"))?;
    let presentation = stage.file(&format!("cafe-{format}.json"));
    stage
        .mei
        .present(&request, &presentation, format)?
        .expect_ok("tessera present")?;
    Ok((request, presentation))
}
