//! The canonicalization algorithm (RDFC-1.0 §4.4) and first-degree hashes (§4.6).

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::RdfError;
use super::dataset::{Dataset, Lines, Nodes};
use super::issuer::Issuer;
use super::ndegree::NDegree;
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

    /// The digest, with zeros after one that is shorter.
    fn padded(self, data: &[u8]) -> Digest {
        let mut padded = [0; 48];
        match self {
            Self::Sha256 => copy(&mut padded, &sha256(data)),
            Self::Sha384 => copy(&mut padded, &sha384(data)),
        }
        padded
    }

    /// Lowercase hexadecimal digest.
    pub(super) fn hex(self, data: &[u8]) -> Arc<str> {
        match self {
            Self::Sha256 => hex(&sha256(data)),
            Self::Sha384 => hex(&sha384(data)),
        }
    }
}

/// As many bytes as the longest digest has.
type Digest = [u8; 48];

fn copy(to: &mut Digest, from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
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
    dataset: Dataset,
    nodes: Nodes<'a>,
    labels: CanonicalLabels,
}

impl Canonical<'_> {
    /// The canonical N-Quads document: sorted lines, each ending in a line feed.
    #[must_use]
    pub fn to_nquads(&self) -> String {
        let mut out = String::with_capacity(self.dataset.text_len() + 8 * self.dataset.len());
        concat(&self.sorted(&mut Lines::default()), &mut out);
        out
    }

    /// The lines of the canonical N-Quads document, sorted by code point.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Lines::default();
        let sorted = self.sorted(&mut lines);
        sorted.into_iter().map(str::to_owned).collect()
    }

    fn sorted<'l>(&self, lines: &'l mut Lines) -> Vec<&'l str> {
        self.dataset.labelled(lines, |node| self.labels.of(node));
        let mut sorted = lines.sorted();
        sorted.dedup();
        sorted
    }

    /// The canonical label (`c14n0`, …) of the blank node that the input called `label`.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<&str> {
        Some(self.labels.of(self.nodes.find(label)?))
    }

    /// Pairs of input label and canonical label, in the order in which they were issued.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let order = self.labels.order().iter();
        order.filter_map(|&node| Some((self.nodes.label(node)?, self.labels.of(node))))
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
    let (dataset, nodes) = Dataset::of(quads);
    let labels = dataset.canonical_labels(hash, budget)?;
    Ok(Canonical {
        dataset,
        nodes,
        labels,
    })
}

/// The canonical labels of a dataset's blank nodes.
pub(crate) struct CanonicalLabels {
    order: Vec<u32>,
    texts: Vec<String>,
}

impl CanonicalLabels {
    /// Labels in the order in which `order` has the nodes, all of which are below `nodes`.
    fn new(order: Vec<u32>, nodes: usize) -> Self {
        let mut texts = vec![String::new(); nodes];
        for (number, &node) in order.iter().enumerate() {
            if let Some(text) = texts.get_mut(node as usize) {
                *text = format!("{PREFIX}{number}");
            }
        }
        Self { order, texts }
    }

    /// The label of a node, without `_:`.
    pub(crate) fn of(&self, node: u32) -> &str {
        self.texts.get(node as usize).map_or("", String::as_str)
    }

    /// The nodes in the order of the numbers in their labels.
    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }
}

/// What canonical labels begin with (§4.4.2).
const PREFIX: &str = "c14n";

impl Dataset {
    /// The canonical labels; duplicate quads count once.
    ///
    /// # Errors
    /// Those of [`canonicalize`].
    pub(crate) fn canonical_labels(
        &self,
        hash: HashAlgorithm,
        budget: Budget,
    ) -> Result<CanonicalLabels, RdfError> {
        let nodes = self.nodes();
        // A node with no other to be told from: its hash would decide nothing.
        if nodes <= 1 {
            return Ok(CanonicalLabels::new((0..).take(nodes).collect(), nodes));
        }
        let mut seen = set_of(self.len());
        let mentions = self.mentions(|line| seen.insert(self.identity(line)));
        let mut scratch = Scratch::default();
        let first: Vec<Arc<str>> = (0u32..)
            .zip(&mentions)
            .map(|(node, lines)| hash.hex(scratch.first_degree(node, lines, self)))
            .collect();
        let mut by_hash: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (node, hash) in (0u32..).zip(&first) {
            by_hash.entry(hash).or_default().push(node);
        }
        let mut issuer = Issuer::new(PREFIX);

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
            dataset: self,
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
        Ok(CanonicalLabels::new(issuer.order().to_vec(), nodes))
    }

    /// The canonical labels where first-degree hashes alone tell all nodes apart, as in nearly every
    /// credential; `None` where they do not.
    ///
    /// No quad may be there twice. Whoever cannot know that writes the lines with these labels: as no
    /// two nodes share one, lines are equal if and only if the quads are.
    pub(crate) fn simple_labels(&self, hash: HashAlgorithm) -> Option<CanonicalLabels> {
        self.told_apart(hash, &mut Scratch::of(self))
    }

    /// The canonical N-Quads document where first-degree hashes alone tell all nodes apart and no quad
    /// is there twice; `None` otherwise.
    pub(crate) fn simple_nquads(&self, hash: HashAlgorithm) -> Option<String> {
        let mut scratch = Scratch::of(self);
        let labels = self.told_apart(hash, &mut scratch)?;
        let Scratch {
            mut lines,
            mut sorted,
        } = scratch;
        self.labelled(&mut lines, |node| labels.of(node));
        let in_order = lines.sorted();
        if !in_order.is_sorted_by(|a, b| a < b) {
            return None;
        }
        concat(&in_order, &mut sorted);
        Some(sorted)
    }

    fn told_apart(&self, hash: HashAlgorithm, scratch: &mut Scratch) -> Option<CanonicalLabels> {
        let nodes = self.nodes();
        if nodes <= 1 {
            return Some(CanonicalLabels::new((0..).take(nodes).collect(), nodes));
        }
        let mentions = self.mentions(|_| true);
        // A node of no quad is none of the dataset's.
        if mentions.iter().any(Vec::is_empty) {
            return None;
        }
        let mut hashes: Vec<(Digest, u32)> = (0u32..)
            .zip(&mentions)
            .map(|(node, lines)| (hash.padded(scratch.first_degree(node, lines, self)), node))
            .collect();
        hashes.sort_unstable();
        let apart = hashes.is_sorted_by(|a, b| a.0 < b.0);
        apart.then(|| {
            CanonicalLabels::new(hashes.into_iter().map(|(_, node)| node).collect(), nodes)
        })
    }

    /// For each blank node, the lines that mention it, of those that `counts` says are to be looked at;
    /// a line that mentions it twice is listed once.
    fn mentions(&self, mut counts: impl FnMut(u32) -> bool) -> Vec<Vec<u32>> {
        let mut mentions: Vec<Vec<u32>> = vec![Vec::new(); self.nodes()];
        for index in (0..).take(self.len()).filter(|index| counts(*index)) {
            for hole in self.holes(index) {
                if let Some(list) = mentions.get_mut(hole.node as usize)
                    && list.last() != Some(&index)
                {
                    list.push(index);
                }
            }
        }
        mentions
    }
}

/// Puts lines one after another in place of what `out` had.
fn concat(lines: &[&str], out: &mut String) {
    out.clear();
    for line in lines {
        out.push_str(line);
    }
}

/// Room for the lines of one node after another.
#[derive(Default)]
struct Scratch {
    lines: Lines,
    sorted: String,
}

impl Scratch {
    /// Room for all lines of `dataset` with labels of some length.
    fn of(dataset: &Dataset) -> Self {
        let bytes = dataset.text_len() + 8 * dataset.len();
        Self {
            lines: Lines::with_capacity(dataset.len(), bytes),
            sorted: String::with_capacity(bytes),
        }
    }

    /// What Hash First Degree Quads (§4.6) hashes: the node is `_:a`, every other blank node `_:z`.
    fn first_degree(&mut self, node: u32, mentioned: &[u32], dataset: &Dataset) -> &[u8] {
        let label = |other| if other == node { "a" } else { "z" };
        self.lines.clear();
        for &index in mentioned {
            self.lines.push(|out| dataset.write(index, out, label));
        }
        concat(&self.lines.sorted(), &mut self.sorted);
        self.sorted.as_bytes()
    }
}
