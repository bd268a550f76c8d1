//! A context document as an item of an array of contexts: read as the context within, as the W3C suites' fixtures expect.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use tessera_verifier::jsonld::{ContextStore, document_to_rdf};
use tessera_verifier::rdf::to_nquads;

fn statements(context: Value) -> Option<String> {
    let document = json!({"@context": [context], "name": "SPECIMEN"});
    let quads = document_to_rdf(&document, &ContextStore::builtin()).ok()?;
    Some(to_nquads(&quads))
}

#[test]
fn the_context_within_is_what_counts() {
    let plain = json!({"name": "https://schema.example/name"});
    let expected = statements(plain.clone()).unwrap();
    assert!(expected.contains("https://schema.example/name"));
    assert_eq!(statements(json!({"@context": plain})), Some(expected));
}

#[test]
fn a_lone_one_is_an_error() {
    let context = json!({"@context": {"name": "https://schema.example/name"}});
    let document = json!({"@context": context, "name": "SPECIMEN"});
    assert!(document_to_rdf(&document, &ContextStore::builtin()).is_err());
}

#[test]
fn nothing_beside_or_below_it_is_dropped() {
    let plain = json!({"name": "https://schema.example/name"});
    for context in [
        json!({"@context": plain, "other": "https://schema.example/other"}),
        json!({"@context": {"@context": plain}}),
        json!({"@context": [plain]}),
        json!({"@context": "https://www.w3.org/ns/credentials/v2"}),
    ] {
        assert_eq!(statements(context), None);
    }
}
