//! As much of BLS12-381 as BBS needs, over one of two back ends.
//!
//! `native` is blst, in C and assembly; `pure` is Rust alone. Both implement the traits of the `group` family, so that
//! only what those leave open is written twice. Every point that comes from outside enters through [`decompress`] or
//! [`decompress_g2`]: on the curve, in the subgroup of prime order, not the identity.

#[cfg(feature = "bbs")]
#[path = "native.rs"]
mod backend;
#[cfg(not(feature = "bbs"))]
#[path = "pure.rs"]
mod backend;
mod scalar;
mod sum;

use alloc::boxed::Box;
use alloc::vec::Vec;

use once_cell::race::OnceBox;
use pairing::group::Group as _;
use pairing::group::prime::PrimeCurveAffine as _;
use pairing::{Engine, MillerLoopResult, MultiMillerLoop};

pub(super) use scalar::{SCALAR_LENGTH, Scalar, SecretScalar};
pub(super) use sum::{Comb, variable_time_sum};

/// A point of G1 in projective coordinates.
pub(super) type G1 = <backend::Bls12 as Engine>::G1;
/// A point of G1 in affine coordinates.
pub(super) type G1Affine = <backend::Bls12 as Engine>::G1Affine;
/// A point of G2 in affine coordinates.
pub(super) type G2Affine = <backend::Bls12 as Engine>::G2Affine;
/// A point of G2 as the pairing wants it.
pub(super) type G2Prepared = <backend::Bls12 as MultiMillerLoop>::G2Prepared;

/// Length of a compressed point of G1 (octet_point_length).
pub(super) const POINT_LENGTH: usize = 48;

/// Identity_G1.
pub(super) fn identity() -> G1 {
    G1::identity()
}

pub(super) fn is_identity(point: &G1) -> bool {
    bool::from(point.is_identity())
}

pub(super) fn double(point: &G1) -> G1 {
    point.double()
}

/// `scalar` times `point`. In constant time: the scalar may be secret.
pub(super) fn times(point: &G1, scalar: Scalar) -> G1 {
    *point * scalar.0
}

pub(super) fn projective(point: &G1Affine) -> G1 {
    point.to_curve()
}

pub(super) fn affine(point: &G1) -> G1Affine {
    point.into()
}

/// Affine coordinates of many points with one inversion.
pub(super) fn normalize(points: &[G1]) -> Vec<G1Affine> {
    backend::normalize(points)
}

/// point_to_octets_E1.
pub(super) fn compress(point: &G1) -> [u8; POINT_LENGTH] {
    affine(point).to_compressed()
}

pub(super) fn compress_affine(point: &G1Affine) -> [u8; POINT_LENGTH] {
    point.to_compressed()
}

/// octets_to_point_E1 with the checks that every caller needs: in the subgroup and not the identity.
pub(super) fn decompress(octets: &[u8; POINT_LENGTH]) -> Option<G1Affine> {
    let point = Option::<G1Affine>::from(G1Affine::from_compressed(octets))?;
    (!bool::from(point.is_identity())).then_some(point)
}

/// A point of the curve, of whatever order, from uncompressed coordinates.
pub(super) fn on_curve(coordinates: &[u8; 96]) -> Option<G1> {
    let point = Option::<G1Affine>::from(G1Affine::from_uncompressed_unchecked(coordinates))?;
    bool::from(point.is_on_curve()).then(|| projective(&point))
}

/// octets_to_point_E2, in the subgroup and not the identity.
pub(super) fn decompress_g2(octets: &[u8; 96]) -> Option<G2Affine> {
    let point = Option::<G2Affine>::from(G2Affine::from_compressed(octets))?;
    (!bool::from(point.is_identity())).then_some(point)
}

/// A point of G2 from its coordinates, in the subgroup and not the identity.
pub(super) fn uncompressed_g2(coordinates: &[u8; 192]) -> Option<G2Affine> {
    // The upper three bits are flags of the encoding, not of the coordinates.
    let flags = coordinates.first().is_none_or(|first| first & 0xe0 != 0);
    let point = Option::<G2Affine>::from(G2Affine::from_uncompressed(coordinates))?;
    (!flags && !bool::from(point.is_identity())).then_some(point)
}

/// `scalar` times BP2, compressed. Constant time.
pub(super) fn times_bp2(scalar: Scalar) -> [u8; 96] {
    let point = G2Affine::generator() * scalar.0;
    G2Affine::from(point).to_compressed()
}

/// `scalar` times BP2 plus `point`.
pub(super) fn plus_times_bp2(point: &G2Affine, scalar: Scalar) -> G2Prepared {
    let sum = G2Affine::generator() * scalar.0 + point;
    G2Affine::from(sum).into()
}

/// Whether `e(a, q) = e(b, BP2)`.
pub(super) fn pairings_equal(a: &G1Affine, q: &G2Prepared, b: &G1Affine) -> bool {
    static MINUS_BP2: OnceBox<G2Prepared> = OnceBox::new();
    let minus_bp2 = MINUS_BP2.get_or_init(|| Box::new((-G2Affine::generator()).into()));
    let product = backend::Bls12::multi_miller_loop(&[(a, q), (b, minus_bp2)]);
    bool::from(MillerLoopResult::final_exponentiation(&product).is_identity())
}
