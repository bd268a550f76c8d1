//! The embedded backend: sled 0.34 behind `spawn_blocking`, with the barrier.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::barrier::Barrier;
use super::sled_tx::{Tx, engine, key, kind, prefix, values};
use super::{
    Arrival, AttemptLimits, AuthorizationRecord, ChallengeRecord, CodeRedemption, Consented,
    Deferral, DeferredRecord, FrameMarks, GrantRecord, IssuanceRecord, LivenessRecord, LossReport,
    OperatorRecord, Proof, Pushed, Redemption, Refreshment, RelayRecord, RelayStep, Release,
    RelyingPartyRecord, Renewal, Reservation, Reserved, RevocationTarget, SessionRecord,
    StatementUse, StatusListRecord, Store, StoreError, TerminalRecord, TerminalRegistration,
    TxCodeRenewal,
};
use super::{
    sled_authorization as authorization, sled_frames as frames, sled_holder as holder,
    sled_issuance as issuance, sled_proofing as proofing, sled_relay as relay,
};
use crate::proofing::machine::{Event, Lifetimes};

/// Memory sled may use for pages. Its own default is a gigabyte.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// A store in a folder, for one process at a time.
pub struct SledStore {
    inner: Arc<Inner>,
    barrier: Barrier,
}

struct Inner {
    tree: sled::Tree,
    /// Serialises writers, so that what a transaction read holds until its batch is applied.
    writer: Mutex<()>,
}

impl SledStore {
    /// Opens or creates the store in `directory`.
    ///
    /// # Errors
    /// The folder cannot be used, is damaged, or another process holds it.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let db = sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            .open()
            .map_err(engine)?;
        let tree = db.open_tree("issuer").map_err(engine)?;
        let barrier = Barrier::start(db, directory)?;
        Ok(Self {
            inner: Arc::new(Inner {
                tree,
                writer: Mutex::new(()),
            }),
            barrier,
        })
    }

    async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&sled::Tree) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || read(&inner.tree))
            .await
            .map_err(engine)?
    }

    /// Runs a transaction; it is applied if and only if `work` returns `Ok`.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            let _writing = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let mut tx = Tx::new(&inner.tree);
            let result = work(&mut tx)?;
            tx.commit()?;
            Ok(result)
        })
        .await
        .map_err(engine)?
    }

    async fn write_durably<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let result = self.write(work).await?;
        self.barrier.wait().await?;
        Ok(result)
    }
}

#[async_trait]
impl Store for SledStore {
    async fn open_session(
        &self,
        session: SessionRecord,
        nonce: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let nonce = nonce.to_owned();
        self.write_durably(move |tx| proofing::open_session(tx, &session, &nonce, now))
            .await
    }

    async fn session(&self, id: &str) -> Result<SessionRecord, StoreError> {
        let id = id.to_owned();
        self.read(move |tree| proofing::session(&Tx::new(tree), &id))
            .await
    }

    async fn begin_attempt(
        &self,
        id: &str,
        step: Event,
        now: i64,
        limits: AttemptLimits,
    ) -> Result<SessionRecord, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| proofing::begin_attempt(tx, (&id, step), now, limits))
            .await
    }

    async fn fail_attempt(&self, id: &str, next_attempt: i64) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |tx| proofing::fail_attempt(tx, &id, next_attempt))
            .await
    }

    async fn forgive_attempt(&self, id: &str, step: Event, begun: i64) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |tx| proofing::forgive_attempt(tx, &id, step, begun))
            .await
    }

    async fn advance(
        &self,
        id: &str,
        step: Event,
        now: i64,
        lifetimes: Lifetimes,
    ) -> Result<SessionRecord, StoreError> {
        let id = id.to_owned();
        self.write_durably(move |tx| proofing::advance(tx, &id, &[step], now, lifetimes))
            .await
    }

    async fn prove(&self, proof: Proof, now: i64) -> Result<SessionRecord, StoreError> {
        self.write_durably(move |tx| proofing::prove(tx, proof, now))
            .await
    }

    async fn open_challenge(
        &self,
        challenge: ChallengeRecord,
        statement: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let statement = statement.to_owned();
        self.write(move |tx| proofing::open_challenge(tx, &challenge, &statement, now))
            .await
    }

    async fn accept_statement(
        &self,
        statement: StatementUse,
        now: i64,
    ) -> Result<TerminalRecord, StoreError> {
        self.write(move |tx| proofing::accept_statement(tx, &statement, now))
            .await?
    }

    async fn resume_statement(
        &self,
        statement: StatementUse,
        tx_code: TxCodeRenewal,
        now: i64,
    ) -> Result<SessionRecord, StoreError> {
        self.write_durably(move |tx| proofing::resume_statement(tx, &statement, tx_code, now))
            .await?
    }

    async fn advance_relay(&self, step: RelayStep, now: i64) -> Result<RelayRecord, StoreError> {
        self.write(move |tx| relay::advance(tx, &step, now)).await
    }

    async fn take_relay(&self, nonce: &str) -> Result<Option<RelayRecord>, StoreError> {
        let nonce = nonce.to_owned();
        self.write(move |tx| relay::take(tx, &nonce)).await
    }

    async fn redeem_code(
        &self,
        redemption: Redemption,
        now: i64,
    ) -> Result<GrantRecord, StoreError> {
        // A wrong transaction code is a refusal that must be remembered: it commits.
        self.write_durably(move |tx| issuance::redeem_code(tx, &redemption, now))
            .await?
    }

    async fn defer(&self, deferral: Deferral, now: i64) -> Result<(), StoreError> {
        self.write_durably(move |tx| issuance::defer(tx, &deferral, now))
            .await
    }

    async fn deferred(
        &self,
        transaction: &str,
        token_digest: &str,
        now: i64,
    ) -> Result<(DeferredRecord, SessionRecord), StoreError> {
        let (transaction, token) = (transaction.to_owned(), token_digest.to_owned());
        self.read(move |tree| issuance::deferred(&Tx::new(tree), &transaction, &token, now))
            .await
    }

    async fn reviews(&self, now: i64) -> Result<Vec<SessionRecord>, StoreError> {
        self.read(move |tree| holder::reviews(&Tx::new(tree), now))
            .await
    }

    async fn renew(&self, renewal: Renewal, now: i64) -> Result<SessionRecord, StoreError> {
        self.write_durably(move |tx| holder::renew(tx, renewal, now))
            .await
    }

    async fn report_lost(&self, report: LossReport, now: i64) -> Result<usize, StoreError> {
        // A wrong code is counted: it commits.
        self.write_durably(move |tx| holder::report_lost(tx, &report, now))
            .await?
    }

    async fn erase(&self, person: &str, now: i64) -> Result<usize, StoreError> {
        let person = person.to_owned();
        self.write_durably(move |tx| holder::erase(tx, &person, now))
            .await
    }

    async fn open_liveness(
        &self,
        fresh: LivenessRecord,
        most_a_day: u32,
        now: i64,
    ) -> Result<LivenessRecord, StoreError> {
        self.write(move |tx| frames::open_liveness(tx, &fresh, most_a_day, now))
            .await
    }

    async fn take_liveness(&self, id: &str, now: i64) -> Result<LivenessRecord, StoreError> {
        let id = id.to_owned();
        self.write(move |tx| frames::take_liveness(tx, &id, now))
            .await?
    }

    async fn mark_frames(&self, marks: FrameMarks, now: i64) -> Result<(), StoreError> {
        self.write(move |tx| frames::mark_frames(tx, &marks, now))
            .await
    }

    async fn add_nonce(&self, nonce: &str, expires: i64) -> Result<(), StoreError> {
        let nonce = nonce.to_owned();
        self.write(move |tx| tx.put_until(key(kind::NONCE, &[&nonce]), &expires, expires))
            .await
    }

    async fn granted_session(
        &self,
        token_digest: &str,
        now: i64,
    ) -> Result<(SessionRecord, GrantRecord), StoreError> {
        let token = token_digest.to_owned();
        self.read(move |tree| issuance::granted_session(&Tx::new(tree), &token, now))
            .await
    }

    async fn push_authorization(&self, pushed: Pushed, now: i64) -> Result<(), StoreError> {
        self.write(move |tx| authorization::push(tx, &pushed, now))
            .await
    }

    async fn begin_authorization(
        &self,
        arrival: Arrival,
        browser: &str,
        now: i64,
    ) -> Result<AuthorizationRecord, StoreError> {
        let browser = browser.to_owned();
        self.write(move |tx| authorization::arrive(tx, arrival, &browser, now))
            .await
    }

    async fn authorization(
        &self,
        browser: &str,
        now: i64,
    ) -> Result<AuthorizationRecord, StoreError> {
        let browser = browser.to_owned();
        self.read(move |tree| authorization::authorization(&Tx::new(tree), &browser, now))
            .await
    }

    async fn enrol(
        &self,
        browser: &str,
        session: SessionRecord,
        now: i64,
    ) -> Result<(), StoreError> {
        let browser = browser.to_owned();
        self.write_durably(move |tx| authorization::enrol(tx, &browser, &session, now))
            .await
    }

    async fn decline_authorization(
        &self,
        browser: &str,
        now: i64,
    ) -> Result<AuthorizationRecord, StoreError> {
        let browser = browser.to_owned();
        self.write(move |tx| authorization::decline(tx, &browser, now))
            .await
    }

    async fn consent(
        &self,
        consented: Consented,
        now: i64,
    ) -> Result<AuthorizationRecord, StoreError> {
        // A wrong transaction code is counted: it commits.
        self.write_durably(move |tx| authorization::consent(tx, &consented, now))
            .await?
    }

    async fn redeem_authorization(
        &self,
        redemption: CodeRedemption,
        now: i64,
    ) -> Result<GrantRecord, StoreError> {
        // A second use takes tokens away: it commits.
        self.write_durably(move |tx| authorization::redeem(tx, &redemption, now))
            .await?
    }

    async fn refresh(&self, refreshment: Refreshment, now: i64) -> Result<GrantRecord, StoreError> {
        // A second use ends the line: it commits.
        self.write_durably(move |tx| authorization::refresh(tx, &refreshment, now))
            .await?
    }

    async fn spend_once(&self, what: &str, expires: i64) -> Result<(), StoreError> {
        let what = what.to_owned();
        self.write(move |tx| authorization::spend_once(tx, &what, expires))
            .await
    }

    async fn add_challenge(&self, challenge: &str, expires: i64) -> Result<(), StoreError> {
        let at = key(kind::SERVER_NONCE, &[challenge]);
        self.write(move |tx| tx.put_until(at, &expires, expires))
            .await
    }

    async fn challenge(&self, challenge: &str, now: i64) -> Result<(), StoreError> {
        let challenge = challenge.to_owned();
        self.read(move |tree| authorization::challenge(&Tx::new(tree), &challenge, now))
            .await
    }

    async fn reserve(&self, reservation: Reservation, now: i64) -> Result<Reserved, StoreError> {
        self.write(move |tx| issuance::reserve(tx, &reservation, now))
            .await
    }

    async fn record_intent(&self, intents: Vec<IssuanceRecord>) -> Result<(), StoreError> {
        self.write_durably(move |tx| issuance::record_intent(tx, &intents))
            .await
    }

    async fn complete_issuance(&self, release: Release, now: i64) -> Result<usize, StoreError> {
        self.write_durably(move |tx| issuance::complete(tx, &release, now))
            .await
    }

    async fn retire_unacknowledged(&self) -> Result<usize, StoreError> {
        self.write_durably(issuance::retire_unacknowledged).await
    }

    async fn revoke(
        &self,
        target: RevocationTarget,
        reason: &str,
        now: i64,
    ) -> Result<usize, StoreError> {
        let reason = reason.to_owned();
        self.write_durably(move |tx| issuance::revoke(tx, &target, &reason, now))
            .await
    }

    async fn issuances(&self) -> Result<Vec<IssuanceRecord>, StoreError> {
        self.read(|tree| values(tree, &[kind::ISSUANCE])).await
    }

    async fn close_status_list(&self) -> Result<(), StoreError> {
        self.write_durably(|tx| {
            issuance::close_list(tx);
            Ok(())
        })
        .await
    }

    async fn status_lists(&self) -> Result<Vec<StatusListRecord>, StoreError> {
        self.read(|tree| values(tree, &[kind::LIST])).await
    }

    async fn revoked_indices(&self, list: &str) -> Result<Vec<u32>, StoreError> {
        let prefix = prefix(kind::REVOKED, &[list]);
        self.read(move |tree| {
            let keys = Tx::new(tree).keys(&prefix)?;
            Ok(keys
                .iter()
                .filter_map(|key| {
                    key.last_chunk::<4>()
                        .map(|index| u32::from_be_bytes(*index))
                })
                .collect())
        })
        .await
    }

    async fn put_terminal(&self, terminal: TerminalRegistration) -> Result<(), StoreError> {
        self.write_durably(move |tx| proofing::put_terminal(tx, terminal))
            .await
    }

    async fn terminal(&self, did: &str) -> Result<TerminalRecord, StoreError> {
        let did = did.to_owned();
        self.read(move |tree| proofing::registered(&Tx::new(tree), &did))
            .await
    }

    async fn put_operator(&self, operator: OperatorRecord) -> Result<(), StoreError> {
        self.write_durably(move |tx| tx.put(key(kind::OPERATOR, &[&operator.did]), &operator))
            .await
    }

    async fn operator(&self, did: &str) -> Result<OperatorRecord, StoreError> {
        let key = key(kind::OPERATOR, &[did]);
        self.read(move |tree| Tx::new(tree).read(&key)?.ok_or(StoreError::NotFound))
            .await
    }

    async fn operators(&self) -> Result<Vec<OperatorRecord>, StoreError> {
        self.read(|tree| values(tree, &[kind::OPERATOR])).await
    }

    async fn retire_terminal(&self, did: &str) -> Result<(), StoreError> {
        let did = did.to_owned();
        self.write_durably(move |tx| proofing::retire_terminal(tx, &did))
            .await
    }

    async fn terminals(&self) -> Result<Vec<TerminalRecord>, StoreError> {
        self.read(|tree| values(tree, &[kind::TERMINAL])).await
    }

    async fn put_relying_party(&self, party: RelyingPartyRecord) -> Result<(), StoreError> {
        self.write_durably(move |tx| tx.put(key(kind::PARTY, &[&party.did]), &party))
            .await
    }

    async fn relying_parties(&self) -> Result<Vec<RelyingPartyRecord>, StoreError> {
        self.read(|tree| values(tree, &[kind::PARTY])).await
    }

    async fn sweep(&self, now: i64) -> Result<usize, StoreError> {
        self.write(move |tx| proofing::sweep(tx, now)).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.barrier.check()
    }
}
