//! Documents of the ordinary kind, written as statements without an expanded form in between.
//!
//! Ordinary is what credentials are made of: nodes with an identifier and types, literals, references, JSON, graph
//! containers, and whatever contexts. For such a document the outcome is that of [`expand`](super::expand) and
//! [`to_rdf`](super::to_rdf), which a test holds it to; for all others there is none, and those functions say what the
//! document means or why it is refused. Nothing is refused here.

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::context::{
    Container, Context, Expanded, ProcessOptions, Processor, Reading, TermDefinition, TypeMapping,
};
use super::jcs::canonical_json;
use super::keyword::Keyword;
use super::store::ContextStore;
use super::to_rdf::{RDF_JSON, RDF_TYPE, XSD_BOOLEAN, XSD_STRING, number_literal};
use super::tree::Source;
use crate::rdf::{Dataset, TermRef, is_well_formed_iri};
use crate::table::Table;

/// How deep nodes may nest; less than half of what expansion allows, which counts arrays too.
const MAX_DEPTH: usize = 32;
/// How many values a document may have, and how many bytes its statements: less than the limits of expansion.
const MAX_VALUES: usize = 20_000;
const MAX_TEXT: usize = 2 << 20;
/// Room for the statements of an ordinary credential.
const ORDINARY: usize = 48;

/// A dataset, and for each of its lines the JSON value it stems from.
pub(crate) struct Sourced {
    pub(crate) dataset: Dataset,
    pub(crate) sources: Vec<Source>,
}

/// The statements of `document`, without the entries `without` of the outermost object; `None` where the document is
/// not of the ordinary kind.
pub(crate) fn ordinary(
    document: &Value,
    store: &ContextStore,
    without: &'static [&'static str],
) -> Option<Sourced> {
    let mut writer = Writer {
        processor: Processor::new(store),
        without,
        out: Sourced {
            dataset: Dataset::with_capacity(ORDINARY),
            sources: Vec::with_capacity(ORDINARY),
        },
        labels: Table::default(),
        depth: 0,
        left: MAX_VALUES,
    };
    let active = Arc::clone(store.initial());
    let place = Place {
        scope: None,
        graph: None,
    };
    writer.node(&active, document, place)?;
    // A document that says nothing, or nothing but who it is about, is for expansion to refuse.
    (writer.out.dataset.len() > 0).then_some(writer.out)
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The term it is a value of, if that scopes a context.
    scope: Option<&'a TermDefinition>,
    /// The blank node that names its graph.
    graph: Option<u32>,
}

/// An identifier of a node.
enum Id<'v> {
    Given(&'v str),
    Made(String),
    Blank(u32),
}

impl Id<'_> {
    fn term(&self) -> TermRef<'_> {
        match self {
            Self::Given(iri) => TermRef::Iri(iri),
            Self::Made(iri) => TermRef::Iri(iri),
            Self::Blank(node) => TermRef::Blank(*node),
        }
    }
}

/// A property: its term's definition if it has one, and its IRI.
#[derive(Clone, Copy)]
struct Property<'a> {
    term: &'a str,
    definition: Option<&'a Arc<TermDefinition>>,
    iri: &'a str,
}

/// The node that statements are made about, and the graph they are made in.
#[derive(Clone, Copy)]
struct About<'a> {
    subject: &'a Id<'a>,
    graph: Option<u32>,
}

struct Writer<'s, 'v> {
    processor: Processor<'s>,
    without: &'static [&'static str],
    out: Sourced,
    /// Blank nodes that the document names.
    labels: Table<&'v str, u32>,
    depth: usize,
    /// How many more values there may be.
    left: usize,
}

impl<'v> Writer<'_, 'v> {
    fn write(
        &mut self,
        about: About<'_>,
        predicate: &str,
        object: TermRef<'_>,
        source: Source,
    ) -> Option<()> {
        let Sourced { dataset, sources } = &mut self.out;
        let graph = about.graph.map(TermRef::Blank);
        dataset.push(about.subject.term(), predicate, object, graph);
        sources.push(source);
        (dataset.text_len() <= MAX_TEXT).then_some(())
    }

    /// One more value.
    fn count(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        Some(())
    }

    /// The identifier that `text` is read as.
    fn identifier(&mut self, active: &Context, text: &'v str, vocab: bool) -> Option<Id<'v>> {
        match active.read_iri(text, true, vocab) {
            Reading::Same if text.starts_with("_:") => {
                let dataset = &mut self.out.dataset;
                let node = self.labels.entry(text).or_insert_with(|| dataset.fresh());
                Some(Id::Blank(*node))
            }
            Reading::Same => is_well_formed_iri(text).then_some(Id::Given(text)),
            Reading::Made(iri) => is_well_formed_iri(&iri).then_some(Id::Made(iri)),
            Reading::Term(definition) => {
                defined_iri(definition).map(|iri| Id::Made(String::from(iri)))
            }
            Reading::Null | Reading::Keyword(_) => None,
        }
    }

    /// Writes what an object says; the result is whom it says it about.
    fn node(
        &mut self,
        active: &Arc<Context>,
        element: &'v Value,
        place: Place<'_>,
    ) -> Option<Id<'v>> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let entries = element.as_object()?;
        let before_types = self.context(active, place.scope, entries)?;
        let context = self.type_scoped(&before_types, entries)?;
        let id = match single(entries, &context, Keyword::Id)? {
            None => Id::Blank(self.out.dataset.fresh()),
            Some(id) => self.identifier(&context, id.as_str()?, false)?,
        };
        let about = About {
            subject: &id,
            graph: place.graph,
        };
        for (key, value) in entries {
            if key == "@context" || (self.depth == 1 && self.without.contains(&key.as_str())) {
                continue;
            }
            let made;
            let definition = context.term(key);
            let iri = match definition {
                Some(definition) => match &definition.mapping {
                    Expanded::Keyword(Keyword::Id) => continue,
                    Expanded::Keyword(Keyword::Type) => {
                        self.types(about, &before_types, value, Source::of(element))?;
                        continue;
                    }
                    _ => defined_iri(definition)?,
                },
                None => match context.read_iri(key, false, true) {
                    Reading::Keyword(Keyword::Id) => continue,
                    Reading::Keyword(Keyword::Type) => {
                        self.types(about, &before_types, value, Source::of(element))?;
                        continue;
                    }
                    Reading::Same if is_well_formed_iri(key) => key,
                    Reading::Made(iri) if is_well_formed_iri(&iri) => {
                        made = iri;
                        &made
                    }
                    _ => return None,
                },
            };
            let property = Property {
                term: key,
                definition,
                iri,
            };
            self.property(about, &context, property, value)?;
        }
        self.depth -= 1;
        Some(id)
    }

    /// The context that an object's types are read with (API §5.1 steps 7 to 9).
    fn context(
        &mut self,
        active: &Arc<Context>,
        scope: Option<&TermDefinition>,
        entries: &Map<String, Value>,
    ) -> Option<Arc<Context>> {
        let mut context = Arc::clone(active);
        if let Some(previous) = &active.previous {
            let has = |keyword| entries.keys().any(|key| active.is_alias(key, keyword));
            if has(Keyword::Value) {
                return None;
            }
            if !(entries.len() == 1 && has(Keyword::Id)) {
                context = Arc::clone(previous);
            }
        }
        if let Some(scope) = scope {
            context = self.processor.property_scoped(&context, scope).ok()?;
        }
        if let Some(local) = entries.get("@context") {
            if self.depth == 1 && self.without.contains(&"@context") {
                return None;
            }
            let options = ProcessOptions::default();
            context = self.processor.process(&context, local, &options).ok()?;
        }
        Some(context)
    }

    /// The context that the rest of an object is read with (API §5.1 step 11).
    fn type_scoped(
        &mut self,
        before_types: &Arc<Context>,
        entries: &Map<String, Value>,
    ) -> Option<Arc<Context>> {
        let mut context = Arc::clone(before_types);
        let Some(types) = single(entries, before_types, Keyword::Type)? else {
            return Some(context);
        };
        let mut terms: Vec<&str> = as_slice(types).iter().filter_map(Value::as_str).collect();
        terms.sort_unstable();
        for term in terms {
            if let Some(definition) = before_types.term(term)
                && definition.scoped.is_some()
            {
                context = self.processor.type_scoped(&context, definition).ok()?;
            }
        }
        Some(context)
    }

    fn types(
        &mut self,
        about: About<'_>,
        before_types: &Context,
        value: &Value,
        source: Source,
    ) -> Option<()> {
        let types = as_slice(value);
        if types.is_empty() {
            return None;
        }
        for value in types {
            self.count()?;
            let text = value.as_str()?;
            let made;
            let iri = match before_types.read_iri(text, true, true) {
                Reading::Term(definition) => defined_iri(definition)?,
                Reading::Same if is_well_formed_iri(text) => text,
                Reading::Made(iri) if is_well_formed_iri(&iri) => {
                    made = iri;
                    &made
                }
                _ => return None,
            };
            self.write(about, &RDF_TYPE, TermRef::Iri(iri), source)?;
        }
        Some(())
    }

    /// The values of a property (API §5.1 step 13).
    fn property(
        &mut self,
        about: About<'_>,
        active: &Arc<Context>,
        property: Property<'_>,
        value: &'v Value,
    ) -> Option<()> {
        const OTHERS: u8 = Container::LIST.0
            | Container::LANGUAGE.0
            | Container::INDEX.0
            | Container::ID.0
            | Container::TYPE.0;
        self.count()?;
        let mut in_graph = false;
        if let Some(definition) = property.definition {
            if definition.reverse || definition.container.includes_any(OTHERS) {
                return None;
            }
            in_graph = definition.container.includes(Container::GRAPH);
            if definition.type_mapping == Some(TypeMapping::Json) {
                if in_graph {
                    return None;
                }
                let text = canonical_json(value);
                let literal = TermRef::Literal(&text, Some(&RDF_JSON));
                return self.write(about, property.iri, literal, Source::of(value));
            }
        }
        let values = as_slice(value);
        if values.is_empty() {
            return None;
        }
        for value in values {
            self.count()?;
            match value {
                Value::Object(_) => self.nested(about, active, property, value, in_graph)?,
                Value::Array(_) | Value::Null => return None,
                _ if in_graph => return None,
                scalar => self.scalar(about, active, property, scalar)?,
            }
        }
        Some(())
    }

    /// A value that is an object.
    fn nested(
        &mut self,
        about: About<'_>,
        active: &Arc<Context>,
        property: Property<'_>,
        value: &'v Value,
        in_graph: bool,
    ) -> Option<()> {
        let definition = property.definition.map(Arc::as_ref);
        let scope = definition.filter(|definition| definition.scoped.is_some());
        let name = in_graph.then(|| self.out.dataset.fresh());
        let graph = name.or(about.graph);
        let inner = self.node(active, value, Place { scope, graph })?;
        let object = match name {
            Some(name) => TermRef::Blank(name),
            None => inner.term(),
        };
        self.write(about, property.iri, object, Source::of(value))
    }

    /// A value that is a string, a number, `true` or `false` (Value Expansion, API §5.3).
    fn scalar(
        &mut self,
        about: About<'_>,
        active: &Arc<Context>,
        property: Property<'_>,
        value: &'v Value,
    ) -> Option<()> {
        let scoped;
        let mut active = active;
        let mut definition = property.definition;
        if let Some(scope) = definition.filter(|definition| definition.scoped.is_some()) {
            scoped = self.processor.property_scoped(active, scope).ok()?;
            active = &scoped;
            definition = active.term(property.term);
        }
        let mapping = definition.and_then(|definition| definition.type_mapping.as_ref());
        let datatype = match (mapping, value) {
            (Some(TypeMapping::Json), _) => return None,
            (Some(TypeMapping::Id | TypeMapping::Vocab), Value::String(text)) => {
                let vocab = mapping == Some(&TypeMapping::Vocab);
                let object = self.identifier(active, text, vocab)?;
                return self.write(about, property.iri, object.term(), Source::of(value));
            }
            (Some(TypeMapping::Iri(iri)), _) => Some(iri),
            _ => None,
        };
        if datatype.is_some_and(|iri| !is_well_formed_iri(iri)) {
            return None;
        }
        let number;
        let mut number_type;
        let (lexical, datatype) = match value {
            Value::String(text) => {
                if datatype.is_none() && has_language(active, definition) {
                    return None;
                }
                (text.as_str(), datatype)
            }
            Value::Bool(flag) => {
                let text = if *flag { "true" } else { "false" };
                (text, Some(datatype.unwrap_or(&XSD_BOOLEAN)))
            }
            Value::Number(value) => {
                number_type = datatype.cloned();
                number = number_literal(value, &mut number_type);
                (number.as_str(), number_type.as_ref())
            }
            _ => return None,
        };
        let stated = datatype.filter(|iri| **iri != *XSD_STRING);
        let literal = TermRef::Literal(lexical, stated.map(Arc::as_ref));
        self.write(about, property.iri, literal, Source::of(value))
    }
}

/// Whether strings have a language or a direction here.
fn has_language(active: &Context, definition: Option<&Arc<TermDefinition>>) -> bool {
    let language = definition.and_then(|definition| definition.language.as_ref());
    let direction = definition.and_then(|definition| definition.direction);
    language.unwrap_or(&active.language).is_some()
        || direction.unwrap_or(active.direction).is_some()
}

/// The IRI of a term, if it has one that statements may be made of.
fn defined_iri(definition: &TermDefinition) -> Option<&str> {
    match &definition.mapping {
        Expanded::Iri(iri) if definition.well_formed => Some(iri),
        _ => None,
    }
}

/// The value of the entry whose key stands for `keyword`; the outer `None` where there are several.
fn single<'v>(
    entries: &'v Map<String, Value>,
    context: &Context,
    keyword: Keyword,
) -> Option<Option<&'v Value>> {
    let mut found = entries
        .iter()
        .filter(|(key, _)| context.is_alias(key, keyword));
    match (found.next(), found.next()) {
        (one, None) => Some(one.map(|(_, value)| value)),
        _ => None,
    }
}

fn as_slice(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(core::slice::from_ref(value), Vec::as_slice)
}
