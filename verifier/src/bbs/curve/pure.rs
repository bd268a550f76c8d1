//! `bls12_381_plus`: Rust alone, for WebAssembly and microcontrollers.

use alloc::vec;
use alloc::vec::Vec;

use bls12_381_plus::{G1Affine, G1Projective};

pub(super) use bls12_381_plus::Bls12;

/// Memory is scarce where this back end runs.
pub(super) const TABLES: bool = false;

pub(super) fn normalize(points: &[G1Projective]) -> Vec<G1Affine> {
    let mut affine = vec![G1Affine::identity(); points.len()];
    G1Projective::batch_normalize(points, &mut affine);
    affine
}

/// Big-endian octets of a scalar below r.
pub(super) fn scalar_from_octets(octets: &[u8; 32]) -> Option<bls12_381_plus::Scalar> {
    bls12_381_plus::Scalar::from_be_bytes(octets).into()
}

pub(super) fn scalar_to_octets(scalar: &bls12_381_plus::Scalar) -> [u8; 32] {
    scalar.to_be_bytes()
}
