//! `interop-chip`: puts the simulated chip before independent readers and prints a matrix. Exits non-zero when any
//! pairing fails.
//!
//! ```text
//! interop-chip PATH-TO-tessera-oracle
//! ```
//!
//! The reader lives in `tests/oracles` and is called as a program; OpenSSL is the one of the machine. Credentials are
//! exchanged by `tests/interop`, which needs none of the programs that this package runs.

mod chip;

use std::path::PathBuf;
use std::process::ExitCode;

use tessera_interop::matrix::Matrix;
use tessera_interop::oracle::Oracle;

fn main() -> ExitCode {
    let Some(program) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: interop-chip PATH-TO-tessera-oracle");
        return ExitCode::from(2);
    };
    match run(program) {
        Ok(matrix) => {
            matrix.print();
            match matrix.holds() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Err(failure) => {
            eprintln!("interop: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(program: PathBuf) -> std::io::Result<Matrix> {
    let folder = tempfile::tempdir()?;
    let oracle = Oracle::new(program, folder.path())?;
    let mut matrix = Matrix::default();
    // The card stays in the virtual reader until this program ends.
    chip::run(&oracle, folder.path(), &mut matrix);
    Ok(matrix)
}
