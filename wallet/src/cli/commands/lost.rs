//! `tessera lost`: a report from another device. It needs no wallet: that is what was lost.

use serde_json::json;
use tessera_verifier::vci::Secret;
use tessera_wallet::Error;
use tessera_wallet::enrol;

use crate::cli::args::Lost;
use crate::cli::console::Console;

pub(crate) fn run(console: &Console, arguments: Lost) -> Result<(), Error> {
    let code = match arguments.recovery_code {
        Some(code) => Secret::from(code),
        None => console
            .ask("label_recovery_prompt")
            .filter(|code| !code.is_empty())
            .map(Secret::from)
            .ok_or(Error::IssuerRefused {
                code: "recovery_refused".to_owned(),
                status: 403,
            })?,
    };
    let surroundings = console.surroundings();
    enrol::report_lost(surroundings, &arguments.issuer, &arguments.number, &code)?;
    let line = console.text("label_reported_lost", &[]);
    console.result(&json!({"reported": true}), &format!("{line}\n"));
    Ok(())
}
