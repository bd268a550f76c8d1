//! Fresh keys of every kind.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::key::{KeyType, PublicKey};

pub(crate) const KINDS: [KeyType; 4] = [
    KeyType::P256,
    KeyType::P384,
    KeyType::P521,
    KeyType::Ed25519,
];

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

pub(crate) struct Signer(Pair, PublicKey);

impl Signer {
    pub(crate) fn fresh(kind: KeyType) -> Self {
        let algorithm = match kind {
            KeyType::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            KeyType::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            KeyType::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
            _ => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let public = PublicKey::from_compressed(kind, pair.public_key().as_ref()).unwrap();
                return Self(Pair::Ed25519(pair), public);
            }
        };
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
        Self(Pair::Ecdsa(pair), public)
    }
}

impl LocalSigner for Signer {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        match &self.0 {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).unwrap();
                Ok(Signature::from_bytes(signature.as_ref()).unwrap())
            }
            Pair::Ed25519(pair) => Ok(Signature::from_bytes(pair.sign(message).as_ref()).unwrap()),
        }
    }
}
