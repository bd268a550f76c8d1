//! `make bench`: criterion for each operation, then everything once more interleaved, as ratios to a raw P-256
//! verification of the same rounds (and, for the issuer, to a bare server), in a table and in `target/bench/ratios.json`.
//!
//! `cargo bench -p tessera-tests -- --quick` takes criterion's short way; `-- --ratios-only` leaves criterion out,
//! `-- --load-only` everything but the load run.

#[path = "ratios/credentials.rs"]
mod credentials;
#[path = "ratios/issuer.rs"]
mod issuer;
#[path = "ratios/load.rs"]
mod load;

use std::process::ExitCode;
use std::time::Duration;

use credentials::Desk;
use criterion::Criterion;
use tessera_tests::measure::{self, Contestant};
use tessera_tests::{Failure, Result};

/// Rounds of the comparison; the median counts.
const ROUNDS: usize = 60;

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
    let desk = Desk::new()?;
    let mut contestants = contestants(&desk);
    if !std::env::args().any(|argument| argument == "--ratios-only") {
        let mut criterion = Criterion::default()
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .sample_size(30);
        for contestant in &mut contestants {
            let name = contestant.name().to_owned();
            criterion.bench_function(&name, |bencher| bencher.iter(|| contestant.run()));
        }
    }
    let mut ratios = measure::compare(&mut contestants, ROUNDS)?;
    measure::print(
        "CPU time as multiples of one raw P-256 verification (aws-lc-rs), same rounds",
        &ratios,
    );
    let issuer = issuer::compare()?;
    measure::print(
        "Requests per CPU-second of the server, as multiples of a bare server's (see benches/ratios/issuer.rs)",
        &issuer,
    );
    ratios.extend(issuer);
    let kept = folder()?.join("ratios.json");
    measure::write(&kept, &ratios)?;
    println!("\nkept in {}", kept.display());
    load::run()?;
    Ok(())
}

/// The yardstick first. A refusal would be measured as speed, so it ends the bench.
fn contestants(desk: &Desk) -> Vec<Contestant<'_>> {
    fn sure<'a>(
        name: &str,
        bar: Option<f64>,
        runs: u32,
        operation: Box<dyn Fn() -> Result<()> + 'a>,
    ) -> Contestant<'a> {
        let shown = name.to_owned();
        Contestant::new(name, bar, runs, move || {
            if let Err(failure) = operation() {
                eprintln!("bench: {shown}: {failure}");
                std::process::exit(1);
            }
        })
    }
    vec![
        sure(
            "raw P-256 verification",
            None,
            40,
            Box::new(|| desk.raw_verify()),
        ),
        sure(
            "SD-JWT VC issue",
            Some(0.5),
            20,
            Box::new(|| desk.issue_sd_jwt().map(drop)),
        ),
        sure(
            "SD-JWT VC present with key binding",
            Some(0.5),
            20,
            Box::new(|| desk.present_sd_jwt().map(drop)),
        ),
        sure(
            "SD-JWT VC verify with key binding and status",
            Some(2.3),
            20,
            Box::new(|| desk.verify_sd_jwt()),
        ),
        sure(
            "ecdsa-sd-2023 issue",
            Some(6.5),
            5,
            Box::new(|| desk.issue_ldp().map(drop)),
        ),
        sure(
            "ecdsa-sd-2023 derive",
            Some(1.0),
            5,
            Box::new(|| desk.derive_ldp().map(drop)),
        ),
        sure(
            "ecdsa-sd-2023 verify",
            Some(5.8),
            5,
            Box::new(|| desk.verify_derived()),
        ),
        sure(
            "ecdsa-sd-2023 in a presentation, verify with status",
            None,
            5,
            Box::new(|| desk.verify_ldp()),
        ),
    ]
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
