//! The provider seam: every primitive that a signature check needs, from one of two providers.
//!
//! `aws-lc` (default) is about five times faster; `rustcrypto` needs no C compiler. With both features on, `aws-lc` is
//! used. Neither draws randomness here: signing is the business of a [`LocalSigner`], which the caller brings.

use core::fmt;

use crate::key::PublicKey;

#[cfg(feature = "aws-lc")]
#[path = "crypto/aws_lc.rs"]
mod provider;

#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc")))]
#[path = "crypto/rustcrypto.rs"]
mod provider;

#[cfg(not(any(feature = "aws-lc", feature = "rustcrypto")))]
compile_error!("tessera-verifier needs one of the features `aws-lc` and `rustcrypto`");

pub(crate) use provider::P256Key;
pub use provider::{hmac_sha256, sha256, sha384};

/// Something in this process that signs ES256 with one P-256 key: a file key, a holder's key, an ephemeral key.
///
/// Remote signers (PKCS#11, KMS) do not fit a synchronous call; for them every `Unsigned…` value of this crate gives its
/// `signing_input` and takes the signature back.
pub trait LocalSigner {
    /// The public half of the key.
    fn public_key(&self) -> &PublicKey;

    /// An ECDSA signature over SHA-256 of `message`, as 32 bytes r followed by 32 bytes s (RFC 7518 §3.4).
    ///
    /// # Errors
    /// [`SignError`] when the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
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
