//! What is printed.

use std::process::ExitCode;

use serde_json::{Value, json};
use tessera_verifier::catalogue::{Catalogue, Language};
use tessera_verifier::verify::{Undetermined, VerifiedCredential};
use tessera_verifier::{Status, Timestamp, Verified};

use crate::failure::Failure;

/// Prints a failure, as JSON on the output or for a person on the error stream.
pub(crate) fn failed(failure: &Failure, language: Language, json: bool) -> ExitCode {
    let (code, text, advice) = (
        failure.code(),
        printable(&failure.text(language)),
        failure.advice(language),
    );
    if json {
        let mut report = json!({"ok": false, "code": code, "message": text, "advice": advice});
        if let Some(stage) = failure.stage() {
            report["stage"] = json!(stage.as_str());
        }
        println!("{report}");
    } else {
        eprintln!("{}: {text} [{code}]", pick(language, "Refused", "拒绝"));
        if let Some(stage) = failure.stage() {
            eprintln!("  {}: {stage}", pick(language, "at the stage", "阶段"));
        }
        eprintln!("  {advice}");
    }
    ExitCode::from(failure.status())
}

/// Prints what was proved.
pub(crate) fn verified(verified: &Verified, now: Timestamp, language: Language, json: bool) {
    if json {
        let credentials: Vec<Value> = verified.credentials().iter().map(credential).collect();
        println!(
            "{}",
            json!({
                "ok": true,
                "service": verified.service(),
                "client_id": verified.client_id(),
                "checked_at": now.to_rfc3339(),
                "credentials": credentials,
            })
        );
        return;
    }
    let service = Catalogue::builtin().get(verified.service());
    let name = service.map_or(verified.service(), |service| service.name.text(language));
    println!(
        "{}: {name}",
        pick(language, "Verified for", "验证通过,用途")
    );
    for credential in verified.credentials() {
        let line = |label: &str, text: &str| println!("  {label}: {}", printable(text));
        line(
            pick(language, "issued by", "签发机构"),
            credential.authority().text(language),
        );
        line(
            pick(language, "assurance", "保证等级"),
            credential.assurance_level().as_str(),
        );
        line(
            pick(language, "valid until", "有效期至"),
            &credential.valid_until().to_rfc3339(),
        );
        line(
            pick(language, "status", "状态"),
            &status(credential.status(), language),
        );
        println!("  {}:", pick(language, "what was proved", "已证明的内容"));
        for (claim, value) in credential.claims() {
            claims(claim, value);
        }
    }
}

fn pick<'a>(language: Language, en: &'a str, zh: &'a str) -> &'a str {
    match language {
        Language::En => en,
        Language::Zh => zh,
    }
}

fn credential(credential: &VerifiedCredential) -> Value {
    json!({
        "query": credential.query(),
        "issuer": credential.issuer(),
        "authority": credential.authority(),
        "assurance_level": credential.assurance_level(),
        "format": credential.format(),
        "claims": credential.claims(),
        "valid_until": credential.valid_until().to_rfc3339(),
        "status": match credential.status() {
            Status::Valid => json!({"state": "valid"}),
            Status::Undetermined(why) => json!({"state": "undetermined", "reason": reason(why, Language::En)}),
        },
    })
}

fn status(status: Status, language: Language) -> String {
    match status {
        Status::Valid => pick(language, "not revoked", "未撤销").to_owned(),
        Status::Undetermined(why) => {
            format!(
                "{}: {}",
                pick(language, "UNDETERMINED", "无法确定"),
                reason(why, language)
            )
        }
    }
}

fn reason(why: Undetermined, language: Language) -> String {
    match why {
        Undetermined::BundleStale { until } => {
            format!(
                "{} {until}",
                pick(
                    language,
                    "the bundle was good until",
                    "离线信任包的有效期至"
                )
            )
        }
        Undetermined::ListStale { until } => {
            format!(
                "{} {until}",
                pick(
                    language,
                    "the status list was good until",
                    "状态列表的有效期至"
                )
            )
        }
        Undetermined::ListMissing => pick(
            language,
            "the status list is not in the bundle",
            "信任包中没有状态列表",
        )
        .to_owned(),
        Undetermined::IndexBeyondList => pick(
            language,
            "the index is beyond the status list",
            "索引超出状态列表",
        )
        .to_owned(),
        _ => pick(
            language,
            "the credential names no status list",
            "凭证未指明状态列表",
        )
        .to_owned(),
    }
}

/// One claim a line, nested names joined by dots. Control characters never reach the terminal.
fn claims(name: &str, value: &Value) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(member, value)| claims(&format!("{name}.{member}"), value)),
        Value::String(text) => println!("    {} = {}", printable(name), printable(text)),
        other => println!(
            "    {} = {}",
            printable(name),
            printable(&other.to_string())
        ),
    }
}

/// Without what moves a terminal's cursor or turns its text round: control characters, line separators, and the invisible
/// formatting characters, among them all of Unicode's bidirectional controls.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            let hostile = c.is_control()
                || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{feff}');
            if hostile { '\u{fffd}' } else { c }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn hostile_text_does_not_reach_the_terminal() {
        let text = "a\u{1b}[2Kb\r\u{9b}c\u{202e}d\u{2066}e\u{61c}f\u{200b}g\nh样本";
        let shown = printable(text);
        assert_eq!(shown.replace('\u{fffd}', ""), "a[2Kbcdefgh样本");
    }
}
