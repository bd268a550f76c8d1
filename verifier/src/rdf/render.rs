//! Quads rendered once, with holes where blank node labels go.
//!
//! A quad is written out several times during canonicalization: once for the first-degree hash of
//! each blank node in it and once in the result. Only the labels differ.

use std::collections::HashMap;

use super::nquads::{write_iri, write_literal};
use super::term::{Quad, Term};

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

/// A line of canonical N-Quads without its blank node labels.
pub(super) struct Rendered<'a> {
    text: String,
    holes: [Option<Hole>; 3],
    pub(super) predicate: &'a str,
}

/// The blank nodes of a dataset, numbered in order of appearance.
#[derive(Default)]
pub(super) struct Nodes<'a> {
    numbers: HashMap<&'a str, u32>,
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
    pub(super) fn new(quad: &'a Quad, nodes: &mut Nodes<'a>) -> Self {
        let mut rendered = Self {
            text: String::with_capacity(160),
            holes: [None; 3],
            predicate: &quad.predicate,
        };
        rendered.term(&quad.subject, Position::Subject, nodes);
        rendered.text.push(' ');
        write_iri(&mut rendered.text, &quad.predicate);
        rendered.text.push(' ');
        rendered.term(&quad.object, Position::Object, nodes);
        if let Some(graph) = &quad.graph {
            rendered.text.push(' ');
            rendered.term(graph, Position::Graph, nodes);
        }
        rendered.text.push_str(" .\n");
        rendered
    }

    fn term(&mut self, term: &'a Term, position: Position, nodes: &mut Nodes<'a>) {
        match term {
            Term::Iri(iri) => write_iri(&mut self.text, iri),
            Term::Literal(literal) => write_literal(&mut self.text, literal),
            Term::Blank(label) => {
                self.text.push_str("_:");
                let hole = Hole {
                    node: nodes.number(label),
                    position,
                    offset: self.text.len(),
                };
                if let Some(slot) = self.holes.iter_mut().find(|slot| slot.is_none()) {
                    *slot = Some(hole);
                }
            }
        }
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = Hole> + '_ {
        self.holes.iter().copied().flatten()
    }

    /// Appends the line with the labels that `label` gives.
    pub(super) fn write<'l>(&self, out: &mut String, label: impl Fn(u32) -> &'l str) {
        let mut done = 0;
        for hole in self.holes() {
            out.push_str(self.text.get(done..hole.offset).unwrap_or_default());
            out.push_str(label(hole.node));
            done = hole.offset;
        }
        out.push_str(self.text.get(done..).unwrap_or_default());
    }
}
