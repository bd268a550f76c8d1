//! `tessera history`

use std::fmt::Write as _;

use serde_json::{Value, json};
use tessera_wallet::Error;
use tessera_wallet::messages::Language;
use tessera_wallet::store::{HistoryEntry, HistoryEvent};

use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console) -> Result<(), Error> {
    let store = console.open()?;
    let history = &store.contents().history;
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
        HistoryEvent::Refused { code, .. } => console.text("label_refused_event", &[code]),
        _ => String::new(),
    }
}
