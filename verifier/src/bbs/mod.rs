//! BBS signatures (draft-irtf-cfrg-bbs-signatures): one signature over many messages, and proofs that disclose some of
//! them without ever showing the signature.
//!
//! ```text
//! signer    sign ──▶ Signature over all messages and a header
//! prover    verify, then proof_gen ──▶ a proof that discloses some messages; no two can be linked
//! verifier  proof_verify
//! ```
//!
//! With the `blind_` forms the prover has values of its own signed unseen: a secret that binds a credential to its
//! holder, and one from which pseudonyms are made.
//!
//! The curve has two back ends: blst with the feature `bbs`, Rust alone with `bbs-pure`. Randomness is an argument:
//! [`RandomScalars`]. What is secret is handled in constant time and wiped; what a verifier sees is not. Whatever comes
//! from outside is bounded in number first, and points are taken only if they lie in the subgroup of prime order and are
//! not the identity: a proof of identity points would otherwise satisfy the pairing equation under every key.

mod blind;
mod ciphersuite;
mod curve;
mod generators;
mod hash_to_curve;
#[cfg(test)]
mod hostile;
mod key;
mod proof;
mod pseudonym;
mod random;
mod signature;

pub use blind::{
    BlindDisclosed, BlindProofInput, BlindSignInput, BlindSigned, Committed, NymSecrets, Secret,
    blind_proof_gen, blind_proof_verify, blind_sign, blind_verify, commit,
};
pub use ciphersuite::Ciphersuite;
pub use generators::{MAX_MESSAGES, create_generators};
pub use key::{PUBLIC_KEY_LENGTH, PublicKey, SecretKey};
pub use proof::{Disclosed, ProofInput, proof_gen, proof_verify};
pub use pseudonym::{Context, MAX_NYM_SECRETS, Pseudonym, PseudonymForm};
pub use random::RandomScalars;
pub use signature::{SIGNATURE_LENGTH, Signature, sign, verify};
