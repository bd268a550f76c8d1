//! Expansion (JSON-LD 1.1 API §5.1 "Expansion Algorithm").

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::Value;

use super::JsonLdError;
use super::container::as_slice;
use super::context::{Container, Context, ProcessOptions, Processor, TermDefinition};
use super::keyword::Keyword;
use super::store::ContextStore;
use super::tree::{Expansion, Item, List, Source};

/// How deep a document may nest.
const MAX_DEPTH: usize = 96;
/// How many objects and values a document may have.
const MAX_ELEMENTS: usize = 100_000;

/// How to expand.
#[derive(Clone, Debug)]
pub struct ExpandOptions {
    /// Base IRI that relative identifiers and context URLs are resolved against.
    pub base: Option<String>,
    /// A context to apply before the document's own.
    pub expand_context: Option<Value>,
    /// Whether anything that would be dropped is an error.
    pub safe: bool,
    /// Entries of the outermost object to leave out: the proof that is being checked.
    pub without: &'static [&'static str],
}

impl Default for ExpandOptions {
    /// No base, no further context, safe mode.
    fn default() -> Self {
        Self {
            base: None,
            expand_context: None,
            safe: true,
            without: &[],
        }
    }
}

/// Expands `document`; the result borrows nothing from it, but [`Source`]s point into it.
///
/// # Errors
/// See [`JsonLdError`].
pub fn expand(
    document: &Value,
    store: &ContextStore,
    options: &ExpandOptions,
) -> Result<Vec<Item>, JsonLdError> {
    let mut expander = Expander {
        processor: Processor::new(store),
        base_url: options.base.as_deref().map(Arc::from),
        safe: options.safe,
        without: options.without,
        depth: 0,
        elements: MAX_ELEMENTS,
    };
    let mut active = Arc::clone(store.initial());
    if let Some(base) = &expander.base_url {
        active = Arc::new(Context {
            base: Some(Arc::clone(base)),
            original_base: Some(Arc::clone(base)),
            ..Context::default()
        });
    }
    if let Some(context) = &options.expand_context {
        let context = context.get("@context").unwrap_or(context);
        active = expander.context(&active, context)?;
    }
    outermost(&mut expander, &active, document)
}

/// Expands `element` as a document of its own in safe mode, read with `context` instead of its own and
/// without the entries of `without`: what a proof says, in the context of the document it secures.
pub(super) fn expand_within(
    element: &Value,
    context: Option<&Value>,
    store: &ContextStore,
    without: &'static [&'static str],
) -> Result<Vec<Item>, JsonLdError> {
    let mut expander = Expander {
        processor: Processor::new(store),
        base_url: None,
        safe: true,
        without,
        depth: 0,
        elements: MAX_ELEMENTS,
    };
    let mut active = Arc::clone(store.initial());
    if let Some(context) = context {
        active = expander.context(&active, context)?;
    }
    outermost(&mut expander, &active, element)
}

fn outermost(
    expander: &mut Expander<'_>,
    active: &Arc<Context>,
    document: &Value,
) -> Result<Vec<Item>, JsonLdError> {
    let items = expander
        .expand(active, Property::None, document, false)?
        .into_items();
    // A document that is nothing but a default graph is that graph.
    match <[Item; 1]>::try_from(items) {
        Ok([Item::Node(node)]) if node.is_graph() && node.id.is_none() && node.index.is_none() => {
            Ok(node.graph.unwrap_or_default())
        }
        Ok([item]) => Ok(vec![item]),
        Err(items) => Ok(items),
    }
}

/// The active property; a term comes with its definition in the active context.
#[derive(Clone, Copy)]
pub(super) enum Property<'a> {
    None,
    Graph,
    Reverse,
    Term(&'a str, Option<&'a Arc<TermDefinition>>),
}

impl<'a> Property<'a> {
    /// The property as `active` defines it.
    pub(super) fn within(self, active: &'a Context) -> Self {
        match self {
            Self::Term(term, _) => Self::Term(term, active.term(term)),
            other => other,
        }
    }

    fn definition(self) -> Option<&'a Arc<TermDefinition>> {
        match self {
            Self::Term(_, definition) => definition,
            _ => None,
        }
    }

    /// The definition, if it scopes a context to the property.
    fn scope(self) -> Option<&'a Arc<TermDefinition>> {
        self.definition()
            .filter(|definition| definition.scoped.is_some())
    }

    /// Whether scalars and lists float free here.
    pub(super) fn is_top(self) -> bool {
        matches!(self, Self::None | Self::Graph)
    }
}

/// Expands one document.
pub(super) struct Expander<'s> {
    pub(super) processor: Processor<'s>,
    base_url: Option<Arc<str>>,
    pub(super) safe: bool,
    without: &'static [&'static str],
    depth: usize,
    elements: usize,
}

impl Expander<'_> {
    /// Something is about to be dropped: an error in safe mode.
    pub(super) fn dropped(&self, what: &'static str) -> Result<(), JsonLdError> {
        match self.safe {
            true => Err(JsonLdError::Dropped(what)),
            false => Ok(()),
        }
    }

    /// Applies a local context of the document.
    pub(super) fn context(
        &mut self,
        active: &Arc<Context>,
        local: &Value,
    ) -> Result<Arc<Context>, JsonLdError> {
        let options = ProcessOptions {
            base_url: self.base_url.clone(),
            ..ProcessOptions::default()
        };
        self.processor.process(active, local, &options)
    }

    /// Expands one element, within the limits on depth and size.
    pub(super) fn expand(
        &mut self,
        active: &Arc<Context>,
        property: Property<'_>,
        element: &Value,
        from_map: bool,
    ) -> Result<Expansion, JsonLdError> {
        self.enter()?;
        let result = self.expand_element(active, property, element, from_map);
        self.leave();
        result
    }

    /// Whether `key` is to be left out of the object being expanded.
    pub(super) fn leaves_out(&self, key: &str) -> bool {
        self.depth == 1 && self.without.contains(&key)
    }

    /// Counts one more element, one level deeper.
    pub(super) fn enter(&mut self) -> Result<(), JsonLdError> {
        self.elements = self.elements.checked_sub(1).ok_or(JsonLdError::TooLarge)?;
        if self.depth >= MAX_DEPTH {
            return Err(JsonLdError::TooLarge);
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    fn expand_element(
        &mut self,
        active: &Arc<Context>,
        property: Property<'_>,
        element: &Value,
        from_map: bool,
    ) -> Result<Expansion, JsonLdError> {
        match element {
            Value::Null => Ok(Expansion::Null),
            Value::Array(items) => self.expand_array(active, property, items, from_map),
            Value::Object(entries) => self.expand_map(active, property, element, entries, from_map),
            scalar => {
                let Property::Term(term, definition) = property else {
                    self.dropped("a free-floating value")?;
                    return Ok(Expansion::Null);
                };
                Ok(Expansion::One(match property.scope() {
                    None => self.expand_scalar(active, definition, scalar)?,
                    Some(scope) => {
                        let active = self.processor.property_scoped(active, scope)?;
                        self.expand_scalar(&active, active.term(term), scalar)?
                    }
                }))
            }
        }
    }

    fn expand_array(
        &mut self,
        active: &Arc<Context>,
        property: Property<'_>,
        items: &[Value],
        from_map: bool,
    ) -> Result<Expansion, JsonLdError> {
        let is_list = property
            .definition()
            .is_some_and(|definition| definition.container.includes(Container::LIST));
        let mut result = Vec::with_capacity(items.len());
        for item in items {
            match self.expand(active, property, item, from_map)? {
                Expansion::Null => self.dropped("null in an array")?,
                Expansion::One(item) => result.push(item),
                Expansion::Many(inner) if is_list => result.push(Item::List(List {
                    items: inner,
                    index: None,
                    source: Source::of(item),
                })),
                Expansion::Many(inner) => result.extend(inner),
            }
        }
        Ok(Expansion::Many(result))
    }

    /// Steps 7 to 12: the contexts that a map is read with.
    fn expand_map(
        &mut self,
        active: &Arc<Context>,
        property: Property<'_>,
        element: &Value,
        entries: &serde_json::Map<String, Value>,
        from_map: bool,
    ) -> Result<Expansion, JsonLdError> {
        let mut context = Arc::clone(active);
        // Step 7: a type-scoped context ends where a new node begins.
        if let Some(previous) = &active.previous
            && !from_map
            && !entries
                .keys()
                .any(|key| active.is_alias(key, Keyword::Value))
            && !(entries.len() == 1 && entries.keys().any(|key| active.is_alias(key, Keyword::Id)))
        {
            context = Arc::clone(previous);
        }
        if let Some(definition) = property.scope() {
            context = self.processor.property_scoped(&context, definition)?;
        }
        if let Some(local) = entries.get("@context")
            && !self.leaves_out("@context")
        {
            context = self.context(&context, local)?;
        }
        let before_types = Arc::clone(&context);
        let mut is_json = false;
        let mut type_keys: Vec<_> = entries
            .iter()
            .filter(|(key, _)| context.is_alias(key, Keyword::Type))
            .collect();
        type_keys.sort_unstable_by(|a, b| a.0.cmp(b.0));
        for (index, (_, value)) in type_keys.into_iter().enumerate() {
            let values = as_slice(value);
            if index == 0
                && let Some(Value::String(last)) = values.last()
            {
                is_json = before_types.is_alias(last, Keyword::Json);
            }
            let mut terms: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            terms.sort_unstable();
            for term in terms {
                // §5.1 step 11.2: looked up in the context before any type was applied.
                if let Some(definition) = before_types.term(term)
                    && definition.scoped.is_some()
                {
                    context = self.processor.type_scoped(&context, definition)?;
                }
            }
        }
        let mut object = super::object::Object::new(Source::of(element), is_json);
        self.fill(&mut object, &context, &before_types, property, entries)?;
        self.finish(object, property)
    }
}
