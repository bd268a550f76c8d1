//! Arbitrary documents never panic, and altered ones never verify.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::{Signer, expected, issued, pointers};
use tessera_verifier::data_integrity::{Suite, ecdsa_sd, verify_bytes};
use tessera_verifier::jsonld::{
    ContextStore, ExpandOptions, ToRdfOptions, canonical_json, expand, expanded_json, to_rdf,
};
use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize, parse_nquads, to_nquads};

/// Words that mean something to a JSON-LD processor, and some that do not.
fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "@base",
        "@container",
        "@context",
        "@direction",
        "@graph",
        "@id",
        "@import",
        "@included",
        "@index",
        "@json",
        "@language",
        "@list",
        "@nest",
        "@none",
        "@prefix",
        "@propagate",
        "@protected",
        "@reverse",
        "@set",
        "@type",
        "@value",
        "@version",
        "@vocab",
        "@unknown",
        "id",
        "type",
        "name",
        "a",
        "b",
        "a:b",
        "urn:x",
        "urn:x#",
        "_:b0",
        "_:",
        ":",
        "",
        "x/y",
        "rtl",
        "en",
        "VerifiableCredential",
        "credentialSubject",
        "proof",
        "evidence",
        "https://www.w3.org/ns/credentials/v2",
        "https://tessera.example/contexts/identity/v1",
    ]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        word().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

static DERIVED: LazyLock<Value> = LazyLock::new(|| {
    let store = ContextStore::builtin();
    let base = issued(&Signer::fresh(), &Signer::fresh(), &store);
    let selected = pointers([
        "/credentialSubject/family_name",
        "/credentialSubject/age_equal_or_over/18",
        "/credentialSubject/nationalities",
    ]);
    ecdsa_sd::derive(&base, &selected, &store).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expansion_never_panics(document in document(), base in any::<bool>()) {
        let store = ContextStore::builtin();
        for safe in [false, true] {
            let options = ExpandOptions {
                base: base.then(|| "https://a.example/b/c?d#e".to_owned()),
                safe,
                ..ExpandOptions::default()
            };
            let Ok(items) = expand(&document, &store, &options) else { continue };
            let _ = canonical_json(&expanded_json(&items));
            let options = ToRdfOptions { safe, ..ToRdfOptions::default() };
            let Ok(sourced) = to_rdf(&items, &options) else { continue };
            prop_assert_eq!(sourced.quads.len(), sourced.sources.len());
            // What is written can be read back, and means the same.
            let read = parse_nquads(&to_nquads(&sourced.quads)).unwrap();
            prop_assert_eq!(&read, &sourced.quads);
            let _ = canonicalize(&read, HashAlgorithm::Sha256, Budget::default());
        }
    }

    #[test]
    fn canonical_form_ignores_order_and_labels(document in document(), seed in any::<u64>()) {
        let store = ContextStore::builtin();
        let options = ExpandOptions { safe: false, ..ExpandOptions::default() };
        let Ok(items) = expand(&document, &store, &options) else { return Ok(()) };
        let options = ToRdfOptions { safe: false, ..ToRdfOptions::default() };
        let mut quads = to_rdf(&items, &options).unwrap().quads;
        let canonical = |quads: &_| {
            canonicalize(quads, HashAlgorithm::Sha256, Budget::default()).map(|c| c.to_nquads())
        };
        let first = canonical(&quads);
        // Shuffled, with other labels.
        quads.sort_by_key(|quad| {
            use std::hash::{DefaultHasher, Hash as _, Hasher as _};
            let mut hasher = DefaultHasher::new();
            (seed, quad).hash(&mut hasher);
            hasher.finish()
        });
        let text = to_nquads(&quads).replace("_:b", &format!("_:x{seed}y"));
        let relabelled = parse_nquads(&text).unwrap();
        if first.is_ok() && !to_nquads(&quads).contains("\"_:b") {
            prop_assert_eq!(canonical(&relabelled), first);
        }
    }

    #[test]
    fn altered_presentations_never_verify(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let store = ContextStore::builtin();
        let mut text = serde_json::to_vec(&*DERIVED).unwrap();
        let index = at.index(text.len());
        let suites = [Suite::EcdsaSd2023, Suite::EcdsaRdfc2019];
        prop_assert!(verify_bytes(&text, &suites, &expected(), &store).is_ok());
        if text[index] != byte {
            text[index] = byte;
            let altered: Result<Value, _> = serde_json::from_slice(&text);
            // White space aside, every byte of the text counts.
            if altered.ok().as_ref() != Some(&*DERIVED) {
                prop_assert!(verify_bytes(&text, &suites, &expected(), &store).is_err());
            }
        }
    }

    #[test]
    fn inserted_claims_never_verify(key in word(), value in document(), pointer in prop::sample::select(vec![
        "", "/credentialSubject", "/credentialSubject/age_equal_or_over", "/credentialStatus",
    ])) {
        let store = ContextStore::builtin();
        let mut altered = DERIVED.clone();
        let target = altered.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        target.insert(key, value);
        if !same_statements(&altered, &store) {
            prop_assert!(ecdsa_sd::verify(&altered, &expected(), &store).is_err());
        }
    }
}

/// Whether the document still says the same, such as after inserting `"@context": {}`.
fn same_statements(altered: &Value, store: &ContextStore) -> bool {
    let canonical = |document: &Value| {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove("proof");
        let quads = tessera_verifier::jsonld::document_to_rdf(&document, store).ok()?;
        let canonical = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default()).ok()?;
        Some(canonical.to_nquads())
    };
    canonical(altered).is_some_and(|form| Some(form) == canonical(&DERIVED))
}
