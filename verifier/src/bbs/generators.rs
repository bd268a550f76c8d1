//! Generators (draft-irtf-cfrg-bbs-signatures §4.1.1): made once for a ciphersuite and an interface, then read without
//! a lock.
//!
//! The n-th generator does not depend on how many there are, so one growing list per interface serves every message
//! count. It grows by chunks up to [`MAX_GENERATORS`]; the first chunks carry combs for a verifier's sums.

use alloc::boxed::Box;
use alloc::vec::Vec;

use once_cell::race::OnceBox;

use super::ciphersuite::{Api, Ciphersuite, Interface};
use super::curve::variable_time_sum;
use super::curve::{Comb, G1, G1Affine, POINT_LENGTH, Scalar, SecretScalar};
use super::curve::{compress_affine, decompress, identity, normalize, projective, times};
use super::hash_to_curve::hash_to_curve;
use crate::error::Error;

/// Most messages in one signature. A credential of 500 claims has about 1,200 statements.
pub const MAX_MESSAGES: usize = 2_047;

/// Q_1 and one generator for each message.
const MAX_GENERATORS: usize = CHUNK * CHUNKS;
const CHUNK: usize = 32;
const CHUNKS: usize = 64;
/// Chunks with combs: 128 generators, 3 MiB for an interface.
const CHUNKS_WITH_COMBS: usize = 4;

const _: () = assert!(MAX_GENERATORS == MAX_MESSAGES + 1);

/// P1 of BLS12-381-SHA-256 (§7.2.2).
const P1_SHA_256: [u8; POINT_LENGTH] = [
    0xa8, 0xce, 0x25, 0x61, 0x02, 0x84, 0x08, 0x21, 0xa3, 0xe9, 0x4e, 0xa9, 0x02, 0x5e, 0x46, 0x62,
    0xb2, 0x05, 0x76, 0x2f, 0x97, 0x76, 0xb3, 0xa7, 0x66, 0xc8, 0x72, 0xb9, 0x48, 0xf1, 0xfd, 0x22,
    0x5e, 0x7c, 0x59, 0x69, 0x85, 0x88, 0xe7, 0x0d, 0x11, 0x40, 0x6d, 0x16, 0x1b, 0x4e, 0x28, 0xc9,
];
/// P1 of BLS12-381-SHAKE-256 (§7.2.1).
const P1_SHAKE_256: [u8; POINT_LENGTH] = [
    0x89, 0x29, 0xdf, 0xbc, 0x7e, 0x66, 0x42, 0xc4, 0xed, 0x9c, 0xba, 0x08, 0x56, 0xe4, 0x93, 0xf8,
    0xb9, 0xd7, 0xd5, 0xfc, 0xb0, 0xc3, 0x1e, 0xf8, 0xfd, 0xcd, 0x34, 0xd5, 0x06, 0x48, 0xa5, 0x6c,
    0x79, 0x5e, 0x10, 0x6e, 0x9e, 0xad, 0xa6, 0xe0, 0xbd, 0xa3, 0x86, 0xb4, 0x14, 0x15, 0x07, 0x55,
];

/// Consecutive generators.
struct Chunk {
    points: Vec<G1Affine>,
    /// All of them compressed, as the domain takes them.
    octets: Vec<u8>,
    combs: Vec<Comb>,
    /// Where expand_message stands after the last one.
    state: [u8; 48],
}

/// One list for each ciphersuite and interface.
static LISTS: [[OnceBox<Chunk>; CHUNKS]; 10] = [const { [const { OnceBox::new() }; CHUNKS] }; 10];

const BEYOND: Error = Error::too_large("number of messages", MAX_MESSAGES);

impl Chunk {
    /// The chunk that follows one whose expand_message stands at `state`.
    fn after(api: Api, index: usize, state: [u8; 48]) -> Result<Self, Error> {
        let (seed_dst, dst) = (
            api.dst("SIG_GENERATOR_SEED_"),
            api.dst("SIG_GENERATOR_DST_"),
        );
        let mut state = state;
        let mut points = Vec::with_capacity(CHUNK);
        for offset in 1..=CHUNK {
            let number = (index * CHUNK + offset) as u64;
            state = *api
                .suite
                .expand_message(&[&state, &number.to_be_bytes()], &seed_dst)?;
            points.push(hash_to_curve(api.suite, &state, &dst)?);
        }
        let points = normalize(&points);
        let with_combs = Comb::WANTED && index < CHUNKS_WITH_COMBS;
        Ok(Self {
            octets: points.iter().flat_map(compress_affine).collect(),
            combs: match with_combs {
                true => points.iter().map(Comb::new).collect(),
                false => Vec::new(),
            },
            points,
            state,
        })
    }

    fn of(api: Api, index: usize) -> Result<&'static Self, Error> {
        let suite = match api.suite {
            Ciphersuite::Bls12381Sha256 => 0,
            Ciphersuite::Bls12381Shake256 => 5,
        };
        let interface = match api.interface {
            Interface::Base => 0,
            Interface::Blind => 1,
            Interface::Pseudonym => 2,
            Interface::CommittedBlind => 3,
            Interface::CommittedPseudonym => 4,
        };
        let list = LISTS.get(suite + interface).ok_or(BEYOND)?;
        if let Some(chunk) = list.get(index).and_then(OnceBox::get) {
            return Ok(chunk);
        }
        let mut before: Option<&Self> = None;
        for (index, chunk) in list.iter().enumerate().take(index + 1) {
            let made = chunk.get_or_try_init(|| {
                let state = match before {
                    Some(before) => before.state,
                    None => *api.suite.expand_message(
                        &[&api.dst("MESSAGE_GENERATOR_SEED")],
                        &api.dst("SIG_GENERATOR_SEED_"),
                    )?,
                };
                Self::after(api, index, state).map(Box::new)
            })?;
            before = Some(made);
        }
        before.ok_or(BEYOND)
    }
}

/// P1 and its comb.
struct Base {
    point: G1Affine,
    comb: Option<Comb>,
}

fn p1(suite: Ciphersuite) -> Result<&'static Base, Error> {
    static SHA_256: OnceBox<Base> = OnceBox::new();
    static SHAKE_256: OnceBox<Base> = OnceBox::new();
    let (cell, octets) = match suite {
        Ciphersuite::Bls12381Sha256 => (&SHA_256, &P1_SHA_256),
        Ciphersuite::Bls12381Shake256 => (&SHAKE_256, &P1_SHAKE_256),
    };
    cell.get_or_try_init(|| {
        let point = decompress(octets).ok_or(Error::malformed("P1"))?;
        let comb = Comb::WANTED.then(|| Comb::new(&point));
        Ok(Box::new(Base { point, comb }))
    })
}

/// The generators of one signature: Q_1, H_1, …, H_L, and after them those of what the prover committed to.
#[derive(Clone, Copy)]
pub(super) struct Generators {
    pub(super) api: Api,
    /// Q_1 and one for each message that the signer knows.
    signer: usize,
    /// One for the prover's blinding factor and one for each message committed to.
    committed: usize,
}

impl Generators {
    /// Of a signature over `messages` that its signer knows.
    ///
    /// # Errors
    /// `too_large` above [`MAX_MESSAGES`], before any generator is made.
    pub(super) fn base(suite: Ciphersuite, messages: usize) -> Result<Self, Error> {
        Self::bounded(Api::new(suite, Interface::Base), messages, 0)
    }

    /// Of a blind signature: `committed` counts the blinding factor too.
    ///
    /// # Errors
    /// As [`base`](Self::base).
    pub(super) fn blind(api: Api, messages: usize, committed: usize) -> Result<Self, Error> {
        Self::bounded(api, messages, committed)
    }

    fn bounded(api: Api, messages: usize, committed: usize) -> Result<Self, Error> {
        if messages > MAX_MESSAGES || committed > MAX_MESSAGES - messages {
            return Err(BEYOND);
        }
        Ok(Self {
            api,
            signer: messages + 1,
            committed,
        })
    }

    /// L: all messages, committed ones included.
    pub(super) fn messages(&self) -> usize {
        self.signer - 1 + self.committed
    }

    /// Index of the first generator for what the prover committed to.
    pub(super) fn first_committed(&self) -> usize {
        self.signer
    }

    fn find(&self, index: usize) -> Result<(&'static Chunk, usize), Error> {
        let (api, index) = match index.checked_sub(self.signer) {
            None => (self.api, index),
            Some(index) => (
                Api::new(self.api.suite, self.api.interface.committed()),
                index,
            ),
        };
        Ok((Chunk::of(api, index / CHUNK)?, index % CHUNK))
    }

    /// Generator 0 is Q_1, generator i is for message i, counted from 1.
    pub(super) fn point(&self, index: usize) -> Result<G1, Error> {
        let (chunk, offset) = self.find(index)?;
        chunk.points.get(offset).map(projective).ok_or(BEYOND)
    }

    /// All generators from `first` on, compressed, in order.
    pub(super) fn octets(&self, first: usize) -> Result<Vec<u8>, Error> {
        let all = self.signer + self.committed;
        let mut octets = Vec::with_capacity(all.saturating_sub(first) * POINT_LENGTH);
        for index in first..all {
            let (chunk, offset) = self.find(index)?;
            let (points, _) = chunk.octets.as_chunks::<POINT_LENGTH>();
            octets.extend(points.get(offset).ok_or(BEYOND)?);
        }
        Ok(octets)
    }

    /// P1 plus products of generators, in constant time: the scalars may be secret.
    pub(super) fn plus_p1<'a>(
        &self,
        terms: impl Iterator<Item = (usize, &'a SecretScalar)>,
    ) -> Result<G1, Error> {
        Ok(projective(&p1(self.api.suite)?.point) + self.sum(terms)?)
    }

    /// The sum of products of generators, in constant time: the scalars may be secret.
    pub(super) fn sum<'a>(
        &self,
        terms: impl Iterator<Item = (usize, &'a SecretScalar)>,
    ) -> Result<G1, Error> {
        let mut sum = identity();
        for (index, scalar) in terms {
            sum += times(&self.point(index)?, scalar.get());
        }
        Ok(sum)
    }

    /// P1 times a scalar plus products of generators plus products of other points, in variable time.
    pub(super) fn variable_time_sum(
        &self,
        of_p1: Scalar,
        terms: &[(usize, Scalar)],
        others: &[(G1Affine, Scalar)],
    ) -> Result<G1, Error> {
        let mut combs = Vec::with_capacity(terms.len() + 1);
        let mut points = Vec::with_capacity(others.len() + 1);
        points.extend_from_slice(others);
        let base = p1(self.api.suite)?;
        match &base.comb {
            Some(comb) => combs.push((comb, of_p1)),
            None => points.push((base.point, of_p1)),
        }
        for (index, scalar) in terms {
            let (chunk, offset) = self.find(*index)?;
            match (chunk.combs.get(offset), chunk.points.get(offset)) {
                (Some(comb), _) => combs.push((comb, *scalar)),
                (None, Some(point)) => points.push((*point, *scalar)),
                (None, None) => return Err(BEYOND),
            }
        }
        Ok(variable_time_sum(&combs, &points))
    }
}

/// Q_1 and the first generators of the base interface, compressed, as the published fixtures list them
/// (create_generators, §4.1.1).
///
/// # Errors
/// `too_large` when `messages` is above [`MAX_MESSAGES`].
pub fn create_generators(suite: Ciphersuite, messages: usize) -> Result<Vec<[u8; 48]>, Error> {
    let octets = Generators::base(suite, messages)?.octets(0)?;
    Ok(octets.as_chunks::<POINT_LENGTH>().0.to_vec())
}
