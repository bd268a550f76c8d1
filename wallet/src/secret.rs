//! Secrets as types of their own: wiped when dropped, never printed, never compared in the clear.

use aws_lc_rs::rand::SecureRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::key::PublicKey;
pub use tessera_verifier::vci::Secret;
use zeroize::Zeroizing;

use crate::error::Error;

/// What the holder types to open the wallet. Wiped when dropped; has no `Debug`.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Longest passphrase accepted, in bytes: enough for any sentence, small enough to bound the work.
    pub const MAX_BYTES: usize = 1024;
    /// Below this many characters the command line warns.
    pub const ADVISED_CHARACTERS: usize = 8;

    /// Takes a passphrase; one trailing line break (as a file or a prompt leaves it) is dropped.
    ///
    /// # Errors
    /// [`Error::PassphraseUnusable`] when it is empty or longer than [`Self::MAX_BYTES`].
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let mut text = Zeroizing::new(text.into());
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        if text.is_empty() || text.len() > Self::MAX_BYTES {
            return Err(Error::PassphraseUnusable);
        }
        Ok(Self(text))
    }

    /// Whether the passphrase is shorter than advised.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.0.chars().count() < Self::ADVISED_CHARACTERS
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A P-256 private key at rest: PKCS#8 v1 (RFC 5208), wiped when dropped; has no `Debug`, no `Clone`.
///
/// It is written only inside the sealed store.
pub struct StoredKey(Zeroizing<Vec<u8>>);

impl StoredKey {
    /// Generates a fresh P-256 key.
    ///
    /// # Errors
    /// [`Error::Randomness`] when the random source fails.
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, Error> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, rng)
            .map_err(|_| Error::Randomness)?;
        Ok(Self(Zeroizing::new(document.as_ref().to_vec())))
    }

    /// A copy, for a request whose answer may not come.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Makes the key ready to sign.
    ///
    /// # Errors
    /// [`Error::StoreDamaged`] when the stored bytes are no P-256 key.
    pub fn open(&self) -> Result<HolderKey, Error> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.0)
            .map_err(|_| Error::StoreDamaged)?;
        HolderKey::from_pair(pair)
    }
}

impl Serialize for StoredKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(STANDARD.encode(self.0.as_slice()));
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for StoredKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        STANDARD
            .decode(text.as_bytes())
            .map(|bytes| Self(Zeroizing::new(bytes)))
            .map_err(|_| serde::de::Error::custom("not a key"))
    }
}

/// A holder's key ready to sign (ES256). The private half never leaves it.
pub struct HolderKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl HolderKey {
    pub(crate) fn from_pair(pair: EcdsaKeyPair) -> Result<Self, Error> {
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref())
            .map_err(|_| Error::StoreDamaged)?;
        Ok(Self { pair, public })
    }
}

impl LocalSigner for HolderKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        // The provider draws the ECDSA nonce itself, whatever source is handed to it.
        let signature = self
            .pair
            .sign(&aws_lc_rs::rand::SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}
