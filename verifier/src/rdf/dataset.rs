//! A dataset as lines of canonical N-Quads (RDFC-1.0 §5), with holes where blank node labels go.
//!
//! A quad is written out several times during canonicalization: once for the first-degree hash of
//! each blank node in it and once in the result. Only the labels differ.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::nquads::{write_iri, write_typed};
use super::term::{Quad, Term};
use crate::table::{Table, set_of};

/// A term of a quad.
#[derive(Clone, Copy)]
pub(crate) enum TermRef<'a> {
    /// An IRI, which must be well-formed.
    Iri(&'a str),
    /// A blank node, by its number.
    Blank(u32),
    /// A literal; without a datatype it is an `xsd:string`.
    Literal(&'a str, Option<&'a str>),
    /// A literal with a language tag.
    Tagged(&'a str, &'a str),
}

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

/// A blank node's place in a line.
#[derive(Clone, Copy)]
pub(super) struct Hole {
    pub(super) node: u32,
    pub(super) position: Position,
    offset: usize,
}

/// A line without its blank node labels, within the text of all lines.
struct Line {
    start: usize,
    end: usize,
    /// The predicate with its brackets.
    predicate: Range<usize>,
    holes: [Option<Hole>; 3],
}

/// Quads as lines; a quad may be there more than once.
#[derive(Default)]
pub(crate) struct Dataset {
    text: String,
    lines: Vec<Line>,
    nodes: u32,
}

impl Dataset {
    /// An empty dataset with room for `lines` ordinary lines.
    pub(crate) fn with_capacity(lines: usize) -> Self {
        Self {
            text: String::with_capacity(lines * 128),
            lines: Vec::with_capacity(lines),
            nodes: 0,
        }
    }

    /// The number of lines.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The length of all lines together, in bytes.
    pub(crate) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// How many blank nodes there are; their numbers are those below.
    pub(super) fn nodes(&self) -> usize {
        self.nodes as usize
    }

    /// The number of a new blank node.
    pub(crate) fn fresh(&mut self) -> u32 {
        let number = self.nodes;
        self.nodes = number.saturating_add(1);
        number
    }

    /// Adds a quad.
    pub(crate) fn push(
        &mut self,
        subject: TermRef<'_>,
        predicate: &str,
        object: TermRef<'_>,
        graph: Option<TermRef<'_>>,
    ) {
        let text = &mut self.text;
        let mut line = Line {
            start: text.len(),
            end: 0,
            predicate: 0..0,
            holes: [None; 3],
        };
        line.term(text, subject, Position::Subject);
        text.push(' ');
        let start = text.len();
        write_iri(text, predicate);
        line.predicate = start..text.len();
        text.push(' ');
        line.term(text, object, Position::Object);
        if let Some(graph) = graph {
            text.push(' ');
            line.term(text, graph, Position::Graph);
        }
        text.push_str(" .\n");
        line.end = text.len();
        self.lines.push(line);
    }

    /// The blank nodes of the line `index`, each with its place.
    pub(super) fn holes(&self, index: u32) -> impl Iterator<Item = Hole> + '_ {
        let line = self.lines.get(index as usize);
        line.into_iter().flat_map(|line| line.holes).flatten()
    }

    /// The predicate of the line `index`, with its brackets.
    pub(super) fn predicate(&self, index: u32) -> &str {
        self.lines
            .get(index as usize)
            .and_then(|line| self.text.get(line.predicate.clone()))
            .unwrap_or_default()
    }

    /// What tells the line `index` from all others: its text and the nodes in the holes.
    pub(super) fn identity(&self, index: u32) -> (&str, [Option<u32>; 3]) {
        self.lines
            .get(index as usize)
            .map_or(("", [None; 3]), |line| {
                let text = self.text.get(line.start..line.end).unwrap_or_default();
                (text, line.holes.map(|hole| hole.map(|hole| hole.node)))
            })
    }

    /// Whether no quad is there twice.
    pub(crate) fn is_free_of_duplicates(&self) -> bool {
        let mut seen = set_of(self.len());
        (0..)
            .take(self.len())
            .all(|line| seen.insert(self.identity(line)))
    }

    /// Appends the line `index` to `out`, with the labels that `label` gives.
    pub(crate) fn write<'l>(&self, index: u32, out: &mut String, label: impl Fn(u32) -> &'l str) {
        let Some(line) = self.lines.get(index as usize) else {
            return;
        };
        let mut done = line.start;
        for hole in line.holes.iter().flatten() {
            out.push_str(self.text.get(done..hole.offset).unwrap_or_default());
            out.push_str(label(hole.node));
            done = hole.offset;
        }
        out.push_str(self.text.get(done..line.end).unwrap_or_default());
    }

    /// Puts all lines with the labels that `label` gives in place of what `lines` had.
    pub(super) fn labelled<'l>(&self, lines: &mut Lines, label: impl Fn(u32) -> &'l str) {
        lines.clear();
        for index in (0..).take(self.lines.len()) {
            lines.push(|out| self.write(index, out, &label));
        }
    }

    /// The dataset of these lines alone, with its blank nodes numbered anew in order of appearance,
    /// and the number that each of them has here.
    pub(crate) fn part(&self, indexes: &[usize]) -> (Self, Vec<u32>) {
        let mut part = Self::with_capacity(indexes.len());
        let mut numbers: Table<u32, u32> = Table::default();
        let mut originals = Vec::new();
        for line in indexes.iter().filter_map(|index| self.lines.get(*index)) {
            let start = part.text.len();
            let text = self.text.get(line.start..line.end).unwrap_or_default();
            part.text.push_str(text);
            let moved = |offset: usize| offset - line.start + start;
            let holes = line.holes.map(|hole| {
                hole.map(|hole| Hole {
                    node: *numbers.entry(hole.node).or_insert_with(|| {
                        originals.push(hole.node);
                        part.nodes += 1;
                        part.nodes - 1
                    }),
                    position: hole.position,
                    offset: moved(hole.offset),
                })
            });
            part.lines.push(Line {
                start,
                end: part.text.len(),
                predicate: moved(line.predicate.start)..moved(line.predicate.end),
                holes,
            });
        }
        (part, originals)
    }
}

impl Line {
    fn term(&mut self, text: &mut String, term: TermRef<'_>, position: Position) {
        match term {
            TermRef::Iri(iri) => write_iri(text, iri),
            TermRef::Literal(lexical, datatype) => write_typed(text, lexical, datatype),
            TermRef::Tagged(lexical, language) => {
                write_typed(text, lexical, None);
                text.push('@');
                text.push_str(language);
            }
            TermRef::Blank(node) => {
                text.push_str("_:");
                let offset = text.len();
                if let Some(slot) = self.holes.iter_mut().find(|slot| slot.is_none()) {
                    *slot = Some(Hole {
                        node,
                        position,
                        offset,
                    });
                }
            }
        }
    }
}

/// The labels of a dataset's blank nodes, numbered in order of appearance.
#[derive(Default)]
pub(crate) struct Nodes<'a> {
    numbers: Table<&'a str, u32>,
    labels: Vec<&'a str>,
}

impl<'a> Nodes<'a> {
    pub(super) fn find(&self, label: &str) -> Option<u32> {
        self.numbers.get(label).copied()
    }

    pub(super) fn label(&self, node: u32) -> Option<&'a str> {
        self.labels.get(node as usize).copied()
    }

    fn term(&mut self, term: &'a Term, dataset: &mut Dataset) -> TermRef<'a> {
        match term {
            Term::Iri(iri) => TermRef::Iri(iri),
            Term::Blank(label) => TermRef::Blank(*self.numbers.entry(label).or_insert_with(|| {
                self.labels.push(label);
                dataset.fresh()
            })),
            Term::Literal(literal) => match &literal.language {
                Some(language) => TermRef::Tagged(&literal.lexical, language),
                None => TermRef::Literal(&literal.lexical, literal.stated_datatype()),
            },
        }
    }
}

impl Dataset {
    /// The same quads in the same order.
    pub(crate) fn of(quads: &[Quad]) -> (Self, Nodes<'_>) {
        let mut dataset = Self::with_capacity(quads.len());
        let mut nodes = Nodes::default();
        for quad in quads {
            let subject = nodes.term(&quad.subject, &mut dataset);
            let object = nodes.term(&quad.object, &mut dataset);
            let graph = quad
                .graph
                .as_ref()
                .map(|graph| nodes.term(graph, &mut dataset));
            dataset.push(subject, &quad.predicate, object, graph);
        }
        (dataset, nodes)
    }
}

/// Lines written one after another into one text.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    ranges: Vec<Range<usize>>,
}

impl Lines {
    pub(super) fn with_capacity(lines: usize, bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
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

    /// The lines, sorted by code point.
    pub(super) fn sorted(&self) -> Vec<&str> {
        let line = |range: &Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        let mut sorted: Vec<&str> = self.ranges.iter().map(line).collect();
        sorted.sort_unstable();
        sorted
    }
}
