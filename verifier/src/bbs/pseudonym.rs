//! Pseudonyms: the same for every proof in one context, and not to be linked across contexts
//! (draft-kalos-bbs-per-verifier-linkability-00).

use alloc::vec;
use alloc::vec::Vec;

use super::ciphersuite::Api;
use super::curve::{
    G1, G1Affine, POINT_LENGTH, Scalar, SecretScalar, affine, compress_affine, decompress,
    is_identity, projective, times, variable_time_sum,
};
use super::hash_to_curve::hash_to_curve;
use crate::error::Error;

/// How pseudonyms are made from what is signed: the drafts have changed it, and their proofs do not understand each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PseudonymForm {
    /// One secret scalar, times the context hashed to the curve (draft-kalos-bbs-per-verifier-linkability-00): the form of
    /// the published vectors of `bbs-2023`.
    SingleSecret,
    /// As many secret scalars as it says, the coefficients of a polynomial that is taken at a point hashed from the context;
    /// their number is bound to the header (draft-irtf-cfrg-bbs-per-verifier-linkability-03). Whoever breaks discrete
    /// logarithms still has to see as many pseudonyms as there are secrets before any two can be linked.
    SecretVector(usize),
}

/// The most secrets of one pseudonym.
pub const MAX_NYM_SECRETS: usize = 256;

impl PseudonymForm {
    /// How many secrets it takes.
    pub(super) const fn secrets(self) -> usize {
        match self {
            Self::SingleSecret => 1,
            Self::SecretVector(count) => count,
        }
    }

    pub(super) fn check(self) -> Result<(), Error> {
        match self.secrets() {
            0 => Err(Error::malformed("pseudonym without a secret")),
            1..=MAX_NYM_SECRETS => Ok(()),
            _ => Err(Error::too_large("secrets of a pseudonym", MAX_NYM_SECRETS)),
        }
    }

    /// What a signature is bound to besides its messages (combined_header).
    pub(super) fn header(self, header: &[u8]) -> Vec<u8> {
        let mut header = header.to_vec();
        if let Self::SecretVector(count) = self {
            header.extend((count as u64).to_be_bytes());
        }
        header
    }
}

/// A context in which a prover is known by one pseudonym (context_id, nym_domain): a verifier's name, for example.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// How the pseudonym is made.
    pub form: PseudonymForm,
    /// What names the context.
    pub id: &'a [u8],
}

/// A prover's name in one context: a point of G1 other than the identity.
#[derive(Clone)]
pub struct Pseudonym(G1Affine);

impl Pseudonym {
    /// From a compressed point.
    ///
    /// # Errors
    /// `malformed` for another length, the identity, and points outside the subgroup.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, Error> {
        let octets: Result<&[u8; POINT_LENGTH], _> = octets.try_into();
        let point = octets.ok().and_then(decompress);
        point.map(Self).ok_or(Error::malformed("pseudonym"))
    }

    /// The compressed point: what a verifier compares and keeps.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; POINT_LENGTH] {
        compress_affine(&self.0)
    }

    pub(super) fn of(point: &G1) -> Self {
        Self(affine(point))
    }
}

impl PartialEq for Pseudonym {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for Pseudonym {}

impl core::fmt::Debug for Pseudonym {
    /// It names a person to one verifier and stays out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pseudonym").finish_non_exhaustive()
    }
}

const INVALID: Error = Error::InvalidSignature { what: "pseudonym" };

impl Context<'_> {
    /// OP: the context as a point.
    fn point(&self, api: Api) -> Result<G1, Error> {
        hash_to_curve(api.suite, self.id, &api.dst(""))
    }

    /// The polynomial whose coefficients `scalars` are, at the point that the context gives (z); the first of them for a
    /// single secret.
    fn polynomial(
        &self,
        api: Api,
        scalars: impl DoubleEndedIterator<Item = Scalar>,
    ) -> Result<Scalar, Error> {
        let z = match self.form {
            PseudonymForm::SingleSecret => Scalar::default(),
            PseudonymForm::SecretVector(_) => {
                let dst = api.dst("VECT_NYM_SECRETS");
                api.suite.hash_parts(&[self.id], &dst)?
            }
        };
        Ok(scalars.rfold(Scalar::default(), |sum, scalar| sum * z + scalar))
    }

    /// PseudonymProofInit: the pseudonym and what else the challenge covers, from the secrets and their random scalars.
    /// Constant time.
    pub(super) fn prove(
        &self,
        api: Api,
        secrets: &[SecretScalar],
        random: &[SecretScalar],
    ) -> Result<(G1, Hashed), Error> {
        let op = self.point(api)?;
        let at = |scalars: &[SecretScalar]| {
            let value = self.polynomial(api, scalars.iter().map(SecretScalar::get))?;
            Ok::<_, Error>(SecretScalar::new(value))
        };
        let pseudonym = times(&op, at(secrets)?.get());
        if is_identity(&pseudonym) {
            return Err(INVALID);
        }
        let commitment = times(&op, at(random)?.get());
        Ok((pseudonym, self.hashed(pseudonym, op, commitment)))
    }

    /// PseudonymProofVerifyInit: the same, from the proof's answers for the secrets. Variable time.
    pub(super) fn verify(
        &self,
        api: Api,
        pseudonym: &Pseudonym,
        answers: &[Scalar],
        challenge: Scalar,
    ) -> Result<Hashed, Error> {
        let op = self.point(api)?;
        let answer = self.polynomial(api, answers.iter().copied())?;
        let terms = [(affine(&op), answer), (pseudonym.0, -challenge)];
        let commitment = variable_time_sum(&[], &terms);
        if is_identity(&commitment) {
            return Err(INVALID);
        }
        Ok(self.hashed(projective(&pseudonym.0), op, commitment))
    }

    /// ProofWithPseudonymChallengeCalculate: the older form hashes the context's point, the newer the context itself.
    fn hashed(&self, pseudonym: G1, op: G1, commitment: G1) -> Hashed {
        match self.form {
            PseudonymForm::SingleSecret => Hashed {
                points: vec![pseudonym, op, commitment],
                last: Vec::new(),
            },
            PseudonymForm::SecretVector(_) => {
                let mut last = (self.id.len() as u64).to_be_bytes().to_vec();
                last.extend(self.id);
                Hashed {
                    points: vec![pseudonym, commitment],
                    last,
                }
            }
        }
    }
}

/// What the challenge of a proof with a pseudonym covers besides what that of every proof does.
#[derive(Default)]
pub(super) struct Hashed {
    /// Points, after those of the proof.
    pub(super) points: Vec<G1>,
    /// Octets, after the presentation header.
    pub(super) last: Vec<u8>,
}
