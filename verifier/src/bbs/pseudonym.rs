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
    /// One secret scalar, times the context hashed to the curve: the form of the published vectors of `bbs-2023`.
    SingleSecret,
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
        match self.form {
            PseudonymForm::SingleSecret => hash_to_curve(api.suite, self.id, &api.dst("")),
        }
    }

    /// PseudonymProofInit: the pseudonym, OP, and the commitment for the proof. Constant time.
    pub(super) fn prove(
        &self,
        api: Api,
        secret: &SecretScalar,
        random: &SecretScalar,
    ) -> Result<Vec<G1>, Error> {
        let op = self.point(api)?;
        let pseudonym = times(&op, secret.get());
        if is_identity(&pseudonym) {
            return Err(INVALID);
        }
        Ok(vec![pseudonym, op, times(&op, random.get())])
    }

    /// PseudonymProofVerifyInit: the same three points, from the proof's answer for the secret. Variable time.
    pub(super) fn verify(
        &self,
        api: Api,
        pseudonym: &Pseudonym,
        answer: Scalar,
        challenge: Scalar,
    ) -> Result<Vec<G1>, Error> {
        let op = self.point(api)?;
        let terms = [(affine(&op), answer), (pseudonym.0, -challenge)];
        let commitment = variable_time_sum(&[], &terms);
        if is_identity(&commitment) {
            return Err(INVALID);
        }
        Ok(vec![projective(&pseudonym.0), op, commitment])
    }
}
