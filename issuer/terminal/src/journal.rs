//! What a terminal remembers of a session in which it may lose the network or its power: which session, which challenge,
//! until when. No photograph, nothing of the card, no code.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::TerminalError;
use crate::private_file;

/// Four short texts.
const MAX_FILE: u64 = 4096;

/// Evidence that was sent and not yet answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The issuer's public URL.
    pub issuer: String,
    /// The session.
    pub session: String,
    /// The nonce that was answered.
    pub nonce: String,
    /// When the challenge ends (Unix seconds): evidence for it is of no use after that.
    pub expires: i64,
}

/// Keeps at most one [`Pending`].
pub trait Journal {
    /// What is pending, if anything.
    ///
    /// # Errors
    /// [`TerminalError::Journal`].
    fn pending(&self) -> Result<Option<Pending>, TerminalError>;

    /// Keeps it; it is durable before this returns.
    ///
    /// # Errors
    /// [`TerminalError::Journal`]: nothing may be sent then.
    fn keep(&mut self, pending: &Pending) -> Result<(), TerminalError>;

    /// Forgets it.
    ///
    /// # Errors
    /// [`TerminalError::Journal`].
    fn forget(&mut self) -> Result<(), TerminalError>;
}

/// A journal that ends with the process: for tests and demonstrations.
#[derive(Debug, Default)]
pub struct MemoryJournal(Option<Pending>);

impl Journal for MemoryJournal {
    fn pending(&self) -> Result<Option<Pending>, TerminalError> {
        Ok(self.0.clone())
    }

    fn keep(&mut self, pending: &Pending) -> Result<(), TerminalError> {
        self.0 = Some(pending.clone());
        Ok(())
    }

    fn forget(&mut self) -> Result<(), TerminalError> {
        self.0 = None;
        Ok(())
    }
}

/// A journal in a file.
#[derive(Debug)]
pub struct FileJournal(PathBuf);

impl FileJournal {
    /// A journal in this file, which need not be there.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl Journal for FileJournal {
    fn pending(&self) -> Result<Option<Pending>, TerminalError> {
        if !self.0.exists() {
            return Ok(None);
        }
        let bytes = private_file::read(&self.0, MAX_FILE)
            .map_err(|error| TerminalError::Journal(error.to_string()))?;
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| TerminalError::Journal(format!("{} is damaged", self.0.display())))
    }

    fn keep(&mut self, pending: &Pending) -> Result<(), TerminalError> {
        let bytes = serde_json::to_vec(pending)
            .map_err(|error| TerminalError::Journal(error.to_string()))?;
        private_file::replace(&self.0, &bytes)
            .map_err(|error| TerminalError::Journal(error.to_string()))
    }

    fn forget(&mut self) -> Result<(), TerminalError> {
        private_file::remove(&self.0).map_err(|error| TerminalError::Journal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_pending_survives_and_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terminal.session");
        let pending = Pending {
            issuer: "https://issuer.example".to_owned(),
            session: "session".to_owned(),
            nonce: "nonce".to_owned(),
            expires: 1_790_000_000,
        };
        let mut journal = FileJournal::at(&path);
        assert_eq!(journal.pending().unwrap(), None);
        journal.keep(&pending).unwrap();
        assert_eq!(FileJournal::at(&path).pending().unwrap(), Some(pending));
        journal.forget().unwrap();
        journal.forget().unwrap();
        assert_eq!(journal.pending().unwrap(), None);
        std::fs::write(&path, "{").unwrap();
        assert!(journal.pending().is_err());
    }
}
