//! The random scalars of proofs and commitments, which the caller brings (draft-irtf-cfrg-bbs-signatures §4.2.1).

use alloc::vec;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::ciphersuite::Ciphersuite;
use super::curve::{Scalar, SecretScalar};
use super::generators::MAX_MESSAGES;
use crate::error::Error;

/// Octets that make one scalar (expand_len).
const EXPAND_LENGTH: usize = 48;

/// Random scalars for one proof or commitment, and never for a second: two proofs that share them give away what they
/// hide. Using them takes them; they are wiped when dropped.
pub struct RandomScalars(Vec<SecretScalar>);

const NOT_RANDOM: Error = Error::malformed("random scalars");

impl RandomScalars {
    /// As many scalars as a proof may need at most.
    const MAX: usize = MAX_MESSAGES + 5;

    /// From 48 octets a scalar of a cryptographic source of randomness (calculate_random_scalars, §4.2.1).
    ///
    /// # Errors
    /// `malformed` for a length that is not a multiple of 48, and for a scalar of zero, which only a broken source gives.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, Error> {
        let (parts, rest) = octets.as_chunks::<EXPAND_LENGTH>();
        if !rest.is_empty() {
            return Err(NOT_RANDOM);
        }
        let scalars = parts.iter().map(|part| {
            let scalar = Scalar::from_uniform(part);
            (!scalar.is_zero()).then(|| SecretScalar::new(scalar))
        });
        Ok(Self(scalars.collect::<Option<_>>().ok_or(NOT_RANDOM)?))
    }

    /// `count` scalars expanded from 32 random octets that are used for nothing else.
    ///
    /// # Errors
    /// `too_large` for more than a proof over the most messages needs.
    pub fn expand(suite: Ciphersuite, seed: &[u8; 32], count: usize) -> Result<Self, Error> {
        if count > Self::MAX {
            return Err(Error::too_large("random scalars", Self::MAX));
        }
        let mut octets = Zeroizing::new(vec![0; count * EXPAND_LENGTH]);
        for (number, out) in (0u64..).zip(octets.chunks_mut(EXPAND_LENGTH)) {
            let dst = b"TESSERA_BBS_RANDOM_SCALAR_";
            suite.expand_message_into(&[seed, &number.to_be_bytes()], dst, out)?;
        }
        Self::from_bytes(&octets)
    }

    /// `count` scalars from one expansion of `seed` (seeded_random_scalars, §8.1). Published test vectors are made with
    /// it; for proofs there is [`expand`](Self::expand), which has no such bound.
    ///
    /// # Errors
    /// `too_large` beyond what one expansion yields: 170 scalars with SHA-256.
    pub fn mocked(
        suite: Ciphersuite,
        seed: &[u8],
        dst: &[u8],
        count: usize,
    ) -> Result<Self, Error> {
        if count > Self::MAX {
            return Err(Error::too_large("random scalars", Self::MAX));
        }
        let mut octets = Zeroizing::new(vec![0; count * EXPAND_LENGTH]);
        suite.expand_message_into(&[seed], dst, &mut octets)?;
        Self::from_bytes(&octets)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Octets of each scalar, to compare with published ones.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<[u8; 32]>> {
        let octets = self.0.iter().map(|scalar| scalar.get().to_octets());
        Zeroizing::new(octets.collect())
    }

    /// The first `N` and the rest, which must be `rest` in number.
    pub(super) fn split<const N: usize>(
        &self,
        rest: usize,
    ) -> Result<(&[SecretScalar; N], &[SecretScalar]), Error> {
        match self.0.split_first_chunk() {
            Some((first, others)) if others.len() == rest => Ok((first, others)),
            _ => Err(NOT_RANDOM),
        }
    }
}
