//! A transaction over one sled tree: read through an overlay, then one atomic batch.
//!
//! One thread writes, so what a transaction read is still true when its batch is applied. sled recovers a batch whole or
//! not at all.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// What kinds of key there are: the first byte of each.
pub(super) mod kind {
    pub(crate) const SESSION: u8 = b's';
    pub(crate) const CODE: u8 = b'c';
    pub(crate) const GRANT: u8 = b'g';
    pub(crate) const NONCE: u8 = b'n';
    pub(crate) const CHALLENGE: u8 = b'h';
    pub(crate) const STATEMENT: u8 = b'j';
    pub(crate) const RELAY: u8 = b'k';
    pub(crate) const FAILURES: u8 = b'f';
    pub(crate) const ISSUANCE: u8 = b'i';
    pub(crate) const BY_PERSON: u8 = b'p';
    pub(crate) const BARRED: u8 = b'b';
    pub(crate) const INTENDED: u8 = b'o';
    pub(crate) const LIST: u8 = b'l';
    pub(crate) const RESERVED: u8 = b'r';
    pub(crate) const REVOKED: u8 = b'v';
    pub(crate) const TERMINAL: u8 = b't';
    pub(crate) const ANSWERED: u8 = b'w';
    pub(crate) const OPERATOR: u8 = b'a';
    pub(crate) const BY_TERMINAL: u8 = b'd';
    pub(crate) const BARRED_TERMINAL: u8 = b'e';
    pub(crate) const PARTY: u8 = b'y';
    pub(crate) const DEFERRED: u8 = b'z';
    pub(crate) const REVIEW: u8 = b'u';
    pub(crate) const DECIDED: u8 = b'D';
    pub(crate) const PLACE: u8 = b'q';
    pub(crate) const PUSHED: u8 = b'P';
    pub(crate) const BROWSER: u8 = b'B';
    pub(crate) const AUTHORIZATION_CODE: u8 = b'A';
    pub(crate) const REFRESH: u8 = b'R';
    pub(crate) const CLIENT: u8 = b'C';
    pub(crate) const ONCE: u8 = b'O';
    pub(crate) const LIVENESS: u8 = b'3';
    pub(crate) const DRAWS: u8 = b'm';
    pub(crate) const FRAME: u8 = b'1';
    pub(crate) const ALIKE: u8 = b'2';
    pub(crate) const EXPIRY: u8 = b'x';
}

/// The key of `kind` made of parts. Parts are separated by a zero byte, which no identifier contains.
pub(super) fn key(kind: u8, parts: &[&str]) -> Vec<u8> {
    let mut key = vec![kind];
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            key.push(0);
        }
        key.extend_from_slice(part.as_bytes());
    }
    key
}

/// A key whose last part is a number, in order.
pub(super) fn indexed(kind: u8, name: &str, index: u32) -> Vec<u8> {
    let mut key = key(kind, &[name, ""]);
    key.extend_from_slice(&index.to_be_bytes());
    key
}

/// A key whose first part is a moment, so that keys of a kind lie in the order of time; moments before 1970 are one.
pub(super) fn timed(kind: u8, moment: i64, name: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + 8 + name.len());
    key.push(kind);
    key.extend_from_slice(&u64::try_from(moment).unwrap_or(0).to_be_bytes());
    key.extend_from_slice(name);
    key
}

/// The moment of a [`timed`] key and what comes after it.
pub(super) fn moment(key: &[u8]) -> Option<(u64, &[u8])> {
    let (moment, name) = key.get(1..)?.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*moment), name))
}

/// The range of keys that begin with `kind` and the whole parts given.
pub(super) fn prefix(kind: u8, parts: &[&str]) -> Vec<u8> {
    let mut prefix = vec![kind];
    for part in parts {
        prefix.extend_from_slice(part.as_bytes());
        prefix.push(0);
    }
    prefix
}

/// A leaf of sled's tree holds at most 16 values, and one beyond 128 KiB is written to a file of its own, which the
/// durability barrier does not reach. Values of this size cannot make one.
const VALUE_BYTES_MAX: usize = 6 * 1024;

/// An open transaction.
pub(super) struct Tx<'a> {
    tree: &'a sled::Tree,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(tree: &'a sled::Tree) -> Self {
        Self {
            tree,
            writes: BTreeMap::new(),
        }
    }

    pub(super) fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        if let Some(written) = self.writes.get(key) {
            return written.as_deref().map(decode).transpose();
        }
        match self.tree.get(key).map_err(engine)? {
            Some(bytes) => decode(&bytes).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.is_some()),
            None => self.tree.contains_key(key).map_err(engine),
        }
    }

    pub(super) fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(value).map_err(engine)?;
        if bytes.len() > VALUE_BYTES_MAX {
            return Err(StoreError::Engine("a record is too large".to_owned()));
        }
        self.writes.insert(key, Some(bytes));
        Ok(())
    }

    /// Puts a value that [`super::Store::sweep`] removes after `expires`.
    pub(super) fn put_until<T: Serialize>(
        &mut self,
        key: Vec<u8>,
        value: &T,
        expires: i64,
    ) -> Result<(), StoreError> {
        self.sweep_at(&key, expires);
        self.put(key, value)
    }

    /// Lets the sweep come to `key` after `expires`.
    pub(super) fn sweep_at(&mut self, key: &[u8], expires: i64) {
        self.writes.insert(mark(key, expires), Some(Vec::new()));
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// The keys in the tree that begin with `prefix`. Does not see this transaction's own writes.
    pub(super) fn keys(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.tree
            .scan_prefix(prefix)
            .keys()
            .map(|key| key.map(|k| k.to_vec()).map_err(engine))
            .collect()
    }

    /// At most `most` keys in the tree that begin with `prefix`, in order.
    pub(super) fn first_keys(
        &self,
        prefix: &[u8],
        most: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.tree
            .scan_prefix(prefix)
            .keys()
            .take(most)
            .map(|key| key.map(|k| k.to_vec()).map_err(engine))
            .collect()
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        if self.writes.is_empty() {
            return Ok(());
        }
        let mut batch = sled::Batch::default();
        for (key, value) in self.writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.tree.apply_batch(batch).map_err(engine)
    }
}

/// What the sweep finds `key` by.
fn mark(key: &[u8], expires: i64) -> Vec<u8> {
    timed(kind::EXPIRY, expires, key)
}

/// Reads every value whose key begins with `prefix`.
pub(super) fn values<T: DeserializeOwned>(
    tree: &sled::Tree,
    prefix: &[u8],
) -> Result<Vec<T>, StoreError> {
    tree.scan_prefix(prefix)
        .values()
        .map(|value| value.map_err(engine).and_then(|bytes| decode(&bytes)))
        .collect()
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    // The cause is not passed on: it could quote the record.
    serde_json::from_slice(bytes)
        .map_err(|_| StoreError::Engine("a record cannot be read".to_owned()))
}

pub(super) fn engine(error: impl std::fmt::Display) -> StoreError {
    StoreError::Engine(error.to_string())
}
