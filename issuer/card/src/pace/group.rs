//! The group operations PACE needs, so that another curve is one more small implementation.

use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::group::Group as _;
use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use p256::{EncodedPoint, NonZeroScalar, ProjectivePoint, Scalar};
use rand_core::CryptoRngCore;

/// A group of prime order on a 256-bit curve. Points encode uncompressed: `04 ‖ x ‖ y`, 65 octets.
pub(crate) trait Group {
    /// A point, possibly at infinity.
    type Point;
    /// A secret multiplier.
    type Scalar;

    /// The standard generator.
    fn generator() -> Self::Point;
    /// A uniform multiplier other than zero.
    fn random_scalar(rng: &mut dyn CryptoRngCore) -> Self::Scalar;
    /// A 128-bit number, which is below every group order in use.
    fn small_scalar(number: &[u8; 16]) -> Self::Scalar;
    /// Scalar multiplication, in constant time.
    fn multiply(point: &Self::Point, by: &Self::Scalar) -> Self::Point;
    /// Point addition.
    fn add(one: &Self::Point, other: &Self::Point) -> Self::Point;
    /// 65 octets; `None` for the point at infinity.
    fn encode(point: &Self::Point) -> Option<Vec<u8>>;
    /// `None` unless the octets are an uncompressed point on the curve.
    fn decode(octets: &[u8]) -> Option<Self::Point>;
}

/// NIST P-256 (secp256r1), standardised domain parameters 12.
pub(crate) struct P256;

impl P256 {
    /// The identifier of these parameters (Doc 9303-11 table 12).
    pub(crate) const PARAMETER_ID: u8 = 12;
}

impl Group for P256 {
    type Point = ProjectivePoint;
    type Scalar = zeroize::Zeroizing<Scalar>;

    fn generator() -> Self::Point {
        ProjectivePoint::GENERATOR
    }

    fn random_scalar(mut rng: &mut dyn CryptoRngCore) -> Self::Scalar {
        Self::Scalar::new(*NonZeroScalar::random(&mut rng))
    }

    fn small_scalar(number: &[u8; 16]) -> Self::Scalar {
        Self::Scalar::new(Scalar::from_u128(u128::from_be_bytes(*number)))
    }

    fn multiply(point: &Self::Point, by: &Self::Scalar) -> Self::Point {
        *point * **by
    }

    fn add(one: &Self::Point, other: &Self::Point) -> Self::Point {
        *one + *other
    }

    fn encode(point: &Self::Point) -> Option<Vec<u8>> {
        if bool::from(point.is_identity()) {
            return None;
        }
        Some(
            point
                .to_affine()
                .to_encoded_point(false)
                .as_bytes()
                .to_vec(),
        )
    }

    fn decode(octets: &[u8]) -> Option<Self::Point> {
        if octets.len() != 65 || octets.first() != Some(&4) {
            return None;
        }
        let encoded = EncodedPoint::from_bytes(octets).ok()?;
        Option::from(ProjectivePoint::from_encoded_point(&encoded))
    }
}
