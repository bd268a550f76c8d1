//! Expansion of the entries of a map (JSON-LD 1.1 API §5.1 steps 13 to 19).

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::JsonLdError;
use super::container::as_slice;
use super::context::{Context, Expanded};
use super::expand::{Expander, Property};
use super::iri;
use super::keyword::Keyword;
use super::tree::{Direction, Expansion, Item, List, Node, Source};

type Entries = Map<String, Value>;

/// A map while its entries are being expanded, before it is known what kind of object it is.
pub(super) struct Object<'a> {
    pub(super) node: Node,
    pub(super) is_json: bool,
    pub(super) value: Option<&'a Value>,
    pub(super) language: Option<Arc<str>>,
    pub(super) direction: Option<Direction>,
    pub(super) list: Option<List>,
    pub(super) set: Option<Vec<Item>>,
}

impl Object<'_> {
    pub(super) fn new(source: Source, is_json: bool) -> Self {
        Self {
            node: Node::new(source),
            is_json,
            value: None,
            language: None,
            direction: None,
            list: None,
            set: None,
        }
    }

    fn has(&self, keyword: Keyword) -> bool {
        match keyword {
            Keyword::Id => self.node.id.is_some(),
            Keyword::Graph => self.node.graph.is_some(),
            Keyword::Index => self.node.index.is_some(),
            Keyword::Reverse => self.node.reverse.is_some(),
            Keyword::Value => self.value.is_some(),
            Keyword::Language => self.language.is_some(),
            Keyword::Direction => self.direction.is_some(),
            Keyword::List => self.list.is_some(),
            Keyword::Set => self.set.is_some(),
            _ => false,
        }
    }
}

pub(super) const fn invalid<T>(code: &'static str) -> Result<T, JsonLdError> {
    Err(JsonLdError::Invalid(code))
}

impl Expander<'_> {
    /// Steps 13 and 14: expands `entries` into `object`.
    pub(super) fn fill<'a>(
        &mut self,
        object: &mut Object<'a>,
        active: &Arc<Context>,
        before_types: &Arc<Context>,
        property: Property<'_>,
        entries: &'a Entries,
    ) -> Result<(), JsonLdError> {
        let mut nests: Vec<(&str, &Value)> = Vec::new();
        for (key, value) in entries {
            if key == "@context" || self.leaves_out(key) {
                continue;
            }
            let definition = active.term(key);
            let expanded = match definition {
                Some(definition) => definition.mapping.clone(),
                None => active.expand_iri(key, false, true),
            };
            match expanded {
                Expanded::Keyword(Keyword::Nest) => nests.push((key, value)),
                Expanded::Keyword(keyword) => {
                    let contexts = (active, before_types);
                    self.keyword_entry(object, contexts, property, keyword, value)?;
                }
                Expanded::Iri(iri) if iri.contains(':') => {
                    self.property_entry(object, active, (key, &iri, definition), value)?;
                }
                Expanded::Iri(_) => self.dropped("an undefined term")?,
                Expanded::Null => self.dropped("a term defined as null")?,
            }
        }
        nests.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in nests {
            self.nest(object, (active, before_types), key, value)?;
        }
        Ok(())
    }

    /// Step 14: entries of a nested map belong to the node around it.
    fn nest<'a>(
        &mut self,
        object: &mut Object<'a>,
        (active, before_types): (&Arc<Context>, &Arc<Context>),
        key: &str,
        value: &'a Value,
    ) -> Result<(), JsonLdError> {
        for nested in as_slice(value) {
            let Some(entries) = nested.as_object() else {
                return invalid("invalid @nest value");
            };
            if entries
                .keys()
                .any(|key| active.is_alias(key, Keyword::Value))
            {
                return invalid("invalid @nest value");
            }
            let scoped = match active.term(key) {
                Some(scope) if scope.scoped.is_some() => {
                    Some(self.processor.property_scoped(active, scope)?)
                }
                _ => None,
            };
            let inner = scoped.as_ref().unwrap_or(active);
            self.nested(object, inner, before_types, key, entries)?;
        }
        Ok(())
    }

    /// One nested map, counted against the depth limit like any other.
    fn nested<'a>(
        &mut self,
        object: &mut Object<'a>,
        active: &Arc<Context>,
        before_types: &Arc<Context>,
        key: &str,
        entries: &'a Entries,
    ) -> Result<(), JsonLdError> {
        self.enter()?;
        let result = self.fill(
            object,
            active,
            before_types,
            Property::Term(key, None),
            entries,
        );
        self.leave();
        result
    }

    /// Step 13.4: an entry whose key is a keyword.
    fn keyword_entry<'a>(
        &mut self,
        object: &mut Object<'a>,
        (active, before_types): (&Arc<Context>, &Arc<Context>),
        property: Property<'_>,
        keyword: Keyword,
        value: &'a Value,
    ) -> Result<(), JsonLdError> {
        if matches!(property, Property::Reverse) {
            return invalid("invalid reverse property map");
        }
        if object.has(keyword) && keyword != Keyword::Reverse {
            return invalid("colliding keywords");
        }
        match keyword {
            Keyword::Id => {
                let Some(id) = value.as_str() else {
                    return invalid("invalid @id value");
                };
                let id = self.identifier(active.expand_iri(id, true, false))?;
                object.node.id = Some(id);
            }
            Keyword::Type => self.types(object, before_types, value)?,
            Keyword::Graph => {
                let graph = self.expand(active, Property::Graph, value, false)?;
                object.node.graph = Some(graph.into_items());
            }
            Keyword::Included => {
                let included = self
                    .expand(active, property.within(active), value, false)?
                    .into_items();
                if included.is_empty() || !included.iter().all(|item| matches!(item, Item::Node(_)))
                {
                    return invalid("invalid @included value");
                }
                let all = object.node.included.get_or_insert_default();
                all.extend(included);
            }
            Keyword::Value => {
                if !object.is_json && (value.is_array() || value.is_object()) {
                    return invalid("invalid value object value");
                }
                object.value = Some(value);
            }
            Keyword::Language => match value.as_str() {
                Some(tag) => object.language = Some(tag.to_lowercase().into()),
                None => return invalid("invalid language-tagged string"),
            },
            Keyword::Direction => match value.as_str().and_then(Direction::parse) {
                Some(direction) => object.direction = Some(direction),
                None => return invalid("invalid base direction"),
            },
            Keyword::Index => match value.as_str() {
                Some(index) => object.node.index = Some(index.into()),
                None => return invalid("invalid @index value"),
            },
            Keyword::List if property.is_top() => self.dropped("a free-floating list")?,
            Keyword::List => {
                let items = self
                    .expand(active, property.within(active), value, false)?
                    .into_items();
                object.list = Some(List {
                    items,
                    index: None,
                    source: Source::of(value),
                });
            }
            Keyword::Set => {
                let items = self
                    .expand(active, property.within(active), value, false)?
                    .into_items();
                object.set = Some(items);
            }
            Keyword::Reverse => self.reverse_map(object, active, value)?,
            _ => self.dropped("a keyword without meaning here")?,
        }
        Ok(())
    }

    /// Step 13.4.4: types, read with the context before type-scoped contexts.
    fn types(
        &mut self,
        object: &mut Object<'_>,
        before_types: &Context,
        value: &Value,
    ) -> Result<(), JsonLdError> {
        let values = as_slice(value);
        let types = object.node.types.get_or_insert_default();
        for value in values {
            let Some(text) = value.as_str() else {
                return invalid("invalid type value");
            };
            match before_types.expand_iri(text, true, true) {
                Expanded::Iri(iri) => {
                    if !iri::is_node_identifier(&iri) {
                        self.dropped("a type that is not defined")?;
                    }
                    types.push(iri);
                }
                Expanded::Keyword(keyword) => types.push(keyword.as_str().into()),
                Expanded::Null => self.dropped("a reserved type")?,
            }
        }
        Ok(())
    }

    /// Step 13.4.13: `@reverse` as a key.
    fn reverse_map(
        &mut self,
        object: &mut Object<'_>,
        active: &Arc<Context>,
        value: &Value,
    ) -> Result<(), JsonLdError> {
        if !value.is_object() {
            return invalid("invalid @reverse value");
        }
        let expanded = self.expand(active, Property::Reverse, value, false)?;
        let Expansion::One(Item::Node(expanded)) = expanded else {
            return Ok(());
        };
        for (property, items) in expanded.reverse.into_iter().flatten() {
            let all = object.node.properties.entry(property).or_default();
            all.extend(items);
        }
        for (property, items) in expanded.properties {
            self.add_reverse(object, property, items)?;
        }
        Ok(())
    }

    /// Adds items that point at the node, which must themselves be nodes.
    pub(super) fn add_reverse(
        &self,
        object: &mut Object<'_>,
        property: Arc<str>,
        items: Vec<Item>,
    ) -> Result<(), JsonLdError> {
        if !items.iter().all(|item| matches!(item, Item::Node(_))) {
            return invalid("invalid reverse property value");
        }
        let reverse = object.node.reverse.get_or_insert_default();
        reverse.entry(property).or_default().extend(items);
        Ok(())
    }
}
