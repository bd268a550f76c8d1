//! A quick keyed hash for tables of short strings: terms, labels, statements.
//!
//! The standard library's SipHash costs more than the look-ups it serves here. This one folds 64-bit
//! products with a secret drawn once per process, so that whoever writes a document cannot choose
//! colliding keys ahead of time.

use core::hash::{BuildHasher, Hasher};
use std::hash::RandomState;

use crate::table::Lazy;

/// Builds [`FastHasher`]s that share the process's secret.
#[derive(Clone, Default)]
pub(crate) struct FastHash;

static SECRET: Lazy<[u64; 2]> = Lazy::new(|| {
    let source = RandomState::new();
    [source.hash_one(0u8), source.hash_one(1u8) | 1]
});

impl BuildHasher for FastHash {
    type Hasher = FastHasher;

    fn build_hasher(&self) -> FastHasher {
        let [state, key] = *SECRET;
        FastHasher { state, key }
    }
}

/// See the module.
pub(crate) struct FastHasher {
    state: u64,
    key: u64,
}

impl FastHasher {
    fn fold(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.key);
        let [low, high] = [product as u64, (product >> 64) as u64];
        self.state = low ^ high.rotate_left(23) ^ self.key;
    }
}

impl Hasher for FastHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.fold(u64::from_le_bytes(*word));
        }
        // What is left over: the last eight bytes, or two halves that may overlap.
        let last = match (bytes.last_chunk(), bytes.first_chunk(), bytes.last_chunk()) {
            (Some(last), _, _) => u64::from_le_bytes(*last),
            (None, Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
            }
            _ => rest
                .iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        self.fold(last ^ (bytes.len() as u64) << 56);
    }

    fn write_u8(&mut self, byte: u8) {
        self.fold(u64::from(byte));
    }

    fn write_u32(&mut self, word: u32) {
        self.fold(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.fold(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.fold(word as u64);
    }

    fn finish(&self) -> u64 {
        self.state ^ self.state >> 29
    }
}
