//! Keywords (JSON-LD 1.1 §1.7).

/// The keywords of JSON-LD 1.1 that expansion distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Keyword {
    Base,
    Container,
    Context,
    Direction,
    Graph,
    Id,
    Import,
    Included,
    Index,
    Json,
    Language,
    List,
    Nest,
    None,
    Prefix,
    Propagate,
    Protected,
    Reverse,
    Set,
    Type,
    Value,
    Version,
    Vocab,
}

impl Keyword {
    const ALL: [(&'static str, Self); 23] = [
        ("@base", Self::Base),
        ("@container", Self::Container),
        ("@context", Self::Context),
        ("@direction", Self::Direction),
        ("@graph", Self::Graph),
        ("@id", Self::Id),
        ("@import", Self::Import),
        ("@included", Self::Included),
        ("@index", Self::Index),
        ("@json", Self::Json),
        ("@language", Self::Language),
        ("@list", Self::List),
        ("@nest", Self::Nest),
        ("@none", Self::None),
        ("@prefix", Self::Prefix),
        ("@propagate", Self::Propagate),
        ("@protected", Self::Protected),
        ("@reverse", Self::Reverse),
        ("@set", Self::Set),
        ("@type", Self::Type),
        ("@value", Self::Value),
        ("@version", Self::Version),
        ("@vocab", Self::Vocab),
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.starts_with('@') {
            return None;
        }
        Self::ALL
            .iter()
            .find_map(|(name, keyword)| (*name == text).then_some(*keyword))
    }

    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find_map(|(name, keyword)| (*keyword == self).then_some(*name))
            .unwrap_or_default()
    }
}

/// Whether `text` has the form of a keyword, `@` and ASCII letters: reserved, known or not.
pub(crate) fn has_keyword_form(text: &str) -> bool {
    text.strip_prefix('@')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphabetic()))
}
