//! P-256 keys of the harness: holders, relying parties and terminals it plays itself.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::key::PublicKey;

use crate::{Failure, Result};

/// A key pair in memory.
pub struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl Key {
    /// A fresh random key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(Failure::during("making a key"))?;
        Self::of(pair)
    }

    /// The key of a PKCS#8 document.
    ///
    /// # Errors
    /// When it is no P-256 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(Failure::during("reading a key"))?;
        Self::of(pair)
    }

    /// The key in a file that one of the programs wrote.
    ///
    /// # Errors
    /// When it is not a PKCS#8 P-256 key, in PEM or DER.
    pub fn from_file(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Failure::during("reading a key file"))?;
        match std::str::from_utf8(&bytes) {
            Ok(pem) if pem.starts_with("-----BEGIN") => {
                let body: String = pem
                    .lines()
                    .filter(|line| !line.starts_with("-----"))
                    .collect();
                Self::from_pkcs8(
                    &STANDARD
                        .decode(body)
                        .map_err(Failure::during("reading a key file"))?,
                )
            }
            _ => Self::from_pkcs8(&bytes),
        }
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self> {
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref())
            .map_err(Failure::during("a public key"))?;
        Ok(Self { pair, public })
    }
}

impl LocalSigner for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> std::result::Result<Signature, SignError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}
