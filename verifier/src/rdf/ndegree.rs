//! Hash N-Degree Quads (RDFC-1.0 §4.8), paid for out of a [`Budget`].

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::RdfError;
use super::canonical::{Budget, HashAlgorithm};
use super::dataset::{Dataset, Hole, Position};
use super::issuer::Issuer;

/// The state shared by the recursive calls.
pub(super) struct NDegree<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) mentions: &'a [Vec<u32>],
    pub(super) first: &'a [Arc<str>],
    pub(super) hash: HashAlgorithm,
    pub(super) budget: Budget,
}

/// The best path so far through one group of related nodes.
type Chosen = Option<(String, Issuer)>;

impl NDegree<'_> {
    /// The n-degree hash of `node`, and `issuer` extended along the chosen paths.
    pub(super) fn hash(
        &mut self,
        node: u32,
        mut issuer: Issuer,
        canonical: &Issuer,
    ) -> Result<(Arc<str>, Issuer), RdfError> {
        let related = self.related(node, &issuer, canonical)?;
        let mut data = String::new();
        for (hash, mut nodes) in related {
            data.push_str(&hash);
            nodes.sort_unstable();
            self.budget.check_permutations(nodes.len())?;
            let mut chosen: Chosen = None;
            loop {
                self.follow(&nodes, &issuer, canonical, &mut chosen)?;
                if !next_permutation(&mut nodes) {
                    break;
                }
            }
            if let Some((path, extended)) = chosen {
                data.push_str(&path);
                issuer = extended;
            }
        }
        Ok((self.hash.hex(data.as_bytes()), issuer))
    }

    /// Steps 1 to 3: the other blank nodes of the node's quads, grouped by related hash.
    fn related(
        &mut self,
        node: u32,
        issuer: &Issuer,
        canonical: &Issuer,
    ) -> Result<BTreeMap<Arc<str>, Vec<u32>>, RdfError> {
        let mut groups: BTreeMap<Arc<str>, Vec<u32>> = BTreeMap::new();
        let (dataset, mentions) = (self.dataset, self.mentions);
        for &index in mentions.get(node as usize).into_iter().flatten() {
            for hole in dataset.holes(index).filter(|hole| hole.node != node) {
                self.budget.spend(1)?;
                let predicate = dataset.predicate(index);
                let hash = self.related_hash(hole, predicate, issuer, canonical);
                groups.entry(hash).or_default().push(hole.node);
            }
        }
        Ok(groups)
    }

    /// Hash Related Blank Node (§4.7).
    fn related_hash(
        &self,
        hole: Hole,
        predicate: &str,
        issuer: &Issuer,
        canonical: &Issuer,
    ) -> Arc<str> {
        let mut input = String::with_capacity(160);
        input.push(hole.position.letter());
        if hole.position != Position::Graph {
            input.push_str(predicate);
        }
        match canonical
            .label(hole.node)
            .or_else(|| issuer.label(hole.node))
        {
            Some(label) => {
                input.push_str("_:");
                input.push_str(label);
            }
            None => {
                input.push_str(self.first.get(hole.node as usize).map_or("", |hash| hash));
            }
        }
        self.hash.hex(input.as_bytes())
    }

    /// Step 5.4: the path along one permutation, kept in `chosen` if it is the least so far.
    fn follow(
        &mut self,
        nodes: &[u32],
        issuer: &Issuer,
        canonical: &Issuer,
        chosen: &mut Chosen,
    ) -> Result<(), RdfError> {
        let worse = |path: &str, chosen: &Chosen| {
            chosen
                .as_ref()
                .is_some_and(|(best, _)| path.len() >= best.len() && path > best.as_str())
        };
        // Copying the issuer is work too.
        self.budget.spend(nodes.len() + issuer.order().len() / 8)?;
        let mut issuer = issuer.clone();
        let mut path = String::new();
        let mut recursion = Vec::new();
        for &node in nodes {
            path.push_str("_:");
            if let Some(label) = canonical.label(node) {
                path.push_str(label);
            } else {
                if issuer.label(node).is_none() {
                    recursion.push(node);
                }
                path.push_str(&issuer.issue(node));
            }
            if worse(&path, chosen) {
                return Ok(());
            }
        }
        for node in recursion {
            let (hash, extended) = self.hash(node, issuer.clone(), canonical)?;
            path.push_str("_:");
            path.push_str(&issuer.issue(node));
            path.push('<');
            path.push_str(&hash);
            path.push('>');
            issuer = extended;
            if worse(&path, chosen) {
                return Ok(());
            }
        }
        if chosen.as_ref().is_none_or(|(best, _)| path < *best) {
            *chosen = Some((path, issuer));
        }
        Ok(())
    }
}

/// The next permutation in lexicographic order; `false` after the last.
fn next_permutation(items: &mut [u32]) -> bool {
    let Some(pivot) = items.windows(2).rposition(|pair| pair[0] < pair[1]) else {
        return false;
    };
    if let Some(swap) = items.iter().rposition(|&item| item > items[pivot]) {
        items.swap(pivot, swap);
    }
    items[pivot + 1..].reverse();
    true
}
