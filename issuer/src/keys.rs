//! The authority's keys: a root key that signs bundles, one active key that signs credentials and status lists, and the
//! public history of all of them.
//!
//! A [`Signer`] is asynchronous and takes batches, so that a PKCS#11 token or a key service can take the place of the
//! key file.

mod file;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::did;
use tessera_verifier::key::PublicKey;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

pub use file::{KeyError, KeyFile};

/// Something that signs ES256 with one named key.
#[async_trait]
pub trait Signer: Send + Sync {
    /// The public key.
    fn public_key(&self) -> &PublicKey;

    /// The DID of the key: the issuer of what it signs.
    fn did(&self) -> &str;

    /// The verification method, for `kid` and `verificationMethod`.
    fn key_id(&self) -> &str;

    /// Signs each input (ECDSA over its SHA-256, r ‖ s); as many signatures as inputs, in order.
    ///
    /// # Errors
    /// [`SignError`]; then no signature is released.
    async fn sign(&self, inputs: &[&[u8]]) -> Result<Vec<Signature>, SignError>;
}

/// A P-256 key in memory.
pub struct SoftwareKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
    did: String,
    key_id: String,
}

impl SoftwareKey {
    /// A fresh key and its PKCS#8 form.
    ///
    /// # Errors
    /// [`SignError`] where the platform cannot make one.
    pub fn generate() -> Result<(Self, zeroize::Zeroizing<Vec<u8>>), SignError> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| SignError)?;
        let document = pair.to_pkcs8v1().map_err(|_| SignError)?;
        let bytes = zeroize::Zeroizing::new(document.as_ref().to_vec());
        Ok((Self::new(pair)?, bytes))
    }

    /// A key from its PKCS#8 form.
    ///
    /// # Errors
    /// [`SignError`] where these bytes are no P-256 key.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, SignError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes)
            .map_err(|_| SignError)?;
        Self::new(pair)
    }

    fn new(pair: EcdsaKeyPair) -> Result<Self, SignError> {
        let public =
            PublicKey::from_uncompressed(pair.public_key().as_ref()).map_err(|_| SignError)?;
        Ok(Self {
            did: did::did_key(&public),
            key_id: did::verification_method(&public),
            pair,
            public,
        })
    }
}

impl LocalSigner for SoftwareKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signature = self.pair.sign(&random, message).map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}

#[async_trait]
impl Signer for SoftwareKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn did(&self) -> &str {
        &self.did
    }

    fn key_id(&self) -> &str {
        &self.key_id
    }

    async fn sign(&self, inputs: &[&[u8]]) -> Result<Vec<Signature>, SignError> {
        inputs
            .iter()
            .map(|input| LocalSigner::sign(self, input))
            .collect()
    }
}

/// One line of the public history: which key may have signed what, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key's DID.
    pub did: String,
    /// From this moment (midnight of its first day, since credentials carry midnights).
    pub not_before: i64,
    /// Until this moment: the end of the last credential it can have signed. `None` while it is active.
    pub not_after: Option<i64>,
}
