//! What is written directly is what expansion and deserialization give, or nothing.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use std::path::Path;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::{Sourced, ordinary};
use crate::jsonld::{ContextStore, Source, document_to_rdf, unsecured_to_rdf};
use crate::rdf::{Budget, Dataset, HashAlgorithm, canonicalize};

const HASH: HashAlgorithm = HashAlgorithm::Sha256;
/// Ordinary graphs need no n-degree work.
const NOTHING: Budget = Budget::units(0);

/// Canonical lines, each with the value that it stems from.
fn lines(dataset: &Dataset, sources: &[Source]) -> Vec<(String, Source)> {
    let labels = dataset.canonical_labels(HASH, NOTHING).unwrap();
    let lines = (0..).take(dataset.len()).map(|index| {
        let mut line = String::new();
        dataset.write(index, &mut line, |node| labels.of(node));
        line
    });
    let mut lines: Vec<_> = lines.zip(sources.iter().copied()).collect();
    lines.sort_unstable();
    lines
}

/// Whether the document is ordinary; if so, both ways must give the same.
fn agrees(document: &Value, store: &ContextStore) -> bool {
    if let Some(whole) = ordinary(document, store, &[]) {
        let quads = document_to_rdf(document, store).unwrap();
        if let Some(text) = whole.dataset.simple_nquads(HASH) {
            let canonical = canonicalize(&quads, HASH, NOTHING).unwrap();
            assert_eq!(text, canonical.to_nquads());
        }
    }
    let Some(Sourced { dataset, sources }) = ordinary(document, store, &["proof"]) else {
        return false;
    };
    let general = unsecured_to_rdf(document, store).unwrap();
    if let Some(text) = dataset.simple_nquads(HASH) {
        let canonical = canonicalize(&general.quads, HASH, NOTHING).unwrap();
        assert_eq!(text, canonical.to_nquads());
        let (quads, _) = Dataset::of(&general.quads);
        assert_eq!(lines(&dataset, &sources), lines(&quads, &general.sources));
    }
    true
}

/// A context with a term of every kind.
fn terms() -> Value {
    json!({
        "id": "@id", "type": "@type", "value": "@value", "language": "@language", "nest": "@nest",
        "date": {"@id": "urn:date", "@type": "http://www.w3.org/2001/XMLSchema#date"},
        "double": {"@id": "urn:double", "@type": "http://www.w3.org/2001/XMLSchema#double"},
        "string": {"@id": "urn:string", "@type": "http://www.w3.org/2001/XMLSchema#string"},
        "bad": {"@id": "urn:bad", "@type": "urn:a b"},
        "ref": {"@id": "urn:ref", "@type": "@id"},
        "vocab": {"@id": "urn:vocab", "@type": "@vocab"},
        "none": {"@id": "urn:none", "@type": "@none"},
        "json": {"@id": "urn:json", "@type": "@json"},
        "plain": "urn:plain",
        "spoken": {"@id": "urn:spoken", "@language": "en"},
        "unspoken": {"@id": "urn:unspoken", "@language": null, "@direction": null},
        "right": {"@id": "urn:right", "@direction": "rtl"},
        "graph": {"@id": "urn:graph", "@container": "@graph", "@type": "@id"},
        "list": {"@id": "urn:list", "@container": "@list"},
        "set": {"@id": "urn:set", "@container": "@set"},
        "index": {"@id": "urn:index", "@container": "@index"},
        "names": {"@id": "urn:names", "@container": "@language"},
        "back": {"@reverse": "urn:back"},
        "gone": null,
        "spaced": "urn:a b",
        "pre": {"@id": "urn:pre:", "@prefix": true},
        "scoped": {"@id": "urn:scoped", "@context": {"plain": "urn:within", "ref": "urn:ref2", "id": "@id"}},
        "scopedref": {"@id": "urn:scopedref", "@type": "@vocab", "@context": {"@vocab": "urn:words#"}},
        "Type": {"@id": "urn:Type", "@context": {"plain": {"@id": "urn:typed", "@type": "@id"}}},
        "Wide": {"@id": "urn:Wide", "@context": {"@propagate": true, "set": "urn:wide"}},
        "Alias": {"@id": "urn:Alias", "@context": {"plain": "@id", "set": "@type"}},
    })
}

fn key() -> impl Strategy<Value = String> {
    let terms: Vec<String> = terms().as_object().unwrap().keys().cloned().collect();
    prop_oneof![
        20 => select(terms),
        6 => select(vec!["id", "type", "plain", "ref", "set", "scoped", "graph"]).prop_map(String::from),
        2 => select(vec!["@id", "@type", "@graph", "@set", "@list", "@included", "@reverse", "@value", "@index",
            "pre:x", "urn:x", "_:p", "unheardOf", "x y:z", "proof", "@reserved"]).prop_map(String::from),
    ]
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => select(vec!["urn:a", "urn:b", "_:x", "_:y", "pre:z", "Type", "Wide", "Alias", "plain", "did:key:z#z"]),
        2 => select(vec!["a b", "urn:a b", "", "@id", "@json", "@reserved", "relative", "<", "urn:a>b", "a\"\\\n",
            "_:", "spaced", "gone", "date"]),
    ]
    .prop_map(Value::from)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => text(),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => Just(json!(1.0)),
        1 => any::<String>().prop_map(Value::from),
    ]
}

fn element() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![12 => scalar(), 1 => Just(Value::Null)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            3 => proptest::collection::vec((key(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(1500))]

    #[test]
    fn both_ways_give_the_same(
        removed in subsequence(terms().as_object().unwrap().keys().cloned().collect::<Vec<_>>(), 0..3),
        defaults in subsequence(vec![
            ("@vocab", json!("urn:vocabulary#")), ("@language", json!("en")), ("@direction", json!("ltr")),
            ("@base", json!("https://base.example/a/b")), ("@vocab", json!("")),
        ], 0..2),
        credential in any::<bool>(),
        members in proptest::collection::vec((key(), element()), 1..6),
    ) {
        let mut context = terms();
        let defined = context.as_object_mut().unwrap();
        for term in &removed {
            defined.remove(term);
        }
        defined.extend(defaults.into_iter().map(|(name, value)| (name.to_string(), value)));
        let mut document: Map<String, Value> = members.into_iter().collect();
        let contexts = match credential {
            // Its protected terms are not defined again.
            true => {
                defined.retain(|term, _| !["id", "type"].contains(&term.as_str()));
                json!(["https://www.w3.org/ns/credentials/v2", context])
            }
            false => context,
        };
        document.insert("@context".to_string(), contexts);
        agrees(&document.into(), &ContextStore::builtin());
    }
}

/// Documents of every ordinary form.
fn forms() -> Vec<Value> {
    let with = |members: Value| {
        let mut document = members;
        document["@context"] = terms();
        document
    };
    let mut words = terms();
    words["@vocab"] = json!("urn:words#");
    vec![
        with(json!({"type": "Type", "plain": "urn:typed-ref"})),
        with(json!({"id": "urn:a", "type": ["Type", "Wide"], "set": [1, 2.5, true, "a \"b\"\n"]})),
        with(json!({"id": "pre:a", "date": "2026-01-15", "double": 5, "string": "s", "none": "n"})),
        with(json!({"id": "_:x", "ref": "_:y", "set": {"id": "_:y", "plain": "a"}})),
        with(json!({"json": {"b": [1], "a": null}, "unspoken": "x", "vocab": "plain"})),
        with(
            json!({"graph": [{"id": "urn:a", "plain": "a"}, {"plain": "b"}], "plain": ["a", "b"]}),
        ),
        with(json!({"scoped": {"plain": "a", "scopedref": "word"}, "scopedref": "word"})),
        with(json!({"type": "Type", "ref": {"plain": "urn:is-plain-again"}, "pre:x": "p"})),
        json!({"@context": words, "unheardOf": {"id": "urn:a"}, "type": "Unknown"}),
        json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": "VerifiablePresentation",
            "verifiableCredential": {
                "@context": ["https://www.w3.org/ns/credentials/v2", "https://tessera.example/contexts/identity/v1"],
                "type": ["VerifiableCredential", "IdentityCredential"],
                "issuer": "did:example:issuer",
                "credentialSubject": {"family_name": "SPECIMEN", "nationalities": ["CN", "FR"]},
                "proof": {"type": "DataIntegrityProof", "cryptosuite": "ecdsa-rdfc-2019", "proofValue": "z"}
            },
            "proof": {"type": "DataIntegrityProof"}
        }),
    ]
}

#[test]
fn ordinary_documents_take_the_short_way() {
    let store = ContextStore::builtin();
    for document in forms() {
        assert!(agrees(&document, &store), "{document}");
    }
}

#[test]
fn others_do_not() {
    let store = ContextStore::builtin();
    for (key, value) in [
        ("list", json!(["a"])),
        ("names", json!({"en": "a"})),
        ("index", json!({"a": "b"})),
        ("back", json!({"id": "urn:b"})),
        ("spoken", json!("a")),
        ("right", json!("a")),
        ("plain", json!({"@value": "a", "@language": "en"})),
        ("plain", json!([["a"]])),
        ("plain", json!([])),
        ("plain", Value::Null),
        ("graph", json!("urn:a")),
        ("unheardOf", json!("a")),
        ("gone", json!("a")),
        ("spaced", json!("a")),
        ("bad", json!("a")),
        ("ref", json!("a b")),
        ("nest", json!({"plain": "a"})),
        ("@graph", json!([{"plain": "a"}])),
        ("@id", json!("urn:second")),
        ("type", json!([])),
        ("type", json!("unheardOf")),
        ("@type", json!(["Type"])),
    ] {
        let mut document =
            json!({"@context": terms(), "id": "urn:a", "plain": "b", "type": "urn:T"});
        document[key] = value;
        assert!(!agrees(&document, &store), "{key}");
    }
    let empty = json!({"@context": terms(), "id": "urn:a"});
    assert!(ordinary(&empty, &store, &["proof"]).is_none());
    let deep = (0..40).fold(json!("a"), |inner, _| json!({"plain": inner}));
    let mut deep = deep;
    deep["@context"] = terms();
    assert!(!agrees(&deep, &store));
}

/// Nodes that first-degree hashes do not tell apart, and statements made twice, take the long way.
#[test]
fn only_simple_graphs_are_canonicalized_directly() {
    let store = ContextStore::builtin();
    for (members, simple) in [
        (json!({"set": [{"plain": "a"}, {"plain": "b"}]}), true),
        (json!({"set": [{"plain": "a"}, {"plain": "a"}]}), false),
        (json!({"set": ["a", "a"]}), false),
        (
            json!({"set": [{"id": "_:x", "plain": "a"}, {"id": "_:x", "ref": "urn:b"}]}),
            false,
        ),
        (
            json!({"ref": {"id": "urn:b"}, "set": {"id": "urn:b"}}),
            true,
        ),
        (json!({"graph": {"plain": "a"}}), true),
        (json!({"graph": {}}), false),
    ] {
        let mut document = members;
        document["@context"] = terms();
        assert!(agrees(&document, &store));
        let sourced = ordinary(&document, &store, &[]).unwrap();
        assert_eq!(
            sourced.dataset.simple_nquads(HASH).is_some(),
            simple,
            "{document}"
        );
    }
}

/// The documents of the published vectors, where they are at hand.
#[test]
fn the_published_documents_mean_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let store = ContextStore::builtin();
    let (mut seen, mut ordinary) = (0, 0);
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path)
                && let Ok(document @ Value::Object(_)) = serde_json::from_str(&text)
            {
                seen += 1;
                ordinary += usize::from(agrees(&document, &store));
            }
        }
    }
    match root.is_dir() {
        true => assert!(ordinary >= 50, "{ordinary} of {seen}"),
        false => std::println!("skipped: the published vectors are not at hand"),
    }
}
