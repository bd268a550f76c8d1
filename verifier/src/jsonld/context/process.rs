//! Context Processing (JSON-LD 1.1 API §5.1).

use crate::table::Table;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::define::Definer;
use super::{Context, Expanded, TermDefinition, fresh_number};
use crate::jsonld::JsonLdError;
use crate::jsonld::cache::Step;
use crate::jsonld::iri;
use crate::jsonld::store::ContextStore;
use crate::jsonld::tree::Direction;

/// How deep contexts may include or scope one another.
const MAX_DEPTH: usize = 16;
/// How many term definitions may be copied or made for one document. The contexts of credentials
/// cost nothing of this once kept; a thousand scoped contexts by value, each over a large
/// context, exceed it.
const MAX_WORK: usize = 200_000;

/// The most bytes of a name that a context gives: each use of a term repeats it.
const MAX_NAME: usize = 2048;

/// Bounds a name that a context gives.
pub(super) fn short(name: &str) -> Result<(), JsonLdError> {
    match name.len() <= MAX_NAME {
        true => Ok(()),
        false => Err(JsonLdError::TooLarge),
    }
}

/// Processes local contexts for one document.
pub(crate) struct Processor<'s> {
    pub(crate) store: &'s ContextStore,
    work: usize,
    depth: usize,
}

/// The optional inputs of the algorithm.
#[derive(Clone)]
pub(crate) struct ProcessOptions {
    pub(crate) base_url: Option<Arc<str>>,
    pub(crate) remote: Vec<Arc<str>>,
    pub(crate) override_protected: bool,
    pub(crate) propagate: bool,
    pub(crate) validate_scoped: bool,
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self {
            base_url: None,
            remote: Vec::new(),
            override_protected: false,
            propagate: true,
            validate_scoped: true,
        }
    }
}

impl<'s> Processor<'s> {
    pub(crate) fn new(store: &'s ContextStore) -> Self {
        Self {
            store,
            work: MAX_WORK,
            depth: 0,
        }
    }

    pub(super) fn spend(&mut self, work: usize) -> Result<(), JsonLdError> {
        self.work = self.work.checked_sub(work).ok_or(JsonLdError::TooLarge)?;
        Ok(())
    }

    /// Processes `local` on top of `active`.
    pub(crate) fn process(
        &mut self,
        active: &Arc<Context>,
        local: &Value,
        options: &ProcessOptions,
    ) -> Result<Arc<Context>, JsonLdError> {
        if self.depth >= MAX_DEPTH {
            return Err(JsonLdError::Invalid("context overflow"));
        }
        self.depth += 1;
        let result = self.process_all(active, local, options);
        self.depth -= 1;
        result
    }

    /// The context that `definition` scopes to its property, on top of `active`.
    pub(crate) fn property_scoped(
        &mut self,
        active: &Arc<Context>,
        definition: &TermDefinition,
    ) -> Result<Arc<Context>, JsonLdError> {
        let options = ProcessOptions {
            override_protected: true,
            ..ProcessOptions::default()
        };
        self.scoped(
            active,
            definition,
            Step::Property(definition.number),
            options,
        )
    }

    /// The context that `definition` scopes to nodes of its type, on top of `active`.
    pub(crate) fn type_scoped(
        &mut self,
        active: &Arc<Context>,
        definition: &TermDefinition,
    ) -> Result<Arc<Context>, JsonLdError> {
        let options = ProcessOptions {
            propagate: false,
            ..ProcessOptions::default()
        };
        self.scoped(active, definition, Step::Type(definition.number), options)
    }

    fn scoped(
        &mut self,
        active: &Arc<Context>,
        definition: &TermDefinition,
        step: Step,
        mut options: ProcessOptions,
    ) -> Result<Arc<Context>, JsonLdError> {
        let Some(scoped) = &definition.scoped else {
            return Ok(Arc::clone(active));
        };
        options.base_url.clone_from(&scoped.base_url);
        self.kept(active, step, |this| {
            this.process(active, &scoped.local, &options)
        })
    }

    /// The context one step from `active`: kept from before, or derived now and kept.
    fn kept(
        &mut self,
        active: &Arc<Context>,
        step: Step,
        derive: impl FnOnce(&mut Self) -> Result<Arc<Context>, JsonLdError>,
    ) -> Result<Arc<Context>, JsonLdError> {
        if active.number == 0 {
            return derive(self);
        }
        let key = (active.number, step);
        if let Some(context) = self.store.cache.find(key) {
            return Ok(Arc::clone(context));
        }
        let mut context = derive(self)?;
        if context.number == 0 {
            Arc::make_mut(&mut context).number = fresh_number();
        }
        self.store.cache.keep(key, &context);
        Ok(context)
    }

    fn process_all(
        &mut self,
        active: &Arc<Context>,
        local: &Value,
        options: &ProcessOptions,
    ) -> Result<Arc<Context>, JsonLdError> {
        let mut propagate = options.propagate;
        if let Some(value) = local.get("@propagate") {
            propagate = value
                .as_bool()
                .ok_or(JsonLdError::Invalid("invalid @propagate value"))?;
        }
        let mut result = Arc::clone(active);
        if !propagate && result.previous.is_none() {
            self.spend(active.terms.len())?;
            let mut context = Context::clone(active);
            context.number = 0;
            context.previous = Some(Arc::clone(active));
            result = Arc::new(context);
        }
        let single = core::slice::from_ref(local);
        for context in local.as_array().map_or(single, Vec::as_slice) {
            result = match context {
                Value::Null => self.nullify(active, &result, propagate, options)?,
                Value::String(url) => self.include(&result, url, options)?,
                Value::Object(map) => {
                    let map = if local.is_array() {
                        unwrapped(map)
                    } else {
                        map
                    };
                    Arc::new(self.apply(&result, map, options)?)
                }
                _ => return Err(JsonLdError::Invalid("invalid local context")),
            };
        }
        Ok(result)
    }

    /// Step 5.1: a null context.
    fn nullify(
        &mut self,
        active: &Arc<Context>,
        result: &Arc<Context>,
        propagate: bool,
        options: &ProcessOptions,
    ) -> Result<Arc<Context>, JsonLdError> {
        self.spend(result.terms.len())?;
        if !options.override_protected
            && [active, result]
                .iter()
                .any(|context| context.terms.values().any(|term| term.protected))
        {
            return Err(JsonLdError::Invalid("invalid context nullification"));
        }
        if propagate && active.original_base.is_none() {
            return Ok(Arc::clone(self.store.initial()));
        }
        Ok(Arc::new(Context {
            base: active.original_base.clone(),
            original_base: active.original_base.clone(),
            previous: (!propagate).then(|| Arc::clone(result)),
            ..Context::default()
        }))
    }

    /// Step 5.2: a context by URL, which must be in the store.
    fn include(
        &mut self,
        result: &Arc<Context>,
        url: &str,
        options: &ProcessOptions,
    ) -> Result<Arc<Context>, JsonLdError> {
        if let Some(context) = self.kept_by_url(result, url, options) {
            return Ok(context);
        }
        let url: Arc<str> = match &options.base_url {
            Some(base) if !iri::is_absolute(url) => iri::resolve(base, url).into(),
            _ => url.into(),
        };
        if !options.validate_scoped && options.remote.contains(&url) {
            return Ok(Arc::clone(result));
        }
        let store = self.store;
        let document = store.document(&url)?;
        let mut inner = ProcessOptions {
            base_url: Some(Arc::clone(&url)),
            remote: options.remote.clone(),
            validate_scoped: options.validate_scoped,
            ..ProcessOptions::default()
        };
        inner.remote.push(url);
        if options.override_protected {
            // Part of a scoped context, which is kept as a whole.
            inner.override_protected = true;
            return self.process(result, &document.context, &inner);
        }
        self.kept(result, Step::Document(document.number), |this| {
            this.process(result, &document.context, &inner)
        })
    }

    /// What [`include`](Self::include) would find kept, for a context that the document itself names.
    fn kept_by_url(
        &self,
        result: &Context,
        url: &str,
        options: &ProcessOptions,
    ) -> Option<Arc<Context>> {
        if options.base_url.is_some() || !options.validate_scoped || options.override_protected {
            return None;
        }
        let document = self.store.document(url).ok()?;
        let key = (result.number, Step::Document(document.number));
        let kept = self.store.cache.find(key)?;
        (result.number != 0).then(|| Arc::clone(kept))
    }

    /// Steps 5.5 to 5.13: a context definition.
    fn apply(
        &mut self,
        result: &Arc<Context>,
        local: &Map<String, Value>,
        options: &ProcessOptions,
    ) -> Result<Context, JsonLdError> {
        self.spend(result.terms.len() + local.len())?;
        if let Some(version) = local.get("@version")
            && version.as_f64() != Some(1.1)
        {
            return Err(JsonLdError::Invalid("invalid @version value"));
        }
        let merged;
        let local = match local.get("@import") {
            None => local,
            Some(import) => {
                merged = self.import(import, local, options)?;
                &merged
            }
        };
        let mut context = Context::clone(result);
        context.number = 0;
        if let Some(base) = local.get("@base")
            && options.remote.is_empty()
        {
            context.base = match base {
                Value::Null => None,
                Value::String(base) if iri::is_absolute(base) => Some(base.as_str().into()),
                Value::String(base) => match &context.base {
                    Some(current) => Some(iri::resolve(current, base).into()),
                    None => return Err(JsonLdError::Invalid("invalid base IRI")),
                },
                _ => return Err(JsonLdError::Invalid("invalid base IRI")),
            };
        }
        if let Some(vocab) = local.get("@vocab") {
            context.vocab = match vocab {
                Value::Null => None,
                Value::String(vocab) => match context.expand_iri(vocab, true, true) {
                    Expanded::Iri(iri)
                        if iri::is_node_identifier(&iri)
                            || context.base.is_some()
                            || vocab.is_empty() =>
                    {
                        Some(iri)
                    }
                    _ => return Err(JsonLdError::Invalid("invalid vocab mapping")),
                },
                _ => return Err(JsonLdError::Invalid("invalid vocab mapping")),
            };
        }
        if let Some(language) = local.get("@language") {
            context.language = match language {
                Value::Null => None,
                Value::String(tag) => Some(tag.to_lowercase().into()),
                _ => return Err(JsonLdError::Invalid("invalid default language")),
            };
        }
        if let Some(direction) = local.get("@direction") {
            context.direction = parse_direction(direction)?;
        }
        for name in [&context.base, &context.vocab, &context.language]
            .into_iter()
            .flatten()
        {
            short(name)?;
        }
        if let Some(propagate) = local.get("@propagate")
            && !propagate.is_boolean()
        {
            return Err(JsonLdError::Invalid("invalid @propagate value"));
        }
        let protected = match local.get("@protected") {
            None => false,
            Some(value) => value
                .as_bool()
                .ok_or(JsonLdError::Invalid("invalid @protected value"))?,
        };
        Definer {
            processor: self,
            context,
            local,
            defined: Table::default(),
            protected,
            options,
        }
        .define_all()
    }

    /// Step 5.6: `@import` is merged under the context that names it.
    fn import(
        &mut self,
        import: &Value,
        local: &Map<String, Value>,
        options: &ProcessOptions,
    ) -> Result<Map<String, Value>, JsonLdError> {
        let url = import
            .as_str()
            .ok_or(JsonLdError::Invalid("invalid @import value"))?;
        let resolved = match &options.base_url {
            Some(base) if !iri::is_absolute(url) => iri::resolve(base, url),
            _ => url.to_owned(),
        };
        let Value::Object(imported) = &self.store.document(&resolved)?.context else {
            return Err(JsonLdError::Invalid("invalid remote context"));
        };
        if imported.contains_key("@import") {
            return Err(JsonLdError::Invalid("invalid context entry"));
        }
        self.spend(imported.len())?;
        let mut merged = imported.clone();
        for (key, value) in local {
            if key != "@import" {
                merged.insert(key.clone(), value.clone());
            }
        }
        Ok(merged)
    }
}

/// A direction or an explicit null.
pub(super) fn parse_direction(value: &Value) -> Result<Option<Direction>, JsonLdError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Direction::parse(text)
            .map(Some)
            .ok_or(JsonLdError::Invalid("invalid base direction")),
        _ => Err(JsonLdError::Invalid("invalid base direction")),
    }
}

/// The definition within a context document that is an item of an array of contexts. JSON-LD 1.1 §4.1.2 calls that a
/// keyword redefinition; the W3C suites' own fixtures do it, and other processors read it so. With any other member
/// beside it, which they would drop in silence, it stays an error.
fn unwrapped(map: &Map<String, Value>) -> &Map<String, Value> {
    match map.get("@context") {
        Some(Value::Object(inner)) if map.len() == 1 => inner,
        _ => map,
    }
}
