//! `tessera refresh`: new one-time credentials on the checks of before.

use tessera_wallet::Error;
use tessera_wallet::enrol;

use super::receive;
use crate::cli::args::Refresh;
use crate::cli::console::Console;

pub(crate) fn run(console: &Console, arguments: &Refresh) -> Result<(), Error> {
    let mut store = console.open()?;
    let person = &arguments.issuer;
    receive::contact(console, &mut store, &person.issuer, person.root.as_deref())?;
    let (session, granted) = enrol::renew(
        &store,
        console.surroundings(),
        &person.issuer,
        &person.number,
        arguments.level.into(),
    )?;
    receive::accept(
        console,
        &mut store,
        &granted.offer,
        granted.tx_code.as_ref(),
        Some(&session),
    )
}
