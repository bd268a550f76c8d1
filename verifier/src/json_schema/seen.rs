//! Which members or elements of a value its schemas have evaluated (Core §10.3, §11): the annotation that
//! `unevaluatedProperties` and `unevaluatedItems` ask for.

use alloc::vec::Vec;

/// Positions of children in their value. Nothing is noted, and nothing allocated, until the first one is added.
#[derive(Default)]
pub(super) struct Seen(Vec<u64>);

impl Seen {
    pub(super) fn add(&mut self, index: usize) {
        let word = index / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (index % 64);
        }
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.0
            .get(index / 64)
            .is_some_and(|bits| bits >> (index % 64) & 1 == 1)
    }

    /// Adds what another schema has seen of the same value, and tells what that took: one for each 64 children.
    pub(super) fn merge(&mut self, other: &Self) -> usize {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (bits, more) in self.0.iter_mut().zip(&other.0) {
            *bits |= more;
        }
        other.0.len()
    }
}
