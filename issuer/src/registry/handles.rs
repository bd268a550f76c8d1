//! Handles: random names under which the store knows persons.
//!
//! The store, its log and its backups hold no register number. Which number a handle stands for is in one file beside
//! the register, which is replaced whole when it changes. To erase a person is to forget the handle: what is left in
//! the store, in old pages of its log and in backups of it then belongs to nobody.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::RegistryError;
use crate::environment::{Entropy, identifier, token};

/// The file's name, beside `persons.json`.
pub(super) const FILE: &str = "handles.json";

/// Which handle stands for which number.
#[derive(Clone)]
pub(super) struct Handles {
    stored: Stored,
    numbers: HashMap<String, String>,
}

#[derive(Clone, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// Under which numbers that are nobody's are digested.
    key: String,
    #[zeroize(skip)]
    handles: HashMap<String, String>,
}

impl Handles {
    /// Reads the file of a folder; without one, no number has a handle yet.
    pub(super) fn open(folder: &Path, entropy: &dyn Entropy) -> Result<Self, RegistryError> {
        let path = folder.join(FILE);
        let stored = if path.exists() {
            let mut bytes = std::fs::read(path)?;
            let stored = serde_json::from_slice(&bytes);
            bytes.zeroize();
            stored.map_err(|_| RegistryError::HandlesMalformed)?
        } else {
            Stored {
                key: token(entropy),
                handles: HashMap::new(),
            }
        };
        Ok(Self::of(stored))
    }

    fn of(stored: Stored) -> Self {
        let numbers = stored
            .handles
            .iter()
            .map(|(number, handle)| (handle.clone(), number.clone()))
            .collect();
        Self { stored, numbers }
    }

    /// The same with a handle for each of these numbers; those it has, and those that left the register, are kept.
    pub(super) fn with<'a>(
        &self,
        numbers: impl IntoIterator<Item = &'a str>,
        entropy: &dyn Entropy,
    ) -> Self {
        let mut stored = self.stored.clone();
        for number in numbers {
            if !stored.handles.contains_key(number) {
                stored
                    .handles
                    .insert(number.to_owned(), identifier(entropy));
            }
        }
        Self::of(stored)
    }

    /// The same without this number.
    pub(super) fn without(&self, number: &str) -> Self {
        let mut stored = self.stored.clone();
        stored.handles.remove(number);
        Self::of(stored)
    }

    /// Writes the file anew.
    pub(super) fn write(&self, folder: &Path) -> Result<(), RegistryError> {
        let mut text =
            serde_json::to_vec(&self.stored).map_err(|_| RegistryError::HandlesMalformed)?;
        let written = crate::files::replace(&folder.join(FILE), |file| file.write_all(&text));
        text.zeroize();
        Ok(written?)
    }

    /// The handle of a number, if it has one.
    pub(super) fn known(&self, number: &str) -> Option<&str> {
        self.stored.handles.get(number).map(String::as_str)
    }

    /// The handle of a number, whether or not it is anybody's: a number without one is digested under a key of this
    /// register, into a name of the same form.
    pub(super) fn of_number(&self, number: &str) -> String {
        if let Some(handle) = self.known(number) {
            return handle.to_owned();
        }
        let key =
            aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, self.stored.key.as_bytes());
        let digest = aws_lc_rs::hmac::sign(&key, number.as_bytes());
        let mut name: Vec<u8> = digest.as_ref().iter().take(16).copied().collect();
        if let Some(first) = name.first_mut() {
            *first &= 0x7f;
        }
        URL_SAFE_NO_PAD.encode(name)
    }

    /// The number a handle stands for.
    pub(super) fn number(&self, handle: &str) -> Option<&str> {
        self.numbers.get(handle).map(String::as_str)
    }
}
