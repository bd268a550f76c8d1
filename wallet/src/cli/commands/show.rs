//! `tessera show`: one credential with its claims, to its own holder.

use std::fmt::Write as _;

use serde_json::Value;
use tessera_wallet::Error;

use crate::cli::args::Show;
use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console, arguments: &Show) -> Result<(), Error> {
    let store = console.open()?;
    let set = store.contents().set(&arguments.id)?;
    let mut value = describe::set_json(set, console.now());
    value["claims"] = Value::Object(set.claims.clone());
    let mut lines = describe::set_lines(console, set);
    for (name, claim) in &set.claims {
        match claim.as_object() {
            Some(members) => members.iter().for_each(|(member, claim)| {
                let _ = writeln!(
                    lines,
                    "    {name}.{member}: {}",
                    describe::value(console, claim)
                );
            }),
            None => {
                let _ = writeln!(lines, "    {name}: {}", describe::value(console, claim));
            }
        }
    }
    console.result(&value, &lines);
    Ok(())
}
