//! `tessera settings`

use std::fmt::Write as _;

use serde_json::json;
use tessera_wallet::Error;

use crate::cli::args::{Settings, Switch, Unregistered};
use crate::cli::console::Console;

pub(crate) fn run(console: &Console, arguments: &Settings) -> Result<(), Error> {
    let mut store = console.open()?;
    let mut chosen = store.contents().settings.clone();
    let before = chosen.clone();
    if let Some(count) = arguments.reissue_below {
        chosen.reissue_below = count;
    }
    if let Some(days) = arguments.reissue_days {
        chosen.reissue_days = days;
    }
    if let Some(switch) = arguments.automatic {
        chosen.automatic = switch == Switch::On;
    }
    if let Some(switch) = arguments.haip {
        chosen.haip = switch == Switch::On;
    }
    if let Some(what) = arguments.unregistered {
        chosen.ask_unregistered = what == Unregistered::Ask;
    }
    if chosen != before {
        store.update(console.surroundings().rng, |contents| {
            contents.settings = chosen.clone();
            Ok(())
        })?;
    }
    let word = |on: bool| console.text(if on { "label_yes" } else { "label_no" }, &[]);
    let mut lines = String::new();
    for (label, value) in [
        ("label_reissue_below", chosen.reissue_below.to_string()),
        ("label_reissue_days", chosen.reissue_days.to_string()),
        ("label_automatic", word(chosen.automatic)),
        ("label_haip", word(chosen.haip)),
        ("label_ask_unregistered", word(chosen.ask_unregistered)),
    ] {
        let _ = writeln!(lines, "{}", console.text(label, &[&value]));
    }
    console.result(&json!({"settings": chosen}), &lines);
    Ok(())
}
