//! `tessera-issuer`: the service and its administration. The real clock and the real randomness are made here.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use tessera_issuer::cli::{Cli, Outside, Refusal, prefers_chinese, run};
use tessera_issuer::environment::{SystemClock, SystemEntropy};

/// With the system's allocator memory grows with the time under load: see docs/decisions/0023.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads for work that blocks. The store writes one transaction at a time and computation needs a processor: more
/// threads would only wait for one another. With 512 the issuer took more memory under load and answered less.
const BLOCKING_THREADS: usize = 32;

fn main() -> ExitCode {
    let outside = Outside {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let cli = Cli::parse();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(cli, outside)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let chinese = prefers_chinese(|name| std::env::var(name).ok());
            eprintln!("tessera-issuer: {}", Refusal::of(&*error).line(chinese));
            ExitCode::FAILURE
        }
    }
}
