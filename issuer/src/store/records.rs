//! What the store keeps. No image, no template, and no secret that opens anything: codes and tokens are kept as
//! digests only.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The two levels a person can be proved at, as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// How far an enrolment session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Opened by a device; nothing proved.
    Started,
    /// The face matched the register (limited).
    FaceChecked,
    /// Chip and face verified (full).
    CardChecked,
    /// At least one credential was released.
    Issued,
}

/// Which facts a session established: verdicts only, never what they were drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Proved {
    /// The face matched the reference portrait of the register.
    Face {
        /// Day of the check (midnight, Unix seconds).
        day: i64,
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
    /// SHA-256 of the pre-authorized code, which only the bearer can compute, base64url.
    pub code_digest: String,
    /// The nonce given to the device.
    pub nonce: String,
    /// The number the applicant claims. Whether anybody has it is not recorded.
    pub person: String,
    /// Level applied for.
    pub level: Level,
    /// RFC 7638 thumbprint of the device key.
    pub device: String,
    /// How far it has come.
    pub state: SessionState,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds; after this nothing more is accepted.
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
}

/// Limits on face attempts.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// Attempts a session may start.
    pub per_session: u32,
    /// Failures one number may collect in a day at one level, over all sessions.
    pub per_person_per_day: u32,
}

/// What the authority says of a terminal when it registers it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TerminalRegistration {
    /// did:key of the terminal.
    pub did: String,
    /// What the authority calls it.
    pub name: String,
    /// The organisation that runs it. Its operators are of the same.
    #[serde(default)]
    pub organisation: String,
    /// Where it stands.
    #[serde(default)]
    pub place: String,
    /// Names of the card readers it may use; none listed: any.
    #[serde(default)]
    pub readers: Vec<String>,
    /// Identifiers of the security modules in it; none listed: none.
    #[serde(default)]
    pub sams: Vec<String>,
    /// Whether operators work at it. Where not, every session there is unattended.
    #[serde(default)]
    pub attended: bool,
}

/// A terminal the authority registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalRecord {
    /// What was registered.
    #[serde(flatten)]
    pub registration: TerminalRegistration,
    /// The last counter seen; the next must be higher.
    pub counter: u64,
    /// A retired terminal is refused.
    pub retired: bool,
}

/// A person who works at terminals, known by the key they sign with and the authority's own staff identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorRecord {
    /// did:key of the operator.
    pub did: String,
    /// The staff identifier.
    pub staff: String,
    /// The organisation at whose terminals the operator works.
    pub organisation: String,
    /// The word of a retired operator is not taken.
    pub retired: bool,
}

/// An evidence statement that was accepted, kept while its session lives: what a terminal may ask about after it lost the
/// answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredRecord {
    /// The terminal that answered.
    pub terminal: String,
    /// The session it answered for.
    pub session: String,
}

/// A relying party the authority registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelyingPartyRecord {
    /// The DID of its request-signing key.
    pub did: String,
    /// Name shown to holders, English.
    pub name_en: String,
    /// Name shown to holders, Chinese.
    pub name_zh: String,
    /// Services of the catalogue it may ask for.
    pub services: Vec<String>,
    /// Registration ends (Unix seconds).
    pub not_after: i64,
}

/// A challenge issued to one terminal for one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeRecord {
    /// The single-use nonce.
    pub nonce: String,
    /// The terminal it was given to.
    pub terminal: String,
    /// The session it was given for.
    pub session: String,
    /// Unix seconds.
    pub expires: i64,
}

/// A chip authentication under way (Doc 9303-11 §6.2): what it takes to reach its present step again. Gone with its
/// challenge. The seed is the issuer's one-time key for one chip, hence no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct RelayRecord {
    /// 32 octets, base64url.
    pub seed: String,
    /// DG14, then the chip's answers in order, each base64url.
    pub messages: Vec<String>,
}

/// What an access token allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRecord {
    /// The session it came from.
    pub session: String,
    /// Unix seconds.
    pub expires: i64,
    /// Configurations already used.
    pub used: Vec<String>,
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
    /// All credentials of one session, in all formats.
    pub set: String,
    /// The person's number: needed to find what to revoke. Never printed or logged.
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
