//! The `tessera` command: the wallet for a person at a keyboard, and for scripts.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
