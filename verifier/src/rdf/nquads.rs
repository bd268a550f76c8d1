//! Canonical N-Quads (RDFC-1.0 §5, RDF 1.2 N-Quads "canonical form").

use super::term::{Literal, Quad, Term};
use alloc::format;
use alloc::string::String;

/// Serializes a dataset in the order given, one line per quad, labels as they are.
#[must_use]
pub fn to_nquads(quads: &[Quad]) -> String {
    let mut out = String::with_capacity(quads.len() * 128);
    for quad in quads {
        write_quad(&mut out, quad, |label| label);
    }
    out
}

/// Appends one quad as a canonical N-Quads line, ending in `.` and a line feed; `relabel` maps
/// blank node labels, both without `_:`.
pub fn write_quad<'a: 'b, 'b>(
    out: &mut String,
    quad: &'a Quad,
    relabel: impl Fn(&'a str) -> &'b str,
) {
    let node = |out: &mut String, term: &'a Term| match term {
        Term::Iri(iri) => write_iri(out, iri),
        Term::Blank(label) => {
            out.push_str("_:");
            out.push_str(relabel(label));
        }
        Term::Literal(literal) => write_literal(out, literal),
    };
    node(out, &quad.subject);
    out.push(' ');
    write_iri(out, &quad.predicate);
    out.push(' ');
    node(out, &quad.object);
    if let Some(graph) = &quad.graph {
        out.push(' ');
        node(out, graph);
    }
    out.push_str(" .\n");
}

pub(super) fn write_iri(out: &mut String, iri: &str) {
    out.push('<');
    out.push_str(iri);
    out.push('>');
}

fn write_literal(out: &mut String, literal: &Literal) {
    match &literal.language {
        Some(language) => {
            write_typed(out, &literal.lexical, None);
            out.push('@');
            out.push_str(language);
        }
        None => write_typed(out, &literal.lexical, literal.stated_datatype()),
    }
}

/// A literal without a language; `None` is `xsd:string`.
pub(crate) fn write_typed(out: &mut String, lexical: &str, datatype: Option<&str>) {
    out.push('"');
    write_escaped(out, lexical);
    out.push('"');
    if let Some(datatype) = datatype {
        out.push_str("^^");
        write_iri(out, datatype);
    }
}

fn write_escaped(out: &mut String, text: &str) {
    // Nearly all literals need no escape: copy them whole.
    let special = |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f | 0xef);
    // Without leaving the loop early: several bytes at a time.
    if !text.bytes().fold(false, |any, byte| any | special(byte)) {
        out.push_str(text);
        return;
    }
    for character in text.chars() {
        match character {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04X}", u32::from(character)));
            }
            other => out.push(other),
        }
    }
}
