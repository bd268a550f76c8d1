//! Secret multipliers for key agreement.

use elliptic_curve::CurveArithmetic;
use elliptic_curve::ff::{Field, PrimeField};
use elliptic_curve::{FieldBytes, Scalar};
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use crate::curve::Arithmetic;
use crate::error::CardError;

/// Tries before giving up on a random number generator: every curve here accepts at least half.
const TRIES: usize = 128;

/// A uniform multiplier other than zero, by rejection.
///
/// # Errors
/// [`CardError::Protocol`] when the generator yields nothing usable: it is broken.
pub(crate) fn random_scalar<C: Arithmetic>(
    rng: &mut dyn CryptoRngCore,
) -> Result<Zeroizing<Scalar<C>>, CardError> {
    for _ in 0..TRIES {
        let mut octets = FieldBytes::<C>::default();
        rng.fill_bytes(&mut octets);
        // Of the 66 octets of P-521 the topmost carries one bit.
        let spare = (8 * octets.len()).saturating_sub(Scalar::<C>::NUM_BITS as usize);
        if let Some(first) = octets.first_mut() {
            *first &= 0xFF_u8.checked_shr(spare as u32).unwrap_or(0);
        }
        let scalar = Option::<Scalar<C>>::from(Scalar::<C>::from_repr(octets));
        octets.zeroize();
        if let Some(scalar) = scalar
            && !bool::from(scalar.is_zero())
        {
            return Ok(Zeroizing::new(scalar));
        }
    }
    Err(CardError::Protocol("no randomness"))
}

/// A big-endian number modulo the order of the group.
pub(crate) fn number<C: Arithmetic>(octets: &[u8]) -> Scalar<C> {
    let base = <C as CurveArithmetic>::Scalar::from(256_u64);
    octets.iter().fold(Scalar::<C>::ZERO, |sum, octet| {
        sum * base + Scalar::<C>::from(u64::from(*octet))
    })
}
