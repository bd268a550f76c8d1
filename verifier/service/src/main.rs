//! `tessera-rp`: the relying party's server. The real clock and the real randomness are made here.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use tessera_rp::cli::{Cli, Outside, run};
use tessera_rp::environment::{SystemClock, SystemEntropy};

#[tokio::main]
async fn main() -> ExitCode {
    let outside = Outside {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    match run(Cli::parse(), outside).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tessera-rp: {error}");
            ExitCode::FAILURE
        }
    }
}
