//! `tessera list`

use serde_json::json;
use tessera_wallet::Error;

use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console) -> Result<(), Error> {
    let store = console.open()?;
    let sets = &store.contents().sets;
    let values: Vec<_> = sets
        .iter()
        .map(|set| describe::set_json(set, console.now()))
        .collect();
    let lines: String = if sets.is_empty() {
        format!("{}\n", console.text("label_no_credentials", &[]))
    } else {
        sets.iter()
            .map(|set| describe::set_lines(console, set))
            .collect()
    };
    console.result(&json!({"credentials": values}), &lines);
    Ok(())
}
