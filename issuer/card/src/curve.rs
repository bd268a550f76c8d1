//! The elliptic curves of travel documents (Doc 9303-12 §4.4, TR-03110-3 table 4): by object
//! identifier, by explicit parameters, by standardised domain parameters. An explicit curve must be
//! one of these, number for number: arithmetic on a curve of the sender's choice proves nothing.

use const_oid::ObjectIdentifier;
use ecdsa::hazmat::verify_prehashed;
use ecdsa::{EcdsaCurve, Signature};
use elliptic_curve::array::typenum::Unsigned;
use elliptic_curve::bigint::Encoding;
use elliptic_curve::ff::{Field, PrimeField};
use elliptic_curve::group::Group as _;
use elliptic_curve::sec1::{FromSec1Point, Sec1Point, ToSec1Point};
use elliptic_curve::{CurveArithmetic, FieldBytes, FieldBytesSize};
use primeorder::{AffinePoint, PrimeCurveParams, ProjectivePoint};

use crate::error::CardError;
use crate::tlv::{self, Objects};

mod defined;

/// A curve this crate can compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P224,
    P256,
    P384,
    P521,
    Brainpool224,
    Brainpool256,
    Brainpool320,
    Brainpool384,
    Brainpool512,
}

/// What the protocols here need of a curve; every curve above has it.
pub(crate) trait Arithmetic:
    EcdsaCurve
    + PrimeCurveParams
    + CurveArithmetic<AffinePoint: FromSec1Point<Self> + ToSec1Point<Self>>
{
}

impl<C> Arithmetic for C where
    C: EcdsaCurve
        + PrimeCurveParams
        + CurveArithmetic<AffinePoint: FromSec1Point<C> + ToSec1Point<C>>
{
}

/// Runs an expression with the type of a [`Curve`].
macro_rules! on_curve {
    ($curve:expr, $c:ident => $body:expr) => {
        match $curve {
            $crate::curve::Curve::P224 => $crate::curve::with!($c, $crate::curve::P224, $body),
            $crate::curve::Curve::P256 => $crate::curve::with!($c, p256::NistP256, $body),
            $crate::curve::Curve::P384 => $crate::curve::with!($c, p384::NistP384, $body),
            $crate::curve::Curve::P521 => $crate::curve::with!($c, p521::NistP521, $body),
            $crate::curve::Curve::Brainpool224 => {
                $crate::curve::with!($c, $crate::curve::Brainpool224, $body)
            }
            $crate::curve::Curve::Brainpool256 => {
                $crate::curve::with!($c, bp256::BrainpoolP256r1, $body)
            }
            $crate::curve::Curve::Brainpool320 => {
                $crate::curve::with!($c, $crate::curve::Brainpool320, $body)
            }
            $crate::curve::Curve::Brainpool384 => {
                $crate::curve::with!($c, bp384::BrainpoolP384r1, $body)
            }
            $crate::curve::Curve::Brainpool512 => {
                $crate::curve::with!($c, $crate::curve::Brainpool512, $body)
            }
        }
    };
}
macro_rules! with {
    ($c:ident, $curve:ty, $body:expr) => {{
        type $c = $curve;
        $body
    }};
}
pub(crate) use defined::{Brainpool224, Brainpool320, Brainpool512, P224};
pub(crate) use {on_curve, with};

const PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");
const MALFORMED: CardError = CardError::Malformed("curve parameters");

impl Curve {
    /// Every curve, its object identifier (RFC 5480 §2.1.1.1, RFC 5639 §4.1) and its number among
    /// the standardised domain parameters (Doc 9303-11 §9.5.1).
    const ALL: [(Self, &'static str, u8); 9] = [
        (Self::P224, "1.3.132.0.33", 10),
        (Self::Brainpool224, "1.3.36.3.3.2.8.1.1.5", 11),
        (Self::P256, "1.2.840.10045.3.1.7", 12),
        (Self::Brainpool256, "1.3.36.3.3.2.8.1.1.7", 13),
        (Self::Brainpool320, "1.3.36.3.3.2.8.1.1.9", 14),
        (Self::P384, "1.3.132.0.34", 15),
        (Self::Brainpool384, "1.3.36.3.3.2.8.1.1.11", 16),
        (Self::Brainpool512, "1.3.36.3.3.2.8.1.1.13", 17),
        (Self::P521, "1.3.132.0.35", 18),
    ];

    /// By standardised domain parameters.
    pub(crate) fn from_parameter_id(id: u8) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, _, number)| *number == id)
            .map(|(curve, _, _)| *curve)
    }

    /// From the DER parameters of an `id-ecPublicKey` (RFC 5480 §2.1.1, X9.62 ECParameters): a named
    /// curve, or explicit parameters that are those of a curve known here (Doc 9303-12 §4.4.1).
    ///
    /// # Errors
    /// [`CardError::Unsupported`] for another curve, [`CardError::Malformed`] for another structure.
    pub(crate) fn from_parameters(der: &[u8]) -> Result<Self, CardError> {
        let mut objects = Objects::new(der);
        let object = objects.read()?.ok_or(MALFORMED)?;
        objects.end("curve parameters")?;
        match object.tag {
            0x06 => {
                let oid = ObjectIdentifier::from_bytes(object.value).map_err(|_| MALFORMED)?;
                Self::ALL
                    .iter()
                    .find(|(_, named, _)| ObjectIdentifier::new_unwrap(named) == oid)
                    .map(|(curve, _, _)| *curve)
                    .ok_or_else(|| CardError::Unsupported {
                        what: "curve",
                        name: oid.to_string(),
                    })
            }
            0x30 => {
                let explicit = Explicit::parse(object.value)?;
                Self::ALL
                    .iter()
                    .map(|(curve, _, _)| *curve)
                    .find(|curve| on_curve!(curve, C => explicit.are::<C>()))
                    .ok_or_else(|| CardError::Unsupported {
                        what: "curve",
                        name: "explicit parameters of no known curve".to_owned(),
                    })
            }
            _ => Err(MALFORMED),
        }
    }

    /// Octets of one coordinate.
    pub(crate) fn coordinate(self) -> usize {
        on_curve!(self, C => FieldBytesSize::<C>::USIZE)
    }

    /// Whether the octets are an uncompressed or compressed point of this curve, not at infinity.
    pub(crate) fn has_point(self, octets: &[u8]) -> bool {
        on_curve!(self, C => decode::<C>(octets).is_some())
    }

    /// ECDSA verification (FIPS 186-5 §6.4.2) with `r` and `s` as big-endian numbers.
    pub(crate) fn verify(self, point: &[u8], digest: &[u8], r: &[u8], s: &[u8]) -> bool {
        on_curve!(self, C => verify::<C>(point, digest, r, s).is_some())
    }
}

fn verify<C: Arithmetic>(point: &[u8], digest: &[u8], r: &[u8], s: &[u8]) -> Option<()> {
    let signature = Signature::<C>::from_scalars(padded::<C>(r)?, padded::<C>(s)?).ok()?;
    verify_prehashed::<C>(&decode::<C>(point)?, digest, &signature).ok()
}

/// A big-endian number in the octets of a field element; `None` when it does not fit.
pub(crate) fn padded<C: Arithmetic>(number: &[u8]) -> Option<FieldBytes<C>> {
    let digits = trimmed(number);
    let mut out = FieldBytes::<C>::default();
    let at = out.len().checked_sub(digits.len())?;
    out.get_mut(at..)?.copy_from_slice(digits);
    Some(out)
}

/// A point on the curve and not at infinity (SEC 1 §2.3.4). The curves here have prime order, so
/// every such point generates the whole group.
pub(crate) fn decode<C: Arithmetic>(octets: &[u8]) -> Option<ProjectivePoint<C>> {
    let encoded = Sec1Point::<C>::from_bytes(octets).ok()?;
    let point: AffinePoint<C> = Option::from(AffinePoint::<C>::from_sec1_point(&encoded))?;
    let point = ProjectivePoint::<C>::from(point);
    (!bool::from(point.is_identity())).then_some(point)
}

/// `04 ‖ x ‖ y`; `None` for the point at infinity.
pub(crate) fn encode<C: Arithmetic>(point: &ProjectivePoint<C>) -> Option<Vec<u8>> {
    if bool::from(point.is_identity()) {
        return None;
    }
    Some(point.to_affine().to_sec1_point(false).as_bytes().to_vec())
}

/// A big-endian number without leading zeros.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// X9.62 SpecifiedECDomain over a prime field.
struct Explicit<'a> {
    prime: &'a [u8],
    a: &'a [u8],
    b: &'a [u8],
    base: &'a [u8],
    order: &'a [u8],
    cofactor: Option<&'a [u8]>,
}

impl<'a> Explicit<'a> {
    fn parse(value: &'a [u8]) -> Result<Self, CardError> {
        const WHAT: &str = "curve parameters";
        let mut fields = Objects::new(value);
        if !matches!(fields.expect(0x02, WHAT)?, [1..=3]) {
            return Err(MALFORMED);
        }
        let mut field = Objects::new(fields.expect(0x30, WHAT)?);
        if field.expect(0x06, WHAT)? != PRIME_FIELD.as_bytes() {
            return Err(CardError::Unsupported {
                what: "curve",
                name: "not over a prime field".to_owned(),
            });
        }
        let prime = field.expect(0x02, WHAT)?;
        field.end(WHAT)?;
        let mut equation = Objects::new(fields.expect(0x30, WHAT)?);
        let (a, b) = (equation.expect(0x04, WHAT)?, equation.expect(0x04, WHAT)?);
        // The seed only says how the curve was found.
        if equation.read()?.is_some_and(|seed| seed.tag != 0x03) {
            return Err(MALFORMED);
        }
        equation.end(WHAT)?;
        let base = fields.expect(0x04, WHAT)?;
        let order = fields.expect(0x02, WHAT)?;
        let cofactor = fields.read()?;
        fields.end(WHAT)?;
        if cofactor.is_some_and(|cofactor| cofactor.tag != 0x02) {
            return Err(MALFORMED);
        }
        Ok(Self {
            prime,
            a,
            b,
            base,
            order,
            cofactor: cofactor.map(|cofactor| cofactor.value),
        })
    }

    /// Whether these are the parameters of `C`, every one of them.
    fn are<C: Arithmetic>(&self) -> bool {
        // p is odd, so p − 1 and p differ in the last bit only.
        let mut prime = (-C::FieldElement::ONE).to_repr();
        if let Some(last) = prime.last_mut() {
            *last |= 1;
        }
        let order = C::ORDER.as_ref().to_be_bytes();
        trimmed(self.prime) == trimmed(prime.as_ref())
            && trimmed(self.a) == trimmed(C::EQUATION_A.to_repr().as_ref())
            && trimmed(self.b) == trimmed(C::EQUATION_B.to_repr().as_ref())
            && trimmed(self.order) == trimmed(order.as_ref())
            && self.cofactor.is_none_or(|cofactor| cofactor == [1])
            && decode::<C>(self.base).is_some_and(|base| base == ProjectivePoint::<C>::generator())
    }
}

/// A DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3): the two numbers.
pub(crate) fn der_signature(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = Objects::new(tlv::only(bytes, 0x30, "signature").ok()?);
    let (r, s) = (
        fields.expect(0x02, "signature").ok()?,
        fields.expect(0x02, "signature").ok()?,
    );
    fields.end("signature").ok()?;
    // Negative numbers are no scalars; whether DER is minimal decides nothing here.
    let positive = |number: &[u8]| number.first().is_some_and(|first| *first < 0x80);
    (positive(r) && positive(s)).then_some((r, s))
}

#[cfg(test)]
mod tests;
