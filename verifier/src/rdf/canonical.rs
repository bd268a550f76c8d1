//! The canonicalization algorithm (RDFC-1.0 §4.4) and first-degree hashes (§4.6).

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::RdfError;
use super::issuer::Issuer;
use super::ndegree::NDegree;
use super::render::{Lines, Nodes, Rendered};
use super::term::Quad;
use crate::crypto::{sha256, sha384};
use crate::table::set_of;

/// The hash that canonicalization is run with; the signature suite chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-256, the default of RDFC-1.0 and the hash of the P-256 suites.
    #[default]
    Sha256,
    /// SHA-384, the hash of the P-384 suites.
    Sha384,
}

impl HashAlgorithm {
    /// The digest: 32 or 48 bytes.
    pub(crate) fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => sha256(data).to_vec(),
            Self::Sha384 => sha384(data).to_vec(),
        }
    }

    /// Lowercase hexadecimal digest.
    pub(super) fn hex(self, data: &[u8]) -> Arc<str> {
        match self {
            Self::Sha256 => hex(&sha256(data)),
            Self::Sha384 => hex(&sha384(data)),
        }
    }
}

fn hex(bytes: &[u8]) -> Arc<str> {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    // The longest digest has 48 bytes.
    let mut text = [0; 96];
    for (out, byte) in text.chunks_exact_mut(2).zip(bytes) {
        out.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    let text = text.get(..bytes.len() * 2).unwrap_or_default();
    core::str::from_utf8(text).unwrap_or_default().into()
}

/// How much n-degree work (RDFC-1.0 §4.8) a dataset may cost.
///
/// One unit is one hash of a related blank node or one step along one permutation: well under a
/// microsecond each. First-degree work is linear in the dataset and is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(u32);

impl Budget {
    /// A budget of `units` units.
    #[must_use]
    pub const fn units(units: u32) -> Self {
        Self(units)
    }

    /// Refuses at once when the permutations of `nodes` nodes alone would exceed what is left.
    pub(super) fn check_permutations(self, nodes: usize) -> Result<(), RdfError> {
        (1..=nodes)
            .try_fold(nodes, usize::checked_mul)
            .filter(|&steps| steps <= self.0 as usize)
            .map(|_| ())
            .ok_or(RdfError::WorkBudgetExceeded)
    }

    /// Takes `units`, or refuses.
    pub(super) fn spend(&mut self, units: usize) -> Result<(), RdfError> {
        let left = u32::try_from(units)
            .ok()
            .and_then(|units| self.0.checked_sub(units))
            .ok_or(RdfError::WorkBudgetExceeded)?;
        self.0 = left;
        Ok(())
    }
}

impl Default for Budget {
    /// Enough for every dataset of the W3C test suite that is not meant to be refused; cliques of
    /// seven nodes exceed it, and those of eight are refused at first sight.
    fn default() -> Self {
        Self(DEFAULT_UNITS)
    }
}

const DEFAULT_UNITS: u32 = 10_000;

/// A canonicalized dataset.
pub struct Canonical<'a> {
    text: String,
    quads: Vec<Rendered<'a>>,
    nodes: Nodes<'a>,
    issuer: Issuer,
}

impl Canonical<'_> {
    /// The canonical N-Quads document: sorted lines, each ending in a line feed.
    #[must_use]
    pub fn to_nquads(&self) -> String {
        self.rendered().concat()
    }

    /// The lines of the canonical N-Quads document, sorted by code point.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.rendered().sorted().map(str::to_owned).collect()
    }

    fn rendered(&self) -> Lines {
        let label = |node| self.issuer.label(node).map_or("", |label| &**label);
        let mut lines = Lines::with_capacity(self.quads.len());
        for quad in &self.quads {
            lines.push(|out| quad.write(out, &self.text, label));
        }
        lines
    }

    /// The canonical label (`c14n0`, …) of the blank node that the input called `label`.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<&str> {
        let node = self.nodes.find(label)?;
        self.issuer.label(node).map(|label| &**label)
    }

    /// Pairs of input label and canonical label, in the order in which they were issued.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.issuer.order().iter().filter_map(|&node| {
            let input = self.nodes.labels.get(usize::try_from(node).ok()?)?;
            Some((*input, &**self.issuer.label(node)?))
        })
    }
}

/// Canonicalizes a dataset; duplicate quads count once.
///
/// # Errors
/// [`RdfError::WorkBudgetExceeded`] when blank nodes are so alike that telling them apart would
/// cost more than `budget`.
pub fn canonicalize(
    quads: &[Quad],
    hash: HashAlgorithm,
    budget: Budget,
) -> Result<Canonical<'_>, RdfError> {
    let mut nodes = Nodes::default();
    let mut text = String::with_capacity(quads.len() * 224);
    let mut rendered: Vec<Rendered<'_>> = quads
        .iter()
        .map(|quad| Rendered::new(quad, &mut text, &mut nodes))
        .collect();
    let mut seen = set_of(rendered.len());
    rendered.retain(|line| seen.insert(line.identity(&text)));
    let mut issuer = Issuer::new("c14n");
    // A node with no other to be told from: its hash would decide nothing.
    if nodes.labels.len() <= 1 {
        for node in (0..).take(nodes.labels.len()) {
            issuer.issue(node);
        }
        return Ok(Canonical {
            text,
            quads: rendered,
            nodes,
            issuer,
        });
    }
    let mentions = mentions(&rendered, nodes.labels.len());

    let mut scratch = Scratch::default();
    let first: Vec<Arc<str>> = (0u32..)
        .zip(&mentions)
        .map(|(node, quads)| scratch.first_degree(node, quads, (&rendered, &text), hash))
        .collect();
    let mut by_hash: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (node, hash) in (0u32..).zip(&first) {
        by_hash.entry(hash).or_default().push(node);
    }

    // §4.4.3 step 4: nodes that a first-degree hash singles out.
    by_hash.retain(|_, nodes| match nodes.as_slice() {
        [node] => {
            issuer.issue(*node);
            false
        }
        _ => true,
    });

    // §4.4.3 step 5: the rest, in the order of their shared hashes.
    let mut work = NDegree {
        quads: &rendered,
        mentions: &mentions,
        first: &first,
        hash,
        budget,
    };
    for nodes in by_hash.values() {
        let mut paths = Vec::with_capacity(nodes.len());
        for &node in nodes {
            if issuer.label(node).is_none() {
                let mut temporary = Issuer::new("b");
                temporary.issue(node);
                paths.push(work.hash(node, temporary, &issuer)?);
            }
        }
        paths.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, issued) in paths {
            for &node in issued.order() {
                issuer.issue(node);
            }
        }
    }
    Ok(Canonical {
        text,
        quads: rendered,
        nodes,
        issuer,
    })
}

/// For each blank node, the quads that mention it; a quad that mentions it twice is listed once.
fn mentions(quads: &[Rendered<'_>], nodes: usize) -> Vec<Vec<u32>> {
    let mut mentions: Vec<Vec<u32>> = vec![Vec::new(); nodes];
    for (index, quad) in (0u32..).zip(quads) {
        for hole in quad.holes() {
            if let Some(list) = mentions.get_mut(hole.node as usize)
                && list.last() != Some(&index)
            {
                list.push(index);
            }
        }
    }
    mentions
}

/// Room for the lines of one node after another.
#[derive(Default)]
struct Scratch {
    lines: Lines,
    sorted: String,
}

impl Scratch {
    /// Hash First Degree Quads (§4.6): the node is `_:a`, every other blank node `_:z`.
    fn first_degree(
        &mut self,
        node: u32,
        mentioned: &[u32],
        (quads, text): (&[Rendered<'_>], &str),
        hash: HashAlgorithm,
    ) -> Arc<str> {
        self.lines.clear();
        for &index in mentioned {
            if let Some(quad) = quads.get(index as usize) {
                let label = |other| if other == node { "a" } else { "z" };
                self.lines.push(|out| quad.write(out, text, label));
            }
        }
        self.sorted.clear();
        for line in self.lines.sorted() {
            self.sorted.push_str(line);
        }
        hash.hex(self.sorted.as_bytes())
    }
}
