//! AWS-LC.

use alloc::vec::Vec;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, VerificationAlgorithm,
};
use aws_lc_rs::{digest, hmac};

use crate::key::KeyType;

/// SHA-256 (FIPS 180-4).
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    fixed(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// SHA-384 (FIPS 180-4).
#[must_use]
pub fn sha384(bytes: &[u8]) -> [u8; 48] {
    fixed(digest::digest(&digest::SHA384, bytes).as_ref())
}

/// SHA-512 (FIPS 180-4).
#[must_use]
pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    fixed(digest::digest(&digest::SHA512, bytes).as_ref())
}

/// HMAC-SHA-256 (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    fixed(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

/// Copies an output whose length the algorithm fixes.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

/// A public key that a signature is checked against, decoded once.
#[derive(Clone)]
pub(crate) struct SignatureKey(ParsedPublicKey);

impl SignatureKey {
    /// Decodes a SEC 1 point of either form and checks that it lies on the curve, or the 32 bytes of an Ed25519 key;
    /// gives the canonical bytes too: the uncompressed point, or the 32 bytes.
    pub(crate) fn decode(kind: KeyType, bytes: &[u8]) -> Option<(Self, Vec<u8>)> {
        let (algorithm, len): (&'static dyn VerificationAlgorithm, usize) = match kind {
            KeyType::P256 => (&ECDSA_P256_SHA256_FIXED, 65),
            KeyType::P384 => (&ECDSA_P384_SHA384_FIXED, 97),
            KeyType::P521 => (&ECDSA_P521_SHA512_FIXED, 133),
            KeyType::Ed25519 => {
                let key = ParsedPublicKey::new(&ED25519, bytes).ok()?;
                return Some((Self(key), bytes.to_vec()));
            }
            KeyType::Bls12381G2 => return None,
        };
        let key = ParsedPublicKey::new(algorithm, bytes).ok()?;
        // That is the canonical form already.
        if bytes.first() == Some(&4) {
            return (bytes.len() == len).then(|| (Self(key), bytes.to_vec()));
        }
        // The library writes the uncompressed form only inside a SubjectPublicKeyInfo, where the point comes last.
        let der = key.as_der().ok()?;
        let point = der.as_ref();
        let uncompressed = point.get(point.len().checked_sub(len)?..)?.to_vec();
        (uncompressed.first() == Some(&4)).then_some((Self(key), uncompressed))
    }

    /// Whether `signature` is valid over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}
