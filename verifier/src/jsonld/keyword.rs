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
    const ALL: [Self; 23] = [
        Self::Base,
        Self::Container,
        Self::Context,
        Self::Direction,
        Self::Graph,
        Self::Id,
        Self::Import,
        Self::Included,
        Self::Index,
        Self::Json,
        Self::Language,
        Self::List,
        Self::Nest,
        Self::None,
        Self::Prefix,
        Self::Propagate,
        Self::Protected,
        Self::Reverse,
        Self::Set,
        Self::Type,
        Self::Value,
        Self::Version,
        Self::Vocab,
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.starts_with('@') {
            return None;
        }
        Self::ALL
            .into_iter()
            .find(|keyword| keyword.as_str() == text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "@base",
            Self::Container => "@container",
            Self::Context => "@context",
            Self::Direction => "@direction",
            Self::Graph => "@graph",
            Self::Id => "@id",
            Self::Import => "@import",
            Self::Included => "@included",
            Self::Index => "@index",
            Self::Json => "@json",
            Self::Language => "@language",
            Self::List => "@list",
            Self::Nest => "@nest",
            Self::None => "@none",
            Self::Prefix => "@prefix",
            Self::Propagate => "@propagate",
            Self::Protected => "@protected",
            Self::Reverse => "@reverse",
            Self::Set => "@set",
            Self::Type => "@type",
            Self::Value => "@value",
            Self::Version => "@version",
            Self::Vocab => "@vocab",
        }
    }
}

/// Whether `text` has the form of a keyword, `@` and ASCII letters: reserved, known or not.
pub(crate) fn has_keyword_form(text: &str) -> bool {
    text.strip_prefix('@')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphabetic()))
}
