//! The base field of G1. Only public values are hashed to the curve, so nothing here needs constant time.

use crypto_bigint::modular::constant_mod::{Residue, ResidueParams as _};
use crypto_bigint::{Encoding as _, U384, impl_modulus};

impl_modulus!(
    P,
    U384,
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"
);

/// An element of GF(p), p as in RFC 9380 §8.8.1.
pub(super) type Fp = Residue<P, { U384::LIMBS }>;

/// The element with this number, in 96 hexadecimal digits.
pub(super) const fn fp(hex: &str) -> Fp {
    Fp::new(&U384::from_be_hex(hex))
}

/// 2²⁵⁶, by which the upper half of a hash weighs.
const SHIFT: Fp = fp(
    "000000000000000000000000000000010000000000000000000000000000000000000000000000000000000000000000",
);

/// 64 bytes, big-endian, modulo p (hash_to_field, RFC 9380 §5.2, L = 64).
pub(super) fn from_hash(bytes: &[u8; 64]) -> Fp {
    let mut halves = [[0; 48]; 2];
    for (half, bytes) in halves.iter_mut().zip(bytes.chunks(32)) {
        for (to, from) in half.iter_mut().skip(16).zip(bytes) {
            *to = *from;
        }
    }
    let [high, low] = halves.map(|half| Fp::new(&U384::from_be_bytes(half)));
    high * SHIFT + low
}

pub(super) fn to_bytes(fp: &Fp) -> [u8; 48] {
    fp.retrieve().to_be_bytes()
}

/// Whether the number is odd (sgn0, RFC 9380 §4.1).
pub(super) fn is_odd(fp: &Fp) -> bool {
    let [.., last] = to_bytes(fp);
    last & 1 == 1
}

/// The square root, if there is one: p is 3 modulo 4 (RFC 9380 appendix I.1).
pub(super) fn sqrt(fp: &Fp) -> Option<Fp> {
    let exponent = P::MODULUS.wrapping_add(&U384::ONE).shr_vartime(2);
    let root = fp.pow(&exponent);
    (root.square() == *fp).then_some(root)
}
