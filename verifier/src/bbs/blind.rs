//! Blind signatures: the prover commits to messages that the signer signs without seeing them
//! (draft-kalos-bbs-blind-signatures-03, with the pseudonym secret of draft-kalos-bbs-per-verifier-linkability-00 as one
//! more committed value).
//!
//! ```text
//! prover   commit ──▶ commitment with proof, and a blinding factor to keep
//! signer   blind_sign
//! prover   blind_verify, then blind_proof_gen
//! verifier blind_proof_verify
//! ```

use alloc::vec::Vec;

use super::ciphersuite::{Api, Ciphersuite, Interface};
use super::curve::{
    POINT_LENGTH, SCALAR_LENGTH, Scalar, SecretScalar, compress, decompress, projective, times,
};
use super::generators::{Generators, MAX_MESSAGES};
use super::key::{PublicKey, SecretKey};
use super::proof::{Disclosed, Proof, ProofInput, Prover};
use super::pseudonym::{Context, Pseudonym};
use super::random::RandomScalars;
use super::signature::{Signature, b_value, core_verify, domain, finish, secret_scalars};
use crate::error::Error;

/// A secret number modulo the order of the groups: a blinding factor, a pseudonym's secret. Wiped when dropped.
pub struct Secret(pub(super) SecretScalar);

impl Secret {
    /// From 32 octets, big-endian.
    ///
    /// # Errors
    /// `malformed` for zero and for numbers from the order of the groups on.
    pub fn from_bytes(octets: &[u8; SCALAR_LENGTH]) -> Result<Self, Error> {
        let scalar = Scalar::from_octets(octets).ok_or(Error::malformed("BBS secret"))?;
        Ok(Self(SecretScalar::new(scalar)))
    }

    /// The 32 octets, for a wallet's store.
    #[must_use]
    pub fn to_bytes(&self) -> zeroize::Zeroizing<[u8; SCALAR_LENGTH]> {
        zeroize::Zeroizing::new(self.0.get().to_octets())
    }

    /// The sum: a pseudonym's secret is the prover's part and the signer's.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self(SecretScalar::new(self.0.get() + other.0.get()))
    }

    fn copy(&self) -> SecretScalar {
        SecretScalar::new(self.0.get())
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

/// What a prover commits to and a signer does not see.
#[derive(Clone, Copy, Default)]
pub struct Committed<'a> {
    /// Messages, such as a holder's secret.
    pub messages: &'a [&'a [u8]],
    /// What pseudonyms are made from: before issuance the prover's part (prover_nym), after it the sum of that and the
    /// signer's (nym_secret). Always the last value committed to.
    pub nym: Option<&'a Secret>,
}

impl Committed<'_> {
    /// How many values, the blinding factor aside.
    fn count(&self) -> usize {
        self.messages.len() + usize::from(self.nym.is_some())
    }

    fn api(&self, suite: Ciphersuite) -> Api {
        api(suite, self.nym.is_some())
    }

    fn scalars(&self, api: Api) -> Result<Vec<SecretScalar>, Error> {
        if self.messages.len() >= MAX_MESSAGES {
            return Err(Error::too_large("number of messages", MAX_MESSAGES));
        }
        let mut scalars = secret_scalars(api, self.messages)?;
        scalars.extend(self.nym.map(Secret::copy));
        Ok(scalars)
    }
}

/// The interface of blind signatures, or of those for pseudonyms.
fn api(suite: Ciphersuite, with_pseudonym: bool) -> Api {
    let interface = match with_pseudonym {
        true => Interface::Pseudonym,
        false => Interface::Blind,
    };
    Api::new(suite, interface)
}

/// Commits to values and proves that they are known (Commit, CoreCommit).
///
/// Returns the commitment with its proof, for the signer, and the blinding factor (secret_prover_blind), which the
/// prover keeps. `random` has two scalars and one for each value; the first is the blinding factor.
///
/// # Errors
/// `malformed` for another number of random scalars; `too_large` above [`MAX_MESSAGES`] values.
pub fn commit(
    suite: Ciphersuite,
    committed: &Committed<'_>,
    random: RandomScalars,
) -> Result<(Vec<u8>, Secret), Error> {
    let api = committed.api(suite);
    let values = committed.scalars(api)?;
    let generators = Generators::blind(api, 0, values.len() + 1)?;
    let ([blind, blind_tilde], tildes) = random.split(values.len())?;
    // After Q_1, which a commitment does without.
    let indexes = generators.first_committed()..;
    let sum = |first, rest| {
        let scalars = core::iter::once(first).chain(rest);
        generators.sum(indexes.clone().zip(scalars))
    };
    let point = sum(blind, values.iter())?;
    let blinded = sum(blind_tilde, tildes.iter())?;
    let commitment = compress(&point);
    let challenge = challenge(&generators, &commitment, &compress(&blinded))?;
    let mut octets = commitment.to_vec();
    let mut answer = |scalar: Scalar| octets.extend(scalar.to_octets());
    answer(blind_tilde.get() + blind.get() * challenge);
    for (value, tilde) in values.iter().zip(tildes) {
        answer(tilde.get() + value.get() * challenge);
    }
    answer(challenge);
    Ok((octets, Secret(SecretScalar::new(blind.get()))))
}

/// calculate_blind_challenge.
fn challenge(
    generators: &Generators,
    commitment: &[u8; POINT_LENGTH],
    blinded: &[u8; POINT_LENGTH],
) -> Result<Scalar, Error> {
    let values = generators.messages() - 1;
    generators.api.hash(&[
        &(values as u64).to_be_bytes(),
        &generators.octets(generators.first_committed())?,
        commitment,
        blinded,
    ])
}

/// What a blind signature is made over.
#[derive(Clone, Copy)]
pub struct BlindSignInput<'a> {
    /// What the prover sent: from [`commit`].
    pub commitment_with_proof: &'a [u8],
    /// What the signer binds to the signature.
    pub header: &'a [u8],
    /// The messages that the signer knows, in their order.
    pub messages: &'a [&'a [u8]],
    /// The signer's part of the pseudonym's secret (signer_nym_entropy), random and not secret, where the last value
    /// committed to is the prover's part: it makes sure that nobody can have the secret of another.
    pub signer_nym_entropy: Option<&'a Secret>,
}

/// Signs messages together with a commitment, once its proof holds (BlindSign).
///
/// # Errors
/// `malformed` for a commitment that is none, `invalid_signature` when its proof does not hold, `too_large` above
/// [`MAX_MESSAGES`] values in all.
pub fn blind_sign(
    suite: Ciphersuite,
    key: &SecretKey,
    input: &BlindSignInput<'_>,
) -> Result<Signature, Error> {
    let malformed = Error::malformed("BBS commitment");
    let octets = input.commitment_with_proof;
    if octets.len() > POINT_LENGTH + (MAX_MESSAGES + 2) * SCALAR_LENGTH {
        return Err(Error::too_large("number of messages", MAX_MESSAGES));
    }
    let (commitment, scalars) = octets.split_first_chunk().ok_or(malformed.clone())?;
    let point = decompress(commitment).ok_or(malformed.clone())?;
    let (scalars, rest) = scalars.as_chunks::<SCALAR_LENGTH>();
    let scalars: Option<Vec<Scalar>> = scalars.iter().map(Scalar::from_octets).collect();
    let scalars = scalars
        .filter(|_| rest.is_empty())
        .ok_or(malformed.clone())?;
    let [answers @ .., cp] = scalars.as_slice() else {
        return Err(malformed);
    };
    if answers.is_empty() || (input.signer_nym_entropy.is_some() && answers.len() < 2) {
        return Err(malformed);
    }

    // CoreCommitVerify.
    let api = api(suite, input.signer_nym_entropy.is_some());
    let alone = Generators::blind(api, 0, answers.len())?;
    let terms: Vec<(usize, Scalar)> = (alone.first_committed()..)
        .zip(answers.iter().copied())
        .collect();
    let blinded = alone.variable_time_sum(Scalar::default(), &terms, &[(point, -*cp)])?;
    if challenge(&alone, commitment, &compress(&blinded))? != *cp {
        return Err(Error::InvalidSignature { what: "commitment" });
    }

    // B_calculate, FinalizeBlindSign.
    let generators = Generators::blind(api, input.messages.len(), answers.len())?;
    let scalars = secret_scalars(generators.api, input.messages)?;
    let domain = domain(key.public_key(), &generators, input.header)?;
    let mut b = b_value(&generators, domain, &scalars)? + projective(&point);
    if let Some(entropy) = input.signer_nym_entropy {
        let nym_generator = generators.point(generators.messages())?;
        b += times(&nym_generator, entropy.0.get());
    }
    // B covers the domain already, and the published signatures hash it alone.
    finish(key, &generators, &b, &[&compress(&b)])
}

/// All scalars of a blind signature: the signer's messages, the blinding factor, what was committed to.
fn all_scalars(
    generators: &Generators,
    messages: &[&[u8]],
    committed: &Committed<'_>,
    blind: &Secret,
) -> Result<Vec<SecretScalar>, Error> {
    let mut scalars = secret_scalars(generators.api, messages)?;
    scalars.push(blind.copy());
    scalars.extend(committed.scalars(generators.api)?);
    Ok(scalars)
}

/// What a blind signature is checked against by its holder.
#[derive(Clone, Copy)]
pub struct BlindSigned<'a> {
    /// What the signer bound to the signature.
    pub header: &'a [u8],
    /// The messages that the signer knows, in their order.
    pub messages: &'a [&'a [u8]],
    /// What the prover committed to, with the whole of the pseudonym's secret.
    pub committed: Committed<'a>,
    /// The blinding factor of the commitment.
    pub blind: &'a Secret,
}

/// Checks a blind signature as its holder (Verify; with a pseudonym's secret, Finalize). In constant time.
///
/// # Errors
/// `invalid_signature`; `too_large` above [`MAX_MESSAGES`] values in all.
pub fn blind_verify(
    suite: Ciphersuite,
    key: &PublicKey,
    signature: &Signature,
    signed: &BlindSigned<'_>,
) -> Result<(), Error> {
    let generators = Generators::blind(
        signed.committed.api(suite),
        signed.messages.len(),
        signed.committed.count() + 1,
    )?;
    let scalars = all_scalars(
        &generators,
        signed.messages,
        &signed.committed,
        signed.blind,
    )?;
    let domain = domain(key, &generators, signed.header)?;
    core_verify(key, signature, &b_value(&generators, domain, &scalars)?)
}

/// What a proof of a blind signature is made from.
#[derive(Clone, Copy)]
pub struct BlindProofInput<'a> {
    /// The headers and the signer's messages, some of them to be disclosed.
    pub shown: ProofInput<'a>,
    /// What the prover committed to, with the whole of the pseudonym's secret: nothing of it is disclosed.
    pub committed: Committed<'a>,
    /// The blinding factor of the commitment.
    pub blind: &'a Secret,
    /// Where the prover is to be known by a pseudonym.
    pub context: Option<Context<'a>>,
}

/// Proves knowledge of a blind signature and discloses some of the signer's messages (BlindProofGen; with a context,
/// ProofGenWithPseudonym).
///
/// Returns the proof, and the pseudonym if there is a context. `random` has five scalars and one for each value that
/// stays hidden, the blinding factor among them.
///
/// # Errors
/// As [`proof_gen`](super::proof_gen); `malformed` for a context without a pseudonym's secret.
pub fn blind_proof_gen(
    suite: Ciphersuite,
    key: &PublicKey,
    signature: &Signature,
    input: &BlindProofInput<'_>,
    random: RandomScalars,
) -> Result<(Vec<u8>, Option<Pseudonym>), Error> {
    let BlindProofInput {
        shown,
        committed,
        blind,
        context,
    } = input;
    let generators = Generators::blind(
        committed.api(suite),
        shown.messages.len(),
        committed.count() + 1,
    )?;
    if shown
        .disclosed_indexes
        .iter()
        .any(|index| *index >= shown.messages.len())
    {
        return Err(Error::DisclosureInvalid {
            why: "an index is out of the signer's messages",
        });
    }
    if context.is_some() && committed.nym.is_none() {
        return Err(Error::malformed("pseudonym without a secret"));
    }
    let prover = Prover {
        key,
        signature,
        generators,
        header: shown.header,
        presentation_header: shown.presentation_header,
        disclosed: shown.disclosed_indexes,
        messages: &all_scalars(&generators, shown.messages, committed, blind)?,
    };
    let mut pseudonym = None;
    let proof = prover.prove(random, |secret, random| {
        let Some(context) = context else {
            return Ok(Vec::new());
        };
        let points = context.prove(generators.api, secret, random)?;
        pseudonym = points.first().map(Pseudonym::of);
        Ok(points)
    })?;
    Ok((proof, pseudonym))
}

/// What a proof of a blind signature is checked against.
#[derive(Clone, Copy)]
pub struct BlindDisclosed<'a> {
    /// The headers and the signer's messages that are disclosed.
    pub shown: Disclosed<'a>,
    /// How many messages the signer knows (L).
    pub signer_messages: usize,
    /// The context, and the pseudonym that the proof shows in it.
    pub pseudonym: Option<(Context<'a>, &'a Pseudonym)>,
}

/// Checks a proof of a blind signature (BlindProofVerify; with a pseudonym, ProofVerifyWithPseudonym). In variable time.
///
/// # Errors
/// As [`proof_verify`](super::proof_verify).
pub fn blind_proof_verify(
    suite: Ciphersuite,
    key: &PublicKey,
    proof: &[u8],
    disclosed: &BlindDisclosed<'_>,
) -> Result<(), Error> {
    let proof = Proof::from_octets(proof)?;
    let shown = &disclosed.shown;
    // The blinding factor at least, and the pseudonym's secret, are committed to and stay hidden.
    let least = 1 + usize::from(disclosed.pseudonym.is_some());
    let committed = (proof.hidden.len() + shown.indexes.len())
        .checked_sub(disclosed.signer_messages)
        .filter(|committed| *committed >= least)
        .ok_or(Error::malformed("number of messages"))?;
    if shown
        .indexes
        .iter()
        .any(|index| *index >= disclosed.signer_messages)
    {
        return Err(Error::DisclosureInvalid {
            why: "an index is out of the signer's messages",
        });
    }
    let generators = Generators::blind(
        api(suite, disclosed.pseudonym.is_some()),
        disclosed.signer_messages,
        committed,
    )?;
    proof.verify(key, &generators, shown, |proof| {
        let (Some((context, pseudonym)), Some(answer)) =
            (&disclosed.pseudonym, proof.hidden.last())
        else {
            return Ok(Vec::new());
        };
        context.verify(generators.api, pseudonym, *answer, proof.challenge)
    })
}
