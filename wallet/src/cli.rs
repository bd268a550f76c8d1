//! From the command line to the library and back to the person.

mod args;
mod commands;
mod console;
mod describe;

use std::process::ExitCode;

pub(crate) use args::Cli;
use args::Command;
use console::Console;
use tessera_wallet::Error;

/// Runs one command and says how it went.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let (console, usable) = Console::new(cli.global);
    match usable.and_then(|()| dispatch(&console, cli.command)) {
        Ok(()) if console.printed_all() => ExitCode::SUCCESS,
        Ok(()) => {
            console.error(&Error::OutputUnwritable);
            ExitCode::FAILURE
        }
        Err(error) => {
            console.error(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(console: &Console, command: Command) -> Result<(), Error> {
    match command {
        Command::Init => commands::init::run(console),
        Command::Enrol(arguments) => commands::enrol::run(console, &arguments),
        Command::Receive(arguments) => commands::receive::run(console, arguments),
        Command::Upgrade(arguments) => commands::upgrade::run(console, arguments),
        Command::Collect => commands::collect::run(console),
        Command::Refresh(arguments) => commands::refresh::run(console, &arguments),
        Command::Lost(arguments) => commands::lost::run(console, arguments),
        Command::Rollout(arguments) => commands::rollout::run(console, &arguments),
        Command::List => commands::list::run(console),
        Command::Show(arguments) => commands::show::run(console, &arguments),
        Command::Present(arguments) => commands::present::run(console, &arguments),
        Command::DcApi(arguments) => commands::dc_api::run(console, &arguments),
        Command::History(arguments) => commands::history::run(console, &arguments),
        Command::Backup(arguments) => commands::backup::run(console, &arguments),
        Command::Restore(arguments) => commands::restore::run(console, &arguments),
        Command::Settings(arguments) => commands::settings::run(console, &arguments),
        Command::Passphrase(arguments) => commands::passphrase::run(console, &arguments),
        Command::Delete(arguments) => commands::delete::run(console, &arguments),
        Command::Bundle(arguments) => commands::bundle::run(console, &arguments),
    }
}
