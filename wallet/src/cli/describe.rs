//! Credentials and dates as people and scripts read them. Keys never pass here.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::time::Timestamp;
use tessera_wallet::store::{AuthenticatedBy, CredentialSet, ForeignSet};

use super::console::Console;

/// A set as JSON: no claims, no keys.
pub(crate) fn set_json(set: &CredentialSet, now: Timestamp) -> Value {
    json!({
        "id": set.id,
        "level": set.level.as_str(),
        "issuer": set.issuer_url,
        "issuer_did": set.issuer_did,
        "state": state(set, now),
        "received_at": time(set.received_at),
        "valid_from": time(set.valid_from),
        "valid_until": time(set.valid_until),
        "issued": set.issued,
        "remaining": {
            Format::SdJwt.as_str(): set.remaining(Format::SdJwt),
            Format::LdpVc.as_str(): set.remaining(Format::LdpVc),
        },
    })
}

/// A set in a few lines.
pub(crate) fn set_lines(console: &Console, set: &CredentialSet) -> String {
    let mut lines = String::new();
    let label = match state(set, console.now()) {
        "retired" => "label_retired",
        "expired" => "label_expired",
        _ => "label_in_force",
    };
    let _ = writeln!(
        lines,
        "{}  {}  {}",
        set.id,
        level(console, set.level),
        console.text(label, &[])
    );
    for line in [
        console.text("label_issuer", &[&printable(&set.issuer_url)]),
        console.text(
            "label_valid",
            &[&date(set.valid_from), &date(set.valid_until)],
        ),
        console.text(
            "label_remaining",
            &[
                &set.unused.len().to_string(),
                &set.issued.to_string(),
                &set.remaining(Format::SdJwt).to_string(),
                &set.remaining(Format::LdpVc).to_string(),
            ],
        ),
    ] {
        let _ = writeln!(lines, "  {line}");
    }
    lines
}

/// A set of another issuer as JSON: no claims, no keys.
pub(crate) fn foreign_json(set: &ForeignSet, now: Timestamp) -> Value {
    json!({
        "id": set.id,
        "vct": set.vct,
        "issuer": set.issuer_url,
        "signed_by": set.issuer,
        "authenticated_by": set.authenticated_by,
        "state": if set.is_usable(now) { "in_force" } else { "expired" },
        "received_at": time(set.received_at),
        "valid_from": set.valid_from.map(time),
        "valid_until": set.valid_until.map(time),
        "issued": set.issued,
        "remaining": {Format::SdJwt.as_str(): set.unused.len()},
    })
}

/// A set of another issuer in a few lines.
pub(crate) fn foreign_lines(console: &Console, set: &ForeignSet) -> String {
    let label = if set.is_usable(console.now()) {
        "label_in_force"
    } else {
        "label_expired"
    };
    let until = set.valid_until.map_or_else(|| "–".to_owned(), date);
    let from = set.valid_from.map_or_else(|| "–".to_owned(), date);
    let (left, issued) = (set.unused.len().to_string(), set.issued.to_string());
    format!(
        "{}  {}  {}\n  {}\n  {}\n  {}\n",
        set.id,
        printable(&set.vct),
        console.text(label, &[]),
        console.text("label_signed_by", &[&signer(console, set)]),
        console.text("label_valid", &[&from, &until]),
        console.text("label_remaining_foreign", &[&left, &issued]),
    )
}

/// Who signed, with how that is known.
pub(crate) fn signer(console: &Console, set: &ForeignSet) -> String {
    let label = match set.authenticated_by {
        AuthenticatedBy::Certificate => "label_by_certificate",
        AuthenticatedBy::Did => "label_by_did",
        AuthenticatedBy::Address => "label_by_address",
    };
    console.text(label, &[&printable(&set.issuer)])
}

/// `in_force`, `retired` or `expired`.
fn state(set: &CredentialSet, now: Timestamp) -> &'static str {
    if set.retired_at.is_some() {
        "retired"
    } else if set.is_usable(now) {
        "in_force"
    } else {
        "expired"
    }
}

/// The level in the person's language.
pub(crate) fn level(console: &Console, level: AssuranceLevel) -> String {
    let label = match level {
        AssuranceLevel::Limited => "label_limited",
        AssuranceLevel::Full => "label_full",
    };
    console.text(label, &[])
}

/// A claim's value as a person reads it.
pub(crate) fn value(console: &Console, value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        Value::Bool(true) => console.text("label_yes", &[]),
        Value::Bool(false) => console.text("label_no", &[]),
        Value::Array(items) => items
            .iter()
            .map(|item| self::value(console, item))
            .collect::<Vec<_>>()
            .join(", "),
        other => printable(&other.to_string()),
    }
}

/// Text from outside, without control characters: a name must not move the cursor or rewrite the question.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            let hostile = c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if hostile { '\u{fffd}' } else { c }
        })
        .collect()
}

/// RFC 3339, UTC.
pub(crate) fn time(seconds: i64) -> String {
    Timestamp::from_unix(seconds).to_rfc3339()
}

/// The day, UTC.
pub(crate) fn date(seconds: i64) -> String {
    time(seconds).chars().take(10).collect()
}
