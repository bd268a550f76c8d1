//! The groups in which keys are agreed: elliptic curves, and the MODP groups.

use std::marker::PhantomData;

use elliptic_curve::CurveArithmetic;
use elliptic_curve::bigint::U2048;
use elliptic_curve::ff::{Field, PrimeField};
use elliptic_curve::group::Group as _;
use elliptic_curve::{FieldBytes, Scalar};
use primeorder::ProjectivePoint;
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use super::integrated;
use crate::crypto::Cipher;
use crate::curve::{Arithmetic, decode, encode};
use crate::error::CardError;
use crate::modp::{self, Modp};
use crate::tlv;

/// Tries before giving up on a random number generator: every curve here accepts at least half.
const TRIES: usize = 128;
const NEUTRAL: CardError = CardError::Protocol("the neutral element of the group");

/// What PACE and chip authentication need of a group of prime order.
pub(crate) trait Group {
    /// A member other than the neutral one.
    type Element;
    /// A multiplier or exponent.
    type Secret: Zeroize;

    /// The generator of the domain parameters.
    fn generator(&self) -> Self::Element;

    /// A uniform secret other than zero.
    ///
    /// # Errors
    /// [`CardError::Protocol`] when the generator yields nothing usable: it is broken.
    fn secret(&self, rng: &mut dyn CryptoRngCore) -> Result<Zeroizing<Self::Secret>, CardError>;

    /// A public key of the other side in the form that PACE sends.
    ///
    /// # Errors
    /// [`CardError::Protocol`] for what is no member of the group.
    fn received(&self, octets: &[u8]) -> Result<Self::Element, CardError>;

    /// A public key in any form that a SubjectPublicKeyInfo carries.
    ///
    /// # Errors
    /// As [`Group::received`].
    fn certified(&self, octets: &[u8]) -> Result<Self::Element, CardError> {
        self.received(octets)
    }

    /// The public key of `secret` over `base`, or what two sides agree on.
    fn power(&self, base: &Self::Element, secret: &Self::Secret) -> Self::Element;

    /// A public key as it is sent.
    ///
    /// # Errors
    /// [`CardError::Protocol`] for the neutral element.
    fn octets(&self, element: &Self::Element) -> Result<Vec<u8>, CardError>;

    /// What keys are derived from (Doc 9303-11 §9.7.1): the x coordinate, or the number.
    ///
    /// # Errors
    /// As [`Group::octets`].
    fn shared(&self, element: &Self::Element) -> Result<Zeroizing<Vec<u8>>, CardError>;

    /// The public key as a data object (§9.4): 86 for a point, 84 for a number without leading zeros.
    ///
    /// # Errors
    /// [`CardError::TooLarge`] never in practice.
    fn data_object(&self, public: &[u8]) -> Result<Vec<u8>, CardError>;

    /// Generic mapping (§4.4.3.3.1): the nonce's multiple of the generator and the element agreed.
    ///
    /// # Errors
    /// [`CardError::Protocol`] where the neutral element comes out.
    fn map(&self, nonce: &[u8], agreed: &Self::Element) -> Result<Self::Element, CardError>;

    /// Integrated mapping (§4.4.3.3.2) of the chip's nonce and our own.
    ///
    /// # Errors
    /// [`CardError::Protocol`] for nonces that lead nowhere; [`CardError::Unsupported`] over some curves.
    fn map_integrated(
        &self,
        cipher: Cipher,
        nonce: &[u8],
        own: &[u8],
    ) -> Result<Self::Element, CardError>;
}

/// The points of a curve.
pub(crate) struct Ecdh<C>(PhantomData<C>);

impl<C> Ecdh<C> {
    /// The curve's group.
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C: Arithmetic> Group for Ecdh<C> {
    type Element = ProjectivePoint<C>;
    type Secret = Scalar<C>;

    fn generator(&self) -> Self::Element {
        ProjectivePoint::<C>::generator()
    }

    fn secret(&self, rng: &mut dyn CryptoRngCore) -> Result<Zeroizing<Scalar<C>>, CardError> {
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

    /// Uncompressed only (TR-03111 §4.3.1).
    fn received(&self, octets: &[u8]) -> Result<Self::Element, CardError> {
        match octets.first() {
            Some(4) => self.certified(octets),
            _ => Err(CardError::Protocol("not a point on the curve")),
        }
    }

    fn certified(&self, octets: &[u8]) -> Result<Self::Element, CardError> {
        decode::<C>(octets).ok_or(CardError::Protocol("not a point on the curve"))
    }

    fn power(&self, base: &Self::Element, secret: &Scalar<C>) -> Self::Element {
        *base * *secret
    }

    fn octets(&self, element: &Self::Element) -> Result<Vec<u8>, CardError> {
        encode::<C>(element).ok_or(NEUTRAL)
    }

    fn shared(&self, element: &Self::Element) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let point = Zeroizing::new(self.octets(element)?);
        let x = point.get(1..=point.len() / 2).ok_or(NEUTRAL)?;
        Ok(Zeroizing::new(x.to_vec()))
    }

    fn data_object(&self, public: &[u8]) -> Result<Vec<u8>, CardError> {
        tlv::encode(0x86, public)
    }

    fn map(&self, nonce: &[u8], agreed: &Self::Element) -> Result<Self::Element, CardError> {
        let mapped = ProjectivePoint::<C>::generator() * number::<C>(nonce) + *agreed;
        match bool::from(mapped.is_identity()) {
            true => Err(NEUTRAL),
            false => Ok(mapped),
        }
    }

    fn map_integrated(
        &self,
        cipher: Cipher,
        nonce: &[u8],
        own: &[u8],
    ) -> Result<Self::Element, CardError> {
        integrated::map_generator::<C>(cipher, nonce, own)
    }
}

impl Group for Modp {
    type Element = modp::Element;
    type Secret = U2048;

    fn generator(&self) -> Self::Element {
        Modp::generator(*self)
    }

    fn secret(&self, rng: &mut dyn CryptoRngCore) -> Result<Zeroizing<U2048>, CardError> {
        Modp::secret(*self, rng)
    }

    fn received(&self, octets: &[u8]) -> Result<Self::Element, CardError> {
        self.element(octets)
            .ok_or(CardError::Protocol("not a member of the group"))
    }

    fn power(&self, base: &Self::Element, secret: &U2048) -> Self::Element {
        Modp::power(*self, base, secret)
    }

    fn octets(&self, element: &Self::Element) -> Result<Vec<u8>, CardError> {
        self.encode(element).ok_or(NEUTRAL)
    }

    fn shared(&self, element: &Self::Element) -> Result<Zeroizing<Vec<u8>>, CardError> {
        self.octets(element).map(Zeroizing::new)
    }

    fn data_object(&self, public: &[u8]) -> Result<Vec<u8>, CardError> {
        let zeros = public.iter().take_while(|octet| **octet == 0).count();
        tlv::encode(0x84, public.get(zeros..).unwrap_or_default())
    }

    fn map(&self, nonce: &[u8], agreed: &Self::Element) -> Result<Self::Element, CardError> {
        self.mapped(nonce, agreed).ok_or(NEUTRAL)
    }

    fn map_integrated(
        &self,
        cipher: Cipher,
        nonce: &[u8],
        own: &[u8],
    ) -> Result<Self::Element, CardError> {
        self.into_subgroup(&integrated::pseudo_random(cipher, nonce, own, self.bits()))
    }
}

/// A big-endian number modulo the order of the group.
pub(crate) fn number<C: Arithmetic>(octets: &[u8]) -> Scalar<C> {
    let base = <C as CurveArithmetic>::Scalar::from(256_u64);
    octets.iter().fold(Scalar::<C>::ZERO, |sum, octet| {
        sum * base + Scalar::<C>::from(u64::from(*octet))
    })
}
