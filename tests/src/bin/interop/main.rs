//! `interop`: puts our credentials, keys and chip before independent implementations, and theirs
//! before us, in both directions, and prints a matrix. Exits non-zero when any pairing fails.
//!
//! ```text
//! interop PATH-TO-tessera-oracle
//! ```
//!
//! The judges live in `tests/oracles` and are called as a program; OpenSSL is the one of the
//! machine; `@sd-jwt/sd-jwt-vc` and `sd-jwt-python` are asked where their registries can be reached.
//! Every pairing also shows the judge a forgery, so that a judge who nods at everything is noticed.

mod chip;
mod data_integrity;
mod did_key;
mod jsonld;
mod matrix;
mod oracle;
mod peers;
mod sd_jwt;
mod specimen;
mod vectors;

use std::path::PathBuf;
use std::process::ExitCode;

use matrix::Matrix;
use oracle::Oracle;

fn main() -> ExitCode {
    let Some(program) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: interop PATH-TO-tessera-oracle");
        return ExitCode::from(2);
    };
    match run(program) {
        Ok(matrix) => {
            matrix.print();
            if matrix.holds() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(failure) => {
            eprintln!("interop: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(program: PathBuf) -> tessera_tests::Result<Matrix> {
    let folder = tempfile::tempdir()?;
    let oracle = Oracle::new(program, folder.path())?;
    let mut matrix = Matrix::default();
    did_key::run(&oracle, &mut matrix);
    sd_jwt::run(&oracle, &mut matrix);
    jsonld::run(&oracle, &mut matrix);
    data_integrity::run(&oracle, &mut matrix);
    vectors::run(&oracle, &mut matrix);
    peers::run(&mut matrix);
    // Last: the card stays in the virtual reader until this program ends.
    chip::run(&oracle, folder.path(), &mut matrix);
    Ok(matrix)
}
