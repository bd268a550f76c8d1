//! Scalars: numbers modulo r, the order of the groups.

use core::ops::{Add, Mul, Neg, Sub};

use pairing::Engine;
use pairing::group::ff::Field as _;
use zeroize::{DefaultIsZeroes, Zeroize as _};

use super::backend;

type Inner = <backend::Bls12 as Engine>::Fr;

/// Length of a scalar (octet_scalar_length).
pub(in crate::bbs) const SCALAR_LENGTH: usize = 32;

/// A number modulo r. `Copy` and wiped only where it is kept as a [`SecretScalar`].
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::bbs) struct Scalar(pub(super) Inner);

impl DefaultIsZeroes for Scalar {}

impl Scalar {
    /// From 32 octets, big-endian; `None` for zero and for numbers from r on.
    pub(in crate::bbs) fn from_octets(octets: &[u8; SCALAR_LENGTH]) -> Option<Self> {
        let scalar = Self(backend::scalar_from_octets(octets)?);
        (!scalar.is_zero()).then_some(scalar)
    }

    /// From 48 octets, big-endian, modulo r: as good as uniform, for they have 128 bits more than r.
    pub(in crate::bbs) fn from_uniform(octets: &[u8; 48]) -> Self {
        let (parts, _) = octets.as_chunks::<16>();
        let shift = Inner::from(1u64 << 32).square().square();
        let sum = parts.iter().fold(Inner::ZERO, |sum, part| {
            let mut wide = [0; SCALAR_LENGTH];
            for (to, from) in wide.iter_mut().skip(16).zip(part) {
                *to = *from;
            }
            // 128 bits are always below r.
            let part = backend::scalar_from_octets(&wide).unwrap_or(Inner::ZERO);
            wide.zeroize();
            sum * shift + part
        });
        Self(sum)
    }

    /// I2OSP to 32 octets.
    pub(in crate::bbs) fn to_octets(self) -> [u8; SCALAR_LENGTH] {
        backend::scalar_to_octets(&self.0)
    }

    pub(in crate::bbs) fn one() -> Self {
        Self(Inner::ONE)
    }

    pub(in crate::bbs) fn is_zero(self) -> bool {
        bool::from(self.0.is_zero())
    }

    /// The multiplicative inverse; `None` of zero.
    pub(in crate::bbs) fn invert(self) -> Option<Self> {
        Option::from(self.0.invert()).map(Self)
    }
}

impl Add for Scalar {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Scalar {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul for Scalar {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }
}

impl Neg for Scalar {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// A scalar that is wiped when dropped.
#[derive(Default)]
pub(in crate::bbs) struct SecretScalar(Scalar);

impl SecretScalar {
    pub(in crate::bbs) fn new(scalar: Scalar) -> Self {
        Self(scalar)
    }

    /// A copy to compute with, not to keep.
    pub(in crate::bbs) fn get(&self) -> Scalar {
        self.0
    }
}

impl Drop for SecretScalar {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
