//! The published `ecdsa-sd-2023` vectors (W3C vc-di-ecdsa), before us and before `ssi`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::data_integrity::{Binding, ProofExpectation, ecdsa_sd};
use tessera_verifier::jsonld::ContextStore;

use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::oracle::Oracle;

/// Set, the pointers a holder selected, and a moment at which the credential is valid.
const SETS: [(&str, &str, &str); 2] = [
    ("employ", "employSelective.json", "2026-01-01T00:00:00Z"),
    ("prc", "prCredSelective.json", "2025-06-01T00:00:00Z"),
];

/// Asks every judge, both ways.
pub fn run(oracle: &Oracle, matrix: &mut Matrix) {
    for (set, selective, now) in SETS {
        let subject = format!("W3C vectors sd/{set}");
        matrix.ask(&subject, "vc-di-ecdsa", Way::TheirsToOurs, || {
            ours(set, selective, now)
        });
        matrix.ask(&subject, "ssi", Way::Same, || theirs(oracle, set, now));
    }
}

/// We verify the published derivation, and derive it ourselves from the published base proof.
fn ours(set: &str, selective: &str, now: &str) -> Outcome {
    let folder = folder()?;
    let published = read(
        &folder
            .join("ecdsa-sd-2023")
            .join(set)
            .join("derivedRevealDocument.json"),
    )?;
    let expected = ProofExpectation {
        // The vectors are signed with a did:key that the named issuer does not control.
        binding: Binding::Unbound,
        ..ProofExpectation::credential(Timestamp::parse_rfc3339(now).map_err(Stop::fail)?)
    };
    let store = ContextStore::builtin();
    ecdsa_sd::verify(&published, &expected, &store).map_err(Stop::fail)?;

    let base = read(
        &folder
            .join("ecdsa-sd-2023")
            .join(set)
            .join("addSignedSDBase.json"),
    )?;
    ecdsa_sd::verify_base(&base, &expected, &store).map_err(Stop::fail)?;
    let pointers: Vec<String> =
        serde_json::from_value(read(&folder.join(selective))?).map_err(Stop::fail)?;
    let derived = ecdsa_sd::derive(&base, &pointers, &store).map_err(Stop::fail)?;
    demand(
        derived["proof"]["proofValue"] == published["proof"]["proofValue"],
        "we derive another proof",
    )?;
    Ok("verified; derived to the same proof".to_owned())
}

/// `ssi` reads the same vector; its verdict is compared with ours.
fn theirs(oracle: &Oracle, set: &str, now: &str) -> Outcome {
    let published = read(
        &folder()?
            .join("ecdsa-sd-2023")
            .join(set)
            .join("derivedRevealDocument.json"),
    )?;
    match oracle.ask(
        &["data-integrity", "verify"],
        &json!({"document": published, "now": now}),
    ) {
        Err(Stop::Fail(reason)) if reason.contains("context") => Err(Stop::Skip(format!(
            "ssi carries another version of a context: {reason}"
        ))),
        answer => answer.map(|_| "verified".to_owned()),
    }
}

fn folder() -> Result<PathBuf, Stop> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/vc-di-ecdsa");
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(Stop::Skip("../shared/vectors is not here".to_owned())),
    }
}

fn read(path: &Path) -> Result<Value, Stop> {
    let text = std::fs::read(path).map_err(Stop::fail)?;
    serde_json::from_slice(&text).map_err(Stop::fail)
}
