//! The terminal's signing key in a file: for development only, since a file can be copied.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::key::PublicKey;
use zeroize::Zeroizing;

use super::{Protection, TerminalKey};
use crate::error::TerminalError;
use crate::private_file;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// A PKCS#8 P-256 key is about 240 octets of PEM.
const MAX_FILE: u64 = 4096;

/// A P-256 key (FIPS 186-5) in a file, held in memory while it is used.
pub struct FileKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
    protection: Protection,
}

impl FileKey {
    /// A new key.
    ///
    /// # Errors
    /// [`TerminalError::KeyFile`] when the system gives no randomness.
    pub fn generate() -> Result<Self, TerminalError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| failed("no key could be made"))?;
        Self::new(pair)
    }

    /// Reads a PKCS#8 PEM file (RFC 5958, RFC 7468) that only its owner can read.
    ///
    /// # Errors
    /// [`TerminalError::KeyFile`] when it is absent, readable by others, or not such a key.
    pub fn load(path: &Path) -> Result<Self, TerminalError> {
        Self::from_pem(&private_file::read(path, MAX_FILE)?, path)
    }

    pub(super) fn from_pem(pem: &[u8], path: &Path) -> Result<Self, TerminalError> {
        let der = std::str::from_utf8(pem)
            .ok()
            .and_then(decode_pem)
            .ok_or_else(|| failed(&format!("{} is not a PKCS#8 PEM file", path.display())))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            .map_err(|_| failed(&format!("{} is not a P-256 key", path.display())))?;
        Self::new(pair)
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, TerminalError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| failed("not a P-256 key"))?;
        Ok(Self::new(pair)?.sealed())
    }

    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        let der = self
            .pair
            .to_pkcs8v1()
            .map_err(|_| failed("the key cannot be written down"))?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The same key, known to lie in a sealed file.
    pub(super) fn sealed(mut self) -> Self {
        self.protection = Protection::Sealed;
        self
    }

    /// Writes the key to a new file with mode 0600, and syncs it.
    ///
    /// # Errors
    /// [`TerminalError::KeyFile`] when the file exists already or cannot be written.
    pub fn save_new(&self, path: &Path) -> Result<(), TerminalError> {
        let body = Zeroizing::new(STANDARD.encode(&*self.to_pkcs8()?));
        let mut text = Zeroizing::new(String::with_capacity(MAX_FILE as usize));
        for line in [BEGIN, &body, END] {
            for piece in line.as_bytes().chunks(64) {
                text.push_str(std::str::from_utf8(piece).unwrap_or_default());
                text.push('\n');
            }
        }
        private_file::create(path, text.as_bytes())
    }

    fn new(pair: EcdsaKeyPair) -> Result<Self, TerminalError> {
        let point: [u8; 65] = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| failed("not a P-256 point"))?;
        let public =
            PublicKey::from_uncompressed(&point).map_err(|_| failed("not a P-256 point"))?;
        Ok(Self {
            pair,
            public,
            protection: Protection::File,
        })
    }
}

impl LocalSigner for FileKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}

impl TerminalKey for FileKey {
    fn protection(&self) -> Protection {
        self.protection
    }
}

/// One armoured block and nothing else.
fn decode_pem(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut packed = Zeroizing::new(String::with_capacity(body.len()));
    packed.extend(body.chars().filter(|c| !c.is_ascii_whitespace()));
    STANDARD.decode(packed.as_bytes()).ok().map(Zeroizing::new)
}

fn failed(what: &str) -> TerminalError {
    TerminalError::KeyFile(what.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_key_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terminal.key");
        let key = FileKey::generate().unwrap();
        key.save_new(&path).unwrap();
        let again = FileKey::load(&path).unwrap();
        assert_eq!(again.did(), key.did());
        let signature = again.sign(b"message").unwrap();
        key.public_key().verify(b"message", &signature).unwrap();
        assert!(
            key.save_new(&path).is_err(),
            "an existing key is never written over"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_key_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terminal.key");
        FileKey::generate().unwrap().save_new(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(
            FileKey::load(&path).err().unwrap().code(),
            "key_file_unusable"
        );
    }

    #[test]
    fn damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("empty", ""),
            ("text", "key"),
            (
                "cut",
                "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n",
            ),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .unwrap();
            assert!(FileKey::load(&path).is_err(), "{name}");
        }
    }
}
