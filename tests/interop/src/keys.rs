//! Throwaway keys of every kind that signs.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair,
};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::did;
use tessera_verifier::key::{KeyType, PublicKey};

use crate::matrix::Stop;

/// A key pair in memory.
pub struct Key {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    /// A fresh random key: P-256, P-384 or Ed25519.
    ///
    /// # Errors
    /// When the system gives no randomness, or for a kind that signs no plain message.
    pub fn generate(kind: KeyType) -> Result<Self, Stop> {
        let ecdsa = |algorithm| {
            let pair = EcdsaKeyPair::generate(algorithm).map_err(Stop::fail)?;
            let public =
                PublicKey::from_uncompressed(pair.public_key().as_ref()).map_err(Stop::fail)?;
            Ok(Self {
                pair: Pair::Ecdsa(pair),
                public,
            })
        };
        match kind {
            KeyType::P256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            KeyType::P384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            KeyType::Ed25519 => {
                let pair = Ed25519KeyPair::generate().map_err(Stop::fail)?;
                let public =
                    PublicKey::from_compressed(KeyType::Ed25519, pair.public_key().as_ref())
                        .map_err(Stop::fail)?;
                Ok(Self {
                    pair: Pair::Ed25519(pair),
                    public,
                })
            }
            _ => Err(Stop::fail("no key of this kind is made here")),
        }
    }

    /// The key's did:key.
    #[must_use]
    pub fn did(&self) -> String {
        did::did_key(&self.public)
    }

    /// The DID URL of the key in its own DID document.
    #[must_use]
    pub fn verification_method(&self) -> String {
        did::verification_method(&self.public)
    }
}

impl LocalSigner for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                Signature::from_bytes(signature.map_err(|_| SignError)?.as_ref())
            }
            Pair::Ed25519(pair) => Signature::from_bytes(pair.sign(message).as_ref()),
        };
        signature.map_err(|_| SignError)
    }
}
