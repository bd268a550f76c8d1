//! The W3C test suites of JSON-LD 1.1 expansion and deserialization, run from the published
//! vectors when they are at hand. The suites test the lossy algorithms: safe mode is off here.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tessera_verifier::jsonld::{
    ContextStore, ExpandOptions, Item, JsonLdError, RdfDirection, ToRdfOptions, canonical_json,
    expand, expanded_json, to_rdf,
};
use tessera_verifier::rdf::{Budget, HashAlgorithm, Quad, canonicalize, parse_nquads};

const BASE: &str = "https://w3c.github.io/json-ld-api/tests/";

fn vectors() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/json-ld");
    folder.is_dir().then_some(folder)
}

/// Every context document of a suite, under its published URL.
fn store(folder: &Path, suite: &str) -> ContextStore {
    let mut documents = BTreeMap::new();
    let mut folders = vec![suite.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&inner)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{inner}/{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                folders.push(name);
            } else if let Ok(text) = std::fs::read_to_string(&path)
                && let Ok(document) = serde_json::from_str::<Value>(&text)
                && document.get("@context").is_some()
            {
                documents.insert(format!("{BASE}{name}"), document);
            }
        }
    }
    ContextStore::with_documents(documents.iter().map(|(url, value)| (url.as_str(), value)))
        .unwrap()
}

/// Why a test is out of scope.
fn skip(test: &Value) -> Option<&'static str> {
    let option = |name: &str| test.pointer(&format!("/option/{name}"));
    if option("specVersion").is_some_and(|version| version == "json-ld-1.0")
        || option("processingMode").is_some_and(|mode| mode == "json-ld-1.0")
    {
        return Some("JSON-LD 1.0 only");
    }
    // Whether the JSON parser is exact is decided where the workspace's features are united.
    let inexact =
        serde_json::from_str("333333333.33333329").ok() != Some(333_333_333.333_333_3_f64);
    if test["name"] == "Transform JSON literal with value canonicalization" && inexact {
        return Some("serde_json is built without `float_roundtrip`");
    }
    option("produceGeneralizedRdf").map(|_| "generalized RDF")
}

fn expand_test(
    test: &Value,
    folder: &Path,
    store: &ContextStore,
) -> Result<Vec<Item>, JsonLdError> {
    let input = test["input"].as_str().unwrap();
    let text = std::fs::read_to_string(folder.join(input)).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let option = |name: &str| test.pointer(&format!("/option/{name}"));
    let base = option("base").and_then(Value::as_str);
    let expand_context = option("expandContext").and_then(Value::as_str).map(|file| {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    let options = ExpandOptions {
        base: Some(base.map_or_else(|| format!("{BASE}{input}"), str::to_owned)),
        expand_context,
        safe: false,
        without: &[],
    };
    expand(&document, store, &options)
}

/// Sorts arrays that are sets, so that equal documents are equal values.
fn normal(value: &Value, list: bool) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| normal(item, false)).collect();
            if !list {
                items.sort_by_key(canonical_json);
            }
            Value::Array(items)
        }
        Value::Object(entries) => {
            let json = entries
                .get("@type")
                .is_some_and(|datatype| datatype == "@json");
            let entries = entries.iter().map(|(key, value)| {
                let value = match json && key == "@value" {
                    true => value.clone(),
                    false => normal(value, key == "@list"),
                };
                (key.clone(), value)
            });
            Value::Object(entries.collect())
        }
        other => other.clone(),
    }
}

fn canonical(quads: &[Quad]) -> Option<String> {
    let budget = Budget::units(100_000);
    let canonical = canonicalize(quads, HashAlgorithm::Sha256, budget).ok()?;
    Some(canonical.to_nquads())
}

fn run(suite: &str, check: impl Fn(&Value, &Path, &ContextStore) -> Result<(), String>) {
    let Some(folder) = vectors() else {
        println!("json-ld {suite}: all skipped, the vectors are not here");
        return;
    };
    let store = store(&folder, suite);
    let text = std::fs::read_to_string(folder.join(format!("{suite}-manifest.jsonld"))).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let tests = manifest["sequence"].as_array().unwrap();
    let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut failed = Vec::new();
    for test in tests {
        let id = test["@id"].as_str().unwrap();
        match skip(test) {
            Some(reason) => skipped.entry(reason).or_default().push(id),
            None => {
                if let Err(why) = check(test, &folder, &store) {
                    failed.push(format!("{id} ({}): {why}", test["name"].as_str().unwrap()));
                }
            }
        }
    }
    let run = tests.len() - skipped.values().map(Vec::len).sum::<usize>();
    println!("json-ld {suite}: {}/{run}", run - failed.len());
    for (reason, tests) in &skipped {
        println!("  skipped {}, {reason}: {tests:?}", tests.len());
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// A negative test's verdict.
fn refused(test: &Value, result: Result<(), JsonLdError>) -> Result<(), String> {
    let expected = test["expectErrorCode"].as_str().unwrap();
    match result {
        Err(JsonLdError::Invalid(code)) if code == expected => Ok(()),
        // A document without `@context` cannot be put into a store in the first place.
        Err(JsonLdError::UnknownContext)
            if ["loading remote context failed", "invalid remote context"].contains(&expected) =>
        {
            Ok(())
        }
        other => Err(format!("expected {expected}, found {other:?}")),
    }
}

fn is(test: &Value, kind: &str) -> bool {
    let kinds = test["@type"].as_array().unwrap();
    kinds.iter().any(|found| found.as_str().unwrap() == kind)
}

#[test]
fn w3c_expand() {
    run("expand", |test, folder, store| {
        let result = expand_test(test, folder, store);
        if is(test, "jld:NegativeEvaluationTest") {
            return refused(test, result.map(|_| ()));
        }
        let expected = std::fs::read_to_string(folder.join(test["expect"].as_str().unwrap()));
        let expected: Value = serde_json::from_str(&expected.unwrap()).unwrap();
        let found = expanded_json(&result.map_err(|error| error.to_string())?);
        match normal(&found, false) == normal(&expected, false) {
            true => Ok(()),
            false => Err(format!("\n  found {found}\n  not   {expected}")),
        }
    });
}

#[test]
fn w3c_to_rdf() {
    run("toRdf", |test, folder, store| {
        let direction = test.pointer("/option/rdfDirection").and_then(Value::as_str);
        let options = ToRdfOptions {
            direction: direction.map(|name| match name {
                "i18n-datatype" => RdfDirection::I18nDatatype,
                "compound-literal" => RdfDirection::CompoundLiteral,
                other => panic!("rdfDirection {other}"),
            }),
            safe: false,
        };
        let result = expand_test(test, folder, store).and_then(|items| to_rdf(&items, &options));
        if is(test, "jld:NegativeEvaluationTest") {
            return refused(test, result.map(|_| ()));
        }
        let found = result.map_err(|error| error.to_string())?.quads;
        if is(test, "jld:PositiveSyntaxTest") {
            return Ok(());
        }
        let expected = std::fs::read_to_string(folder.join(test["expect"].as_str().unwrap()));
        let expected = parse_nquads(&expected.unwrap()).map_err(|error| error.to_string())?;
        let (found, expected) = (canonical(&found), canonical(&expected));
        match found.is_some() && found == expected {
            true => Ok(()),
            false => Err(format!("\n  found {found:?}\n  not   {expected:?}")),
        }
    });
}
