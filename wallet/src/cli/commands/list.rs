//! `tessera list`

use serde_json::json;
use tessera_wallet::Error;

use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console) -> Result<(), Error> {
    let store = console.open()?;
    let (sets, foreign) = (&store.contents().sets, &store.contents().foreign);
    let now = console.now();
    let values: Vec<_> = sets
        .iter()
        .map(|set| describe::set_json(set, now))
        .chain(foreign.iter().map(|set| describe::foreign_json(set, now)))
        .collect();
    let lines: String = if sets.is_empty() && foreign.is_empty() {
        format!("{}\n", console.text("label_no_credentials", &[]))
    } else {
        sets.iter()
            .map(|set| describe::set_lines(console, set))
            .chain(
                foreign
                    .iter()
                    .map(|set| describe::foreign_lines(console, set)),
            )
            .collect()
    };
    console.result(&json!({"credentials": values}), &lines);
    Ok(())
}
