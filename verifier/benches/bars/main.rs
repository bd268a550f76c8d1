//! The bars: what each operation costs, as a multiple of one raw P-256 verification measured in the same rounds, beside
//! `ssi` where it is at hand, and whether the bar set for it is met. Then how the cost grows with the number of claims.
//!
//! ```text
//! cargo bench -p tessera-verifier --features bbs --bench bars
//! ```
//!
//! The program of the outside judges, which `tests/bench.sh` builds (another where `TESSERA_ORACLE` names one), takes turns
//! with us, round by round, and measures its own raw verification. `TESSERA_FIGURES` names a folder for the figure. CPU time of the
//! process counts, of each operation the median of the rounds: machines are shared.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

mod figure;
mod growth;
mod identity;
mod measure;
mod ssi;
mod tokens;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use measure::{Operation, rounds};
use support::Signer;
use tessera_verifier::crypto::LocalSigner;

const ROUNDS: usize = 40;

fn main() {
    let signer = Signer::fresh();
    let message = [1u8; 64];
    let signature = signer.sign(&message).unwrap();
    let point = signer.public_key().to_uncompressed();
    let raw = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point);
    let yardstick = || {
        Operation::new("raw P-256 verification", None, 40, || {
            raw.verify(&message, &signature).unwrap();
        })
    };
    let identity = identity::Desk::new();
    let tokens = tokens::Desk::new();
    let mut operations = vec![
        yardstick(),
        Operation::new("the same, key decoded before", None, 40, || {
            signer.public_key().verify(&message, &signature).unwrap();
        }),
        Operation::new("raw P-256 signature", None, 40, || {
            let _ = std::hint::black_box(signer.sign(&message).unwrap());
        }),
    ];
    operations.extend(tokens.operations());
    operations.extend(identity.operations());

    let mut judge = ssi::Judge::start(&identity, &tokens);
    rounds(&mut operations, ROUNDS, || judge.round());
    report(&operations, &judge);

    let growth = growth::Desk::new();
    let mut operations = vec![yardstick()];
    operations.extend(growth.operations());
    rounds(&mut operations, ROUNDS / 4, || ());
    growth::report(&operations);
}

fn report(operations: &[Operation<'_>], judge: &ssi::Judge) {
    println!(
        "{:<36} {:>9} {:>9} {:>7}  {:<8} {:>9}",
        "", "µs", "ratio", "bar", "", "ssi 0.16"
    );
    let (mut met, mut missed) = (0, 0);
    for operation in operations {
        let ratio = operation.ratio(operations);
        let (bar, verdict) = match operation.bar {
            None => (String::new(), ""),
            Some(bar) if ratio <= bar => (format!("{bar:.2}"), "met"),
            Some(bar) => (format!("{bar:.2}"), "not met"),
        };
        met += usize::from(verdict == "met");
        missed += usize::from(verdict == "not met");
        let theirs = judge
            .ratio(operation.name)
            .map_or_else(|| "·".to_owned(), |ratio| format!("{ratio:.2}"));
        println!(
            "{:<36} {:>9.1} {ratio:>9.3} {bar:>7}  {verdict:<8} {theirs:>9}",
            operation.name,
            operation.median()
        );
    }
    println!("{}", judge.remark());
    println!("bars: {met} met, {missed} not met");
}
