//! Terms and quads (RDF 1.1 Concepts §3, §4).

use alloc::sync::Arc;

/// A node of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    /// An absolute IRI, without angle brackets.
    Iri(Arc<str>),
    /// A blank node label, without the leading `_:`.
    Blank(Arc<str>),
    /// A literal.
    Literal(Literal),
}

/// A literal: lexical form, datatype and, for `rdf:langString`, a language tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Literal {
    /// The lexical form, unescaped.
    pub lexical: Arc<str>,
    /// Datatype IRI; `xsd:string` for plain strings.
    pub datatype: Arc<str>,
    /// Language tag; present exactly when the datatype is `rdf:langString`.
    pub language: Option<Arc<str>>,
}

/// One statement of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quad {
    /// An IRI or a blank node.
    pub subject: Term,
    /// An IRI.
    pub predicate: Arc<str>,
    /// Any term.
    pub object: Term,
    /// The graph's name: an IRI or a blank node; `None` is the default graph.
    pub graph: Option<Term>,
}

/// What a byte may be part of: bit 0 any part of an IRI, bit 1 a scheme.
const IRI_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0x21;
    while byte < 256 {
        let character = byte as u8;
        let refused = matches!(
            character,
            b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'^' | b'`' | b'\\' | 0x7f
        );
        let scheme = character.is_ascii_alphanumeric() || matches!(character, b'+' | b'-' | b'.');
        table[byte] = if refused { 0 } else { 1 } | if scheme { 2 } else { 0 };
        byte += 1;
    }
    table
};

/// Whether `iri` is absolute and free of the characters that neither RFC 3987 nor the N-Quads
/// grammar admits. Text that fails this could break out of `<…>` and forge statements.
#[must_use]
pub fn is_well_formed_iri(iri: &str) -> bool {
    let class = |byte: &u8| IRI_BYTES[usize::from(*byte)];
    let Some((scheme, rest)) = iri.split_once(':') else {
        return false;
    };
    let hashes = rest.bytes().filter(|byte| *byte == b'#').count();
    hashes <= 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| class(&byte) & 2 != 0)
        && rest.bytes().all(|byte| class(&byte) & 1 != 0)
}

/// Whether `tag` has the shape of a language tag (BCP 47, as N-Quads' `LANGTAG`).
#[must_use]
pub fn is_well_formed_language(tag: &str) -> bool {
    tag.split('-').enumerate().all(|(index, part)| {
        (1..=8).contains(&part.len())
            && part.bytes().all(|byte| {
                byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_alphanumeric())
            })
    })
}
