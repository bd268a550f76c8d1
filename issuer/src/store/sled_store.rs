//! The embedded backend: sled 0.34, written to by one thread and made durable by another.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::barrier::{Barrier, Waiter};
use super::sled_tx::{Tx, engine, key, kind, prefix, values};
use super::writer::Writer;
use super::{
    Arrival, AttemptLimits, AuthorizationRecord, ChallengeRecord, CodeRedemption, Consented,
    Decision, Deferral, DeferredRecord, FrameMarks, FreshNonce, GrantRecord, IssuanceRecord,
    LivenessRecord, LossReport, OperatorRecord, Proof, Pushed, Redemption, Refreshment,
    RelayRecord, RelayStep, Release, RelyingPartyRecord, Renewal, Reservation, Reserved,
    ReviewRecord, RevocationTarget, SessionRecord, StatementUse, StatusListRecord, Store,
    StoreError, TerminalRecord, TerminalRegistration, TxCodeRenewal,
};
use super::{
    sled_authorization as authorization, sled_frames as frames, sled_holder as holder,
    sled_issuance as issuance, sled_proofing as proofing, sled_relay as relay, sled_sweep as sweep,
};
use crate::proofing::machine::{Event, Lifetimes};

/// Bytes of pages, as they are on disk, that sled keeps in memory, where they take two to three times as much. Its own
/// default is a gigabyte. Persons come once, so more of it is not asked for twice: four times as much saves some
/// hundredths of an issuance's time in the store. What grows with the store, whatever is said here, is where
/// each page lies: about 250 bytes an issuance that is kept.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;

/// A store in a folder, for one process at a time.
pub struct SledStore {
    tree: sled::Tree,
    // Before the barrier: it hands on what is still in its queue.
    writer: Writer,
    barrier: Arc<Barrier>,
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
        let barrier = Arc::new(Barrier::start(db, directory)?);
        Ok(Self {
            writer: Writer::start(tree.clone(), Arc::clone(&barrier))?,
            tree,
            barrier,
        })
    }

    /// Reads a few records by their keys: microseconds where the pages are in memory, and not worth another thread.
    fn read<T>(
        &self,
        read: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        read(&Tx::new(&self.tree))
    }

    /// Reads what there may be much of, on a thread that may take its time.
    async fn scan<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&sled::Tree) -> Result<T, StoreError> + Send + 'static,
    {
        let tree = self.tree.clone();
        tokio::task::spawn_blocking(move || read(&tree))
            .await
            .map_err(engine)?
    }

    /// Runs a transaction; it is applied if and only if `work` returns `Ok`.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.writer.execute(Box::new(move |tree| {
            let _gone = answer.send(transact(tree, work));
            None
        }));
        answered.await.unwrap_or_else(|_| Err(ended()))
    }

    /// The same, and returns once it is on disk.
    async fn write_durably<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.writer.execute(Box::new(move |tree| {
            match transact(tree, work) {
                Ok(value) => Some(Box::new(move |flushed: Result<(), StoreError>| {
                    let _gone = answer.send(flushed.map(|()| value));
                }) as Waiter),
                // Nothing was written.
                Err(refusal) => {
                    let _gone = answer.send(Err(refusal));
                    None
                }
            }
        }));
        answered.await.unwrap_or_else(|_| Err(ended()))
    }
}

fn transact<T>(
    tree: &sled::Tree,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut tx = Tx::new(tree);
    let result = work(&mut tx)?;
    tx.commit()?;
    Ok(result)
}

fn ended() -> StoreError {
    StoreError::Engine("the transaction was broken off".to_owned())
}

#[async_trait]
impl Store for SledStore {
    async fn open_session(
        &self,
        session: SessionRecord,
        nonce: FreshNonce,
        now: i64,
    ) -> Result<(), StoreError> {
        self.write_durably(move |tx| proofing::open_session(tx, &session, &nonce, now))
            .await
    }

    async fn session(&self, id: &str) -> Result<SessionRecord, StoreError> {
        self.read(|tx| proofing::session(tx, id))
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
        self.read(|tx| issuance::deferred(tx, transaction, token_digest, now))
    }

    async fn reviews(&self, now: i64) -> Result<Vec<SessionRecord>, StoreError> {
        self.scan(move |tree| holder::reviews(&Tx::new(tree), now))
            .await
    }

    async fn decide_review(
        &self,
        decision: Decision,
        now: i64,
    ) -> Result<SessionRecord, StoreError> {
        self.write_durably(move |tx| holder::decide(tx, &decision, now))
            .await
    }

    async fn review_decisions(&self) -> Result<Vec<ReviewRecord>, StoreError> {
        self.scan(|tree| values(tree, &[kind::DECIDED])).await
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

    async fn granted_session(
        &self,
        token_digest: &str,
        now: i64,
    ) -> Result<(SessionRecord, GrantRecord), StoreError> {
        self.read(|tx| issuance::granted_session(tx, token_digest, now))
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
        self.read(|tx| authorization::authorization(tx, browser, now))
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
        self.scan(|tree| values(tree, &[kind::ISSUANCE])).await
    }

    async fn close_status_list(&self) -> Result<(), StoreError> {
        self.write_durably(|tx| {
            issuance::close_list(tx);
            Ok(())
        })
        .await
    }

    async fn status_lists(&self) -> Result<Vec<StatusListRecord>, StoreError> {
        self.scan(|tree| values(tree, &[kind::LIST])).await
    }

    async fn revoked_indices(&self, list: &str) -> Result<Vec<u32>, StoreError> {
        let prefix = prefix(kind::REVOKED, &[list]);
        self.scan(move |tree| {
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
        self.read(|tx| proofing::registered(tx, did))
    }

    async fn put_operator(&self, operator: OperatorRecord) -> Result<(), StoreError> {
        self.write_durably(move |tx| tx.put(key(kind::OPERATOR, &[&operator.did]), &operator))
            .await
    }

    async fn operator(&self, did: &str) -> Result<OperatorRecord, StoreError> {
        let at = key(kind::OPERATOR, &[did]);
        self.read(|tx| tx.read(&at)?.ok_or(StoreError::NotFound))
    }

    async fn operators(&self) -> Result<Vec<OperatorRecord>, StoreError> {
        self.scan(|tree| values(tree, &[kind::OPERATOR])).await
    }

    async fn retire_terminal(&self, did: &str) -> Result<(), StoreError> {
        let did = did.to_owned();
        self.write_durably(move |tx| proofing::retire_terminal(tx, &did))
            .await
    }

    async fn terminals(&self) -> Result<Vec<TerminalRecord>, StoreError> {
        self.scan(|tree| values(tree, &[kind::TERMINAL])).await
    }

    async fn put_relying_party(&self, party: RelyingPartyRecord) -> Result<(), StoreError> {
        self.write_durably(move |tx| tx.put(key(kind::PARTY, &[&party.did]), &party))
            .await
    }

    async fn relying_parties(&self) -> Result<Vec<RelyingPartyRecord>, StoreError> {
        self.scan(|tree| values(tree, &[kind::PARTY])).await
    }

    async fn sweep(&self, now: i64, keep: i64) -> Result<usize, StoreError> {
        self.write(move |tx| sweep::sweep(tx, now, keep)).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.barrier.check()
    }
}
