//! The issuer over HTTP: how many requests a CPU-second of it answers beside a bare server, in a table and in
//! `target/bench/ratios.json`; then the load run. (What the credential engine costs is told by the verifier's `bars`.)
//!
//! `cargo bench --workspace --bench ratios -- --load-only` leaves out everything but the load run.

#[path = "ratios/issuer.rs"]
mod issuer;
#[path = "ratios/load.rs"]
mod load;

use std::process::ExitCode;

use tessera_tests::measure;
use tessera_tests::{Failure, Result};

/// The bare server has the issuer's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let role = std::env::args().nth(1).unwrap_or_default();
    let done = match role.as_str() {
        issuer::BARE_SERVER => issuer::serve_bare(),
        _ => bench(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<()> {
    if std::env::args().any(|argument| argument == "--load-only") {
        return load::run();
    }
    let ratios = issuer::compare()?;
    measure::print(
        "Requests per CPU-second of the server, as multiples of a bare server's (see benches/ratios/issuer.rs)",
        &ratios,
    );
    let kept = folder()?.join("ratios.json");
    measure::write(&kept, &ratios)?;
    println!("\nkept in {}", kept.display());
    load::run()
}

/// `target/bench`, in the target folder this program was built into.
fn folder() -> Result<std::path::PathBuf> {
    let exe = std::env::current_exe()?;
    let target = exe
        .ancestors()
        .nth(3)
        .ok_or_else(|| Failure::new("the bench was not built by cargo"))?;
    Ok(target.join("bench"))
}
