//! Blind signatures: the prover commits to messages that the signer signs without seeing them
//! (draft-kalos-bbs-blind-signatures-03, with the secrets of [pseudonyms](PseudonymForm) as further committed values).
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
use super::pseudonym::{Context, Hashed, Pseudonym, PseudonymForm};
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

/// What pseudonyms are made from: before issuance the prover's part (prover_nym, prover_nyms), after it the same with the
/// signer's part [added](Secret::plus) to the last (nym_secret, nym_secrets).
#[derive(Clone, Copy)]
pub enum NymSecrets<'a> {
    /// For [`PseudonymForm::SingleSecret`].
    Single(&'a Secret),
    /// For [`PseudonymForm::SecretVector`], in their order.
    Vector(&'a [Secret]),
}

impl<'a> NymSecrets<'a> {
    fn as_slice(self) -> &'a [Secret] {
        match self {
            Self::Single(secret) => core::slice::from_ref(secret),
            Self::Vector(secrets) => secrets,
        }
    }

    fn form(self) -> PseudonymForm {
        match self {
            Self::Single(_) => PseudonymForm::SingleSecret,
            Self::Vector(secrets) => PseudonymForm::SecretVector(secrets.len()),
        }
    }
}

/// What a prover commits to and a signer does not see.
#[derive(Clone, Copy, Default)]
pub struct Committed<'a> {
    /// Messages, such as a holder's secret.
    pub messages: &'a [&'a [u8]],
    /// What pseudonyms are made from: the last values committed to.
    pub nym: Option<NymSecrets<'a>>,
}

impl<'a> Committed<'a> {
    fn nyms(&self) -> &'a [Secret] {
        self.nym.map(NymSecrets::as_slice).unwrap_or_default()
    }

    /// How many values, the blinding factor aside.
    fn count(&self) -> usize {
        self.messages.len() + self.nyms().len()
    }

    fn api(&self, suite: Ciphersuite) -> Api {
        api(suite, self.nym.is_some())
    }

    /// The header that is signed.
    fn header(&self, header: &[u8]) -> Vec<u8> {
        match self.nym {
            Some(nym) => nym.form().header(header),
            None => header.to_vec(),
        }
    }

    fn scalars(&self, api: Api) -> Result<Vec<SecretScalar>, Error> {
        if self.messages.len() >= MAX_MESSAGES {
            return Err(Error::too_large("number of messages", MAX_MESSAGES));
        }
        if let Some(nym) = self.nym {
            nym.form().check()?;
        }
        let mut scalars = secret_scalars(api, self.messages)?;
        scalars.extend(self.nyms().iter().map(Secret::copy));
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
    /// The signer's part of the pseudonym's secret (signer_nym_entropy), random and not secret, where the last values
    /// committed to are the prover's part: it makes sure that nobody can have the secret of another. With it, the form of
    /// the pseudonyms, as the prover asks for it (length_nym_vector).
    pub signer_nym_entropy: Option<(PseudonymForm, &'a Secret)>,
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
    let form = input.signer_nym_entropy.map(|(form, _)| form);
    form.map_or(Ok(()), PseudonymForm::check)?;
    // One answer is for the blinding factor.
    if answers.len() < 1 + form.map_or(0, PseudonymForm::secrets) {
        return Err(malformed);
    }
    let header = match form {
        Some(form) => form.header(input.header),
        None => input.header.to_vec(),
    };

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
    let domain = domain(key.public_key(), &generators, &header)?;
    let mut b = b_value(&generators, domain, &scalars)? + projective(&point);
    if let Some((_, entropy)) = input.signer_nym_entropy {
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

/// Checks a blind signature as its holder (Verify; with pseudonyms, VerifyFinalizeWithNym). In constant time.
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
    let header = signed.committed.header(signed.header);
    let domain = domain(key, &generators, &header)?;
    core_verify(key, signature, &b_value(&generators, domain, &scalars)?)
}

/// What a proof of a blind signature is made from.
#[derive(Clone, Copy)]
pub struct BlindProofInput<'a> {
    /// The headers and the signer's messages, some of them to be disclosed.
    pub shown: ProofInput<'a>,
    /// What the prover committed to, with the whole of the pseudonym's secret.
    pub committed: Committed<'a>,
    /// Which of the messages committed to the proof discloses: indexes from 0, ascending.
    pub disclosed_committed: &'a [usize],
    /// The blinding factor of the commitment.
    pub blind: &'a Secret,
    /// Where the prover is to be known by a pseudonym.
    pub context: Option<Context<'a>>,
}

/// Proves knowledge of a blind signature and discloses some of the signer's messages (BlindProofGen; with a context,
/// ProofGenWithNym).
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
        disclosed_committed,
        blind,
        context,
    } = input;
    let generators = Generators::blind(
        committed.api(suite),
        shown.messages.len(),
        committed.count() + 1,
    )?;
    let disclosed = all_indexes(
        (shown.disclosed_indexes, shown.messages.len()),
        (disclosed_committed, committed.messages.len()),
    )?;
    let fits = |context: &Context<'_>| Some(context.form) == committed.nym.map(NymSecrets::form);
    if context.is_some_and(|context| !fits(&context)) {
        return Err(Error::malformed("pseudonym without its secrets"));
    }
    let prover = Prover {
        key,
        signature,
        generators,
        header: &committed.header(shown.header),
        presentation_header: shown.presentation_header,
        disclosed: &disclosed,
        messages: &all_scalars(&generators, shown.messages, committed, blind)?,
    };
    let mut pseudonym = None;
    let proof = prover.prove(random, |secrets, random| {
        let Some(context) = context else {
            return Ok(Hashed::default());
        };
        let count = context.form.secrets();
        let (point, hashed) =
            context.prove(generators.api, last(secrets, count)?, last(random, count)?)?;
        pseudonym = Some(Pseudonym::of(&point));
        Ok(hashed)
    })?;
    Ok((proof, pseudonym))
}

/// The last `count`: the pseudonym's secrets stand after everything else.
fn last<T>(all: &[T], count: usize) -> Result<&[T], Error> {
    let before = all.len().checked_sub(count);
    let last = before.and_then(|before| all.get(before..));
    last.ok_or(Error::malformed("number of messages"))
}

/// The signer's indexes below their number, then those of the messages committed to, which come after the blinding factor.
fn all_indexes(
    (signer, messages): (&[usize], usize),
    (committed, committed_messages): (&[usize], usize),
) -> Result<Vec<usize>, Error> {
    let out_of = |indexes: &[usize], count| indexes.iter().any(|index| *index >= count);
    if out_of(signer, messages) || out_of(committed, committed_messages) {
        return Err(Error::DisclosureInvalid {
            why: "an index is out of the messages",
        });
    }
    let committed = committed.iter().map(|index| messages + 1 + index);
    Ok(signer.iter().copied().chain(committed).collect())
}

/// What a proof of a blind signature is checked against.
#[derive(Clone, Copy)]
pub struct BlindDisclosed<'a> {
    /// The headers and the signer's messages that are disclosed.
    pub shown: Disclosed<'a>,
    /// How many messages the signer knows (L).
    pub signer_messages: usize,
    /// Messages that the prover had committed to and discloses.
    pub committed_messages: &'a [&'a [u8]],
    /// Their indexes among all that were committed to, from 0, ascending.
    pub committed_indexes: &'a [usize],
    /// The context, and the pseudonym that the proof shows in it.
    pub pseudonym: Option<(Context<'a>, &'a Pseudonym)>,
}

/// Checks a proof of a blind signature (BlindProofVerify; with a pseudonym, ProofVerifyWithNym). In variable time.
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
    let form = disclosed.pseudonym.map(|(context, _)| context.form);
    form.map_or(Ok(()), PseudonymForm::check)?;
    // The blinding factor at least, and the pseudonym's secrets, are committed to and stay hidden.
    let hidden = 1 + form.map_or(0, PseudonymForm::secrets);
    let indexes = shown.indexes.len() + disclosed.committed_indexes.len();
    let committed = (proof.hidden.len() + indexes)
        .checked_sub(disclosed.signer_messages)
        .filter(|committed| *committed >= hidden)
        .ok_or(Error::malformed("number of messages"))?;
    let indexes = all_indexes(
        (shown.indexes, disclosed.signer_messages),
        (disclosed.committed_indexes, committed - hidden),
    )?;
    let generators = Generators::blind(
        api(suite, disclosed.pseudonym.is_some()),
        disclosed.signer_messages,
        committed,
    )?;
    let header = match form {
        Some(form) => form.header(shown.header),
        None => shown.header.to_vec(),
    };
    let all = Disclosed {
        header: &header,
        presentation_header: shown.presentation_header,
        messages: &[shown.messages, disclosed.committed_messages].concat(),
        indexes: &indexes,
    };
    proof.verify(key, &generators, &all, |proof| {
        let Some((context, pseudonym)) = &disclosed.pseudonym else {
            return Ok(Hashed::default());
        };
        let answers = last(&proof.hidden, context.form.secrets())?;
        context.verify(generators.api, pseudonym, answers, proof.challenge)
    })
}
