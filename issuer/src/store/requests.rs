//! What the transactions of the store are asked for.

use super::{Binding, Tokens, Wish};

/// A nonce of ours ([`crate::nonces::Nonces::check`]) about to be used. That it was is remembered until it expires;
/// after that it is refused anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshNonce {
    /// Its text, or another unique name of it.
    pub id: String,
    /// Unix seconds.
    pub expires: i64,
}

/// Redeems a pre-authorized code (OpenID4VCI 1.0 §6.1).
#[derive(Debug, Clone, Default)]
pub struct Redemption {
    /// SHA-256 of the code, base64url.
    pub code_digest: String,
    /// Digest of the transaction code presented.
    pub tx_code_digest: String,
    /// The tokens to grant.
    pub tokens: Tokens,
    /// Who redeems.
    pub binding: Binding,
    /// What for, where the request says so.
    pub wish: Option<Wish>,
    /// Wrong transaction codes after which the code is burnt.
    pub max_failures: u32,
}

/// A terminal statement about to be believed.
#[derive(Debug, Clone)]
pub struct StatementUse {
    /// The nonce it answers.
    pub nonce: String,
    /// The terminal that signed it.
    pub terminal: String,
    /// The session it is for.
    pub session: String,
    /// Its counter.
    pub counter: u64,
}

/// Computes the digest a fresh transaction code has under a session's code digest.
pub type TxCodeRenewal = Box<dyn FnOnce(&str) -> String + Send>;

/// One message of a chip authentication, as a terminal relays it.
#[derive(Clone)]
pub struct RelayStep {
    /// The challenge it belongs to.
    pub nonce: String,
    /// The terminal that signed it.
    pub terminal: String,
    /// The session it is for.
    pub session: String,
    /// Its place: zero for DG14.
    pub round: u8,
    /// base64url.
    pub message: String,
    /// 32 random octets, base64url, in case the run begins here.
    pub seed: String,
}

/// What a reservation rests on.
#[derive(Debug, Clone)]
pub enum Ticket {
    /// The `c_nonce` all key proofs carry; consumed.
    Nonce(FreshNonce),
    /// The digest of a deferred transaction. It stays until the release, so that a crash before it costs nothing.
    Deferred(String),
}

impl Ticket {
    /// The deferred transaction, if it is one.
    #[must_use]
    pub fn transaction(&self) -> Option<String> {
        match self {
            Self::Nonce(_) => None,
            Self::Deferred(transaction) => Some(transaction.clone()),
        }
    }
}

/// Claims a use of an access token and status indices for a batch.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// SHA-256 of the access token, base64url.
    pub token_digest: String,
    /// The configuration asked for; each may be used once per token.
    pub configuration: String,
    /// What entitles to it.
    pub ticket: Ticket,
    /// How many indices.
    pub count: usize,
    /// Uniformly random proposals below [`super::STATUS_LIST_LEN`]; the first free ones are taken.
    pub proposals: Vec<u32>,
    /// The name a new list gets, should one be begun.
    pub fresh_list: String,
}

/// The indices reserved, all in one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// The list.
    pub list: String,
    /// As many as asked for, all different.
    pub indices: Vec<u32>,
}

/// Frames of one answer to a liveness challenge, as they are remembered.
#[derive(Debug, Clone, Default)]
pub struct FrameMarks {
    /// Unique for the answer.
    pub id: String,
    /// Keyed digests of the frames, base64url.
    pub exact: Vec<String>,
    /// Until when the digests are kept (Unix seconds).
    pub exact_until: i64,
    /// Keyed perceptual hashes of the frames, base64url.
    pub alike: Vec<String>,
    /// Until when the hashes are kept (Unix seconds).
    pub alike_until: i64,
}
