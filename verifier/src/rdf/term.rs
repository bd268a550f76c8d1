//! Terms and quads (RDF 1.1 Concepts §3, §4).

use alloc::sync::Arc;

/// `xsd:string`, the datatype that canonical N-Quads leaves out.
pub(super) const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";

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

impl Literal {
    /// The datatype that canonical N-Quads writes: all but `xsd:string`.
    pub(super) fn stated_datatype(&self) -> Option<&str> {
        Some(&*self.datatype).filter(|datatype| *datatype != XSD_STRING)
    }
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

/// Whether neither RFC 3987 nor N-Quads admits a byte in an IRI.
const fn is_refused(byte: u8) -> bool {
    byte <= 0x20
        || matches!(
            byte,
            b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'^' | b'`' | b'\\' | 0x7f
        )
}

/// Whether `iri` is absolute and free of the characters that neither RFC 3987 nor the N-Quads
/// grammar admits. Text that fails this could break out of `<…>` and forge statements.
#[must_use]
pub fn is_well_formed_iri(iri: &str) -> bool {
    let Some(colon) = iri.bytes().position(|byte| byte == b':') else {
        return false;
    };
    let (scheme, rest) = iri.as_bytes().split_at(colon);
    // Without leaving the loop early: several bytes at a time.
    let (mut refused, mut hashes) = (false, 0usize);
    for byte in rest {
        refused |= is_refused(*byte);
        hashes += usize::from(*byte == b'#');
    }
    !refused
        && hashes <= 1
        && scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
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
