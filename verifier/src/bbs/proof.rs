//! Proofs of knowledge of a signature (draft-irtf-cfrg-bbs-signatures §3.5.3, §3.5.4, §3.6.3, §3.6.4, §3.7).

use alloc::vec::Vec;

use super::ciphersuite::Ciphersuite;
use super::curve::{
    G1, G1Affine, POINT_LENGTH, SCALAR_LENGTH, Scalar, SecretScalar, compress, decompress,
    pairings_equal, projective, times, variable_time_sum,
};
use super::generators::{Generators, MAX_MESSAGES};
use super::key::PublicKey;
use super::pseudonym::Hashed;
use super::random::RandomScalars;
use super::signature::{Signature, b_value, domain, secret_scalars};
use crate::error::Error;

/// Octets of a proof that hides no message (proof_len_floor).
const FLOOR: usize = 3 * POINT_LENGTH + 4 * SCALAR_LENGTH;

/// What a proof is made from.
#[derive(Clone, Copy)]
pub struct ProofInput<'a> {
    /// What the signer bound to the signature.
    pub header: &'a [u8],
    /// What the prover binds to the proof (ph): a verifier's nonce, for example.
    pub presentation_header: &'a [u8],
    /// All messages that the signer knows, in their order.
    pub messages: &'a [&'a [u8]],
    /// Which of them the proof discloses: indexes from 0, ascending.
    pub disclosed_indexes: &'a [usize],
}

/// What a proof is checked against.
#[derive(Clone, Copy)]
pub struct Disclosed<'a> {
    /// What the signer bound to the signature.
    pub header: &'a [u8],
    /// What the prover bound to the proof (ph).
    pub presentation_header: &'a [u8],
    /// The messages that are disclosed.
    pub messages: &'a [&'a [u8]],
    /// Their indexes among all messages, from 0, ascending.
    pub indexes: &'a [usize],
}

/// Proves knowledge of a signature and discloses some of its messages (ProofGen, §3.5.3).
///
/// `random` has five scalars and one for each message that stays hidden. The signature is not verified here: its holder
/// did that on receipt, and a proof of a wrong one verifies nowhere.
///
/// # Errors
/// `disclosure_invalid` for indexes out of order or out of range, `malformed` for another number of random scalars,
/// `too_large` above [`MAX_MESSAGES`] messages.
pub fn proof_gen(
    suite: Ciphersuite,
    key: &PublicKey,
    signature: &Signature,
    input: &ProofInput<'_>,
    random: RandomScalars,
) -> Result<Vec<u8>, Error> {
    let generators = Generators::base(suite, input.messages.len())?;
    let prover = Prover {
        key,
        signature,
        generators,
        header: input.header,
        presentation_header: input.presentation_header,
        disclosed: input.disclosed_indexes,
        messages: &secret_scalars(generators.api, input.messages)?,
    };
    prover.prove(random, |_, _| Ok(Hashed::default()))
}

/// Checks a proof (ProofVerify, §3.5.4). In variable time.
///
/// # Errors
/// `malformed` for octets that are no proof, among them identity points and points outside the subgroup;
/// `disclosure_invalid` for indexes out of order or out of range; `too_large` above [`MAX_MESSAGES`] messages;
/// `invalid_signature` when the proof does not hold.
pub fn proof_verify(
    suite: Ciphersuite,
    key: &PublicKey,
    proof: &[u8],
    disclosed: &Disclosed<'_>,
) -> Result<(), Error> {
    let proof = Proof::from_octets(proof)?;
    let messages = proof.hidden.len() + disclosed.indexes.len();
    let generators = Generators::base(suite, messages)?;
    proof.verify(key, &generators, disclosed, |_| Ok(Hashed::default()))
}

const INVALID: Error = Error::InvalidSignature { what: "BBS proof" };

/// The indexes not disclosed, once those that are were found to ascend below `count`.
fn hidden_indexes(disclosed: &[usize], count: usize) -> Result<Vec<usize>, Error> {
    let mut hidden = Vec::with_capacity(count.saturating_sub(disclosed.len()));
    let mut rest = disclosed.iter().copied().peekable();
    for index in 0..count {
        if rest.next_if_eq(&index).is_none() {
            hidden.push(index);
        }
    }
    // What did not ascend or is out of range was never reached.
    match rest.next() {
        None => Ok(hidden),
        Some(_) => Err(Error::DisclosureInvalid {
            why: "the disclosed indexes do not ascend within the messages",
        }),
    }
}

/// What CoreProofGen works on (§3.6.3).
pub(super) struct Prover<'a> {
    pub(super) key: &'a PublicKey,
    pub(super) signature: &'a Signature,
    pub(super) generators: Generators,
    pub(super) header: &'a [u8],
    pub(super) presentation_header: &'a [u8],
    pub(super) disclosed: &'a [usize],
    /// All messages, those committed to after those of the signer.
    pub(super) messages: &'a [SecretScalar],
}

impl Prover<'_> {
    /// `more` gives what else the challenge covers, from the messages and the random scalars of those that stay hidden: see
    /// pseudonyms.
    pub(super) fn prove(
        &self,
        random: RandomScalars,
        more: impl FnOnce(&[SecretScalar], &[SecretScalar]) -> Result<Hashed, Error>,
    ) -> Result<Vec<u8>, Error> {
        let hidden = hidden_indexes(self.disclosed, self.messages.len())?;
        let ([r1, r2, e_tilde, r1_tilde, r3_tilde], m_tilde) = random.split(hidden.len())?;
        let [r1, r2] = [r1, r2].map(SecretScalar::get);

        // ProofInit (§3.7.1).
        let domain = domain(self.key, &self.generators, self.header)?;
        let b = b_value(&self.generators, domain, self.messages)?;
        let e = self.signature.e;
        let d = times(&b, r2);
        let a_bar = times(&projective(&self.signature.a), r1 * r2);
        let b_bar = times(&d, r1) - times(&a_bar, e);
        let t1 = times(&a_bar, e_tilde.get()) + times(&d, r1_tilde.get());
        let blinded = hidden.iter().map(|index| index + 1).zip(m_tilde);
        let t2 = times(&d, r3_tilde.get()) + self.generators.sum(blinded)?;
        let more = more(self.messages, m_tilde)?;

        let mut disclosed = Vec::with_capacity(self.disclosed.len());
        for index in self.disclosed {
            let message = self.messages.get(*index).ok_or(INVALID)?;
            disclosed.push((*index, message.get()));
        }
        let mut points = [a_bar, b_bar, d, t1, t2].to_vec();
        points.extend(more.points);
        let challenge = challenge(
            &self.generators,
            &disclosed,
            &points,
            domain,
            &[self.presentation_header, &more.last],
        )?;

        // ProofFinalize (§3.7.2).
        let r3 = r2.invert().ok_or(INVALID)?;
        let mut octets = Vec::with_capacity(FLOOR + hidden.len() * SCALAR_LENGTH);
        for point in [a_bar, b_bar, d] {
            octets.extend(compress(&point));
        }
        let mut answer = |scalar: Scalar| octets.extend(scalar.to_octets());
        answer(e_tilde.get() + e * challenge);
        answer(r1_tilde.get() - r1 * challenge);
        answer(r3_tilde.get() - r3 * challenge);
        for (index, random) in hidden.iter().zip(m_tilde) {
            let message = self.messages.get(*index).ok_or(INVALID)?;
            answer(random.get() + message.get() * challenge);
        }
        answer(challenge);
        Ok(octets)
    }
}

/// A proof, taken apart (octets_to_proof, §4.2.4.5). Of its signature nothing is known yet.
pub(super) struct Proof {
    pub(super) a_bar: G1Affine,
    pub(super) b_bar: G1Affine,
    pub(super) d: G1Affine,
    pub(super) e: Scalar,
    pub(super) r1: Scalar,
    pub(super) r3: Scalar,
    /// One answer for each message that stays hidden.
    pub(super) hidden: Vec<Scalar>,
    pub(super) challenge: Scalar,
}

impl Proof {
    pub(super) fn from_octets(octets: &[u8]) -> Result<Self, Error> {
        let malformed = Error::malformed("BBS proof");
        if octets.len() > FLOOR + MAX_MESSAGES * SCALAR_LENGTH {
            return Err(Error::too_large("number of messages", MAX_MESSAGES));
        }
        let (points, scalars) = octets
            .as_chunks::<POINT_LENGTH>()
            .0
            .split_first_chunk::<3>()
            .zip(octets.get(3 * POINT_LENGTH..))
            .map(|((points, _), scalars)| (points, scalars))
            .ok_or(malformed.clone())?;
        let (scalars, rest) = scalars.as_chunks::<SCALAR_LENGTH>();
        if !rest.is_empty() {
            return Err(malformed);
        }
        let scalars: Option<Vec<Scalar>> = scalars.iter().map(Scalar::from_octets).collect();
        let scalars = scalars.ok_or(malformed.clone())?;
        let &[e, r1, r3, ref hidden @ .., challenge] = scalars.as_slice() else {
            return Err(malformed);
        };
        let [a_bar, b_bar, d] = points;
        let point = |octets| decompress(octets).ok_or(malformed.clone());
        Ok(Self {
            a_bar: point(a_bar)?,
            b_bar: point(b_bar)?,
            d: point(d)?,
            e,
            r1,
            r3,
            hidden: hidden.to_vec(),
            challenge,
        })
    }

    /// CoreProofVerify (§3.6.4). `more` gives what else the challenge covers: see pseudonyms.
    pub(super) fn verify(
        &self,
        key: &PublicKey,
        generators: &Generators,
        disclosed: &Disclosed<'_>,
        more: impl FnOnce(&Self) -> Result<Hashed, Error>,
    ) -> Result<(), Error> {
        let hidden = hidden_indexes(disclosed.indexes, generators.messages())?;
        if hidden.len() != self.hidden.len() || disclosed.messages.len() != disclosed.indexes.len()
        {
            return Err(Error::DisclosureInvalid {
                why: "messages and indexes differ in number",
            });
        }

        // ProofVerifyInit (§3.7.3), with the challenge multiplied into the scalars.
        let c = self.challenge;
        let domain = domain(key, generators, disclosed.header)?;
        let mut shown = Vec::with_capacity(disclosed.indexes.len());
        for (index, message) in disclosed.indexes.iter().zip(disclosed.messages) {
            shown.push((*index, generators.api.message(message)?));
        }
        let t1 = variable_time_sum(
            &[],
            &[(self.b_bar, c), (self.a_bar, self.e), (self.d, self.r1)],
        );
        let mut terms = Vec::with_capacity(generators.messages() + 1);
        terms.push((0, domain * c));
        terms.extend(
            shown
                .iter()
                .map(|(index, message)| (index + 1, *message * c)),
        );
        terms.extend(
            hidden
                .iter()
                .map(|index| index + 1)
                .zip(self.hidden.iter().copied()),
        );
        let t2 = generators.variable_time_sum(c, &terms, &[(self.d, self.r3)])?;

        let mut points = [self.a_bar, self.b_bar, self.d]
            .map(|point| projective(&point))
            .to_vec();
        points.extend([t1, t2]);
        let more = more(self)?;
        points.extend(more.points);
        let expected = challenge(
            generators,
            &shown,
            &points,
            domain,
            &[disclosed.presentation_header, &more.last],
        )?;
        match expected == c && pairings_equal(&self.a_bar, key.prepared(), &self.b_bar) {
            true => Ok(()),
            false => Err(INVALID),
        }
    }
}

/// ProofChallengeCalculate (§3.7.4), over the presentation header and what comes after it.
pub(super) fn challenge(
    generators: &Generators,
    disclosed: &[(usize, Scalar)],
    points: &[G1],
    domain: Scalar,
    [presentation_header, last]: &[&[u8]; 2],
) -> Result<Scalar, Error> {
    let number = |number: usize| (number as u64).to_be_bytes();
    let mut octets = Vec::with_capacity(8 + disclosed.len() * 40 + points.len() * POINT_LENGTH);
    octets.extend(number(disclosed.len()));
    for (index, message) in disclosed {
        octets.extend(number(*index));
        octets.extend(message.to_octets());
    }
    for point in points {
        octets.extend(compress(point));
    }
    let domain = domain.to_octets();
    let length = number(presentation_header.len());
    generators
        .api
        .hash(&[&octets, &domain, &length, presentation_header, last])
}
