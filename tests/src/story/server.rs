//! Step 24: a relying party's server asks by QR code, and the answer comes back encrypted.

use serde_json::{Value, json};

use super::Stage;
use crate::Failure;
use crate::relying_party_server::RelyingPartyServer;
use crate::report::Report;

/// Step 24.
pub fn by_qr_code(stage: &mut Stage, report: &mut Report) {
    report.step(
        24,
        "The café now has a server. MEI's phone reads the QR code on the counter's screen.",
    );
    let claims = json!([["age_equal_or_over", "18"]]);
    let mut server = None;
    let mut asked = Value::Null;
    report.check("a request, as text of the QR code", "openid4vp://", || {
        let begun = RelyingPartyServer::start(
            &stage.programs,
            &stage.cafe,
            &stage.authority,
            "internet-cafe",
            &claims,
        )?;
        asked = begun.ask("internet-cafe")?;
        server = Some(begun);
        let link = asked["link"].as_str().unwrap_or_default();
        Ok(link.chars().take("openid4vp://".len()).collect())
    });
    let server = || server.as_ref().ok_or(Failure::new("no server"));
    report.check("the wallet answers, encrypted", "accepted", || {
        let link = asked["link"].as_str().unwrap_or_default();
        let shown = stage
            .mei
            .run(&["present", link, "--yes", "--local", "--format", "sd_jwt"])?;
        match shown.ok() {
            true => Ok("accepted".into()),
            false => Ok(shown.verdict()),
        }
    });
    report.check("the counter's screen", "verified", || {
        let state = server()?.page_state(&asked)?;
        Ok(state["state"].as_str().unwrap_or_default().to_owned())
    });
    let adult = r#"{"age_equal_or_over":{"18":true}}"#;
    report.check("handed to the back end", adult, || {
        let outcome = server()?.result(&asked)?.expect_ok()?.json()?;
        Ok(outcome["credentials"][0]["claims"].to_string())
    });
    report.check("asked for again", "already_handed_over", || {
        Ok(server()?.result(&asked)?.code())
    });
    report.note("The server keeps nothing: the outcome is wiped once it is handed over.");
}
