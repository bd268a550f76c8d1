//! The relying party on the command line: make a key, ask, check the answer, keep the bundle fresh.

mod args;
mod bundle;
mod check;
mod failure;
mod files;
mod key;
mod report;
mod request;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser as _;
use tessera_verifier::Timestamp;

use args::{Args, BundleCommand, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let json = args.json;
    let done = match args.command {
        Command::Keygen(options) => key::generate(&options.out, json),
        Command::Request(options) => request::make(&options, clock(), json),
        Command::Check(options) => {
            let now = options.now.unwrap_or_else(clock);
            check::check(&options, now, args.lang.into(), json)
        }
        Command::Bundle { command } => match command {
            BundleCommand::Fetch(options) => bundle::fetch(&options, clock(), json),
            BundleCommand::Copy(options) => bundle::copy(&options, clock(), json),
            BundleCommand::Show(options) => bundle::show(&options, clock(), json),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report::failed(&failure, args.lang.into(), json),
    }
}

/// The one clock of the program.
fn clock() -> Timestamp {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}
