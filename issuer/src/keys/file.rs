//! The key file: Argon2id over a passphrase (RFC 9106), AES-256-GCM over the private keys, the public part bound to them
//! as additional data so that a swapped history does not open.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tessera_exchange::jwe::DecryptionKey;
use tessera_verifier::encoding::base64url;
use tessera_verifier::key::PublicKey;
use zeroize::Zeroizing;

use super::{KeyRecord, Signer as _, SoftwareKey};
use crate::environment::{Entropy, start_of_day};
use crate::issuing_ca::IssuingCa;
use crate::terminal_ca::{CertificateError, TerminalCa};

const VERSION: u32 = 1;
/// Memory in KiB, passes, lanes: the second recommended option of RFC 9106 §4, with one lane.
const COST: (u32, u32, u32) = (65_536, 3, 1);
/// A file that asks for more is refused before it can exhaust memory.
const COST_MAX: (u32, u32, u32) = (1_048_576, 16, 8);

/// Why the key file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is none.
    #[error("no key file at {}: run `tessera-issuer init` first", .0.display())]
    Missing(PathBuf),
    /// There is one already, and it is not overwritten.
    #[error("a key file exists at {}", .0.display())]
    Exists(PathBuf),
    /// The passphrase does not open it (or its public part was altered).
    #[error("the passphrase does not open the key file")]
    WrongPassphrase,
    /// Not a key file.
    #[error("the key file is damaged: {0}")]
    Damaged(&'static str),
    /// The passphrase is too short.
    #[error("the passphrase must have at least 8 characters")]
    WeakPassphrase,
    /// The file system.
    #[error("key file: {0}")]
    Io(#[from] std::io::Error),
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(flatten)]
    public: Public,
    salt: String,
    nonce: String,
    ciphertext: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct Public {
    version: u32,
    cost: (u32, u32, u32),
    root: String,
    history: Vec<KeyRecord>,
}

#[derive(Serialize, Deserialize)]
struct Private {
    root: String,
    active: String,
    /// Key of the terminals' certificate authority; a file of before it had none.
    #[serde(default)]
    terminals: Option<String>,
}

impl Drop for Private {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.root);
        zeroize::Zeroize::zeroize(&mut self.active);
        zeroize::Zeroize::zeroize(&mut self.terminals);
    }
}

/// The opened key file.
pub struct KeyFile {
    path: PathBuf,
    key: Zeroizing<[u8; 32]>,
    salt: [u8; 16],
    /// At which `key` was stretched: what is written must say so, or the file does not open again.
    cost: (u32, u32, u32),
    root_pkcs8: Zeroizing<Vec<u8>>,
    root: Arc<SoftwareKey>,
    active: Arc<SoftwareKey>,
    terminals_pkcs8: Zeroizing<Vec<u8>>,
    history: Vec<KeyRecord>,
}

impl KeyFile {
    /// Creates a file with fresh keys.
    ///
    /// # Errors
    /// [`KeyError::Exists`], [`KeyError::WeakPassphrase`], or the file system's error.
    pub fn create(
        path: &Path,
        passphrase: &str,
        entropy: &dyn Entropy,
        now: i64,
    ) -> Result<Self, KeyError> {
        Self::create_at((path, COST), passphrase, entropy, now)
    }

    fn create_at(
        (path, cost): (&Path, (u32, u32, u32)),
        passphrase: &str,
        entropy: &dyn Entropy,
        now: i64,
    ) -> Result<Self, KeyError> {
        if path.exists() {
            return Err(KeyError::Exists(path.to_owned()));
        }
        if passphrase.chars().count() < 8 {
            return Err(KeyError::WeakPassphrase);
        }
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let (root, root_pkcs8) = generate()?;
        let (active, active_pkcs8) = generate()?;
        let (_, terminals_pkcs8) = generate()?;
        let file = Self {
            path: path.to_owned(),
            key: stretch(passphrase, &salt, cost)?,
            salt,
            cost,
            root_pkcs8,
            terminals_pkcs8,
            history: vec![KeyRecord {
                did: active.did().to_owned(),
                not_before: start_of_day(now),
                not_after: None,
            }],
            root: Arc::new(root),
            active: Arc::new(active),
        };
        file.save(&active_pkcs8)?;
        Ok(file)
    }

    /// A secret for another purpose, derived from the root key: it outlives rotations, and every replica that opens the
    /// same file derives the same.
    #[must_use]
    pub fn derive(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &self.root_pkcs8);
        let mut secret = Zeroizing::new([0; 32]);
        for (out, byte) in secret
            .iter_mut()
            .zip(aws_lc_rs::hmac::sign(&key, purpose).as_ref())
        {
            *out = *byte;
        }
        secret
    }

    /// Opens a file.
    ///
    /// # Errors
    /// [`KeyError`]; a wrong passphrase and a damaged file are told apart.
    pub fn open(path: &Path, passphrase: &str) -> Result<Self, KeyError> {
        let sealed = read(path)?;
        let public = sealed.public;
        let cost = public.cost;
        if public.version != VERSION
            || cost.0 > COST_MAX.0
            || cost.1 > COST_MAX.1
            || cost.2 > COST_MAX.2
        {
            return Err(KeyError::Damaged("unknown version or cost"));
        }
        let salt: [u8; 16] = decode(&sealed.salt)?
            .try_into()
            .map_err(|_| KeyError::Damaged("salt"))?;
        let nonce: [u8; 12] = decode(&sealed.nonce)?
            .try_into()
            .map_err(|_| KeyError::Damaged("nonce"))?;
        let key = stretch(passphrase, &salt, cost)?;
        let mut ciphertext = Zeroizing::new(decode(&sealed.ciphertext)?);
        let plain = cipher(&key)?
            .open_in_place(
                Nonce::from(&nonce),
                Aad::from(associated(&public)?),
                &mut ciphertext,
            )
            .map_err(|_| KeyError::WrongPassphrase)?;
        let private: Private =
            serde_json::from_slice(plain).map_err(|_| KeyError::Damaged("contents"))?;
        let root_pkcs8 = Zeroizing::new(decode(&private.root)?);
        let active_pkcs8 = Zeroizing::new(decode(&private.active)?);
        let load = |bytes: &[u8]| {
            SoftwareKey::from_pkcs8(bytes)
                .map(Arc::new)
                .map_err(|_| KeyError::Damaged("key"))
        };
        let kept = private.terminals.as_deref().map(decode).transpose()?;
        let missing = kept.is_none();
        let terminals_pkcs8 = match kept {
            Some(kept) => Zeroizing::new(kept),
            None => generate()?.1,
        };
        let file = Self {
            path: path.to_owned(),
            key,
            salt,
            cost,
            root: load(&root_pkcs8)?,
            active: load(&active_pkcs8)?,
            root_pkcs8,
            terminals_pkcs8,
            history: public.history,
        };
        if missing {
            file.save(&active_pkcs8)?;
        }
        Ok(file)
    }

    /// The certificate authority of the terminals.
    ///
    /// # Errors
    /// Its key is none.
    pub fn terminal_ca(&self) -> Result<TerminalCa, CertificateError> {
        let since = self.history.first().map_or(0, |first| first.not_before);
        TerminalCa::new(&self.terminals_pkcs8, self.root.did(), since)
    }

    /// The key pair that wallets encrypt requests to: the same after every start, and on every replica.
    ///
    /// # Errors
    /// The platform's arithmetic fails.
    pub(crate) fn request_decryption(&self) -> Result<DecryptionKey, KeyError> {
        let damaged = || KeyError::Damaged("no key for encrypted requests");
        // 32 bytes are a scalar of the curve but for one chance in 2^32; the counter makes it none.
        for counter in 0..8_u8 {
            let label = format!("credential request encryption {counter}");
            let scalar = self.derive(label.as_bytes());
            let Ok(private) = PrivateKey::from_private_key(&ECDH_P256, &*scalar) else {
                continue;
            };
            let public = private.compute_public_key().map_err(|_| damaged())?;
            let public = PublicKey::from_uncompressed(public.as_ref()).map_err(|_| damaged())?;
            let mut jwk = public.to_jwk();
            jwk["kid"] = public.thumbprint().into();
            jwk["d"] = base64url(&*scalar).into();
            let text = Zeroizing::new(jwk.to_string().into_bytes());
            if let serde_json::Value::String(private) = &mut jwk["d"] {
                zeroize::Zeroize::zeroize(private);
            }
            return DecryptionKey::from_private_jwk(&text).map_err(|_| damaged());
        }
        Err(damaged())
    }

    /// The certificate authority of the keys that sign credentials.
    ///
    /// # Errors
    /// The platform's arithmetic fails.
    pub(crate) fn issuing_ca(&self) -> Result<IssuingCa, CertificateError> {
        let since = self.history.first().map_or(0, |first| first.not_before);
        let scalar = self.derive(b"certificate authority of credential keys");
        IssuingCa::new(&*scalar, self.root.did(), since)
    }

    /// The `x5c` of credentials by the active key of the issuer with this URL.
    ///
    /// # Errors
    /// The URL is none that a certificate can name.
    pub(crate) fn x5c(&self, url: &str) -> Result<Vec<String>, CertificateError> {
        let since = self.history.last().map_or(0, |last| last.not_before);
        let active = &*self.active;
        let named = (super::Signer::public_key(active), active.did());
        self.issuing_ca()?.x5c(named, url, since)
    }

    /// What only who has this key file can say of `text` for `purpose`, base64url.
    pub(crate) fn mark(&self, purpose: &str, text: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.derive(purpose.as_bytes()));
        base64url(hmac::sign(&key, text.as_bytes()).as_ref())
    }

    /// The DID of the root key as the file's public part says, without a passphrase.
    ///
    /// # Errors
    /// [`KeyError::Missing`], [`KeyError::Damaged`].
    pub fn root_did(path: &Path) -> Result<String, KeyError> {
        Ok(read(path)?.public.root)
    }

    /// Replaces the active key by a fresh one. The old private key is gone; its public line stays until `last_valid`,
    /// the end of the last credential it can have signed.
    ///
    /// # Errors
    /// The file system's; then nothing changed.
    pub fn rotate(&mut self, now: i64, last_valid: i64) -> Result<(), KeyError> {
        let (fresh, pkcs8) = generate()?;
        let mut next = Self {
            path: self.path.clone(),
            key: self.key.clone(),
            salt: self.salt,
            cost: self.cost,
            root_pkcs8: self.root_pkcs8.clone(),
            root: Arc::clone(&self.root),
            terminals_pkcs8: self.terminals_pkcs8.clone(),
            active: Arc::new(fresh),
            history: self.history.clone(),
        };
        for record in &mut next.history {
            record.not_after.get_or_insert(last_valid);
        }
        next.history.push(KeyRecord {
            did: next.active.did().to_owned(),
            not_before: start_of_day(now),
            not_after: None,
        });
        next.save(&pkcs8)?;
        *self = next;
        Ok(())
    }

    /// The key that signs bundles.
    #[must_use]
    pub fn root(&self) -> Arc<SoftwareKey> {
        Arc::clone(&self.root)
    }

    /// The key that signs credentials and status lists.
    #[must_use]
    pub fn active(&self) -> Arc<SoftwareKey> {
        Arc::clone(&self.active)
    }

    /// All signing keys there have been, oldest first.
    #[must_use]
    pub fn history(&self) -> &[KeyRecord] {
        &self.history
    }

    fn save(&self, active_pkcs8: &[u8]) -> Result<(), KeyError> {
        let public = Public {
            version: VERSION,
            cost: self.cost,
            root: self.root.did().to_owned(),
            history: self.history.clone(),
        };
        let private = Private {
            root: STANDARD.encode(&*self.root_pkcs8),
            active: STANDARD.encode(active_pkcs8),
            terminals: Some(STANDARD.encode(&*self.terminals_pkcs8)),
        };
        let mut bytes = Zeroizing::new(
            serde_json::to_vec(&private).map_err(|_| KeyError::Damaged("contents"))?,
        );
        let nonce = cipher(&self.key)?
            .seal_in_place_append_tag(Aad::from(associated(&public)?), &mut *bytes)
            .map_err(|_| KeyError::Damaged("encryption"))?;
        let sealed = Sealed {
            public,
            salt: STANDARD.encode(self.salt),
            nonce: STANDARD.encode(nonce.as_ref()),
            ciphertext: STANDARD.encode(&*bytes),
        };
        let text = serde_json::to_vec_pretty(&sealed).map_err(|_| KeyError::Damaged("contents"))?;
        crate::files::replace(&self.path, |file| file.write_all(&text))?;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Sealed, KeyError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(KeyError::Missing(path.to_owned()));
        }
        other => other?,
    };
    serde_json::from_slice(&bytes).map_err(|_| KeyError::Damaged("not a key file"))
}

fn generate() -> Result<(SoftwareKey, Zeroizing<Vec<u8>>), KeyError> {
    SoftwareKey::generate().map_err(|_| KeyError::Damaged("no key could be generated"))
}

fn stretch(
    passphrase: &str,
    salt: &[u8],
    cost: (u32, u32, u32),
) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let params =
        Params::new(cost.0, cost.1, cost.2, Some(32)).map_err(|_| KeyError::Damaged("cost"))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .map_err(|_| KeyError::Damaged("cost"))?;
    Ok(key)
}

fn cipher(key: &[u8; 32]) -> Result<RandomizedNonceKey, KeyError> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| KeyError::Damaged("key"))
}

fn associated(public: &Public) -> Result<Vec<u8>, KeyError> {
    serde_json::to_vec(public).map_err(|_| KeyError::Damaged("public part"))
}

fn decode(text: &str) -> Result<Vec<u8>, KeyError> {
    STANDARD
        .decode(text)
        .map_err(|_| KeyError::Damaged("encoding"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::environment::SystemEntropy;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_file_opens_with_its_passphrase_only_and_keeps_its_history() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let mut created = KeyFile::create(&path, "a passphrase", &SystemEntropy, NOW).unwrap();
        assert!(matches!(
            KeyFile::create(&path, "a passphrase", &SystemEntropy, NOW),
            Err(KeyError::Exists(_))
        ));
        assert!(matches!(
            KeyFile::open(&path, "another passphrase"),
            Err(KeyError::WrongPassphrase)
        ));
        let first = created.active().did().to_owned();
        created.rotate(NOW + 86_400, NOW + 400 * 86_400).unwrap();
        let opened = KeyFile::open(&path, "a passphrase").unwrap();
        assert_eq!(opened.root().did(), created.root().did());
        assert_ne!(opened.active().did(), first);
        assert_eq!(opened.history()[0].did, first);
        assert_eq!(opened.history()[0].not_after, Some(NOW + 400 * 86_400));
        assert_eq!(opened.history()[1].not_after, None);
    }

    #[test]
    fn a_file_of_another_cost_opens_after_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let cheap = (1024, 1, 1);
        KeyFile::create_at((&path, cheap), "a passphrase", &SystemEntropy, NOW).unwrap();
        let mut opened = KeyFile::open(&path, "a passphrase").unwrap();
        opened.rotate(NOW, NOW + 86_400).unwrap();
        let again = KeyFile::open(&path, "a passphrase").unwrap();
        assert_eq!(again.active().did(), opened.active().did());
        assert_eq!(read(&path).unwrap().public.cost, cheap);
    }

    #[test]
    fn an_altered_history_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        KeyFile::create(&path, "a passphrase", &SystemEntropy, NOW).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let altered = text.replace(&start_of_day(NOW).to_string(), "0");
        assert_ne!(text, altered);
        std::fs::write(&path, altered).unwrap();
        assert!(matches!(
            KeyFile::open(&path, "a passphrase"),
            Err(KeyError::WrongPassphrase)
        ));
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(
            KeyFile::open(&path, "a passphrase"),
            Err(KeyError::Damaged(_))
        ));
    }
}
