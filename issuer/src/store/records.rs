//! What the store keeps. No image, no template, and no secret that opens anything: codes and tokens are kept as
//! digests only.

use super::FreshNonce;
use super::authorization::{Binding, Wish};
use serde::{Deserialize, Serialize};

pub use crate::proofing::machine::SessionState;
use crate::proofing::machine::{EvidenceDays, Lifetimes};

/// The two levels a person can be proved at, as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Proved by face against the register.
    Limited,
    /// Proved by chip card and face at a terminal.
    Full,
}

impl Level {
    /// `limited` or `full`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Full => "full",
        }
    }
}

/// Which facts a session established: verdicts only, never what they were drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proved {
    /// The face matched the reference portrait of the register.
    Face {
        /// Day of the check (midnight, Unix seconds).
        day: i64,
        /// True where a liveness challenge was answered.
        #[serde(default)]
        liveness: bool,
    },
    /// The card belongs to the person and the live face matched its portrait; `method` says why the card is believed.
    Card {
        /// Day of the check (midnight, Unix seconds).
        day: i64,
        /// The terminal that read the card.
        terminal: String,
        /// True where an operator stood by and compared.
        attended: bool,
        /// Issuing state of the document, as in the MRZ.
        document_country: String,
        /// What vouches for the card.
        #[serde(default)]
        method: CardMethod,
        /// True where a liveness challenge was answered.
        #[serde(default)]
        liveness: bool,
    },
}

impl Proved {
    /// DID of the terminal on whose word it rests, if on any.
    #[must_use]
    pub fn terminal(&self) -> Option<&str> {
        match self {
            Self::Face { .. } => None,
            Self::Card { terminal, .. } => Some(terminal),
        }
    }
}

/// A check that was passed, with what the offer it earns needs.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The session.
    pub session: String,
    /// What was established. Its kind says which steps of [`crate::proofing::machine`] are taken.
    pub proved: Proved,
    /// Digest of the transaction code of the offer.
    pub tx_code_digest: String,
    /// How long states last.
    pub lifetimes: Lifetimes,
    /// Whether the authority reviews a full credential before it is issued.
    pub review: bool,
    /// The place of the roll-out that the person takes, where there is a roll-out.
    pub place: Option<Place>,
}

/// A place of a day in a district, of which there are so many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The district.
    pub district: String,
    /// Days since the Unix epoch, as the authority counts them.
    pub day: i64,
    /// How many persons may be proved on that day.
    pub per_day: u32,
}

/// What a person holds: written when a set is first released, gone when the set is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderRecord {
    /// The live set.
    pub set: String,
    /// Its level.
    pub level: Level,
    /// RFC 7638 thumbprint of the device key that holds it.
    pub device: String,
    /// What it rests on.
    pub proved: Proved,
    /// Digest of the recovery code that was given with it.
    pub recovery_digest: String,
}

/// A wish to renew what a device holds.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The session to open. Its state and what it proves are filled in from what the person holds.
    pub session: SessionRecord,
    /// The nonce of its device proof; consumed.
    pub nonce: FreshNonce,
    /// Digest of the transaction code of its offer.
    pub tx_code_digest: String,
    /// How long states last.
    pub lifetimes: Lifetimes,
    /// How long evidence counts.
    pub evidence: EvidenceDays,
}

/// A report that a phone is lost, by whoever knows the recovery code.
#[derive(Debug, Clone)]
pub struct LossReport {
    /// The person's handle.
    pub person: String,
    /// Digest of the code.
    pub recovery_digest: String,
    /// Wrong codes a day before no more are looked at.
    pub most_per_day: u32,
}

/// A credential request that waits for the authority's review (OpenID4VCI 1.0 §9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeferredRecord {
    /// The session.
    pub session: String,
    /// Digest of the access token that may collect.
    pub token_digest: String,
    /// What was asked for.
    pub configuration: String,
    /// The keys whose possession was proved, as did:key.
    pub keys: Vec<String>,
}

/// Keeps a credential request until the review is over.
#[derive(Debug, Clone)]
pub struct Deferral {
    /// Digest of the transaction id.
    pub transaction: String,
    /// What to keep.
    pub record: DeferredRecord,
    /// The `c_nonce` of the key proofs; consumed.
    pub nonce: FreshNonce,
    /// Until when (Unix seconds).
    pub expires: i64,
}

/// Credentials about to be let go.
#[derive(Debug, Clone)]
pub struct Release {
    /// The session that earned them.
    pub session: String,
    /// Their level.
    pub level: Level,
    /// Their issuance ids.
    pub issuances: Vec<String>,
    /// The deferred transaction they answer, if they do; it is used up.
    pub transaction: Option<String>,
    /// How long states last.
    pub lifetimes: Lifetimes,
}

/// Digests of the pre-authorized codes of a session, one for what each level offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDigests {
    /// Of the limited offer.
    pub limited: String,
    /// Of the full offer.
    pub full: String,
}

impl CodeDigests {
    /// The digest for a level.
    #[must_use]
    pub fn of(&self, level: Level) -> &str {
        match level {
            Level::Limited => &self.limited,
            Level::Full => &self.full,
        }
    }
}

/// What vouches for a card. Only the first two are proofs of the card's own; they are recorded apart from the third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardMethod {
    /// The chip signed the issuer's challenge (Doc 9303-11 §6.1).
    #[default]
    ActiveAuthentication,
    /// The chip answered under keys agreed with the issuer itself (Doc 9303-11 §6.2).
    ChipAuthentication,
    /// Only the terminal's word: a resident card read through a security module.
    TerminalAttested,
}

/// An enrolment session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Random identifier.
    pub id: String,
    /// SHA-256 of the bearer token, base64url.
    pub token_digest: String,
    /// SHA-256 of the pre-authorized codes, which only the bearer can compute, base64url.
    pub code_digests: CodeDigests,
    /// The nonce given to the device.
    pub nonce: String,
    /// The handle of the person the applicant claims to be: see [`crate::registry`]. Whether it is anybody's is not
    /// recorded.
    pub person: String,
    /// The most that is applied for.
    pub level: Level,
    /// RFC 7638 thumbprint of the device key.
    pub device: String,
    /// How far it has come.
    pub state: SessionState,
    /// Unix seconds.
    pub created: i64,
    /// When the state it is in ends (Unix seconds); after this nothing more is accepted.
    pub expires: i64,
    /// Face attempts started.
    pub attempts: u32,
    /// No attempt is accepted before this moment (Unix seconds).
    pub next_attempt: i64,
    /// What was established.
    pub proved: Option<Proved>,
    /// Digest of the transaction code, once there is one.
    pub tx_code_digest: Option<String>,
    /// Wrong transaction codes presented.
    pub tx_code_failures: u32,
    /// The code was redeemed or burnt.
    pub code_spent: bool,
    /// Digest of the recovery code, with which the holder can report the phone lost.
    pub recovery_digest: String,
    /// The district the applicant names, where there is a roll-out.
    pub district: Option<String>,
}

impl SessionRecord {
    /// The name of the set of credentials that the session yields at `level`.
    #[must_use]
    pub fn set(&self, level: Level) -> String {
        format!("{}.{}", self.id, level.as_str())
    }
}

/// Limits on face attempts.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// Attempts a session may start.
    pub per_session: u32,
    /// Failures one number may collect in a day at one level, over all sessions.
    pub per_person_per_day: u32,
}

/// Head movements asked of one person, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivenessRecord {
    /// The session that is to answer, or the nonce of the terminal's challenge.
    pub id: String,
    /// Whose count of challenges it is in.
    pub person: String,
    /// Begins the chain of the frames.
    pub nonce: String,
    /// In this order.
    pub movements: Vec<tessera_verifier::liveness::Movement>,
    /// Unix seconds.
    pub issued: i64,
    /// Unix seconds.
    pub expires: i64,
}

/// What an access token allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRecord {
    /// The session it came from.
    pub session: String,
    /// What was offered when it was granted. It is good for nothing else, however far the session goes on.
    pub level: Level,
    /// Unix seconds.
    pub expires: i64,
    /// Configurations already used.
    pub used: Vec<String>,
    /// Who may use it.
    #[serde(default)]
    pub binding: Binding,
    /// What was asked for; `None` is whatever the session offers at this level.
    #[serde(default)]
    pub wish: Option<Wish>,
}

/// Where one issuance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuanceState {
    /// Recorded before signing; nobody has acknowledged the credential.
    Intended,
    /// Released to its holder.
    Issued,
}

/// One credential: recorded before it is signed, kept for as long as its status is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuanceRecord {
    /// Random identifier.
    pub id: String,
    /// All credentials of one session at one level, in all formats.
    pub set: String,
    /// The person's handle: needed to find what to revoke. Never printed or logged.
    pub person: String,
    /// The OpenID4VCI configuration.
    pub configuration: String,
    /// Level.
    pub level: Level,
    /// Status list.
    pub list: String,
    /// Index in the list.
    pub index: u32,
    /// First day of validity (Unix seconds, midnight).
    pub valid_from: i64,
    /// End of validity (Unix seconds, midnight).
    pub valid_until: i64,
    /// DID of the key that signs.
    pub issuer: String,
    /// DID of the terminal on whose word it rests.
    #[serde(default)]
    pub terminal: Option<String>,
    /// SHA-256 of the bytes that are signed, base64url.
    pub digest: String,
    /// Where it stands.
    pub state: IssuanceState,
    /// Why it no longer holds, if so.
    pub revoked: Option<String>,
}

/// One status list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListRecord {
    /// Random identifier, part of the list's address.
    pub id: String,
    /// Indices handed out.
    pub reserved: u32,
    /// Indices revoked: changes whenever the published list must.
    pub revoked: u32,
}

/// Which credentials a revocation means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationTarget {
    /// Every live credential of a person.
    Person(String),
    /// One credential, by issuance id.
    Credential(String),
    /// Every live credential that rests on a terminal's word. The terminal is retired as well.
    Terminal {
        /// The terminal's DID.
        did: String,
        /// Only what is valid from this day on (midnight, Unix seconds); 0 is everything.
        since: i64,
    },
}
