//! What the store keeps of the authority's side: terminals, who works at them, relying parties, reviews.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::proofing::machine::Lifetimes;

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
    /// Whether the key decides reviews; it does not count at terminals then.
    #[serde(default)]
    pub reviewer: bool,
    /// The word of a retired operator is not taken.
    pub retired: bool,
}

/// Who decided a review, and how: kept apart from the credential, which does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRecord {
    /// The session, with which the set of the credentials it let through begins.
    pub session: String,
    /// Whether credentials were to be issued.
    pub approved: bool,
    /// DID of the reviewer's key.
    pub reviewer: String,
    /// The reviewer's staff identifier.
    pub staff: String,
    /// Day of the decision (midnight, Unix seconds).
    pub day: i64,
}

/// A decision about to be taken.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What is recorded.
    pub record: ReviewRecord,
    /// Until when (Unix seconds).
    pub keep_until: i64,
    /// How long states last.
    pub lifetimes: Lifetimes,
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
