//! Create Term Definition (JSON-LD 1.1 API §5.1.2).

use crate::table::Table;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use serde_json::{Map, Value};

use super::process::{parse_direction, short};
use super::{
    Container, Context, Expanded, ProcessOptions, Processor, ScopedContext, TermDefinition,
    TypeMapping, fresh_number, split_compact,
};
use crate::jsonld::JsonLdError;
use crate::jsonld::iri;
use crate::jsonld::keyword::{Keyword, has_keyword_form};
use crate::rdf::is_well_formed_iri;

type Entries = Map<String, Value>;

/// Defines the terms of one local context.
pub(super) struct Definer<'a, 'p, 's> {
    pub(super) processor: &'p mut Processor<'s>,
    pub(super) context: Context,
    pub(super) local: &'a Entries,
    /// `false` while a definition is being made.
    pub(super) defined: Table<&'a str, bool>,
    pub(super) protected: bool,
    pub(super) options: &'a ProcessOptions,
}

const fn invalid<T>(code: &'static str) -> Result<T, JsonLdError> {
    Err(JsonLdError::Invalid(code))
}

/// Entries of a context definition that are not terms.
const NOT_TERMS: [&str; 8] = [
    "@base",
    "@direction",
    "@import",
    "@language",
    "@propagate",
    "@protected",
    "@version",
    "@vocab",
];

/// How many definitions may depend on one another in a chain.
const MAX_CHAIN: usize = 64;

impl<'a> Definer<'a, '_, '_> {
    pub(super) fn define_all(mut self) -> Result<Context, JsonLdError> {
        let local = self.local;
        for term in local.keys() {
            if !NOT_TERMS.contains(&term.as_str()) {
                self.define(term, 0)?;
            }
        }
        Ok(self.context)
    }

    fn define(&mut self, term: &'a str, chain: usize) -> Result<(), JsonLdError> {
        match self.defined.get(term) {
            Some(true) => return Ok(()),
            Some(false) => return invalid("cyclic IRI mapping"),
            None if term.is_empty() => return invalid("invalid term definition"),
            None if chain > MAX_CHAIN => return Err(JsonLdError::TooLarge),
            None => {}
        }
        self.defined.insert(term, false);
        let Some(value) = self.local.get(term) else {
            return Ok(());
        };
        if term == "@type" {
            check_type_redefinition(value)?;
        } else if Keyword::parse(term).is_some() {
            return invalid("keyword redefinition");
        } else if has_keyword_form(term) {
            return Ok(());
        }
        let previous = self.context.terms.remove(term);
        let scratch;
        let (entries, simple) = match value {
            Value::Object(entries) => (entries, false),
            Value::Null | Value::String(_) => {
                scratch = Map::from_iter([("@id".to_owned(), value.clone())]);
                (&scratch, value.is_string())
            }
            _ => return invalid("invalid term definition"),
        };
        let Some(mut definition) = self.definition(term, entries, simple, chain)? else {
            return Ok(());
        };
        if let Some(previous) = previous
            && previous.protected
            && !self.options.override_protected
        {
            if !definition.means_the_same(&previous) {
                return invalid("protected term redefinition");
            }
            definition = TermDefinition::clone(&previous);
        }
        self.context.terms.insert(term.into(), Arc::new(definition));
        self.defined.insert(term, true);
        Ok(())
    }

    /// Steps 10 to 26; `None` where the definition is to be ignored.
    fn definition(
        &mut self,
        term: &'a str,
        entries: &Entries,
        simple: bool,
        chain: usize,
    ) -> Result<Option<TermDefinition>, JsonLdError> {
        let mut definition = TermDefinition {
            number: fresh_number(),
            mapping: Expanded::Null,
            well_formed: false,
            prefix: false,
            protected: self.protected,
            reverse: false,
            container: Container::default(),
            type_mapping: None,
            language: None,
            direction: None,
            index: None,
            nest: None,
            scoped: None,
        };
        if let Some(protected) = entries.get("@protected") {
            definition.protected = protected
                .as_bool()
                .ok_or(JsonLdError::Invalid("invalid @protected value"))?;
        }
        if let Some(value) = entries.get("@type") {
            definition.type_mapping = Some(self.type_mapping(value, chain)?);
        }
        if let Some(reverse) = entries.get("@reverse") {
            if entries.contains_key("@id") || entries.contains_key("@nest") {
                return invalid("invalid reverse property");
            }
            let Some(reverse) = reverse.as_str() else {
                return invalid("invalid IRI mapping");
            };
            if has_keyword_form(reverse) {
                return Ok(None);
            }
            definition.mapping = self.expand(reverse, chain)?;
            if !matches!(&definition.mapping, Expanded::Iri(iri) if iri::is_node_identifier(iri)) {
                return invalid("invalid IRI mapping");
            }
            definition.container = match entries.get("@container") {
                None | Some(Value::Null) => Container::default(),
                Some(Value::String(text)) if text == "@set" => Container::SET,
                Some(Value::String(text)) if text == "@index" => Container::INDEX,
                Some(_) => return invalid("invalid reverse property"),
            };
            definition.reverse = true;
        } else {
            match self.mapping(term, entries, simple, chain)? {
                Some((mapping, prefix)) => {
                    definition.mapping = mapping;
                    definition.prefix = prefix;
                }
                None => return Ok(None),
            }
            if let Some(container) = entries.get("@container") {
                definition.container = Container::parse(container)?;
                if definition.container.includes(Container::TYPE) {
                    let mapping = definition.type_mapping.get_or_insert(TypeMapping::Id);
                    if !matches!(mapping, TypeMapping::Id | TypeMapping::Vocab) {
                        return invalid("invalid type mapping");
                    }
                }
            }
        }
        self.extras(term, entries, &mut definition, chain)?;
        if let Expanded::Iri(iri) = &definition.mapping {
            short(iri)?;
            definition.well_formed = is_well_formed_iri(iri);
        }
        if let Some(TypeMapping::Iri(iri)) = &definition.type_mapping {
            short(iri)?;
        }
        if let Some(Some(language)) = &definition.language {
            short(language)?;
        }
        Ok(Some(definition))
    }

    /// Step 12.
    fn type_mapping(&mut self, value: &Value, chain: usize) -> Result<TypeMapping, JsonLdError> {
        let Some(text) = value.as_str() else {
            return invalid("invalid type mapping");
        };
        match self.expand(text, chain)? {
            Expanded::Keyword(Keyword::Id) => Ok(TypeMapping::Id),
            Expanded::Keyword(Keyword::Vocab) => Ok(TypeMapping::Vocab),
            Expanded::Keyword(Keyword::Json) => Ok(TypeMapping::Json),
            Expanded::Keyword(Keyword::None) => Ok(TypeMapping::None),
            Expanded::Iri(iri) if iri::is_absolute(&iri) => Ok(TypeMapping::Iri(iri)),
            _ => invalid("invalid type mapping"),
        }
    }

    /// Steps 14 to 18: the IRI mapping and the prefix flag.
    fn mapping(
        &mut self,
        term: &'a str,
        entries: &Entries,
        simple: bool,
        chain: usize,
    ) -> Result<Option<(Expanded, bool)>, JsonLdError> {
        match entries.get("@id") {
            Some(Value::Null) => return Ok(Some((Expanded::Null, false))),
            Some(Value::String(id)) if id != term => {
                return self.explicit_mapping(term, id, simple, chain);
            }
            Some(Value::String(_)) | None => {}
            Some(_) => return invalid("invalid IRI mapping"),
        }
        if let Some((prefix, suffix)) = split_compact(term) {
            if let Some((prefix, _)) = self.local.get_key_value(prefix) {
                self.define(prefix, chain + 1)?;
            }
            let iri = match self.context.term(prefix).map(|found| &found.mapping) {
                Some(Expanded::Iri(iri)) => format!("{iri}{suffix}").into(),
                _ => term.into(),
            };
            return Ok(Some((Expanded::Iri(iri), false)));
        }
        if term.contains('/') {
            return match self.context.expand_iri(term, false, true) {
                Expanded::Iri(iri) if iri::is_absolute(&iri) => {
                    Ok(Some((Expanded::Iri(iri), false)))
                }
                _ => invalid("invalid IRI mapping"),
            };
        }
        if term == "@type" {
            return Ok(Some((Expanded::Keyword(Keyword::Type), false)));
        }
        match &self.context.vocab {
            Some(vocab) => Ok(Some((
                Expanded::Iri(format!("{vocab}{term}").into()),
                false,
            ))),
            None => invalid("invalid IRI mapping"),
        }
    }

    /// Step 14.2: a mapping given by `@id`.
    fn explicit_mapping(
        &mut self,
        term: &'a str,
        id: &str,
        simple: bool,
        chain: usize,
    ) -> Result<Option<(Expanded, bool)>, JsonLdError> {
        if Keyword::parse(id).is_none() && has_keyword_form(id) {
            return Ok(None);
        }
        let mapping = self.expand(id, chain)?;
        match &mapping {
            Expanded::Keyword(Keyword::Context) => return invalid("invalid keyword alias"),
            Expanded::Keyword(_) => {}
            Expanded::Iri(iri) if iri::is_node_identifier(iri) => {}
            _ => return invalid("invalid IRI mapping"),
        }
        let inner = term
            .get(1..term.len().saturating_sub(1))
            .unwrap_or_default();
        if inner.contains(':') || term.contains('/') {
            self.defined.insert(term, true);
            if self.expand(term, chain)? != mapping {
                return invalid("invalid IRI mapping");
            }
        }
        let prefix = simple
            && !term.contains([':', '/'])
            && matches!(&mapping, Expanded::Iri(iri)
                if iri.ends_with([':', '/', '?', '#', '[', ']', '@']) || iri.starts_with("_:"));
        Ok(Some((mapping, prefix)))
    }

    /// Steps 20 to 26.
    fn extras(
        &mut self,
        term: &str,
        entries: &Entries,
        definition: &mut TermDefinition,
        chain: usize,
    ) -> Result<(), JsonLdError> {
        for (key, value) in entries {
            match key.as_str() {
                "@id" | "@reverse" | "@container" | "@type" | "@protected" => {}
                "@index" => {
                    let index = value
                        .as_str()
                        .filter(|_| definition.container.includes(Container::INDEX));
                    let Some(index) = index else {
                        return invalid("invalid term definition");
                    };
                    match self.expand(index, chain)? {
                        Expanded::Iri(iri) if iri::is_absolute(&iri) => {}
                        _ => return invalid("invalid term definition"),
                    }
                    definition.index = Some(index.into());
                }
                "@context" => definition.scoped = Some(self.scoped(value)?),
                "@language" if !entries.contains_key("@type") => {
                    definition.language = Some(match value {
                        Value::Null => None,
                        Value::String(tag) => Some(tag.to_lowercase().into()),
                        _ => return invalid("invalid language mapping"),
                    });
                }
                "@direction" if !entries.contains_key("@type") => {
                    definition.direction = Some(parse_direction(value)?);
                }
                "@language" | "@direction" => {}
                "@nest" => match value.as_str() {
                    Some(nest) if nest == "@nest" || Keyword::parse(nest).is_none() => {
                        definition.nest = Some(nest.into());
                    }
                    _ => return invalid("invalid @nest value"),
                },
                "@prefix" => {
                    if term.contains([':', '/']) {
                        return invalid("invalid term definition");
                    }
                    definition.prefix = value
                        .as_bool()
                        .ok_or(JsonLdError::Invalid("invalid @prefix value"))?;
                    if definition.prefix && matches!(definition.mapping, Expanded::Keyword(_)) {
                        return invalid("invalid term definition");
                    }
                }
                _ => return invalid("invalid term definition"),
            }
        }
        Ok(())
    }

    /// Step 21: a scoped context, processed once to find its errors.
    fn scoped(&mut self, local: &Value) -> Result<ScopedContext, JsonLdError> {
        if self.options.validate_scoped {
            let options = ProcessOptions {
                base_url: self.options.base_url.clone(),
                remote: self.options.remote.clone(),
                override_protected: true,
                propagate: true,
                validate_scoped: false,
            };
            self.processor.spend(self.context.terms.len())?;
            let active = Arc::new(self.context.clone());
            self.processor
                .process(&active, local, &options)
                .map_err(|error| match error {
                    JsonLdError::Invalid(_) => JsonLdError::Invalid("invalid scoped context"),
                    other => other,
                })?;
        }
        self.processor.spend(weight(local))?;
        Ok(ScopedContext {
            local: Arc::new(local.clone()),
            base_url: self.options.base_url.clone(),
        })
    }

    /// IRI Expansion during context processing (§5.2.2 steps 3 and 6.3): terms that the result
    /// depends on are defined first.
    fn expand(&mut self, value: &str, chain: usize) -> Result<Expanded, JsonLdError> {
        if Keyword::parse(value).is_some() || has_keyword_form(value) {
            return Ok(self.context.expand_iri(value, false, true));
        }
        self.require(value, chain)?;
        if self.context.term(value).is_none()
            && let Some((prefix, suffix)) = split_compact(value)
            && prefix != "_"
            && !suffix.starts_with("//")
        {
            self.require(prefix, chain)?;
        }
        Ok(self.context.expand_iri(value, false, true))
    }

    fn require(&mut self, term: &str, chain: usize) -> Result<(), JsonLdError> {
        let local = self.local;
        if let Some((term, _)) = local.get_key_value(term)
            && self.defined.get(term.as_str()) != Some(&true)
            && !NOT_TERMS.contains(&term.as_str())
        {
            self.define(term, chain + 1)?;
        }
        Ok(())
    }
}

/// How many values a JSON value holds: what copying it costs.
fn weight(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(weight).sum(),
        Value::Array(items) => items.iter().map(weight).sum(),
        _ => 0,
    }
}

/// Step 4: `@type` may only become a set, or protected.
fn check_type_redefinition(value: &Value) -> Result<(), JsonLdError> {
    let valid = value.as_object().is_some_and(|entries| {
        !entries.is_empty()
            && entries.iter().all(|(key, value)| match key.as_str() {
                "@container" => value == "@set",
                "@protected" => true,
                _ => false,
            })
    });
    match valid {
        true => Ok(()),
        false => invalid("keyword redefinition"),
    }
}
