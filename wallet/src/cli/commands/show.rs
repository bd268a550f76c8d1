//! `tessera show`: one credential with its claims, to its own holder.

use std::fmt::Write as _;

use serde_json::Value;
use tessera_wallet::Error;

use crate::cli::args::Show;
use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console, arguments: &Show) -> Result<(), Error> {
    let store = console.open()?;
    let (contents, id) = (store.contents(), &arguments.id);
    let (mut value, mut lines, claims) = match contents.foreign.iter().find(|set| set.id == *id) {
        Some(set) => (
            describe::foreign_json(set, console.now()),
            describe::foreign_lines(console, set),
            &set.claims,
        ),
        None => {
            let set = contents.set(id)?;
            (
                describe::set_json(set, console.now()),
                describe::set_lines(console, set),
                &set.claims,
            )
        }
    };
    value["claims"] = Value::Object(claims.clone());
    for (name, claim) in claims {
        let name = describe::printable(name);
        match claim.as_object() {
            Some(members) => members.iter().for_each(|(member, claim)| {
                let _ = writeln!(
                    lines,
                    "    {name}.{}: {}",
                    describe::printable(member),
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
