//! Expansion of an entry whose key is a property (JSON-LD 1.1 API §5.1 steps 13.5 to 13.13).

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::JsonLdError;
use super::context::{Container, Context, Expanded, TermDefinition, TypeMapping};
use super::expand::{Expander, Property};
use super::keyword::Keyword;
use super::object::Object;
use super::tree::{Datatype, Expansion, Item, List, Node, Scalar, Source, ValueObject};

/// An array's items, or the value as the only item.
pub(super) fn as_slice(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(core::slice::from_ref(value), Vec::as_slice)
}

impl Expander<'_> {
    /// Expands `value`, the value of `key`, whose IRI is `iri`, and adds it to `object`.
    pub(super) fn property_entry(
        &mut self,
        object: &mut Object<'_>,
        active: &Arc<Context>,
        (key, iri, definition): (&str, &Arc<str>, Option<&Arc<TermDefinition>>),
        value: &Value,
    ) -> Result<(), JsonLdError> {
        let container = definition.map_or(Container::default(), |definition| definition.container);
        let is_map = Container::INDEX.0 | Container::TYPE.0 | Container::ID.0;
        let expanded = match (definition, value) {
            (Some(definition), _) if definition.type_mapping == Some(TypeMapping::Json) => {
                Expansion::One(Item::Value(json_value(value)))
            }
            (Some(definition), Value::Object(map)) if container.includes(Container::LANGUAGE) => {
                Expansion::Many(self.language_map(active, definition, map)?)
            }
            (Some(definition), Value::Object(map)) if container.includes_any(is_map) => {
                Expansion::Many(self.index_map(active, key, definition, map)?)
            }
            _ => self.expand(active, Property::Term(key, definition), value, false)?,
        };
        let mut items = match expanded {
            Expansion::Null => return self.dropped("a null property"),
            Expansion::One(Item::List(list)) => vec![Item::List(list)],
            other if container.includes(Container::LIST) => vec![Item::List(List {
                items: other.into_items(),
                index: None,
                source: Source::of(value),
            })],
            other => other.into_items(),
        };
        // An empty set of graphs is a presentation without credentials (VCDM 2.0 §4.13): there is nothing to drop.
        if items.is_empty() && !container.includes(Container::GRAPH) {
            self.dropped("an empty array")?;
        }
        let keyed = Container::ID.0 | Container::INDEX.0;
        if container.includes(Container::GRAPH) && !container.includes_any(keyed) {
            for item in &mut items {
                wrap_graph(item);
            }
        }
        if definition.is_some_and(|definition| definition.reverse) {
            return self.add_reverse(object, Arc::clone(iri), items);
        }
        match object.node.properties.entry(Arc::clone(iri)) {
            Entry::Vacant(place) => drop(place.insert(items)),
            Entry::Occupied(mut place) => place.get_mut().append(&mut items),
        }
        Ok(())
    }

    /// Step 13.7: a language map.
    fn language_map(
        &self,
        active: &Context,
        definition: &TermDefinition,
        map: &Map<String, Value>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let direction = definition.direction.unwrap_or(active.direction);
        let mut items = Vec::with_capacity(map.len());
        for (tag, value) in map {
            let language = match active.expand_iri(tag, false, true) {
                Expanded::Keyword(Keyword::None) => None,
                _ => Some(Arc::from(tag.to_lowercase())),
            };
            for value in as_slice(value) {
                match value {
                    Value::Null => self.dropped("null in a language map")?,
                    Value::String(_) => items.push(Item::Value(ValueObject {
                        value: Scalar::of(value),
                        datatype: Datatype::Native,
                        language: language.clone(),
                        direction,
                        index: None,
                        source: Source::of(value),
                    })),
                    _ => return Err(JsonLdError::Invalid("invalid language map value")),
                }
            }
        }
        Ok(items)
    }

    /// Step 13.8: an index, type or identifier map.
    fn index_map(
        &mut self,
        active: &Arc<Context>,
        key: &str,
        definition: &TermDefinition,
        map: &Map<String, Value>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let container = definition.container;
        let mut result = Vec::with_capacity(map.len());
        for (index, value) in map {
            let mut context = Arc::clone(active);
            if container.includes_any(Container::TYPE.0 | Container::ID.0)
                && let Some(previous) = &active.previous
            {
                context = Arc::clone(previous);
            }
            if container.includes(Container::TYPE)
                && let Some(scope) = context.term(index).cloned()
                && scope.scoped.is_some()
            {
                context = self.processor.type_scoped(&context, &scope)?;
            }
            let none = active.expand_iri(index, false, true) == Expanded::Keyword(Keyword::None);
            // Always an array: a list container would take a map's entry apart otherwise.
            let mut items = Vec::new();
            for value in as_slice(value) {
                let expanded = self.expand(
                    &context,
                    Property::Term(key, context.term(key)),
                    value,
                    true,
                )?;
                if matches!(expanded, Expansion::Null) {
                    self.dropped("null in a map")?;
                }
                items.extend(expanded.into_items());
            }
            for mut item in items {
                if container.includes(Container::GRAPH) && !is_graph(&item) {
                    wrap_graph(&mut item);
                }
                if !none {
                    self.apply_index(&mut item, active, definition, index)?;
                }
                result.push(item);
            }
        }
        Ok(result)
    }

    /// Steps 13.8.3.7.2 to 13.8.3.7.5: what the map's key says about the item.
    fn apply_index(
        &mut self,
        item: &mut Item,
        active: &Arc<Context>,
        definition: &TermDefinition,
        index: &str,
    ) -> Result<(), JsonLdError> {
        let container = definition.container;
        if container.includes(Container::INDEX) {
            match &definition.index {
                Some(property) if property.as_ref() != "@index" => {
                    self.property_index(item, active, property, index)?;
                }
                _ => {
                    self.dropped("an index")?;
                    let slot = match item {
                        Item::Node(node) => &mut node.index,
                        Item::Value(value) => &mut value.index,
                        Item::List(list) => &mut list.index,
                    };
                    slot.get_or_insert_with(|| index.into());
                }
            }
        } else if let Item::Node(node) = item {
            if container.includes(Container::ID) {
                if node.id.is_none() {
                    node.id = Some(self.identifier(active.expand_iri(index, true, false))?);
                }
            } else if let Expanded::Iri(iri) = active.expand_iri(index, true, true) {
                node.types.get_or_insert_default().insert(0, iri);
            }
        }
        Ok(())
    }

    /// Step 13.8.3.7.2: the key is the value of a property.
    fn property_index(
        &mut self,
        item: &mut Item,
        active: &Arc<Context>,
        property: &str,
        index: &str,
    ) -> Result<(), JsonLdError> {
        let Item::Node(node) = item else {
            return Err(JsonLdError::Invalid("invalid value object"));
        };
        let index = Value::String(index.to_owned());
        let mut key = self.expand_scalar(active, active.term(property), &index)?;
        // The key is part of the map around the item, not a value of its own.
        match &mut key {
            Item::Node(key) => key.source = node.source,
            Item::Value(key) => key.source = node.source,
            Item::List(_) => {}
        }
        if let Expanded::Iri(iri) = active.expand_iri(property, false, true) {
            node.properties.entry(iri).or_default().insert(0, key);
        }
        Ok(())
    }
}

/// Step 13.6: any JSON as a literal.
fn json_value(value: &Value) -> ValueObject {
    ValueObject {
        value: Scalar::of(value),
        datatype: Datatype::Json,
        language: None,
        direction: None,
        index: None,
        source: Source::of(value),
    }
}

fn is_graph(item: &Item) -> bool {
    matches!(item, Item::Node(node) if node.is_graph())
}

/// Puts an item into a graph object of its own.
fn wrap_graph(item: &mut Item) {
    let source = item.source();
    let inner = core::mem::replace(item, Item::Node(Box::new(Node::new(source))));
    *item = Item::Node(Box::new(Node::graph(vec![inner], source)));
}
