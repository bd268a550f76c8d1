//! AWS-LC.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use aws_lc_rs::{digest, hmac};

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

/// A P-256 point, decoded once.
#[derive(Clone)]
pub(crate) struct P256Key(ParsedPublicKey);

impl P256Key {
    /// Decodes a SEC 1 point (33 or 65 bytes) and checks that it lies on the curve; gives its uncompressed form too.
    pub(crate) fn decode(point: &[u8]) -> Option<(Self, [u8; 65])> {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()?;
        // The library writes the uncompressed form only inside a SubjectPublicKeyInfo, where the point comes last.
        let der = key.as_der().ok()?;
        let uncompressed = der
            .as_ref()
            .last_chunk::<65>()
            .copied()
            .filter(|p| p.first() == Some(&4))?;
        Some((Self(key), uncompressed))
    }

    /// Whether `signature` (r ‖ s) is valid over SHA-256 of `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}
