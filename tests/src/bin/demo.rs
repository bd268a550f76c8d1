//! `make demo`: the story with the real programs, told to a person, kept in `target/demo/report.json`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use tessera_tests::report::Report;
use tessera_tests::story::{self, CROWD, Cards, Stage};
use tessera_tests::{Failure, Result};

fn main() -> ExitCode {
    match tell() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("demo: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn tell() -> Result<bool> {
    let begun = Instant::now();
    let folder = folder()?;
    println!("Tessera: one person, two credentials, and those who ask to see them.");
    println!(
        "Every name and number is a specimen's. Files and logs: {}",
        folder.display()
    );

    let mut report = Report::told();
    let mut stage = Stage::set(&folder, CROWD, Cards::VirtualReader)?;
    story::walk(&mut stage, &mut report);
    story::durability::killed_in_flight(&mut stage, &mut report);
    story::liveness::moving_head(&mut stage, &mut report);
    story::liveness::covered_faces(&mut stage, &mut report);
    story::liveness::at_the_terminal(&mut stage, &mut report);
    drop(stage);

    report.print_table();
    let kept = folder.join("report.json");
    report.write(&kept)?;
    println!(
        "in {:.0} s; report: {}",
        begun.elapsed().as_secs_f32(),
        kept.display()
    );
    Ok(report.all_ok())
}

/// `target/demo`, in the target folder this program was built into.
fn folder() -> Result<PathBuf> {
    let exe = std::env::current_exe()?;
    let target = exe.parent().and_then(|profile| profile.parent());
    Ok(target
        .ok_or_else(|| Failure::new("the demo was not built by cargo"))?
        .join("demo"))
}
