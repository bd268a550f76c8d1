//! `tessera history`

use std::fmt::Write as _;

use serde_json::{Value, json};
use tessera_wallet::Error;
use tessera_wallet::messages::Language;
use tessera_wallet::store::{HistoryEntry, HistoryEvent};

use crate::cli::args::History;
use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console, arguments: &History) -> Result<(), Error> {
    let store = console.open()?;
    let history = &store.contents().history;
    if arguments.csv {
        console.result(&Value::Null, &csv(history));
        return Ok(());
    }
    let mut lines = String::new();
    let mut values = Vec::new();
    for entry in history {
        let _ = writeln!(
            lines,
            "{}  {}",
            describe::time(entry.at),
            sentence(console, entry)
        );
        let mut value = json!(entry.event);
        value["at"] = Value::String(describe::time(entry.at));
        values.push(value);
    }
    if history.is_empty() {
        lines = format!("{}\n", console.text("label_no_history", &[]));
    }
    console.result(&json!({"history": values}), &lines);
    Ok(())
}

/// The columns of the table: when, what, and the members an event may have.
const COLUMNS: [&str; 10] = [
    "at",
    "event",
    "credential",
    "level",
    "format",
    "issuer",
    "client_id",
    "service",
    "claims",
    "code",
];

/// RFC 4180: a heading, one line an event, `CRLF` after each.
fn csv(history: &[HistoryEntry]) -> String {
    let mut table = format!("{}\r\n", COLUMNS.join(","));
    for entry in history {
        let mut value = json!(entry.event);
        value["at"] = Value::String(describe::time(entry.at));
        let cells: Vec<String> = COLUMNS.iter().map(|name| cell(&value[*name])).collect();
        let _ = write!(table, "{}\r\n", cells.join(","));
    }
    table
}

/// One cell. A text that a spreadsheet would take for a formula begins with an apostrophe: names come from others.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().unwrap_or_default())
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    };
    let text = describe::printable(&text);
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn sentence(console: &Console, entry: &HistoryEntry) -> String {
    match &entry.event {
        HistoryEvent::Received {
            credential,
            level,
            issuer,
        } => console.text(
            "label_received_event",
            &[
                credential,
                &describe::level(console, *level),
                &describe::printable(issuer),
            ],
        ),
        HistoryEvent::Presented {
            credential,
            requester_en,
            requester_zh,
            service,
            claims,
            ..
        } => {
            let requester = match console.language() {
                Language::English => requester_en,
                Language::Chinese => requester_zh,
            };
            console.text(
                "label_presented_event",
                &[
                    &describe::printable(requester),
                    service,
                    &describe::printable(&claims.join(", ")),
                    credential,
                ],
            )
        }
        HistoryEvent::ReceivedForeign {
            credential,
            vct,
            issuer,
        } => console.text(
            "label_received_event",
            &[
                credential,
                &describe::printable(vct),
                &describe::printable(issuer),
            ],
        ),
        HistoryEvent::BackedUp => console.text("label_backed_up_event", &[]),
        HistoryEvent::MovedOut => console.text("label_moved_out_event", &[]),
        HistoryEvent::Restored { made_at, .. } => {
            console.text("label_restored_event", &[&describe::time(*made_at)])
        }
        HistoryEvent::Deleted { credential, issuer } => console.text(
            "label_deleted_event",
            &[credential, &describe::printable(issuer)],
        ),
        HistoryEvent::Refused { code, .. } => console.text("label_refused_event", &[code]),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requesters_words_stay_in_their_cell_and_are_no_formula() {
        let entry = HistoryEntry {
            at: 0,
            event: HistoryEvent::Refused {
                client_id: Some("=HYPERLINK(\"https://evil.example\"),x\r\ny".to_owned()),
                service: None,
                code: "over_asking".to_owned(),
            },
        };
        let table = csv(&[entry]);
        let lines: Vec<_> = table.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 2, "{table}");
        assert_eq!(lines[0].split(',').count(), COLUMNS.len());
        assert!(
            lines[1].contains("\"'=HYPERLINK(\"\"https://evil.example\"\"),x\u{fffd}\u{fffd}y\""),
            "{table}"
        );
        assert!(
            lines[1].starts_with("\"1970-01-01T00:00:00Z\",\"refused\","),
            "{table}"
        );
    }
}
