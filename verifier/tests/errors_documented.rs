//! `docs/ERRORS.md` lists the codes of the enum: all of them, in its order, and no others.
#![expect(clippy::unwrap_used, reason = "tests")]

use tessera_verifier::Error;
use tessera_verifier::catalogue::Language;

#[test]
fn table_equals_the_enum() {
    let text = include_str!("../../docs/ERRORS.md");
    let section = text
        .split("## Verification")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let documented: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| line.split('`').next().unwrap())
        .collect();
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
