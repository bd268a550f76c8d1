//! blst through `blstrs`.

use alloc::vec::Vec;

use blstrs::{G1Affine, G1Projective};
use pairing::group::ff::{BatchInvert as _, Field as _};

pub(super) use blstrs::Bls12;

/// Combs of fixed points are worth their memory.
pub(super) const TABLES: bool = true;

/// Jacobian to affine coordinates; `blstrs` would invert once a point. The identity becomes the identity.
pub(super) fn normalize(points: &[G1Projective]) -> Vec<G1Affine> {
    let mut inverses: Vec<_> = points.iter().map(G1Projective::z).collect();
    // Leaves zero alone, and (0, 0) is how blst writes the identity.
    inverses.iter_mut().batch_invert();
    let affine = points.iter().zip(inverses).map(|(point, inverse)| {
        let square = inverse.square();
        G1Affine::from_raw_unchecked(point.x() * square, point.y() * square * inverse, false)
    });
    affine.collect()
}

/// Big-endian octets of a scalar below r.
pub(super) fn scalar_from_octets(octets: &[u8; 32]) -> Option<blstrs::Scalar> {
    blstrs::Scalar::from_bytes_be(octets).into()
}

pub(super) fn scalar_to_octets(scalar: &blstrs::Scalar) -> [u8; 32] {
    scalar.to_bytes_be()
}
