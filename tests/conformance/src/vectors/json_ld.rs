//! The W3C test suites of JSON-LD 1.1 expansion and deserialization. They test the lossy algorithms: safe mode is off.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tessera_verifier::jsonld::{
    ContextStore, ExpandOptions, Item, JsonLdError, RdfDirection, ToRdfOptions, canonical_json,
    expand as expand_document, expanded_json, to_rdf as item_quads,
};
use tessera_verifier::rdf::{Budget, HashAlgorithm, Quad, canonicalize, parse_nquads};

use super::{Folder, json, list, member, text};

const BASE: &str = "https://w3c.github.io/json-ld-api/tests/";

/// The expansion suite.
pub(super) fn expand(root: &Path) -> Result<Folder, String> {
    run(root, "json-ld/expand", "expand", expansion)
}

/// The deserialization suite.
pub(super) fn to_rdf(root: &Path) -> Result<Folder, String> {
    run(root, "json-ld/toRdf", "toRdf", deserialization)
}

type Check = fn(&Value, &Path, &ContextStore) -> Result<(), String>;

fn run(root: &Path, name: &'static str, suite: &str, check: Check) -> Result<Folder, String> {
    let root = root.join("json-ld");
    let store = store(&root, suite)?;
    let manifest = json(&root.join(format!("{suite}-manifest.jsonld")))?;
    let mut folder = Folder::new(name);
    for test in list(&manifest, "sequence")? {
        let id = member(test, "@id")?;
        match skip(test) {
            Some(reason) => folder.skip(id, reason),
            None => folder.note(id, check(test, &root, &store)),
        }
    }
    Ok(folder)
}

/// Every context document of a suite, under its published URL.
fn store(root: &Path, suite: &str) -> Result<ContextStore, String> {
    let mut documents = BTreeMap::new();
    let mut folders = vec![suite.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&inner)).map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| error.to_string())?;
            let name = format!("{inner}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(name);
            } else if let Ok(document) = json(&entry.path())
                && document.get("@context").is_some()
            {
                documents.insert(format!("{BASE}{name}"), document);
            }
        }
    }
    ContextStore::with_documents(documents.iter().map(|(url, value)| (url.as_str(), value)))
        .map_err(|error| error.to_string())
}

/// Why a test is out of scope.
fn skip(test: &Value) -> Option<&'static str> {
    let option = |name: &str| test.pointer(&format!("/option/{name}"));
    if option("specVersion").is_some_and(|version| version == "json-ld-1.0")
        || option("processingMode").is_some_and(|mode| mode == "json-ld-1.0")
    {
        return Some("a test of JSON-LD 1.0, which the data models do not use");
    }
    option("produceGeneralizedRdf").map(|_| "generalized RDF, which no credential may contain")
}

fn expanded(test: &Value, root: &Path, store: &ContextStore) -> Result<Vec<Item>, Failure> {
    let input = member(test, "input")?;
    let document = json(&root.join(input))?;
    let option = |name: &str| {
        test.pointer(&format!("/option/{name}"))
            .and_then(Value::as_str)
    };
    let options = ExpandOptions {
        base: Some(option("base").map_or_else(|| format!("{BASE}{input}"), str::to_owned)),
        expand_context: option("expandContext")
            .map(|file| json(&root.join(file)))
            .transpose()?,
        safe: false,
        without: &[],
    };
    Ok(expand_document(&document, store, &options)?)
}

/// The vectors are broken, or the document is.
enum Failure {
    Vectors(String),
    Document(JsonLdError),
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Vectors(why)
    }
}

impl From<JsonLdError> for Failure {
    fn from(error: JsonLdError) -> Self {
        Self::Document(error)
    }
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Vectors(why) => why,
            Failure::Document(error) => error.to_string(),
        }
    }
}

fn expansion(test: &Value, root: &Path, store: &ContextStore) -> Result<(), String> {
    let result = expanded(test, root, store);
    if is(test, "jld:NegativeEvaluationTest") {
        return refused(test, result.map(|_| ()));
    }
    let expected = json(&root.join(member(test, "expect")?))?;
    let found = expanded_json(&result?);
    match normal(&found, false) == normal(&expected, false) {
        true => Ok(()),
        false => Err("another result".to_owned()),
    }
}

fn deserialization(test: &Value, root: &Path, store: &ContextStore) -> Result<(), String> {
    let direction = match test.pointer("/option/rdfDirection").and_then(Value::as_str) {
        None => None,
        Some("i18n-datatype") => Some(RdfDirection::I18nDatatype),
        Some("compound-literal") => Some(RdfDirection::CompoundLiteral),
        Some(other) => return Err(format!("rdfDirection {other}")),
    };
    let options = ToRdfOptions {
        direction,
        safe: false,
    };
    let result = expanded(test, root, store).and_then(|items| Ok(item_quads(&items, &options)?));
    if is(test, "jld:NegativeEvaluationTest") {
        return refused(test, result.map(|_| ()));
    }
    let found = result?.quads;
    if is(test, "jld:PositiveSyntaxTest") {
        return Ok(());
    }
    let expected = text(&root.join(member(test, "expect")?))?;
    let expected = parse_nquads(&expected).map_err(|error| error.to_string())?;
    match canonical(&found)? == canonical(&expected)? {
        true => Ok(()),
        false => Err("another result".to_owned()),
    }
}

fn canonical(quads: &[Quad]) -> Result<String, String> {
    let canonical = canonicalize(quads, HashAlgorithm::Sha256, Budget::units(100_000));
    Ok(canonical.map_err(|error| error.to_string())?.to_nquads())
}

/// A negative test's verdict.
fn refused(test: &Value, result: Result<(), Failure>) -> Result<(), String> {
    let expected = member(test, "expectErrorCode")?;
    match result {
        Err(Failure::Document(JsonLdError::Invalid(code))) if code == expected => Ok(()),
        // A document without `@context` cannot be put into a store in the first place.
        Err(Failure::Document(JsonLdError::UnknownContext))
            if ["loading remote context failed", "invalid remote context"].contains(&expected) =>
        {
            Ok(())
        }
        Ok(()) => Err(format!("expected {expected}, found no error")),
        Err(other) => Err(format!(
            "expected {expected}, found {}",
            String::from(other)
        )),
    }
}

fn is(test: &Value, kind: &str) -> bool {
    list(test, "@type").is_ok_and(|kinds| kinds.iter().any(|found| found == kind))
}

/// Sorts arrays that are sets, so that equal documents are equal values.
fn normal(value: &Value, in_list: bool) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| normal(item, false)).collect();
            if !in_list {
                items.sort_by_key(canonical_json);
            }
            Value::Array(items)
        }
        Value::Object(entries) => {
            let literal = entries
                .get("@type")
                .is_some_and(|datatype| datatype == "@json");
            let entries = entries.iter().map(|(key, value)| {
                let value = match literal && key == "@value" {
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
