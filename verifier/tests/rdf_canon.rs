//! The W3C test suite of RDFC-1.0, run from the published vectors when they are at hand.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use tessera_verifier::rdf::{Budget, HashAlgorithm, RdfError, canonicalize, parse_nquads};

fn vectors() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/rdf-canon");
    folder.is_dir().then_some(folder)
}

#[test]
fn w3c_suite() {
    let Some(folder) = vectors() else {
        println!("rdf-canon: 86 skipped, the vectors are not here");
        return;
    };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let manifest: Value = serde_json::from_str(&read("manifest.jsonld")).unwrap();
    let entries = manifest["entries"].as_array().unwrap();
    let mut failed = Vec::new();
    for entry in entries {
        let input = parse_nquads(&read(entry["action"].as_str().unwrap())).unwrap();
        let hash = match entry["hashAlgorithm"].as_str() {
            Some("SHA384") => HashAlgorithm::Sha384,
            None => HashAlgorithm::Sha256,
            other => panic!("hash {other:?}"),
        };
        let result = canonicalize(&input, hash, Budget::default());
        let ok = match entry["type"].as_str().unwrap() {
            "rdfc:RDFC10NegativeEvalTest" => {
                matches!(result, Err(RdfError::WorkBudgetExceeded))
            }
            "rdfc:RDFC10EvalTest" => result
                .is_ok_and(|found| found.to_nquads() == read(entry["result"].as_str().unwrap())),
            "rdfc:RDFC10MapTest" => {
                let expected: Value =
                    serde_json::from_str(&read(entry["result"].as_str().unwrap())).unwrap();
                result.is_ok_and(|found| {
                    let labels = found
                        .labels()
                        .map(|(from, to)| (from.to_owned(), to.into()));
                    Value::Object(labels.collect()) == expected
                })
            }
            other => panic!("unknown kind of test {other}"),
        };
        if !ok {
            failed.push(entry["id"].as_str().unwrap());
        }
    }
    println!(
        "rdf-canon: {}/{}",
        entries.len() - failed.len(),
        entries.len()
    );
    assert_eq!(entries.len(), 86);
    assert!(failed.is_empty(), "{failed:?}");
}
