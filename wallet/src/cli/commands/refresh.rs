//! `tessera refresh`: new one-time credentials on the checks of before.

use tessera_verifier::claims::AssuranceLevel;
use tessera_wallet::Error;
use tessera_wallet::enrol::{self, Renewable};

use super::receive;
use crate::cli::args::Refresh;
use crate::cli::console::Console;

pub(crate) fn run(console: &Console, arguments: &Refresh) -> Result<(), Error> {
    let mut store = console.open()?;
    let wanted = match arguments.issuer.as_ref().zip(arguments.number.as_ref()) {
        Some((issuer, number)) => vec![Renewable {
            issuer_url: issuer.clone(),
            number: number.clone(),
            level: arguments.level.map_or(AssuranceLevel::Full, Into::into),
        }],
        None => enrol::renewable(store.contents(), console.now()),
    };
    if wanted.is_empty() {
        return Err(Error::NoCredential);
    }
    for one in wanted {
        receive::contact(
            console,
            &mut store,
            &one.issuer_url,
            arguments.root.as_deref(),
        )?;
        let (session, granted) = enrol::renew(
            &store,
            console.surroundings(),
            &one.issuer_url,
            &one.number,
            one.level,
        )?;
        receive::accept(
            console,
            &mut store,
            &granted.offer,
            granted.tx_code.as_ref(),
            Some(&session),
        )?;
    }
    Ok(())
}
