//! What the documents say holds: `docs/ERRORS.md` lists the codes of the enum, all of them, in its order, and no others; and
//! the example runs.
#![expect(clippy::unwrap_used, reason = "tests")]

use tessera_verifier::Error;
use tessera_verifier::catalogue::Language;
use tessera_verifier::verify::Stage;

/// The first column of the table below a heading.
fn names<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let section = text.split(heading).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| line.split('`').next().unwrap())
        .collect()
}

#[test]
fn table_of_stages_equals_the_enum() {
    let documented = names(include_str!("../../docs/ERRORS.md"), "## Stages");
    let stages: Vec<&str> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
    assert_eq!(documented, stages);
    assert!(Stage::ALL.is_sorted());
}

#[test]
fn table_equals_the_enum() {
    let text = include_str!("../../docs/ERRORS.md");
    let documented = names(text, "## Verification");
    assert_eq!(documented, Error::CODES);
    let mut unique = documented.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), documented.len());
}

#[test]
fn every_message_is_in_both_languages() {
    let error = Error::Revoked;
    assert_eq!(error.text(Language::En), error.to_string());
    assert_eq!(error.text(Language::Zh), "凭证已被撤销");
    assert_ne!(error.advice(Language::En), error.advice(Language::Zh));
}

/// The example for relying parties, which refuses to end well when anything in it comes out otherwise.
#[cfg(feature = "aws-lc")]
#[path = "../examples/relying_party.rs"]
mod relying_party;

#[cfg(feature = "aws-lc")]
#[test]
fn the_example_runs() {
    relying_party::main().unwrap();
}
