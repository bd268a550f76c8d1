//! Expanded documents as JSON (JSON-LD 1.1 §9), for test suites and tools.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::tree::{Datatype, Item, List, Node, Properties, ValueObject};

/// The expanded document form of `items`.
#[must_use]
pub fn expanded_json(items: &[Item]) -> Value {
    Value::Array(items.iter().map(item_json).collect())
}

fn item_json(item: &Item) -> Value {
    Value::Object(match item {
        Item::Node(node) => node_json(node),
        Item::Value(value) => value_json(value),
        Item::List(List { items, index, .. }) => {
            let mut map = Map::new();
            map.insert("@list".to_owned(), expanded_json(items));
            text(&mut map, "@index", index.as_ref());
            map
        }
    })
}

fn text(map: &mut Map<String, Value>, key: &str, value: Option<&Arc<str>>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), json!(&**value));
    }
}

fn properties(map: &mut Map<String, Value>, properties: &Properties) {
    for (property, items) in properties {
        map.insert(property.to_string(), expanded_json(items));
    }
}

fn node_json(node: &Node) -> Map<String, Value> {
    let mut map = Map::new();
    if let Some(id) = &node.id {
        map.insert("@id".to_owned(), json!(id.as_deref()));
    }
    if let Some(types) = &node.types {
        let types: Vec<&str> = types.iter().map(|iri| &**iri).collect();
        map.insert("@type".to_owned(), json!(types));
    }
    text(&mut map, "@index", node.index.as_ref());
    for (key, items) in [("@graph", &node.graph), ("@included", &node.included)] {
        if let Some(items) = items {
            map.insert(key.to_owned(), expanded_json(items));
        }
    }
    if let Some(reverse) = &node.reverse {
        let mut entries = Map::new();
        properties(&mut entries, reverse);
        map.insert("@reverse".to_owned(), Value::Object(entries));
    }
    properties(&mut map, &node.properties);
    map
}

fn value_json(value: &ValueObject) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("@value".to_owned(), value.value.to_json());
    match &value.datatype {
        Datatype::Native => {}
        Datatype::Json => {
            map.insert("@type".to_owned(), json!("@json"));
        }
        Datatype::Iri(iri) => text(&mut map, "@type", Some(iri)),
    }
    text(&mut map, "@language", value.language.as_ref());
    if let Some(direction) = value.direction {
        map.insert("@direction".to_owned(), json!(direction.as_str()));
    }
    text(&mut map, "@index", value.index.as_ref());
    map
}
