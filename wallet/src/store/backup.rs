//! Backups: one sealed file from which a wallet begins on another machine.
//!
//! A *copy* carries everything but the one-time credentials; the restored wallet has the issuer give new ones to the
//! same device key, which retires those here. A *move* carries them too, and takes them out of this wallet first, so
//! that they are never in two wallets. Why: `docs/decisions/0020-backups.md`.
//!
//! The file is an envelope like the store's, under a passphrase and a magic of its own, around
//! `{"version", "made_at", "moved", "wallet"}`.

use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use tessera_verifier::time::Timestamp;

use super::contents::{Contents, Form, HistoryEntry, HistoryEvent, Leaving, to_exact_bytes};
use super::envelope::{Envelope, HEADER_LEN, KeyStretching, Kind};
use super::{Store, files};
use crate::error::Error;
use crate::secret::{Passphrase, StoredKey};
use crate::surroundings::Surroundings;

/// The form of a backup this build writes.
const VERSION: u16 = 1;

/// Whether one-time credentials are in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupKind {
    /// They stay in the wallet it was made of.
    Copy,
    /// They left that wallet, and are good where this is restored.
    Move,
}

/// An opened backup. Has no `Debug`: it holds keys.
pub struct Backup {
    path: PathBuf,
    body: Body<Contents>,
}

#[derive(Serialize, Deserialize)]
struct Body<T> {
    version: u16,
    made_at: i64,
    moved: bool,
    wallet: T,
}

/// What restoring has made.
pub struct Restored {
    /// The new wallet, open.
    pub store: Store,
    /// Whether the file of a move could not be removed, so that it must be by hand.
    pub file_left: bool,
}

impl Backup {
    /// Reads and opens a backup.
    ///
    /// # Errors
    /// [`Error::FileUnreadable`], [`Error::BackupDamaged`], [`Error::BackupNewer`], [`Error::WrongPassphrase`].
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, Error> {
        let file = files::read_bounded(path).map_err(|_| Error::FileUnreadable {
            file: path.display().to_string(),
        })?;
        let (_, clear) = Envelope::open(Kind::Backup, &file, passphrase).map_err(of_backup)?;
        let form: Body<Form> = serde_json::from_slice(&clear).map_err(|_| Error::BackupDamaged)?;
        for (found, supported) in [
            (form.version, VERSION),
            (form.wallet.version, Contents::VERSION),
        ] {
            if found > supported {
                return Err(Error::BackupNewer { found, supported });
            }
        }
        let mut body: Body<Contents> =
            serde_json::from_slice(&clear).map_err(|_| Error::BackupDamaged)?;
        body.wallet.version = Contents::VERSION;
        Ok(Self {
            path: path.to_owned(),
            body,
        })
    }

    /// Whether one-time credentials are in it.
    #[must_use]
    pub fn kind(&self) -> BackupKind {
        if self.body.moved {
            BackupKind::Move
        } else {
            BackupKind::Copy
        }
    }

    /// When it was made.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        Timestamp::from_unix(self.body.made_at)
    }
}

impl Store {
    /// Writes a backup of this wallet to a new file. After a [`BackupKind::Move`] this wallet is as good as new, with a
    /// device key of its own.
    ///
    /// A move that was interrupted is finished by the next: until then nothing of what was moving can be shown.
    ///
    /// # Errors
    /// [`Error::FileExists`], [`Error::FileUnwritable`], store errors. When a move fails after it began,
    /// [`Store::is_moving`] is true.
    pub fn back_up(
        &mut self,
        path: &Path,
        kind: BackupKind,
        passphrase: &Passphrase,
        stretching: KeyStretching,
        surroundings: Surroundings<'_>,
    ) -> Result<(), Error> {
        if path.try_exists().map_err(|_| Error::FileUnwritable)? {
            return Err(Error::FileExists);
        }
        let (rng, now) = (surroundings.rng, surroundings.clock.now().unix());
        let envelope = Envelope::create(Kind::Backup, passphrase, stretching, rng)?;
        let write = |body: &Body<&Contents>| {
            let sealed = envelope.seal(&to_exact_bytes(body)?, rng)?;
            files::replace(&beside(path, rng)?, path, &sealed)
                .map_err(|_| Error::FileUnwritable)?;
            // A backup that does not open is none, and a move would take the wallet with it.
            let back = files::read_bounded(path).map_err(|_| Error::FileUnwritable)?;
            envelope.reopen(&back).map(drop).map_err(of_backup)
        };
        match kind {
            BackupKind::Copy => {
                write(&Body {
                    version: VERSION,
                    made_at: now,
                    moved: false,
                    wallet: &self.contents.copy(),
                })?;
                self.update(rng, |contents| {
                    contents.remember(HistoryEntry {
                        at: now,
                        event: HistoryEvent::BackedUp,
                    });
                    Ok(())
                })
            }
            BackupKind::Move => {
                if !self.is_moving() {
                    self.update(rng, |contents| leave(contents, now, rng))?;
                }
                if let Some(leaving) = &self.contents.leaving {
                    write(&Body {
                        version: VERSION,
                        made_at: leaving.since,
                        moved: true,
                        wallet: &leaving.contents,
                    })?;
                }
                self.update(rng, |contents| {
                    contents.leaving = None;
                    Ok(())
                })
            }
        }
    }

    /// Whether a move began and did not reach its file. [`Store::back_up`] with [`BackupKind::Move`] finishes it.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.contents.leaving.is_some()
    }

    /// Makes a wallet in `folder` of a backup. The file of a move is removed once the wallet is on the disk: what it
    /// holds is good once.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub fn restore(
        folder: &Path,
        backup: Backup,
        passphrase: &Passphrase,
        stretching: KeyStretching,
        surroundings: Surroundings<'_>,
    ) -> Result<Restored, Error> {
        let kind = backup.kind();
        let mut contents = backup.body.wallet;
        contents.remember(HistoryEntry {
            at: surroundings.clock.now().unix(),
            event: HistoryEvent::Restored {
                made_at: backup.body.made_at,
                moved: kind == BackupKind::Move,
            },
        });
        let store = Self::create_with(folder, passphrase, stretching, surroundings.rng, contents)?;
        let file_left = kind == BackupKind::Move && files::shred(&backup.path, HEADER_LEN).is_err();
        Ok(Restored { store, file_left })
    }
}

/// Takes everything out of the wallet, which goes on with a device key of its own and the issuers it knew.
fn leave(contents: &mut Contents, now: i64, rng: &dyn SecureRandom) -> Result<(), Error> {
    let mut fresh = Contents::new(StoredKey::generate(rng)?);
    fresh.issuers = contents.issuers.clone();
    fresh.remember(HistoryEntry {
        at: now,
        event: HistoryEvent::MovedOut,
    });
    let gone = std::mem::replace(contents, fresh);
    contents.leaving = Some(Box::new(Leaving {
        since: now,
        contents: gone,
    }));
    Ok(())
}

/// A name in the same folder that nobody can have laid a link under.
fn beside(path: &Path, rng: &dyn SecureRandom) -> Result<PathBuf, Error> {
    let mut random = [0u8; 8];
    rng.fill(&mut random).map_err(|_| Error::Randomness)?;
    let mut name = path.file_name().ok_or(Error::FileUnwritable)?.to_owned();
    name.push(format!(".{:016x}.new", u64::from_be_bytes(random)));
    Ok(path.with_file_name(name))
}

/// The envelope speaks of the store; here it is a backup.
fn of_backup(error: Error) -> Error {
    match error {
        Error::StoreDamaged => Error::BackupDamaged,
        Error::StoreNewer { found, supported } => Error::BackupNewer { found, supported },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use serde_json::{Value, json};

    /// A member that this build does not know would be lost, and the backup of a move with it.
    #[test]
    fn a_backup_of_a_later_version_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (path, rng) = (folder.path().join("backup"), SystemRandom::new());
        let words = Passphrase::new("backup").unwrap();
        let stretching = KeyStretching::HAZMAT_TESTING_ONLY;
        let envelope = Envelope::create(Kind::Backup, &words, stretching, &rng).unwrap();
        let contents = Contents::new(StoredKey::generate(&rng).unwrap());
        let body = Body {
            version: VERSION,
            made_at: 0,
            moved: true,
            wallet: &contents,
        };
        let judged = |pointer: &str, version: u16| {
            let mut body = serde_json::to_value(&body).unwrap();
            *body.pointer_mut(pointer).unwrap() = json!(version);
            body["later"] = Value::Null;
            let sealed = envelope.seal(body.to_string().as_bytes(), &rng).unwrap();
            std::fs::write(&path, &sealed).unwrap();
            let outcome = Backup::open(&path, &words);
            assert_eq!(std::fs::read(&path).unwrap(), sealed);
            outcome.err().map(|error| error.code().to_owned())
        };
        let newer = Some("backup_newer".to_owned());
        assert_eq!(judged("/version", VERSION), None);
        assert_eq!(judged("/version", VERSION + 1), newer);
        assert_eq!(judged("/wallet/version", Contents::VERSION), None);
        assert_eq!(judged("/wallet/version", Contents::VERSION + 1), newer);
    }
}
