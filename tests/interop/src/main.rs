//! `tessera-interop ORACLE PEERS`: the outside judges built from `tests/oracles`, and the folder that `tests/interop.sh`
//! installed the other peers into. Prints every pairing, then the matrix; exits non-zero when any pairing fails.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tessera_interop::exchange::Peers;
use tessera_interop::matrix::Matrix;
use tessera_interop::oracle::Oracle;
use tessera_interop::peer::Peer;
use tessera_interop::{
    data_integrity, dc_api, did_key, differential, exchange, jsonld, rp, sd_jwt, vci, vci_issuer,
    vectors, verifier_peer,
};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(oracle), Some(peers)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: tessera-interop PATH-TO-tessera-oracle FOLDER-OF-PEERS");
        return ExitCode::from(2);
    };
    match run(oracle, &peers) {
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

fn run(program: PathBuf, peers: &Path) -> std::io::Result<Matrix> {
    let folder = tempfile::tempdir()?;
    let oracles = Peer::start(&program, &["serve"]);
    let oracle = Oracle::new(program, folder.path())?;
    let peers = Peers::start(peers);
    let mut matrix = Matrix::default();
    did_key::run(&oracle, &mut matrix);
    sd_jwt::run(&oracle, &mut matrix);
    jsonld::run(&oracle, &mut matrix);
    data_integrity::run(&oracle, &mut matrix);
    vectors::run(&oracle, &mut matrix);
    exchange::run(&peers, &mut matrix);
    vci::run(&peers, &mut matrix);
    vci_issuer::run(&peers, &mut matrix);
    rp::run(&peers, &mut matrix);
    verifier_peer::run(&peers, &mut matrix);
    dc_api::run(&peers, &mut matrix);
    differential::run(&oracles, &mut matrix);
    Ok(matrix)
}
