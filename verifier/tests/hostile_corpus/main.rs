//! The hostile corpus, `tests/vectors/hostile/*.json`: one file, one failure, with the code and the stage of its refusal.
//!
//! `TESSERA_WRITE_CORPUS=1 cargo test -p tessera-verifier --test hostile_corpus` writes all files anew, with fresh keys.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "shared with the tests of requests")]
#[path = "../hostile_verify/openid4vp/certificates.rs"]
mod certificates;
mod file;
mod judge;
#[path = "../enveloped/maker.rs"]
mod maker;
#[expect(dead_code, reason = "shared with the tests of Data Integrity")]
#[path = "../data_integrity/support.rs"]
mod support;
#[expect(
    dead_code,
    reason = "shared with the tests that change the world step by step"
)]
#[path = "../hostile_verify/world.rs"]
mod world;
mod write;

/// What makes certificates looks for the signer here.
mod keys {
    pub(crate) use crate::support::Signer;
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Once;

use tessera_verifier::Error;
use tessera_verifier::verify::Stage;

use file::File;

/// Codes that no file shows, and why.
const WITHOUT_FILE: &[(&str, &str)] = &[
    (
        "status_list_mismatch",
        "W3C credentials by themselves: tests/w3c_credential.rs",
    ),
    (
        "digest_mismatch",
        "related resources handed in: tests/vcdm.rs",
    ),
    (
        "type_metadata_invalid",
        "type metadata handed in: tests/enveloped/type_metadata.rs",
    ),
    (
        "evidence_insufficient",
        "evidence is a relying party's policy: verifier/src/claims/evidence.rs",
    ),
    ("schema_mismatch", "schemas handed in: tests/json_schema.rs"),
];

/// Classes of hostile input that a file must show. Of the others, 10 (a status index that tells the order of issuance) is
/// the issuer's and 19 (a list decoded anew for each verification) is about time: `list_is_decoded_once`.
const CLASSES: &[u64] = &[1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 20];

fn corpus() -> BTreeMap<String, File> {
    if std::env::var_os("TESSERA_WRITE_CORPUS").is_some() {
        static WRITTEN: Once = Once::new();
        WRITTEN.call_once(write::all);
    }
    file::read_all()
}

#[test]
fn every_file_is_refused_as_it_says() {
    let corpus = corpus();
    assert!(corpus.len() > 100, "only {} files", corpus.len());
    let mut wrong = Vec::new();
    for (name, file) in &corpus {
        let expected = (file.text("code").to_owned(), file.get("stage").cloned());
        let Some(judged) = judge::judge(&file.with_twin(&corpus)) else {
            continue; // of a feature that is not built in
        };
        let judged = (
            judged.0.to_owned(),
            judged
                .1
                .map(|stage: Stage| serde_json::json!(stage.as_str())),
        );
        if judged != expected {
            wrong.push(format!("{name}: {judged:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file has its one failure because of what it has of its own: all the rest is its twin's, and that one verifies.
#[test]
fn every_file_differs_from_an_honest_one() {
    let corpus = corpus();
    for (name, file) in &corpus {
        assert_eq!(name, file.text("name"));
        assert!(file.text("about").ends_with('.'), "{name}");
        if file.text("code") == "verified" {
            assert!(
                file.get("stage").is_none() && file.get("twin").is_none(),
                "{name}"
            );
            continue;
        }
        let twin = &corpus[file.text("twin")];
        assert_eq!(twin.text("code"), "verified", "{name}");
        assert_eq!(twin.text("kind"), file.text("kind"), "{name}");
        let own = file.input();
        assert!(!own.is_empty(), "{name} changes nothing");
        for (member, value) in own {
            assert_ne!(
                twin.get(member),
                Some(value),
                "{name} changes nothing in {member}"
            );
        }
        assert!(
            Stage::ALL
                .iter()
                .any(|stage| stage.as_str() == file.text("stage")),
            "{name}"
        );
    }
}

#[test]
fn every_code_stage_and_class_has_a_file() {
    let corpus = corpus();
    let codes: BTreeSet<&str> = corpus.values().map(|file| file.text("code")).collect();
    let excused: BTreeSet<&str> = WITHOUT_FILE.iter().map(|(code, _)| *code).collect();
    for code in Error::CODES {
        assert_ne!(codes.contains(code), excused.contains(code), "{code}");
    }
    for stage in Stage::ALL {
        let shown = |file: &File| file.get("stage").is_some_and(|said| said == stage.as_str());
        assert!(corpus.values().any(shown), "{stage}");
    }
    for class in CLASSES {
        let shown =
            |file: &File| file.get("class").and_then(serde_json::Value::as_u64) == Some(*class);
        assert!(corpus.values().any(shown), "class {class}");
    }
}
