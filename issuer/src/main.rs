//! `tessera-issuer`: the service and its administration. The real clock and the real randomness are made here.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use tessera_issuer::cli::{Cli, Outside, run};
use tessera_issuer::environment::{SystemClock, SystemEntropy};

#[tokio::main]
async fn main() -> ExitCode {
    let outside = Outside {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    match run(Cli::parse(), outside).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tessera-issuer: {error}");
            ExitCode::FAILURE
        }
    }
}
