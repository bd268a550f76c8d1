//! The digests of disclosures (RFC 9901 §4.1.1).

use alloc::string::String;

use serde_json::Value;

use crate::crypto::{sha256, sha384, sha512};
use crate::encoding::base64url;
use crate::error::Error;

/// The hash algorithms that `_sd_alg` may name, by their names in the IANA registry of named information hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashAlgorithm {
    /// `sha-256`, also meant where `_sd_alg` is absent.
    #[default]
    Sha256,
    /// `sha-384`.
    Sha384,
    /// `sha-512`.
    Sha512,
}

impl HashAlgorithm {
    /// The name in `_sd_alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    /// What the payload of an SD-JWT says.
    pub(super) fn of(payload: &Value) -> Result<Self, Error> {
        match payload.get("_sd_alg") {
            None => Ok(Self::Sha256),
            Some(name) => [Self::Sha256, Self::Sha384, Self::Sha512]
                .into_iter()
                .find(|algorithm| name == algorithm.name())
                .ok_or(Error::UnsupportedAlgorithm { what: "_sd_alg" }),
        }
    }

    /// §4.2.3: base64url of the digest over the ASCII bytes of the encoded disclosure.
    pub(super) fn digest(self, encoded: &str) -> String {
        let bytes = encoded.as_bytes();
        match self {
            Self::Sha256 => base64url(&sha256(bytes)),
            Self::Sha384 => base64url(&sha384(bytes)),
            Self::Sha512 => base64url(&sha512(bytes)),
        }
    }

    /// The digest of something that nobody will ever disclose (§4.2.5): as random as its salt.
    pub(super) fn decoy(self, salt: [u8; 16]) -> String {
        self.digest(&base64url(&salt))
    }
}
