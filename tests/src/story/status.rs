//! Step 14: revocation, and a bundle past its age.

use super::Stage;
use super::asking::at;
use crate::Result;
use crate::lean_holder::claims;
use crate::registry::MEI;
use crate::report::Report;

/// Step 14, first half.
pub fn revoked(stage: &mut Stage, report: &mut Report) {
    report.step(14, "MEI reports her phone stolen: her credentials are revoked. Verifiers learn it with the next bundle.");
    report.check("revoked, fresh bundle", "revoked", || {
        stage
            .authority
            .admin(&["revoke", "--person", MEI.number, "--reason", "device lost"])?;
        let fresh = stage.file("bundle-3.jwt");
        stage.authority.publish(&fresh)?;
        shown_to_bank(stage, "bundle-3.jwt")
    });
    report.check("the bundle from before", "ok", || {
        shown_to_bank(stage, "bundle-2.jwt")
    });
}

/// Step 14, second half.
pub fn past_its_age(stage: &mut Stage, report: &mut Report) {
    report.note("A verifier that has not fetched a bundle for too long cannot know: undetermined, so it does not accept.");
    report.check("bundle past its age", "bundle_stale", || {
        beyond_the_bundle(stage, "stale", &[])
    });
    report.check("unless its operator allows undetermined", "ok", || {
        beyond_the_bundle(stage, "stale-allowed", &["--allow-undetermined"])
    });
}

/// Shows a valid limited credential an hour after the first bundle's end.
fn beyond_the_bundle(stage: &mut Stage, name: &str, extra: &[&str]) -> Result<String> {
    let bundle = stage.first_bundle();
    let ends = claims(std::fs::read_to_string(&bundle)?.trim())?["exp"]
        .as_i64()
        .unwrap_or(0);
    let owned = stage.next_of_anton()?;
    at(stage, name, ends + 3600, &owned, &bundle, extra)
}

fn shown_to_bank(stage: &Stage, bundle: &str) -> Result<String> {
    let Some((request, presentation)) = &stage.shown_to_bank else {
        return Ok("nothing was shown in step 11".into());
    };
    Ok(stage
        .bank
        .check(request, presentation, &stage.file(bundle), &[])?
        .verdict())
}
