//! Active contexts and term definitions (JSON-LD 1.1 API §4.1) and IRI expansion (§5.2).

mod container;
mod define;
mod process;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use once_cell::race::OnceBox;
use serde_json::Value;

pub(crate) use container::Container;
pub(crate) use process::{ProcessOptions, Processor};

use super::iri;
use super::keyword::{Keyword, has_keyword_form};
use super::tree::Direction;
use crate::table::Table;

/// A number no other context, definition or document of this process has, or 0 when there is none left: what has no
/// number is not kept.
pub(crate) fn fresh_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
        number.checked_add(1)
    })
    .unwrap_or(0)
}

/// An active context.
#[derive(Clone, Default)]
pub(crate) struct Context {
    /// Non-zero when reached from the store's documents alone: what may be derived from it may be
    /// kept.
    pub(crate) number: usize,
    pub(crate) terms: Table<Arc<str>, Arc<TermDefinition>>,
    pub(crate) vocab: Option<Arc<str>>,
    pub(crate) base: Option<Arc<str>>,
    /// The base IRI of the document, which a null context falls back to.
    pub(crate) original_base: Option<Arc<str>>,
    pub(crate) language: Option<Arc<str>>,
    pub(crate) direction: Option<Direction>,
    pub(crate) previous: Option<Arc<Context>>,
    /// The terms that stand for keywords.
    pub(crate) aliases: Aliases,
}

/// The terms of a context that stand for keywords: looked for in every map of a document, and few.
#[derive(Default)]
pub(crate) struct Aliases(OnceBox<Vec<(Arc<str>, Keyword)>>);

impl Clone for Aliases {
    /// A copy of a context is made in order to change it.
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What a term or a value stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expanded {
    Null,
    Keyword(Keyword),
    /// An IRI, a blank node identifier, or a reference that could not be made absolute.
    Iri(Arc<str>),
}

/// What IRI Expansion makes of a value, without copying it.
pub(crate) enum Reading<'c> {
    Null,
    Keyword(Keyword),
    /// What the term is defined as.
    Term(&'c TermDefinition),
    /// The value as it stands.
    Same,
    Made(String),
}

/// The type mapping of a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypeMapping {
    Id,
    Vocab,
    Json,
    None,
    Iri(Arc<str>),
}

/// A term's local context and the URL it was read from.
#[derive(Clone, Debug)]
pub(crate) struct ScopedContext {
    pub(crate) local: Arc<Value>,
    pub(crate) base_url: Option<Arc<str>>,
}

/// A term definition.
#[derive(Clone, Debug)]
pub(crate) struct TermDefinition {
    pub(crate) number: usize,
    pub(crate) mapping: Expanded,
    /// Whether the mapping is an IRI that statements may be made of.
    pub(crate) well_formed: bool,
    pub(crate) prefix: bool,
    pub(crate) protected: bool,
    pub(crate) reverse: bool,
    pub(crate) container: Container,
    pub(crate) type_mapping: Option<TypeMapping>,
    /// `Some(None)` is an explicit null, which hides the default.
    pub(crate) language: Option<Option<Arc<str>>>,
    /// `Some(None)` is an explicit null, which hides the default.
    pub(crate) direction: Option<Option<Direction>>,
    pub(crate) index: Option<Arc<str>>,
    pub(crate) nest: Option<Arc<str>>,
    pub(crate) scoped: Option<ScopedContext>,
}

impl TermDefinition {
    /// Whether two definitions say the same, protection aside (API §5.1.2 step 27).
    fn means_the_same(&self, other: &Self) -> bool {
        let scope = |definition: &Self| definition.scoped.as_ref().map(|s| Arc::clone(&s.local));
        self.mapping == other.mapping
            && self.prefix == other.prefix
            && self.reverse == other.reverse
            && self.container == other.container
            && self.type_mapping == other.type_mapping
            && self.language == other.language
            && self.direction == other.direction
            && self.index == other.index
            && self.nest == other.nest
            && scope(self) == scope(other)
    }
}

impl Context {
    pub(crate) fn term(&self, term: &str) -> Option<&Arc<TermDefinition>> {
        self.terms.get(term)
    }

    /// Whether `key` is the keyword or a term that stands for it.
    pub(crate) fn is_alias(&self, key: &str, keyword: Keyword) -> bool {
        key == keyword.as_str()
            || self
                .aliases()
                .iter()
                .any(|(term, stands_for)| *stands_for == keyword && **term == *key)
    }

    fn aliases(&self) -> &[(Arc<str>, Keyword)] {
        self.aliases.0.get_or_init(|| {
            let aliases =
                self.terms
                    .iter()
                    .filter_map(|(term, definition)| match definition.mapping {
                        Expanded::Keyword(keyword) => Some((Arc::clone(term), keyword)),
                        _ => None,
                    });
            Box::new(aliases.collect())
        })
    }

    /// IRI Expansion (API §5.2.2) outside context processing.
    pub(crate) fn expand_iri(&self, value: &str, document_relative: bool, vocab: bool) -> Expanded {
        match self.read_iri(value, document_relative, vocab) {
            Reading::Null => Expanded::Null,
            Reading::Keyword(keyword) => Expanded::Keyword(keyword),
            Reading::Term(definition) => definition.mapping.clone(),
            Reading::Same => Expanded::Iri(value.into()),
            Reading::Made(iri) => Expanded::Iri(iri.into()),
        }
    }

    /// As [`expand_iri`](Self::expand_iri).
    pub(crate) fn read_iri(
        &self,
        value: &str,
        document_relative: bool,
        vocab: bool,
    ) -> Reading<'_> {
        if let Some(keyword) = Keyword::parse(value) {
            return Reading::Keyword(keyword);
        }
        if has_keyword_form(value) {
            return Reading::Null;
        }
        if let Some(definition) = self.term(value)
            && (vocab || matches!(definition.mapping, Expanded::Keyword(_)))
        {
            return Reading::Term(definition);
        }
        if let Some((prefix, suffix)) = split_compact(value) {
            if prefix == "_" || suffix.starts_with("//") {
                return Reading::Same;
            }
            if let Some(definition) = self.term(prefix)
                && definition.prefix
                && let Expanded::Iri(iri) = &definition.mapping
            {
                return Reading::Made(format!("{iri}{suffix}"));
            }
            if iri::is_absolute(value) {
                return Reading::Same;
            }
        }
        if vocab && let Some(vocabulary) = &self.vocab {
            return Reading::Made(format!("{vocabulary}{value}"));
        }
        if document_relative && let Some(base) = &self.base {
            return Reading::Made(iri::resolve(base, value));
        }
        Reading::Same
    }
}

/// Splits at the first colon that is not the first character.
pub(super) fn split_compact(value: &str) -> Option<(&str, &str)> {
    value
        .split_once(':')
        .filter(|(prefix, _)| !prefix.is_empty())
}
