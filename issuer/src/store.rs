//! The issuer's memory: one small trait of whole transactions.
//!
//! Each method is one atomic step of the product (redeem a code, record an intent, acknowledge and retire), not a read
//! or write of a key. Single-use things are consumed *in* the store, so any replica over a shared store may serve any
//! request, and of two racing requests exactly one wins. A method documented as *durable* returns only once its effect
//! survives `kill -9` and loss of power.
//!
//! [`sled`](SledStore) is the embedded backend. Another backend passes the module `suite` (feature `test-suite`) and is
//! done.

mod authorization;
mod barrier;
mod office;
mod records;
mod requests;
mod sled_authorization;
mod sled_frames;
mod sled_holder;
mod sled_issuance;
mod sled_proofing;
mod sled_relay;
mod sled_store;
mod sled_sweep;
mod sled_tx;
#[cfg(any(test, feature = "test-suite"))]
pub mod suite;
mod writer;

use async_trait::async_trait;

use crate::proofing::machine::{Event, Lifetimes};
pub use authorization::{
    Arrival, AuthorizationRecord, Binding, CodeRecord, CodeRedemption, Consented, Pushed,
    RefreshRecord, Refreshment, Tokens, Wish,
};
pub use office::{
    AnsweredRecord, ChallengeRecord, Decision, OperatorRecord, RelayRecord, RelyingPartyRecord,
    ReviewRecord, TerminalRecord, TerminalRegistration,
};
pub use records::{
    AttemptLimits, CardMethod, CodeDigests, Deferral, DeferredRecord, GrantRecord, HolderRecord,
    IssuanceRecord, IssuanceState, Level, LivenessRecord, LossReport, Place, Proof, Proved,
    Release, Renewal, RevocationTarget, SessionRecord, SessionState, StatusListRecord,
};
pub use requests::{
    FrameMarks, FreshNonce, Redemption, RelayStep, Reservation, Reserved, StatementUse, Ticket,
    TxCodeRenewal,
};
pub use sled_store::SledStore;

/// Entries in one status list: the least Bitstring Status List 1.0 allows, so that a list hides whom it is asked about.
pub const STATUS_LIST_LEN: u32 = 131_072;

/// Why a transaction was refused or failed. Every refusal leaves the store as it was, unless the variant says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No such session, code, token, challenge, terminal or credential.
    #[error("not found")]
    NotFound,
    /// It existed, and its time is over.
    #[error("expired")]
    Expired,
    /// A single-use thing was used before.
    #[error("already used")]
    AlreadyUsed,
    /// The session is not at the step this transaction continues.
    #[error("the session is not at this step")]
    WrongState,
    /// Too many attempts; try again after so many seconds (0: never with this session).
    #[error("too many attempts")]
    TooManyAttempts {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// The transaction code was wrong. The failure was counted.
    #[error("wrong transaction code")]
    WrongTxCode,
    /// The nonce was used, or is too old.
    #[error("nonce used or too old")]
    NonceUnknown,
    /// The terminal is not registered.
    #[error("terminal unknown")]
    TerminalUnknown,
    /// The terminal was retired.
    #[error("terminal retired")]
    TerminalRetired,
    /// The terminal's counter did not rise.
    #[error("counter did not rise")]
    CounterReplayed,
    /// The evidence is too old for what is wanted, or never carried it.
    #[error("the evidence is too old")]
    EvidenceTooOld,
    /// The recovery code was wrong. The failure was counted.
    #[error("wrong recovery code")]
    WrongRecoveryCode,
    /// The district's places of the day are taken.
    #[error("no place is left today")]
    NoPlaceLeft,
    /// The frames were seen before.
    #[error("frames seen before")]
    Replayed,
    /// All proposed status indices were taken: propose more.
    #[error("no proposed status index was free")]
    IndicesTaken,
    /// The storage engine failed; what happened on disk is not known.
    #[error("storage failed: {0}")]
    Engine(String),
}

/// Transactions of one sweep at most: a million entries. Between them requests are served.
const SWEEPS_MAX: usize = 500;

/// Removes what has expired until nothing is left of it, a bounded number of entries at a time. Returns how many it
/// looked at.
///
/// # Errors
/// Those of [`Store::sweep`]; what was removed before stays removed.
pub async fn sweep_all(store: &dyn Store, now: i64, keep: i64) -> Result<usize, StoreError> {
    let mut removed = 0;
    for _ in 0..SWEEPS_MAX {
        match store.sweep(now, keep).await? {
            0 => break,
            some => removed += some,
        }
    }
    Ok(removed)
}

/// The issuer's store. `now` is Unix seconds throughout.
#[async_trait]
pub trait Store: Send + Sync {
    /// Opens a session, consuming the nonce its device proof carries. Durable.
    async fn open_session(
        &self,
        session: SessionRecord,
        nonce: FreshNonce,
        now: i64,
    ) -> Result<(), StoreError>;

    /// Reads a session.
    async fn session(&self, id: &str) -> Result<SessionRecord, StoreError>;

    /// Counts an attempt at a step before the work is done, so that parallel attempts cannot outrun a limit: for the
    /// session, and for the day, the person and the place (phone or terminal) together. A guesser over the network
    /// cannot use up what a person may try at a terminal.
    async fn begin_attempt(
        &self,
        id: &str,
        step: Event,
        now: i64,
        limits: AttemptLimits,
    ) -> Result<SessionRecord, StoreError>;

    /// Ends an attempt in a mismatch: it stays counted, and the session waits until `next_attempt`.
    async fn fail_attempt(&self, id: &str, next_attempt: i64) -> Result<(), StoreError>;

    /// Ends an attempt begun at `begun` in anything but a mismatch: the person's daily count falls back.
    async fn forgive_attempt(&self, id: &str, step: Event, begun: i64) -> Result<(), StoreError>;

    /// Takes a step that proves nothing by itself. Durable.
    async fn advance(
        &self,
        id: &str,
        step: Event,
        now: i64,
        lifetimes: Lifetimes,
    ) -> Result<SessionRecord, StoreError>;

    /// Takes the step that a passed check allows, and puts the offer it earns in the place of any earlier one. Durable.
    async fn prove(&self, proof: Proof, now: i64) -> Result<SessionRecord, StoreError>;

    /// Keeps a challenge for a registered terminal; `statement` (the request's `jti`) may ask once.
    async fn open_challenge(
        &self,
        challenge: ChallengeRecord,
        statement: &str,
        now: i64,
    ) -> Result<(), StoreError>;

    /// Consumes the challenge a statement answers and raises the terminal's counter.
    async fn accept_statement(
        &self,
        statement: StatementUse,
        now: i64,
    ) -> Result<TerminalRecord, StoreError>;

    /// Raises the terminal's counter and reads the session whose challenge this terminal answered with this nonce; where
    /// the card is checked and the code not spent, the transaction code of the session becomes `tx_code_digest` (keyed by
    /// the caller on the session's code digest). Durable.
    ///
    /// [`StoreError::NotFound`] where this terminal answered no such challenge for this session.
    async fn resume_statement(
        &self,
        statement: StatementUse,
        tx_code: TxCodeRenewal,
        now: i64,
    ) -> Result<SessionRecord, StoreError>;

    /// Appends a message to the chip authentication of an open challenge, which it begins at round zero. A message is
    /// taken at its own place only, once ([`StoreError::AlreadyUsed`]), so that nobody tries two answers to one question;
    /// a challenge that is spent, over, or another's is [`StoreError::NotFound`].
    async fn advance_relay(&self, step: RelayStep, now: i64) -> Result<RelayRecord, StoreError>;

    /// Takes out the chip authentication of a challenge, if there was one.
    async fn take_relay(&self, nonce: &str) -> Result<Option<RelayRecord>, StoreError>;

    /// Redeems a code, once, for an access token. Durable.
    async fn redeem_code(
        &self,
        redemption: Redemption,
        now: i64,
    ) -> Result<GrantRecord, StoreError>;

    /// Keeps a credential request until the review is over, consuming its nonce and the token's use of the
    /// configuration. Durable.
    async fn defer(&self, deferral: Deferral, now: i64) -> Result<(), StoreError>;

    /// What a transaction id and the access token it was given to stand for.
    async fn deferred(
        &self,
        transaction: &str,
        token_digest: &str,
        now: i64,
    ) -> Result<(DeferredRecord, SessionRecord), StoreError>;

    /// The sessions that wait for a review at `now`, the oldest first.
    async fn reviews(&self, now: i64) -> Result<Vec<SessionRecord>, StoreError>;

    /// Decides a review, once, and records who did. Durable.
    async fn decide_review(
        &self,
        decision: Decision,
        now: i64,
    ) -> Result<SessionRecord, StoreError>;

    /// Who decided which reviews, in no particular order.
    async fn review_decisions(&self) -> Result<Vec<ReviewRecord>, StoreError>;

    /// Opens a session that renews what a device holds, without another check. Durable.
    async fn renew(&self, renewal: Renewal, now: i64) -> Result<SessionRecord, StoreError>;

    /// Revokes what a person holds on the word of somebody who knows the recovery code. A person who holds nothing is
    /// answered as a wrong code is. Durable.
    async fn report_lost(&self, report: LossReport, now: i64) -> Result<usize, StoreError>;

    /// Forgets a person but for what a published status needs: revokes everything, removes sessions, counts and what
    /// is held, and blanks the handle in the issuances. Returns how many issuances were blanked. Durable.
    async fn erase(&self, person: &str, now: i64) -> Result<usize, StoreError>;

    /// Gives `fresh.id` its liveness challenge: the one that is open, else `fresh`, if the person has had fewer than
    /// `most_a_day` since midnight.
    async fn open_liveness(
        &self,
        fresh: LivenessRecord,
        most_a_day: u32,
        now: i64,
    ) -> Result<LivenessRecord, StoreError>;

    /// Consumes an open liveness challenge.
    async fn take_liveness(&self, id: &str, now: i64) -> Result<LivenessRecord, StoreError>;

    /// Remembers frames for as long as the marks say.
    ///
    /// [`StoreError::Replayed`] where one of them has a digest that is remembered, or where half of them or more look
    /// like frames of one answer that is remembered.
    async fn mark_frames(&self, marks: FrameMarks, now: i64) -> Result<(), StoreError>;

    /// The session an access token belongs to, and what the token was granted for.
    async fn granted_session(
        &self,
        token_digest: &str,
        now: i64,
    ) -> Result<(SessionRecord, GrantRecord), StoreError>;

    /// Puts an authorization request aside until its link is opened (RFC 9126).
    async fn push_authorization(&self, pushed: Pushed, now: i64) -> Result<(), StoreError>;

    /// Binds an authorization request to a browser, known by the digest of its cookie, and consumes it where it was
    /// pushed.
    async fn begin_authorization(
        &self,
        arrival: Arrival,
        browser: &str,
        now: i64,
    ) -> Result<AuthorizationRecord, StoreError>;

    /// The request that a browser was bound to.
    async fn authorization(
        &self,
        browser: &str,
        now: i64,
    ) -> Result<AuthorizationRecord, StoreError>;

    /// Opens a session on the page of a request that has none of an offer. Durable.
    async fn enrol(
        &self,
        browser: &str,
        session: SessionRecord,
        now: i64,
    ) -> Result<(), StoreError>;

    /// Ends a request without an answer of substance, once.
    async fn decline_authorization(
        &self,
        browser: &str,
        now: i64,
    ) -> Result<AuthorizationRecord, StoreError>;

    /// Records the person's yes and gives out a code, once; the session must have an offer that nobody took up. Durable.
    async fn consent(
        &self,
        consented: Consented,
        now: i64,
    ) -> Result<AuthorizationRecord, StoreError>;

    /// Redeems an authorization code, once, for an access token. One tried by another client, with another redirect URI
    /// or without its PKCE verifier is spent ([`StoreError::NotFound`]); a second use takes the tokens of the first away
    /// ([`StoreError::AlreadyUsed`]). Durable.
    async fn redeem_authorization(
        &self,
        redemption: CodeRedemption,
        now: i64,
    ) -> Result<GrantRecord, StoreError>;

    /// Uses a refresh token, once, for an access token that renews what the device holds, and the next refresh token. A
    /// second use ends the whole line ([`StoreError::AlreadyUsed`]). Durable.
    async fn refresh(&self, refreshment: Refreshment, now: i64) -> Result<GrantRecord, StoreError>;

    /// Marks something as used until `expires`; the second to come is refused ([`StoreError::AlreadyUsed`]).
    async fn spend_once(&self, what: &str, expires: i64) -> Result<(), StoreError>;

    /// Consumes the nonce and the token's use of the configuration, and reserves status indices, all or nothing.
    async fn reserve(&self, reservation: Reservation, now: i64) -> Result<Reserved, StoreError>;

    /// Records what is about to be signed. Durable.
    async fn record_intent(&self, intents: Vec<IssuanceRecord>) -> Result<(), StoreError>;

    /// Acknowledges the intents of one batch as released and, in the same transaction, revokes every other live set of
    /// that person. Returns how many credentials were retired. Durable.
    async fn complete_issuance(&self, release: Release, now: i64) -> Result<usize, StoreError>;

    /// Revokes intents that nobody acknowledged: called at start, when nothing can be in flight. Durable.
    async fn retire_unacknowledged(&self) -> Result<usize, StoreError>;

    /// Revokes. Returns how many credentials changed. Durable.
    ///
    /// The revocation of a person ends the person's open sessions as well: none that was created up to `now` can
    /// redeem a code, reserve or complete an issuance any more ([`StoreError::WrongState`]). That of a terminal does the
    /// same to the sessions that were proved there, and retires the terminal.
    async fn revoke(
        &self,
        target: RevocationTarget,
        reason: &str,
        now: i64,
    ) -> Result<usize, StoreError>;

    /// Every issuance, in no particular order.
    async fn issuances(&self) -> Result<Vec<IssuanceRecord>, StoreError>;

    /// Closes the status list in use: the next reservation begins another. For a store that was restored, which does
    /// not know what has been reserved since. Durable.
    async fn close_status_list(&self) -> Result<(), StoreError>;

    /// Every status list.
    async fn status_lists(&self) -> Result<Vec<StatusListRecord>, StoreError>;

    /// The revoked indices of a list, ascending.
    async fn revoked_indices(&self, list: &str) -> Result<Vec<u32>, StoreError>;

    /// Registers a terminal, or replaces its registration; its counter is kept. Durable.
    async fn put_terminal(&self, terminal: TerminalRegistration) -> Result<(), StoreError>;

    /// Retires a terminal. Durable.
    async fn retire_terminal(&self, did: &str) -> Result<(), StoreError>;

    /// A terminal that is registered and not retired.
    async fn terminal(&self, did: &str) -> Result<TerminalRecord, StoreError>;

    /// Registers an operator, or replaces the registration. Durable.
    async fn put_operator(&self, operator: OperatorRecord) -> Result<(), StoreError>;

    /// An operator, retired or not; [`StoreError::NotFound`] where nobody registered that key.
    async fn operator(&self, did: &str) -> Result<OperatorRecord, StoreError>;

    /// Every operator.
    async fn operators(&self) -> Result<Vec<OperatorRecord>, StoreError>;

    /// Every terminal.
    async fn terminals(&self) -> Result<Vec<TerminalRecord>, StoreError>;

    /// Registers a relying party. Durable.
    async fn put_relying_party(&self, party: RelyingPartyRecord) -> Result<(), StoreError>;

    /// Every relying party.
    async fn relying_parties(&self) -> Result<Vec<RelyingPartyRecord>, StoreError>;

    /// Removes some of what has expired; returns how many entries it looked at that were due, and 0 once none is. The
    /// record of a credential is removed once the credential has not been valid for `keep` seconds; its place in the status
    /// list stays taken, and revoked where it was.
    async fn sweep(&self, now: i64, keep: i64) -> Result<usize, StoreError>;

    /// Fails once the store can no longer promise durability.
    async fn ready(&self) -> Result<(), StoreError>;
}
