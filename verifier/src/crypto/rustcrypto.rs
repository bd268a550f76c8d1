//! RustCrypto: pure Rust, for targets where C is not wanted.

use alloc::vec::Vec;

use p256::ecdsa::signature::Verifier as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::key::KeyType;

/// SHA-256 (FIPS 180-4).
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-384 (FIPS 180-4).
#[must_use]
pub fn sha384(bytes: &[u8]) -> [u8; 48] {
    Sha384::digest(bytes).into()
}

/// SHA-512 (FIPS 180-4).
#[must_use]
pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    Sha512::digest(bytes).into()
}

/// HMAC-SHA-256 (RFC 2104 §2).
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let digest = sha256(key);
    let key = if key.len() > 64 { &digest[..] } else { key };
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(to, from)| *to ^= from);
        block
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

/// A public key that a signature is checked against, decoded once.
#[derive(Clone)]
pub(crate) enum SignatureKey {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl SignatureKey {
    /// Decodes a SEC 1 point of either form and checks that it lies on the curve, or the 32 bytes of an Ed25519 key;
    /// gives the canonical bytes too: the uncompressed point, or the 32 bytes.
    pub(crate) fn decode(kind: KeyType, bytes: &[u8]) -> Option<(Self, Vec<u8>)> {
        match kind {
            KeyType::P256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok()?;
                let point = key.to_encoded_point(false).as_bytes().to_vec();
                Some((Self::P256(key), point))
            }
            KeyType::P384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok()?;
                let point = key.to_encoded_point(false).as_bytes().to_vec();
                Some((Self::P384(key), point))
            }
            KeyType::P521 => {
                let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok()?;
                let point = key.to_encoded_point(false).as_bytes().to_vec();
                Some((Self::P521(key), point))
            }
            KeyType::Ed25519 => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
                Some((Self::Ed25519(key), bytes.to_vec()))
            }
            KeyType::Bls12381G2 => None,
        }
    }

    /// Whether `signature` is valid over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::P521(key) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}
