//! RustCrypto: pure Rust, for targets where C is not wanted.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256, Sha384};

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

/// A P-256 point, decoded once.
#[derive(Clone)]
pub(crate) struct P256Key(VerifyingKey);

impl P256Key {
    /// Decodes a SEC 1 point (33 or 65 bytes) and checks that it lies on the curve; gives its uncompressed form too.
    pub(crate) fn decode(point: &[u8]) -> Option<(Self, [u8; 65])> {
        let key = VerifyingKey::from_sec1_bytes(point).ok()?;
        let uncompressed = key.to_encoded_point(false).as_bytes().try_into().ok()?;
        Some((Self(key), uncompressed))
    }

    /// Whether `signature` (r ‖ s) is valid over SHA-256 of `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}
