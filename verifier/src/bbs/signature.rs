//! Signatures over messages (draft-irtf-cfrg-bbs-signatures §3.5.1, §3.5.2, §3.6.1, §3.6.2).

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::ciphersuite::{Api, Ciphersuite};
use super::curve::{
    G1, G1Affine, POINT_LENGTH, SCALAR_LENGTH, Scalar, SecretScalar, affine, compress_affine,
    decompress, is_identity, pairings_equal, plus_times_bp2, times,
};
use super::generators::Generators;
use super::key::{PublicKey, SecretKey};
use crate::error::Error;

/// Length of a signature in octets.
pub const SIGNATURE_LENGTH: usize = POINT_LENGTH + SCALAR_LENGTH;

/// A signature over all messages. Its holder keeps it: whoever sees it twice knows that it is the same.
#[derive(Clone)]
pub struct Signature {
    pub(super) a: G1Affine,
    pub(super) e: Scalar,
}

impl Signature {
    /// octets_to_signature (§4.2.4.3).
    ///
    /// # Errors
    /// `malformed` for another length, an identity point, a point outside the subgroup, a scalar of zero or not reduced.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, Error> {
        let malformed = Error::malformed("BBS signature");
        let parts = octets.split_first_chunk().and_then(|(point, scalar)| {
            let a = decompress(point)?;
            let e = Scalar::from_octets(scalar.try_into().ok()?)?;
            Some(Self { a, e })
        });
        parts.ok_or(malformed)
    }

    /// signature_to_octets (§4.2.4.2).
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SIGNATURE_LENGTH] {
        let mut octets = [0; SIGNATURE_LENGTH];
        let all = compress_affine(&self.a)
            .into_iter()
            .chain(self.e.to_octets());
        for (to, from) in octets.iter_mut().zip(all) {
            *to = from;
        }
        octets
    }
}

impl core::fmt::Debug for Signature {
    /// A signature links its holder's showings and stays out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Signature").finish_non_exhaustive()
    }
}

/// Signs `messages` and `header` (Sign, §3.5.1).
///
/// # Errors
/// `too_large` above [`MAX_MESSAGES`](super::MAX_MESSAGES) messages.
pub fn sign(
    suite: Ciphersuite,
    key: &SecretKey,
    header: &[u8],
    messages: &[&[u8]],
) -> Result<Signature, Error> {
    let generators = Generators::base(suite, messages.len())?;
    let scalars = secret_scalars(generators.api, messages)?;
    let domain = domain(key.public_key(), &generators, header)?;
    let b = b_value(&generators, domain, &scalars)?;
    let octets = scalars.iter().map(|scalar| scalar.get().to_octets());
    let octets: Zeroizing<Vec<[u8; SCALAR_LENGTH]>> = Zeroizing::new(octets.collect());
    finish(
        key,
        &generators,
        &b,
        &[octets.as_flattened(), &domain.to_octets()],
    )
}

/// The end of Sign and of FinalizeBlindSign: `hashed` is what e depends on besides the key.
pub(super) fn finish(
    key: &SecretKey,
    generators: &Generators,
    b: &G1,
    hashed: &[&[u8]],
) -> Result<Signature, Error> {
    let octets = key.to_bytes();
    let key_first: &[&[u8]] = &[&*octets];
    let e = generators.api.hash(&[key_first, hashed].concat())?;
    // Neither is zero but for one choice of key in 2²⁵⁵.
    let inverse = (key.scalar.get() + e).invert();
    let inverse = SecretScalar::new(inverse.ok_or(Error::malformed("BBS secret key"))?);
    let a = times(b, inverse.get());
    if is_identity(&a) || e.is_zero() {
        return Err(Error::malformed("BBS secret key"));
    }
    Ok(Signature { a: affine(&a), e })
}

/// Checks a signature over `messages` and `header` (Verify, §3.5.2). In variable time.
///
/// # Errors
/// `invalid_signature`; `too_large` above [`MAX_MESSAGES`](super::MAX_MESSAGES) messages.
pub fn verify(
    suite: Ciphersuite,
    key: &PublicKey,
    signature: &Signature,
    header: &[u8],
    messages: &[&[u8]],
) -> Result<(), Error> {
    let generators = Generators::base(suite, messages.len())?;
    let domain = domain(key, &generators, header)?;
    let mut terms = Vec::with_capacity(messages.len() + 1);
    terms.push((0, domain));
    for (index, message) in (1..).zip(messages) {
        terms.push((index, generators.api.message(message)?));
    }
    let b = generators.variable_time_sum(Scalar::one(), &terms, &[])?;
    core_verify(key, signature, &b)
}

/// The pairing check of CoreVerify (§3.6.2): `e(A, W + BP2 e) = e(B, BP2)`.
pub(super) fn core_verify(key: &PublicKey, signature: &Signature, b: &G1) -> Result<(), Error> {
    let q = plus_times_bp2(key.point(), signature.e);
    match !is_identity(b) && pairings_equal(&signature.a, &q, &affine(b)) {
        true => Ok(()),
        false => Err(Error::InvalidSignature {
            what: "BBS signature",
        }),
    }
}

/// Messages as scalars that are wiped when dropped.
pub(super) fn secret_scalars(api: Api, messages: &[&[u8]]) -> Result<Vec<SecretScalar>, Error> {
    let scalars = messages
        .iter()
        .map(|message| api.message(message).map(SecretScalar::new));
    scalars.collect()
}

/// B: P1, Q_1 times the domain, and each generator times its message. Constant time.
pub(super) fn b_value(
    generators: &Generators,
    domain: Scalar,
    messages: &[SecretScalar],
) -> Result<G1, Error> {
    let domain = [(0, SecretScalar::new(domain))];
    let domain = domain.iter().map(|(index, scalar)| (*index, scalar));
    generators.plus_p1(domain.chain((1..).zip(messages)))
}

/// calculate_domain (§4.2.3).
pub(super) fn domain(
    key: &PublicKey,
    generators: &Generators,
    header: &[u8],
) -> Result<Scalar, Error> {
    let api = generators.api;
    api.hash(&[
        key.octets(),
        &(generators.messages() as u64).to_be_bytes(),
        &generators.octets(0)?,
        &api.dst(""),
        &(header.len() as u64).to_be_bytes(),
        header,
    ])
}
