//! Every object identifier of an algorithm that this crate knows, and nothing else: adding one means
//! adding an arm here. What is genuine but not implemented becomes [`CardError::Unsupported`].

use const_oid::ObjectIdentifier;
use der::{Decode, Encode};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::error::CardError;

const SHA_224: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const ECDSA_WITH_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// ecdsa-plain-SHA256 (TR-03111 §5.2.1.1).
const ECDSA_PLAIN_SHA_256: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.1.4.1.3");

/// A digest algorithm of the security object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestAlgorithm {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl DigestAlgorithm {
    /// From a DER AlgorithmIdentifier; parameters absent or NULL (RFC 5754 §2).
    pub(crate) fn parse(der: &[u8]) -> Result<Self, CardError> {
        let identifier = algorithm(der)?;
        match identifier.oid {
            SHA_224 => Ok(Self::Sha224),
            SHA_256 => Ok(Self::Sha256),
            SHA_384 => Ok(Self::Sha384),
            SHA_512 => Ok(Self::Sha512),
            oid => Err(unsupported("digest", oid)),
        }
    }

    /// The digest of `data`.
    pub(crate) fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha224 => Sha224::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }
}

/// A signature algorithm of certificates and security objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    /// ecdsa-with-SHA256, the signature as a DER sequence (RFC 5758 §3.2).
    EcdsaSha256,
}

impl SignatureAlgorithm {
    /// From a DER AlgorithmIdentifier.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, CardError> {
        match algorithm(der)?.oid {
            ECDSA_WITH_SHA_256 => Ok(Self::EcdsaSha256),
            oid => Err(unsupported("signature algorithm", oid)),
        }
    }

    /// The digest the algorithm is made with.
    pub(crate) fn digest(self) -> DigestAlgorithm {
        match self {
            Self::EcdsaSha256 => DigestAlgorithm::Sha256,
        }
    }
}

/// A public key of a certificate or of DG15.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    P256(VerifyingKey),
}

impl PublicKey {
    /// From a DER SubjectPublicKeyInfo with a named curve.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, CardError> {
        let malformed = |_| CardError::Malformed("public key");
        let info = SubjectPublicKeyInfoOwned::from_der(der).map_err(malformed)?;
        if info.algorithm.oid != EC_PUBLIC_KEY {
            return Err(unsupported("key type", info.algorithm.oid));
        }
        let Some(parameters) = &info.algorithm.parameters else {
            return Err(CardError::Malformed("public key"));
        };
        match parameters.decode_as::<ObjectIdentifier>() {
            Ok(P_256) => {}
            Ok(oid) => return Err(unsupported("curve", oid)),
            Err(_) => {
                return Err(CardError::Unsupported {
                    what: "curve",
                    name: "explicit parameters".to_owned(),
                });
            }
        }
        VerifyingKey::from_public_key_der(der)
            .map(Self::P256)
            .map_err(|_| CardError::Malformed("public key"))
    }

    /// Whether `signature` is this key's over `message`.
    pub(crate) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        match (self, algorithm) {
            (Self::P256(key), SignatureAlgorithm::EcdsaSha256) => Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }

    /// Whether `signature`, a plain `r ‖ s` of 64 octets, is this key's over SHA-256 of `message`.
    pub(crate) fn verify_plain_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

/// Refuses an active authentication algorithm other than plain ECDSA with SHA-256.
pub(crate) fn require_plain_ecdsa_sha256(oid: &[u8]) -> Result<(), CardError> {
    match ObjectIdentifier::from_bytes(oid) {
        Ok(ECDSA_PLAIN_SHA_256) => Ok(()),
        Ok(oid) => Err(unsupported("active authentication algorithm", oid)),
        Err(_) => Err(CardError::Malformed("algorithm identifier")),
    }
}

/// Parameters, where there are any, must be NULL: none of the algorithms above takes others.
fn algorithm(der: &[u8]) -> Result<AlgorithmIdentifierOwned, CardError> {
    const WHAT: CardError = CardError::Malformed("algorithm identifier");
    let identifier = AlgorithmIdentifierOwned::from_der(der).map_err(|_| WHAT)?;
    match &identifier.parameters {
        // RSASSA-PSS and the like carry parameters; the object identifier then says "unsupported".
        Some(parameters)
            if parameters.to_der().map_err(|_| WHAT)? != [5, 0]
                && [SHA_224, SHA_256, SHA_384, SHA_512, ECDSA_WITH_SHA_256]
                    .contains(&identifier.oid) =>
        {
            Err(WHAT)
        }
        _ => Ok(identifier),
    }
}

fn unsupported(what: &'static str, oid: ObjectIdentifier) -> CardError {
    CardError::Unsupported {
        what,
        name: oid.to_string(),
    }
}
