//! Quads rendered once, with holes where blank node labels go.
//!
//! A quad is written out several times during canonicalization: once for the first-degree hash of
//! each blank node in it and once in the result. Only the labels differ.

use super::nquads::{write_iri, write_literal};
use super::term::{Quad, Term};
use crate::table::Table;
use alloc::string::String;
use alloc::vec::Vec;

/// Where a blank node stands in a quad, with the letter RDFC-1.0 §4.7.3 hashes for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    Subject,
    Object,
    Graph,
}

impl Position {
    pub(super) fn letter(self) -> char {
        match self {
            Self::Subject => 's',
            Self::Object => 'o',
            Self::Graph => 'g',
        }
    }
}

/// A blank node's place in a rendered quad.
#[derive(Clone, Copy)]
pub(super) struct Hole {
    pub(super) node: u32,
    pub(super) position: Position,
    offset: usize,
}

/// A line of canonical N-Quads without its blank node labels, within the text of all lines.
pub(super) struct Rendered<'a> {
    start: usize,
    end: usize,
    holes: [Option<Hole>; 3],
    pub(super) predicate: &'a str,
}

/// The blank nodes of a dataset, numbered in order of appearance.
#[derive(Default)]
pub(super) struct Nodes<'a> {
    numbers: Table<&'a str, u32>,
    pub(super) labels: Vec<&'a str>,
}

impl<'a> Nodes<'a> {
    pub(super) fn number(&mut self, label: &'a str) -> u32 {
        let next = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(label).or_insert_with(|| {
            self.labels.push(label);
            next
        })
    }

    pub(super) fn find(&self, label: &str) -> Option<u32> {
        self.numbers.get(label).copied()
    }
}

impl<'a> Rendered<'a> {
    /// Appends the line of `quad` to `text`.
    pub(super) fn new(quad: &'a Quad, text: &mut String, nodes: &mut Nodes<'a>) -> Self {
        let mut rendered = Self {
            start: text.len(),
            end: 0,
            holes: [None; 3],
            predicate: &quad.predicate,
        };
        rendered.term(&quad.subject, Position::Subject, text, nodes);
        text.push(' ');
        write_iri(text, &quad.predicate);
        text.push(' ');
        rendered.term(&quad.object, Position::Object, text, nodes);
        if let Some(graph) = &quad.graph {
            text.push(' ');
            rendered.term(graph, Position::Graph, text, nodes);
        }
        text.push_str(" .\n");
        rendered.end = text.len();
        rendered
    }

    fn term(
        &mut self,
        term: &'a Term,
        position: Position,
        text: &mut String,
        nodes: &mut Nodes<'a>,
    ) {
        match term {
            Term::Iri(iri) => write_iri(text, iri),
            Term::Literal(literal) => write_literal(text, literal),
            Term::Blank(label) => {
                text.push_str("_:");
                let hole = Hole {
                    node: nodes.number(label),
                    position,
                    offset: text.len(),
                };
                if let Some(slot) = self.holes.iter_mut().find(|slot| slot.is_none()) {
                    *slot = Some(hole);
                }
            }
        }
    }

    /// What tells the quad from all others: its text and the nodes in the holes.
    pub(super) fn identity<'t>(&self, text: &'t str) -> (&'t str, [Option<u32>; 3]) {
        let line = text.get(self.start..self.end).unwrap_or_default();
        (line, self.holes.map(|hole| hole.map(|hole| hole.node)))
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = Hole> + '_ {
        self.holes.iter().copied().flatten()
    }

    /// Appends the line to `out`, out of the `text` of all lines, with the labels that `label`
    /// gives.
    pub(super) fn write<'l>(&self, out: &mut String, text: &str, label: impl Fn(u32) -> &'l str) {
        let mut done = self.start;
        for hole in self.holes() {
            out.push_str(text.get(done..hole.offset).unwrap_or_default());
            out.push_str(label(hole.node));
            done = hole.offset;
        }
        out.push_str(text.get(done..self.end).unwrap_or_default());
    }
}

/// Lines written one after another into one text, to be sorted without copying them.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    ranges: Vec<core::ops::Range<usize>>,
}

impl Lines {
    pub(super) fn with_capacity(lines: usize) -> Self {
        Self {
            text: String::with_capacity(lines * 192),
            ranges: Vec::with_capacity(lines),
        }
    }

    /// No lines, in the room of those before.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ranges.clear();
    }

    pub(super) fn push(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        self.ranges.push(start..self.text.len());
    }

    /// The lines in code point order.
    pub(super) fn sorted(&mut self) -> impl Iterator<Item = &str> {
        let line =
            |range: &core::ops::Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        self.ranges.sort_unstable_by(|a, b| line(a).cmp(line(b)));
        self.ranges.iter().map(line)
    }

    /// The lines in code point order, one after another.
    pub(super) fn concat(mut self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for line in self.sorted() {
            out.push_str(line);
        }
        out
    }
}
