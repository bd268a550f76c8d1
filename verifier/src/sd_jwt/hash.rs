//! The digests of disclosures (RFC 9901 §4.1.1).

use crate::crypto::{sha256, sha384, sha512};
use crate::encoding::Base64Url;
use crate::error::Error;
use crate::json::flat::Node;

/// A digest as it stands in `_sd`: base64url, at most of 64 bytes.
pub(super) type Digest = Base64Url<86>;

/// Something to sort digests by: their first eight characters, 48 bits of a hash.
pub(super) fn order(digest: &[u8]) -> u64 {
    let first = digest.first_chunk();
    first.map_or(0, |first| u64::from_be_bytes(*first))
}

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
    pub(super) fn of(payload: Node<'_>) -> Result<Self, Error> {
        match payload.get("_sd_alg").map(Node::as_str) {
            None => Ok(Self::Sha256),
            Some(name) => [Self::Sha256, Self::Sha384, Self::Sha512]
                .into_iter()
                .find(|algorithm| name.as_deref() == Some(algorithm.name()))
                .ok_or(Error::UnsupportedAlgorithm { what: "_sd_alg" }),
        }
    }

    /// §4.2.3: base64url of the digest over the ASCII bytes of the encoded disclosure.
    pub(super) fn digest(self, encoded: &[u8]) -> Digest {
        match self {
            Self::Sha256 => Digest::new(&sha256(encoded)),
            Self::Sha384 => Digest::new(&sha384(encoded)),
            Self::Sha512 => Digest::new(&sha512(encoded)),
        }
    }

    /// The digest of something that nobody will ever disclose (§4.2.5): as random as its salt.
    pub(super) fn decoy(self, salt: [u8; 16]) -> Digest {
        self.digest(Digest::new(&salt).as_bytes())
    }
}
