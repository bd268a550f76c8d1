//! The canonicalization algorithm (RDFC-1.0 §4.4) and first-degree hashes (§4.6).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RdfError;
use super::issuer::Issuer;
use super::ndegree::NDegree;
use super::render::{Nodes, Rendered};
use super::term::Quad;
use crate::crypto::{sha256, sha384};

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
    /// Lowercase hexadecimal digest.
    pub(super) fn hex(self, data: &[u8]) -> Arc<str> {
        match self {
            Self::Sha256 => hex(&sha256(data)),
            Self::Sha384 => hex(&sha384(data)),
        }
    }
}

fn hex(bytes: &[u8]) -> Arc<str> {
    let digit = |nibble: u8| char::from(nibble + if nibble < 10 { b'0' } else { b'a' - 10 });
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text.into()
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
    quads: Vec<Rendered<'a>>,
    nodes: Nodes<'a>,
    issuer: Issuer,
}

impl Canonical<'_> {
    /// The canonical N-Quads document: sorted lines, each ending in a line feed.
    #[must_use]
    pub fn to_nquads(&self) -> String {
        self.lines().concat()
    }

    /// The lines of the canonical N-Quads document, sorted by code point.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let label = |node| self.issuer.label(node).map_or("", |label| &**label);
        let mut lines: Vec<String> = self
            .quads
            .iter()
            .map(|quad| {
                let mut line = String::with_capacity(160);
                quad.write(&mut line, label);
                line
            })
            .collect();
        lines.sort_unstable();
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
    let mut unique: Vec<&Quad> = quads.iter().collect();
    unique.sort_unstable_by(|a, b| {
        (&a.predicate, &a.object, &a.subject, &a.graph).cmp(&(
            &b.predicate,
            &b.object,
            &b.subject,
            &b.graph,
        ))
    });
    unique.dedup();

    let mut nodes = Nodes::default();
    let rendered: Vec<Rendered<'_>> = unique
        .into_iter()
        .map(|quad| Rendered::new(quad, &mut nodes))
        .collect();
    let mentions = mentions(&rendered, nodes.labels.len());

    let first: Vec<Arc<str>> = (0u32..)
        .zip(&mentions)
        .map(|(node, quads)| first_degree(node, quads, &rendered, hash))
        .collect();
    let mut by_hash: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (node, hash) in (0u32..).zip(&first) {
        by_hash.entry(hash).or_default().push(node);
    }

    // §4.4.3 step 4: nodes that a first-degree hash singles out.
    let mut issuer = Issuer::new("c14n");
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

/// Hash First Degree Quads (§4.6): the node is `_:a`, every other blank node `_:z`.
fn first_degree(
    node: u32,
    mentioned: &[u32],
    quads: &[Rendered<'_>],
    hash: HashAlgorithm,
) -> Arc<str> {
    let mut text = String::with_capacity(mentioned.len() * 160);
    let mut ends = Vec::with_capacity(mentioned.len());
    for &index in mentioned {
        if let Some(quad) = quads.get(index as usize) {
            let start = text.len();
            quad.write(&mut text, |other| if other == node { "a" } else { "z" });
            ends.push(start..text.len());
        }
    }
    let line = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
    ends.sort_unstable_by(|a, b| line(a).cmp(line(b)));
    let mut sorted = String::with_capacity(text.len());
    for range in &ends {
        sorted.push_str(line(range));
    }
    hash.hex(sorted.as_bytes())
}
