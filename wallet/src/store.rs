//! The wallet's memory: one sealed file, locked while open, replaced whole at each change.
//!
//! Why one file and not a database is in `docs/decisions/0010-wallet-store.md`.

mod backup;
mod contents;
mod envelope;
mod files;

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SecureRandom;

pub use backup::{Backup, BackupKind, Restored};
pub use contents::{
    AuthenticatedBy, Contents, CredentialBody, CredentialSet, DeferredIssuance, ForeignSet,
    HistoryEntry, HistoryEvent, OneTimeCredential, PendingSession, Renewal, Settings,
    TrustedIssuer,
};
pub use envelope::KeyStretching;

use crate::error::Error;
use crate::secret::{Passphrase, StoredKey};
use envelope::{Envelope, Kind};
use files::{create_private_folder, io, lock, read_bounded, replace};

const FILE: &str = "wallet.sealed";
const FRESH: &str = "wallet.sealed.new";
const LOCK: &str = "wallet.lock";

/// An open wallet. While it lives no other process can open the same folder. Has no `Debug`.
pub struct Store {
    folder: PathBuf,
    envelope: Envelope,
    contents: Contents,
    _lock: File,
}

impl Store {
    /// Makes a new wallet in `folder` (created when missing, mode 0700), with a fresh device key.
    ///
    /// # Errors
    /// [`Error::StoreExists`], [`Error::StoreLocked`], [`Error::StoreIo`], [`Error::Randomness`].
    pub fn create(
        folder: &Path,
        passphrase: &Passphrase,
        stretching: KeyStretching,
        rng: &dyn SecureRandom,
    ) -> Result<Self, Error> {
        let contents = Contents::new(StoredKey::generate(rng)?);
        Self::create_with(folder, passphrase, stretching, rng, contents)
    }

    fn create_with(
        folder: &Path,
        passphrase: &Passphrase,
        stretching: KeyStretching,
        rng: &dyn SecureRandom,
        contents: Contents,
    ) -> Result<Self, Error> {
        create_private_folder(folder)?;
        let lock = lock(folder)?;
        if Self::exists(folder)? {
            return Err(Error::StoreExists);
        }
        let store = Self {
            folder: folder.to_owned(),
            envelope: Envelope::create(Kind::Wallet, passphrase, stretching, rng)?,
            contents,
            _lock: lock,
        };
        store.write(rng)?;
        Ok(store)
    }

    /// Opens the wallet in `folder`.
    ///
    /// # Errors
    /// [`Error::StoreMissing`], [`Error::StoreLocked`], [`Error::StoreDamaged`], [`Error::StoreNewer`],
    /// [`Error::WrongPassphrase`], [`Error::StoreIo`].
    pub fn open(folder: &Path, passphrase: &Passphrase) -> Result<Self, Error> {
        if !Self::exists(folder)? {
            return Err(Error::StoreMissing);
        }
        let lock = lock(folder)?;
        let file = read_bounded(&folder.join(FILE))?;
        let (envelope, clear) = Envelope::open(Kind::Wallet, &file, passphrase)?;
        Ok(Self {
            folder: folder.to_owned(),
            envelope,
            contents: Contents::from_bytes(&clear)?,
            _lock: lock,
        })
    }

    /// Whether there is a wallet in `folder`; needs no passphrase.
    ///
    /// # Errors
    /// [`Error::StoreIo`] where that cannot be found out: a folder of somebody else's is not an empty one.
    pub fn exists(folder: &Path) -> Result<bool, Error> {
        folder
            .join(FILE)
            .try_exists()
            .or_else(|error| match error.kind() {
                ErrorKind::NotADirectory => Ok(false),
                _ => Err(io(error)),
            })
    }

    /// What the wallet holds.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Changes the contents. When this returns `Ok`, the change is on the disk; when it returns an error, nothing
    /// changed, in memory or on disk.
    ///
    /// # Errors
    /// What `change` returns, or the store's own errors.
    pub fn update<T>(
        &mut self,
        rng: &dyn SecureRandom,
        change: impl FnOnce(&mut Contents) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let outcome = change(&mut self.contents).and_then(|value| self.write(rng).map(|()| value));
        if outcome.is_err() {
            // The file is still the old one: go back to it.
            let clear = self
                .envelope
                .reopen(&read_bounded(&self.folder.join(FILE))?)?;
            self.contents = Contents::from_bytes(&clear)?;
        }
        outcome
    }

    /// Seals the wallet under another passphrase, with a new data key: who knew the old passphrase and keeps an old copy
    /// of the file can open that copy, and nothing written from now on.
    ///
    /// # Errors
    /// Store errors; then the old passphrase stays.
    pub fn change_passphrase(
        &mut self,
        passphrase: &Passphrase,
        stretching: KeyStretching,
        rng: &dyn SecureRandom,
    ) -> Result<(), Error> {
        let fresh = Envelope::create(Kind::Wallet, passphrase, stretching, rng)?;
        let old = std::mem::replace(&mut self.envelope, fresh);
        let outcome = self.write(rng);
        if outcome.is_err() {
            self.envelope = old;
        }
        outcome
    }

    /// Removes the wallet with everything in it. The sealed keys are overwritten first: a file system that only unlinks
    /// would leave a file that the passphrase opens.
    ///
    /// # Errors
    /// [`Error::StoreIo`].
    pub fn destroy(self) -> Result<(), Error> {
        for name in [FILE, FRESH] {
            files::shred(&self.folder.join(name), envelope::HEADER_LEN)?;
        }
        files::remove(&self.folder.join(LOCK))?;
        // Not ours to force: the holder may keep other things in it.
        let _ = std::fs::remove_dir(&self.folder);
        Ok(())
    }

    /// Seals and replaces.
    fn write(&self, rng: &dyn SecureRandom) -> Result<(), Error> {
        let clear = self.contents.to_bytes()?;
        let sealed = self.envelope.seal(&clear, rng)?;
        replace(&self.folder.join(FRESH), &self.folder.join(FILE), &sealed)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use aws_lc_rs::rand::SystemRandom;

    fn words(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    fn fresh(folder: &Path) -> Store {
        Store::create(
            folder,
            &words("right"),
            KeyStretching::HAZMAT_TESTING_ONLY,
            &SystemRandom::new(),
        )
        .unwrap()
    }

    fn refusal(outcome: Result<Store, Error>) -> String {
        outcome.err().unwrap().code().to_owned()
    }

    fn remember(store: &mut Store, id: &str) {
        store
            .update(&SystemRandom::new(), |contents| {
                contents.pending = Some(PendingSession::example(id));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_change_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        remember(&mut fresh(folder.path()), "abc");
        let store = Store::open(folder.path(), &words("right")).unwrap();
        assert_eq!(store.contents().pending.as_ref().unwrap().session_id, "abc");
        assert!(!folder.path().join(FRESH).exists());
    }

    #[test]
    fn each_refusal_has_its_own_code() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(refusal(Store::open(path, &words("right"))), "store_missing");
        let store = fresh(path);
        assert_eq!(refusal(Store::open(path, &words("right"))), "store_locked");
        // Below a file there is no folder; where nothing can be found out, that is said.
        let below = path.join(FILE).join("x");
        assert_eq!(
            refusal(Store::open(&below, &words("right"))),
            "store_missing"
        );
        let unnameable = path.join("x".repeat(300));
        assert_eq!(
            refusal(Store::open(&unnameable, &words("right"))),
            "store_io"
        );
        drop(store);
        assert_eq!(
            refusal(Store::open(path, &words("wrong"))),
            "wrong_passphrase"
        );
        let again = Store::create(
            path,
            &words("right"),
            KeyStretching::HAZMAT_TESTING_ONLY,
            &SystemRandom::new(),
        );
        assert_eq!(refusal(again), "store_exists");
        let mut bytes = std::fs::read(path.join(FILE)).unwrap();
        bytes.truncate(bytes.len() / 2);
        std::fs::write(path.join(FILE), bytes).unwrap();
        assert_eq!(refusal(Store::open(path, &words("right"))), "store_damaged");
    }

    /// Written by a build that knows more: this one would drop what it does not know with the next change.
    #[test]
    fn contents_of_a_later_version_are_left_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let store = fresh(folder.path());
        let clear = store.contents.to_bytes().unwrap();
        let mut later: serde_json::Value = serde_json::from_slice(&clear).unwrap();
        later["version"] = (Contents::VERSION + 1).into();
        let sealed = store
            .envelope
            .seal(later.to_string().as_bytes(), &SystemRandom::new());
        drop(store);
        let sealed = sealed.unwrap();
        std::fs::write(&path, &sealed).unwrap();
        let outcome = Store::open(folder.path(), &words("right"));
        assert_eq!(refusal(outcome), "store_newer");
        assert_eq!(std::fs::read(&path).unwrap(), sealed);
    }

    #[test]
    fn a_failed_change_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = fresh(folder.path());
        remember(&mut store, "kept");
        let outcome: Result<(), Error> = store.update(&SystemRandom::new(), |contents| {
            contents.pending = None;
            Err(Error::SessionMissing)
        });
        assert_eq!(outcome.unwrap_err().code(), "session_missing");
        assert_eq!(
            store.contents().pending.as_ref().unwrap().session_id,
            "kept"
        );
    }

    #[test]
    fn a_write_that_was_cut_short_is_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        remember(&mut fresh(folder.path()), "old");
        // What a crash between creating the new file and renaming it leaves.
        std::fs::write(folder.path().join(FRESH), b"half").unwrap();
        let mut store = Store::open(folder.path(), &words("right")).unwrap();
        assert_eq!(store.contents().pending.as_ref().unwrap().session_id, "old");
        remember(&mut store, "new");
        drop(store);
        let store = Store::open(folder.path(), &words("right")).unwrap();
        assert_eq!(store.contents().pending.as_ref().unwrap().session_id, "new");
    }

    #[test]
    fn nothing_readable_reaches_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        remember(&mut fresh(folder.path()), "find-me-if-you-can");
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let found = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
            assert!(!found(b"find-me") && !found(b"device_key") && !found(b"session"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("wallet");
        drop(fresh(&folder));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(FILE)), 0o600);
    }
}
