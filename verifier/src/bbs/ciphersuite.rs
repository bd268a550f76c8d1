//! Ciphersuites and interfaces: which hash, and which domain separation tags (draft-irtf-cfrg-bbs-signatures §4, §7).

use alloc::vec::Vec;

use sha3::Shake256;
use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};
use zeroize::Zeroizing;

use super::curve::Scalar;
use crate::crypto::sha256;
use crate::error::Error;

/// A ciphersuite over BLS12-381.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ciphersuite {
    /// BLS12-381-SHA-256 (§7.2.2): what `bbs-2023` uses.
    Bls12381Sha256,
    /// BLS12-381-SHAKE-256 (§7.2.1).
    Bls12381Shake256,
}

/// Longest domain separation tag (RFC 9380 §5.3.3 hashes longer ones; nothing here has one).
const MAX_DST: usize = 255;

impl Ciphersuite {
    /// The ciphersuite's identifier (ciphersuite_id).
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bls12381Sha256 => "BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_",
            Self::Bls12381Shake256 => "BBS_BLS12381G1_XOF:SHAKE-256_SSWU_RO_",
        }
    }

    /// expand_message of the concatenated parts (RFC 9380 §5.3.1 and §5.3.2).
    pub(super) fn expand_message<const N: usize>(
        self,
        parts: &[&[u8]],
        dst: &[u8],
    ) -> Result<Zeroizing<[u8; N]>, Error> {
        let mut out = Zeroizing::new([0; N]);
        self.expand_message_into(parts, dst, &mut *out)?;
        Ok(out)
    }

    pub(super) fn expand_message_into(
        self,
        parts: &[&[u8]],
        dst: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        let dst_length = u8::try_from(dst.len())
            .map_err(|_| Error::too_large("domain separation tag", MAX_DST))?;
        let length = u16::try_from(out.len())
            .map_err(|_| Error::too_large("expanded message", 0xffff))?
            .to_be_bytes();
        match self {
            Self::Bls12381Sha256 => {
                let first: &[&[u8]] = &[&[0; 64]];
                let last: &[&[u8]] = &[&length, &[0], dst, &[dst_length]];
                let b0 = sha256(&Zeroizing::new([first, parts, last].concat().concat()));
                let mut previous = [0; 32];
                for (index, block) in out.chunks_mut(32).enumerate() {
                    let index = u8::try_from(index + 1)
                        .map_err(|_| Error::too_large("expanded message", 255 * 32))?;
                    let mut mixed = b0;
                    for (to, from) in mixed.iter_mut().zip(previous) {
                        *to ^= from;
                    }
                    previous = sha256(&[&mixed[..], &[index], dst, &[dst_length]].concat());
                    for (to, from) in block.iter_mut().zip(previous) {
                        *to = from;
                    }
                }
            }
            Self::Bls12381Shake256 => {
                let mut hasher = Shake256::default();
                for part in parts {
                    hasher.update(part);
                }
                hasher.update(&length);
                hasher.update(dst);
                hasher.update(&[dst_length]);
                hasher.finalize_xof().read(out);
            }
        }
        Ok(())
    }

    /// hash_to_scalar (§4.2.2) of the concatenated parts.
    pub(super) fn hash_parts(self, parts: &[&[u8]], dst: &[u8]) -> Result<Scalar, Error> {
        let uniform = self.expand_message::<48>(parts, dst)?;
        Ok(Scalar::from_uniform(&uniform))
    }

    /// hash_to_scalar (§4.2.2): the scalar's 32 octets, big-endian.
    ///
    /// # Errors
    /// `too_large` for a tag of more than 255 octets.
    pub fn hash_to_scalar(self, message: &[u8], dst: &[u8]) -> Result<[u8; 32], Error> {
        Ok(self.hash_parts(&[message], dst)?.to_octets())
    }

    /// One message of the base interface as a scalar (messages_to_scalars, §4.1.2).
    ///
    /// # Errors
    /// None in practice; those of [`hash_to_scalar`](Self::hash_to_scalar) in its type.
    pub fn map_message_to_scalar(self, message: &[u8]) -> Result<[u8; 32], Error> {
        Ok(Api::new(self, Interface::Base)
            .message(message)?
            .to_octets())
    }
}

/// A BBS interface (§4): it names the generators and every tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interface {
    /// `H2G_HM2S_`: messages that the signer knows.
    Base,
    /// `BLIND_H2G_HM2S_`: messages that the prover committed to as well (draft-kalos-bbs-blind-signatures).
    Blind,
    /// `H2G_HM2S_PSEUDONYM_`: the same, and a pseudonym's secret among them (draft-kalos-bbs-per-verifier-linkability).
    Pseudonym,
    /// The generators of what is committed to in a blind signature: `BLIND_` before the interface's whole identifier.
    CommittedBlind,
    /// The same of a signature for pseudonyms.
    CommittedPseudonym,
}

impl Interface {
    /// The interface whose generators serve what is committed to.
    pub(super) const fn committed(self) -> Self {
        match self {
            Self::Pseudonym | Self::CommittedPseudonym => Self::CommittedPseudonym,
            _ => Self::CommittedBlind,
        }
    }
}

/// An interface of a ciphersuite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Api {
    pub(super) suite: Ciphersuite,
    pub(super) interface: Interface,
}

impl Api {
    pub(super) const fn new(suite: Ciphersuite, interface: Interface) -> Self {
        Self { suite, interface }
    }

    /// api_id followed by the name of one use.
    pub(super) fn dst(self, name: &str) -> Vec<u8> {
        let (before, after) = match self.interface {
            Interface::Base => ("", "H2G_HM2S_"),
            Interface::Blind => ("", "BLIND_H2G_HM2S_"),
            Interface::Pseudonym => ("", "H2G_HM2S_PSEUDONYM_"),
            Interface::CommittedBlind => ("BLIND_", "BLIND_H2G_HM2S_"),
            Interface::CommittedPseudonym => ("BLIND_", "H2G_HM2S_PSEUDONYM_"),
        };
        [before, self.suite.id(), after, name].concat().into_bytes()
    }

    /// hash_to_scalar with the interface's `H2S_` tag.
    pub(super) fn hash(self, parts: &[&[u8]]) -> Result<Scalar, Error> {
        self.suite.hash_parts(parts, &self.dst("H2S_"))
    }

    /// A message as a scalar.
    pub(super) fn message(self, message: &[u8]) -> Result<Scalar, Error> {
        self.suite
            .hash_parts(&[message], &self.dst("MAP_MSG_TO_SCALAR_AS_HASH_"))
    }
}
