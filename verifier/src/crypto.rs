//! The provider seam: every primitive that a signature check needs, from one of two providers.
//!
//! `aws-lc` (default) is about five times faster; `rustcrypto` needs no C compiler. With both features on, `aws-lc` is
//! used. Neither draws randomness here: signing is the business of a [`LocalSigner`], which the caller brings.

use core::fmt;
use core::ops::Deref;

use crate::error::Error;
use crate::key::PublicKey;

#[cfg(feature = "aws-lc")]
#[path = "crypto/aws_lc.rs"]
mod provider;

#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc")))]
#[path = "crypto/rustcrypto.rs"]
mod provider;

#[cfg(not(any(feature = "aws-lc", feature = "rustcrypto")))]
compile_error!("tessera-verifier needs one of the features `aws-lc` and `rustcrypto`");

pub(crate) use provider::SignatureKey;
pub use provider::{hmac_sha256, sha256, sha384, sha512};

/// A signature as JOSE, COSE and Data Integrity write it: r ‖ s for ECDSA (RFC 7518 §3.4), R ‖ S for Ed25519 (RFC 8032).
///
/// 64 bytes for P-256 and Ed25519, 96 for P-384, 132 for P-521.
#[derive(Clone, Copy)]
pub struct Signature {
    bytes: [u8; Self::MAX],
    len: usize,
}

impl Signature {
    const MAX: usize = 132;

    /// From the bytes of a signature.
    ///
    /// # Errors
    /// `malformed` unless there are 64, 96 or 132.
    pub fn from_bytes(signature: &[u8]) -> Result<Self, Error> {
        if !matches!(signature.len(), 64 | 96 | Self::MAX) {
            return Err(Error::malformed("signature"));
        }
        let mut bytes = [0; Self::MAX];
        for (to, from) in bytes.iter_mut().zip(signature) {
            *to = *from;
        }
        Ok(Self {
            bytes,
            len: signature.len(),
        })
    }
}

impl Deref for Signature {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<[u8; 64]> for Signature {
    fn from(signature: [u8; 64]) -> Self {
        let mut bytes = [0; Self::MAX];
        for (to, from) in bytes.iter_mut().zip(signature) {
            *to = from;
        }
        Self { bytes, len: 64 }
    }
}

impl From<[u8; 96]> for Signature {
    fn from(signature: [u8; 96]) -> Self {
        let mut bytes = [0; Self::MAX];
        for (to, from) in bytes.iter_mut().zip(signature) {
            *to = from;
        }
        Self { bytes, len: 96 }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({} bytes)", self.len)
    }
}

/// Something in this process that signs with one key: a file key, a holder's key, an ephemeral key.
///
/// Remote signers (PKCS#11, KMS) do not fit a synchronous call; for them every `Unsigned…` value of this crate gives its
/// `signing_input` and takes the signature back.
pub trait LocalSigner {
    /// The public half of the key.
    fn public_key(&self) -> &PublicKey;

    /// A signature over `message` with the one algorithm of the key: ECDSA over SHA-256 (P-256), SHA-384 (P-384) or
    /// SHA-512 (P-521), or Ed25519.
    ///
    /// # Errors
    /// [`SignError`] when the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignError>;
}

/// Signing failed. No detail: what a key says about itself may be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignError;

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key could not sign")
    }
}

impl core::error::Error for SignError {}
