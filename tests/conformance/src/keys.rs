//! The issuers' keys, derived from public labels: anyone can make them, so that nothing they sign means anything, and
//! identifiers stay the same from run to run.

use std::fmt;

use aws_lc_rs::digest::{SHA384, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use serde_json::Value;
use tessera_verifier::bbs;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::did;
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::key::{KeyType, PublicKey};

/// A kind's name in the suites' configuration.
#[must_use]
pub const fn name(kind: KeyType) -> &'static str {
    match kind {
        KeyType::P256 => "P-256",
        KeyType::P384 => "P-384",
        KeyType::Ed25519 => "Ed25519",
        // So the suites of BBS say, after the size of the field.
        KeyType::Bls12381G2 => "P-381",
        _ => "another",
    }
}

/// A key pair of this program.
pub struct Key {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Bbs(bbs::SecretKey),
}

/// RFC 5915 `ECPrivateKey` up to the private key's bytes, and after them.
type Der = (&'static [u8], &'static [u8]);

const P256_DER: Der = (
    &[0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20],
    &[
        0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ],
);

const P384_DER: Der = (
    &[0x30, 0x3e, 0x02, 0x01, 0x01, 0x04, 0x30],
    &[0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22],
);

const P521_DER: Der = (
    &[0x30, 0x50, 0x02, 0x01, 0x01, 0x04, 0x42],
    &[0xa0, 0x07, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23],
);

/// A key could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKey;

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key could not be made")
    }
}

impl std::error::Error for NoKey {}

impl Key {
    /// The key of a label.
    ///
    /// # Errors
    /// [`NoKey`] when the label's digest is no private key, which is not to be seen in the lifetime of the universe.
    pub fn of_label(kind: KeyType, label: &str) -> Result<Self, NoKey> {
        let seed = digest(&SHA384, label.as_bytes());
        let seed = seed.as_ref();
        let short = seed.get(..32).ok_or(NoKey)?;
        match kind {
            KeyType::P384 => Self::of_secret(kind, seed),
            kind => Self::of_secret(kind, short),
        }
    }

    /// The key of the bytes of its secret half.
    fn of_secret(kind: KeyType, secret: &[u8]) -> Result<Self, NoKey> {
        match kind {
            KeyType::P256 => Self::ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, P256_DER, secret),
            KeyType::P384 => Self::ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, P384_DER, secret),
            KeyType::P521 => Self::ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING, P521_DER, secret),
            KeyType::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| NoKey)?;
                let public = pair.public_key().as_ref();
                let public = PublicKey::from_compressed(kind, public).map_err(|_| NoKey)?;
                Ok(Self {
                    pair: Pair::Ed25519(pair),
                    public,
                })
            }
            KeyType::Bls12381G2 => {
                let mut octets: [u8; 32] = secret.try_into().map_err(|_| NoKey)?;
                // The order of the group takes 255 bits: what is left is below it.
                octets[0] &= 0x3f;
                let secret = bbs::SecretKey::from_bytes(&octets).map_err(|_| NoKey)?;
                let public = PublicKey::from(secret.public_key().clone());
                Ok(Self {
                    pair: Pair::Bbs(secret),
                    public,
                })
            }
            _ => Err(NoKey),
        }
    }

    /// The BBS key, if it is one: BBS signs lists of messages, and with this no other key can.
    #[must_use]
    pub const fn as_bbs(&self) -> Option<&bbs::SecretKey> {
        match &self.pair {
            Pair::Bbs(secret) => Some(secret),
            _ => None,
        }
    }

    /// The key of a private JWK (RFC 7517, RFC 8037).
    ///
    /// # Errors
    /// [`NoKey`] unless both halves are there and belong together.
    pub fn from_secret_jwk(jwk: &Value) -> Result<Self, NoKey> {
        let mut public = jwk.clone();
        let secret = public.as_object_mut().and_then(|jwk| jwk.remove("d"));
        let secret = secret.as_ref().and_then(Value::as_str).ok_or(NoKey)?;
        let secret = from_base64url(secret).map_err(|_| NoKey)?;
        let public = PublicKey::from_jwk(&public).map_err(|_| NoKey)?;
        let key = Self::of_secret(public.kind(), &secret)?;
        match key.public == public {
            true => Ok(key),
            false => Err(NoKey),
        }
    }

    /// A fresh P-256 key, for one base proof.
    ///
    /// # Errors
    /// [`NoKey`] when the system gives no randomness.
    pub fn ephemeral() -> Result<Self, NoKey> {
        Self::of_pair(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| NoKey)?)
    }

    fn ecdsa(
        algorithm: &'static EcdsaSigningAlgorithm,
        (before, after): Der,
        scalar: &[u8],
    ) -> Result<Self, NoKey> {
        let der = [before, scalar, after].concat();
        Self::of_pair(EcdsaKeyPair::from_private_key_der(algorithm, &der).map_err(|_| NoKey)?)
    }

    fn of_pair(pair: EcdsaKeyPair) -> Result<Self, NoKey> {
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).map_err(|_| NoKey)?;
        Ok(Self {
            pair: Pair::Ecdsa(pair),
            public,
        })
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
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                Signature::from_bytes(signature.map_err(|_| SignError)?.as_ref())
            }
            Pair::Ed25519(pair) => Signature::from_bytes(pair.sign(message).as_ref()),
            Pair::Bbs(_) => return Err(SignError),
        }
        .map_err(|_| SignError)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.did())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_key_and_the_key_signs() {
        for (kind, prefix) in [
            (KeyType::P256, "did:key:zDna"),
            (KeyType::P384, "did:key:z82L"),
            (KeyType::Ed25519, "did:key:z6Mk"),
            (KeyType::Bls12381G2, "did:key:zUC7"),
        ] {
            let key = Key::of_label(kind, "a").unwrap();
            assert_eq!(key.did(), Key::of_label(kind, "a").unwrap().did());
            assert_ne!(key.did(), Key::of_label(kind, "b").unwrap().did());
            assert!(key.did().starts_with(prefix), "{key:?}");
            if kind == KeyType::Bls12381G2 {
                assert!(key.as_bbs().is_some());
                continue;
            }
            let signature = key.sign(b"message").unwrap();
            assert!(key.public_key().verify(b"message", &signature).is_ok());
        }
    }
}
