//! Keys: a scalar, and its product with BP2 (draft-irtf-cfrg-bbs-signatures §3.4).

use alloc::sync::Arc;

use zeroize::Zeroizing;

use super::curve::{
    G2Affine, G2Prepared, Scalar, SecretScalar, decompress_g2, times_bp2, uncompressed_g2,
};
use crate::error::Error;

/// Length of a public key in octets.
pub const PUBLIC_KEY_LENGTH: usize = 96;

/// A secret key: neither shown nor copied, wiped when dropped.
pub struct SecretKey {
    pub(super) scalar: SecretScalar,
    public: PublicKey,
}

impl SecretKey {
    /// From the 32 octets of KeyGen, big-endian.
    ///
    /// # Errors
    /// `malformed` for zero and for numbers from the order of the group on.
    pub fn from_bytes(octets: &[u8; 32]) -> Result<Self, Error> {
        let malformed = Error::malformed("BBS secret key");
        let scalar = SecretScalar::new(Scalar::from_octets(octets).ok_or(malformed)?);
        let public = PublicKey::from_bytes(&times_bp2(scalar.get()))?;
        Ok(Self { scalar, public })
    }

    /// The 32 octets of the key, for a key store.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.scalar.get().to_octets())
    }

    /// The public half (SkToPk, §3.4.2).
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }
}

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SecretKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// A public key, decoded once and prepared for pairings: cheap to clone, dear to decode.
#[derive(Clone)]
pub struct PublicKey(Arc<Decoded>);

struct Decoded {
    octets: [u8; PUBLIC_KEY_LENGTH],
    point: G2Affine,
    prepared: G2Prepared,
}

impl PublicKey {
    /// From a compressed point of G2 (octets_to_pubkey, §4.2.4.6).
    ///
    /// # Errors
    /// `malformed` for another length, the identity, and points outside the subgroup.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, Error> {
        let malformed = Error::malformed("BBS public key");
        let octets: [u8; PUBLIC_KEY_LENGTH] = octets.try_into().map_err(|_| malformed.clone())?;
        Ok(Self::of(octets, decompress_g2(&octets).ok_or(malformed)?))
    }

    /// From the coordinates of a point of G2, x before y and of each the coefficient of u first, as a JWK has them
    /// (draft-ietf-cose-bls-key-representations).
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes).
    pub fn from_uncompressed(coordinates: &[u8]) -> Result<Self, Error> {
        let coordinates: Option<&[u8; 192]> = coordinates.try_into().ok();
        let point = coordinates.and_then(uncompressed_g2);
        let point = point.ok_or(Error::malformed("BBS public key"))?;
        Ok(Self::of(point.to_compressed(), point))
    }

    fn of(octets: [u8; PUBLIC_KEY_LENGTH], point: G2Affine) -> Self {
        Self(Arc::new(Decoded {
            octets,
            point,
            prepared: point.into(),
        }))
    }

    /// The coordinates of [`from_uncompressed`](Self::from_uncompressed).
    #[must_use]
    pub fn to_uncompressed(&self) -> [u8; 192] {
        self.0.point.to_uncompressed()
    }

    /// The compressed point.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PUBLIC_KEY_LENGTH] {
        self.0.octets
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.0.octets
    }

    pub(super) fn point(&self) -> &G2Affine {
        &self.0.point
    }

    pub(super) fn prepared(&self) -> &G2Prepared {
        &self.0.prepared
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.octets == other.0.octets
    }
}

impl Eq for PublicKey {}

impl core::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = crate::encoding::base64url(&self.0.octets);
        f.debug_tuple("PublicKey").field(&text).finish()
    }
}
