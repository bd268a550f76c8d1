//! `tessera rollout`: where applications are taken, and from when.

use serde_json::{Value, json};
use tessera_wallet::Error;
use tessera_wallet::enrol;
use tessera_wallet::messages::Language;

use crate::cli::args::Rollout;
use crate::cli::console::Console;
use crate::cli::describe::printable;

pub(crate) fn run(console: &Console, arguments: &Rollout) -> Result<(), Error> {
    let openings = enrol::openings(console.surroundings(), &arguments.issuer)?;
    let mut text = String::new();
    for opening in &openings {
        let name = match console.language() {
            Language::English => &opening.name_en,
            Language::Chinese => &opening.name_zh,
        };
        let [name, code, from] = [name, &opening.district, &opening.from].map(|t| printable(t));
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
