//! `tessera-terminal`: the kiosk beside the card reader.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
