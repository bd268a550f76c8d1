//! `tessera rollout`: where applications are taken, and from when.

use serde_json::{Value, json};
use tessera_wallet::Error;
use tessera_wallet::enrol;

use crate::cli::args::Rollout;
use crate::cli::console::Console;
use crate::cli::describe::printable;

pub(crate) fn run(console: &Console, arguments: &Rollout) -> Result<(), Error> {
    let openings = enrol::openings(console.surroundings(), &arguments.issuer)?;
    let mut text = String::new();
    for opening in &openings {
        let name = opening.name(console.language());
        let [name, code, from] =
            [name, opening.district.as_str(), opening.from.as_str()].map(printable);
        text.push_str(&console.text("label_opening", &[&name, &code, &from]));
        text.push('\n');
    }
    if openings.is_empty() {
        text = format!("{}\n", console.text("label_everywhere", &[]));
    }
    let listed: Vec<Value> = openings
        .iter()
        .map(|opening| json!({"district": opening.district, "from": opening.from}))
        .collect();
    console.result(&json!({"rollout": listed}), &text);
    Ok(())
}
