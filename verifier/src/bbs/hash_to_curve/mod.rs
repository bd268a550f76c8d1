//! hash_to_curve for G1 (RFC 9380 §8.8.1): simplified SWU on E', then the 11-isogeny.
//!
//! Our own, because BBS needs it with SHAKE-256 too, which blst does not offer. Both back ends share it and with it the
//! published generators as a test. What is hashed is public.

mod field;
mod isogeny;

use super::ciphersuite::Ciphersuite;
use super::curve::{self, G1};
use crate::error::Error;
use field::{Fp, fp, from_hash, is_odd, sqrt, to_bytes};

/// E': y² = x³ + A x + B.
const A: Fp = fp(
    "00144698a3b8e9433d693a02c96d4982b0ea985383ee66a8d8e8981aefd881ac98936f8da0e0f97f5cf428082d584c1d",
);
const B: Fp = fp(
    "12e2908d11688030018b12e8753eee3b2016c1f0f24f4070a0b9c14fcef35ef55a23215a316ceaa5d1cc48e98e172be0",
);
/// A non-square.
const Z: Fp = fp(
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000b",
);
/// h_eff: takes every point of the curve into G1.
const COFACTOR: u64 = 0xd201_0000_0001_0001;

/// Hashes a message to a point of G1 (hash_to_curve, RFC 9380 §3).
///
/// # Errors
/// `malformed` for a hash in the kernel of the isogeny, which nobody can find.
pub(super) fn hash_to_curve(suite: Ciphersuite, message: &[u8], dst: &[u8]) -> Result<G1, Error> {
    let uniform = suite.expand_message::<128>(&[message], dst)?;
    let (halves, _) = uniform.as_chunks::<64>();
    let mut sum = curve::identity();
    for half in halves {
        let (x, y) = swu(&from_hash(half));
        let (x, y) = isogeny::map(&x, &y).ok_or(KERNEL)?;
        let mut bytes = [0; 96];
        let coordinates = to_bytes(&x).into_iter().chain(to_bytes(&y));
        for (to, from) in bytes.iter_mut().zip(coordinates) {
            *to = from;
        }
        sum += curve::on_curve(&bytes).ok_or(KERNEL)?;
    }
    Ok(clear_cofactor(&sum))
}

const KERNEL: Error = Error::malformed("hash to curve");

/// map_to_curve_simple_swu on E' (RFC 9380 §6.6.2).
fn swu(u: &Fp) -> (Fp, Fp) {
    let zu2 = Z * u.square();
    let (inverse, exists) = (zu2.square() + zu2).invert();
    let (a_inverse, _) = A.invert();
    let x1 = if bool::from(exists) {
        -B * a_inverse * (inverse + Fp::ONE)
    } else {
        let (z_inverse, _) = Z.invert();
        B * z_inverse * a_inverse
    };
    let square = |x: Fp| (x.square() + A) * x + B;
    let (x, y) = match sqrt(&square(x1)) {
        Some(y) => (x1, y),
        None => {
            let x2 = zu2 * x1;
            // One of the two is a square, for Z is not.
            (x2, sqrt(&square(x2)).unwrap_or(Fp::ZERO))
        }
    };
    (x, if is_odd(u) == is_odd(&y) { y } else { -y })
}

/// Multiplies by h_eff with additions alone: the back ends' scalar multiplication holds only within G1.
fn clear_cofactor(point: &G1) -> G1 {
    let mut product = curve::identity();
    for bit in (0..u64::BITS).rev() {
        product = curve::double(&product);
        if COFACTOR >> bit & 1 == 1 {
            product += point;
        }
    }
    product
}
