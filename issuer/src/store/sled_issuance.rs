//! The transactions of issuance: codes, tokens, indices, intents, acknowledgement, revocation.

use std::collections::BTreeSet;

use super::sled_authorization as authorization;
use super::sled_holder::not_barred;
use super::sled_proofing::{consume_nonce, live_session, retire_terminal, save, session, walk};
use super::sled_tx::{Tx, indexed, key, kind, prefix};
use super::{
    Deferral, DeferredRecord, FreshNonce, GrantRecord, HolderRecord, IssuanceRecord, IssuanceState,
    Level, Redemption, Release, Reservation, Reserved, RevocationTarget, STATUS_LIST_LEN,
    SessionRecord, SessionState, StatusListRecord, StoreError, Ticket,
};
use crate::proofing::machine::Event;

/// The list that indices are taken from at present.
const CURRENT_LIST: &[u8] = b"k";
/// Beyond half full a list is closed: the unused half hides how many credentials there are.
const LIST_FULL: u32 = STATUS_LIST_LEN / 2;

/// The outer result is the transaction's, the inner the refusal: a wrong transaction code is counted, so it commits.
pub(super) fn redeem_code(
    tx: &mut Tx<'_>,
    redemption: &Redemption,
    now: i64,
) -> Result<Result<GrantRecord, StoreError>, StoreError> {
    let id: String = tx
        .read(&key(kind::CODE, &[&redemption.code_digest]))?
        .ok_or(StoreError::NotFound)?;
    let mut session = live_session(tx, &id, now)?;
    not_barred(tx, &session)?;
    // Before a check is passed the code exists for nobody.
    let level = session.state.offers().ok_or(StoreError::NotFound)?;
    if redemption
        .wish
        .as_ref()
        .is_some_and(|wish| wish.level != level)
    {
        return Err(StoreError::WrongState);
    }
    // Nor is a code good for another level than the one it was offered for.
    if session.code_digests.of(level) != redemption.code_digest {
        return Err(StoreError::NotFound);
    }
    if session.code_spent {
        return Err(StoreError::AlreadyUsed);
    }
    let expected = session.tx_code_digest.clone().ok_or(StoreError::NotFound)?;
    if expected != redemption.tx_code_digest {
        session.tx_code_failures = session.tx_code_failures.saturating_add(1);
        session.code_spent = session.tx_code_failures >= redemption.max_failures;
        save(tx, &session)?;
        return Ok(Err(StoreError::WrongTxCode));
    }
    session.code_spent = true;
    save(tx, &session)?;
    let bound = (&redemption.binding, redemption.wish.clone());
    authorization::grant(tx, &session, bound, &redemption.tokens).map(Ok)
}

fn grant(tx: &Tx<'_>, token: &str, now: i64) -> Result<GrantRecord, StoreError> {
    let grant: GrantRecord = tx
        .read(&key(kind::GRANT, &[token]))?
        .ok_or(StoreError::NotFound)?;
    if now >= grant.expires {
        return Err(StoreError::Expired);
    }
    Ok(grant)
}

pub(super) fn granted_session(
    tx: &Tx<'_>,
    token: &str,
    now: i64,
) -> Result<(SessionRecord, GrantRecord), StoreError> {
    authorization::granted(tx, grant(tx, token, now)?)
}

/// Consumes a nonce, and a token's use of a configuration.
fn use_up(
    tx: &mut Tx<'_>,
    (token, configuration): (&str, &str),
    nonce: &FreshNonce,
    now: i64,
) -> Result<GrantRecord, StoreError> {
    let mut grant = grant(tx, token, now)?;
    if grant.used.iter().any(|used| used == configuration) {
        return Err(StoreError::AlreadyUsed);
    }
    not_barred(tx, &session(tx, &grant.session)?)?;
    consume_nonce(tx, nonce, now)?;
    grant.used.push(configuration.to_owned());
    tx.put(key(kind::GRANT, &[token]), &grant)?;
    Ok(grant)
}

pub(super) fn defer(tx: &mut Tx<'_>, wanted: &Deferral, now: i64) -> Result<(), StoreError> {
    let record = &wanted.record;
    let used = (&*record.token_digest, &*record.configuration);
    let grant = use_up(tx, used, &wanted.nonce, now)?;
    let session = live_session(tx, &grant.session, now)?;
    if session.state != SessionState::InReview || session.id != record.session {
        return Err(StoreError::WrongState);
    }
    let at = key(kind::DEFERRED, &[&wanted.transaction]);
    tx.put_until(at, record, wanted.expires)
}

pub(super) fn deferred(
    tx: &Tx<'_>,
    transaction: &str,
    token: &str,
    now: i64,
) -> Result<(DeferredRecord, SessionRecord), StoreError> {
    grant(tx, token, now)?;
    let record: DeferredRecord = tx
        .read(&key(kind::DEFERRED, &[transaction]))?
        .ok_or(StoreError::AlreadyUsed)?;
    if record.token_digest != token {
        return Err(StoreError::AlreadyUsed);
    }
    let session = session(tx, &record.session)?;
    not_barred(tx, &session)?;
    Ok((record, session))
}

pub(super) fn reserve(
    tx: &mut Tx<'_>,
    wanted: &Reservation,
    now: i64,
) -> Result<Reserved, StoreError> {
    match &wanted.ticket {
        Ticket::Nonce(nonce) => {
            use_up(
                tx,
                (&wanted.token_digest, &wanted.configuration),
                nonce,
                now,
            )?;
        }
        Ticket::Deferred(transaction) => {
            deferred(tx, transaction, &wanted.token_digest, now)?;
        }
    }

    let count = u32::try_from(wanted.count).map_err(|_| StoreError::IndicesTaken)?;
    let mut list = current_list(tx, wanted, count)?;
    let mut indices = BTreeSet::new();
    let mut ordered = Vec::with_capacity(wanted.count);
    for &index in &wanted.proposals {
        if ordered.len() == wanted.count {
            break;
        }
        if index >= STATUS_LIST_LEN
            || indices.contains(&index)
            || tx.has(&indexed(kind::RESERVED, &list.id, index))?
        {
            continue;
        }
        indices.insert(index);
        ordered.push(index);
        tx.put(indexed(kind::RESERVED, &list.id, index), &())?;
    }
    if ordered.len() < wanted.count {
        return Err(StoreError::IndicesTaken);
    }
    list.reserved = list.reserved.saturating_add(count);
    tx.put(key(kind::LIST, &[&list.id]), &list)?;
    Ok(Reserved {
        list: list.id,
        indices: ordered,
    })
}

fn current_list(
    tx: &mut Tx<'_>,
    wanted: &Reservation,
    count: u32,
) -> Result<StatusListRecord, StoreError> {
    if let Some(id) = tx.read::<String>(CURRENT_LIST)?
        && let Some(list) = tx.read::<StatusListRecord>(&key(kind::LIST, &[&id]))?
        && list.reserved.saturating_add(count) <= LIST_FULL
    {
        return Ok(list);
    }
    tx.put(CURRENT_LIST.to_vec(), &wanted.fresh_list)?;
    Ok(StatusListRecord {
        id: wanted.fresh_list.clone(),
        reserved: 0,
        revoked: 0,
    })
}

pub(super) fn close_list(tx: &mut Tx<'_>) {
    tx.remove(CURRENT_LIST.to_vec());
}

pub(super) fn record_intent(tx: &mut Tx<'_>, intents: &[IssuanceRecord]) -> Result<(), StoreError> {
    for intent in intents {
        let at = key(kind::ISSUANCE, &[&intent.id]);
        if tx.has(&at)? || intent.state != IssuanceState::Intended {
            return Err(StoreError::AlreadyUsed);
        }
        tx.put_until(at, intent, intent.valid_until)?;
        tx.put(key(kind::INTENDED, &[&intent.id]), &())?;
        tx.put(key(kind::BY_PERSON, &[&intent.person, &intent.id]), &())?;
        if let Some(terminal) = &intent.terminal {
            tx.put(key(kind::BY_TERMINAL, &[terminal, &intent.id]), &())?;
        }
    }
    Ok(())
}

pub(super) fn complete(tx: &mut Tx<'_>, release: &Release, now: i64) -> Result<usize, StoreError> {
    let mut session = session(tx, &release.session)?;
    not_barred(tx, &session)?;
    let set = session.set(release.level);
    for id in &release.issuances {
        let mut record = issuance(tx, id)?;
        if record.state != IssuanceState::Intended || record.revoked.is_some() || record.set != set
        {
            // Revoked while it was being signed, or acknowledged before.
            return Err(StoreError::WrongState);
        }
        record.state = IssuanceState::Issued;
        tx.put(key(kind::ISSUANCE, &[id]), &record)?;
        tx.remove(key(kind::INTENDED, &[id]));
    }
    if let Some(transaction) = &release.transaction {
        let at = key(kind::DEFERRED, &[transaction]);
        if !tx.has(&at)? {
            // Collected by another request meanwhile.
            return Err(StoreError::WrongState);
        }
        tx.remove(at);
    }
    let first = session.state != released(release.level);
    walk(
        tx,
        &mut session,
        &[Event::Released(release.level)],
        now,
        release.lifetimes,
    )?;
    let holder = key(kind::BY_PERSON, &[&session.person]);
    if !first {
        // The second format of a set that another session has since replaced must not come back to life.
        let current: Option<HolderRecord> = tx.read(&holder)?;
        if current.is_none_or(|current| current.set != set) {
            return Err(StoreError::WrongState);
        }
        return Ok(0);
    }
    let proved = session.proved.clone().ok_or(StoreError::WrongState)?;
    tx.put(
        holder,
        &HolderRecord {
            set: set.clone(),
            level: release.level,
            device: session.device.clone(),
            proved,
            recovery_digest: session.recovery_digest.clone(),
        },
    )?;
    let persons = prefix(kind::BY_PERSON, &[&session.person]);
    retire_where(tx, &persons, "replaced", |record| record.set != set)
}

/// The state of a session that has released credentials of a level.
fn released(level: Level) -> SessionState {
    match level {
        Level::Limited => SessionState::LimitedIssued,
        Level::Full => SessionState::FullIssued,
    }
}

pub(super) fn retire_unacknowledged(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let mut retired = 0;
    for mark in tx.keys(&[kind::INTENDED])? {
        let id = String::from_utf8_lossy(mark.get(1..).unwrap_or_default()).into_owned();
        let record = issuance(tx, &id)?;
        tx.remove(mark);
        retired += usize::from(retire(tx, record, "unacknowledged")?);
    }
    Ok(retired)
}

pub(super) fn revoke(
    tx: &mut Tx<'_>,
    target: &RevocationTarget,
    reason: &str,
    now: i64,
) -> Result<usize, StoreError> {
    match target {
        RevocationTarget::Person(person) => revoke_person(tx, person, reason, now),
        RevocationTarget::Terminal { did, since } => {
            retire_terminal(tx, did)?;
            tx.put(key(kind::BARRED_TERMINAL, &[did]), &now)?;
            let terminals = prefix(kind::BY_TERMINAL, &[did]);
            retire_where(tx, &terminals, reason, |record| record.valid_from >= *since)
        }
        RevocationTarget::Credential(id) => {
            let record = issuance(tx, id)?;
            Ok(usize::from(retire(tx, record, reason)?))
        }
    }
}

/// Revokes everything a person holds, and bars what was proved before.
pub(super) fn revoke_person(
    tx: &mut Tx<'_>,
    person: &str,
    reason: &str,
    now: i64,
) -> Result<usize, StoreError> {
    tx.remove(key(kind::BY_PERSON, &[person]));
    tx.put(key(kind::BARRED, &[person]), &now)?;
    retire_where(tx, &prefix(kind::BY_PERSON, &[person]), reason, |_| true)
}

/// Retires what `which` says of the live credentials an index lists: the last part of each key is an issuance's id.
fn retire_where(
    tx: &mut Tx<'_>,
    live: &[u8],
    reason: &str,
    which: impl Fn(&IssuanceRecord) -> bool,
) -> Result<usize, StoreError> {
    let mut retired = 0;
    for at in tx.keys(live)? {
        let id = String::from_utf8_lossy(at.get(live.len()..).unwrap_or_default()).into_owned();
        let record = issuance(tx, &id)?;
        if which(&record) {
            retired += usize::from(retire(tx, record, reason)?);
        }
    }
    Ok(retired)
}

/// Revokes one credential; false where it was revoked before.
fn retire(tx: &mut Tx<'_>, mut record: IssuanceRecord, reason: &str) -> Result<bool, StoreError> {
    if record.revoked.is_some() {
        return Ok(false);
    }
    unlist(tx, &record);
    tx.put(indexed(kind::REVOKED, &record.list, record.index), &())?;
    let list_key = key(kind::LIST, &[&record.list]);
    let mut list: StatusListRecord = tx.read(&list_key)?.ok_or(StoreError::NotFound)?;
    list.revoked = list.revoked.saturating_add(1);
    tx.put(list_key, &list)?;
    record.revoked = Some(reason.to_owned());
    tx.put(key(kind::ISSUANCE, &[&record.id]), &record)?;
    Ok(true)
}

/// Takes a credential out of the indices by which what is live is found.
pub(super) fn unlist(tx: &mut Tx<'_>, record: &IssuanceRecord) {
    tx.remove(key(kind::BY_PERSON, &[&record.person, &record.id]));
    if let Some(terminal) = &record.terminal {
        tx.remove(key(kind::BY_TERMINAL, &[terminal, &record.id]));
    }
}

pub(super) fn issuance(tx: &Tx<'_>, id: &str) -> Result<IssuanceRecord, StoreError> {
    tx.read(&key(kind::ISSUANCE, &[id]))?
        .ok_or(StoreError::NotFound)
}
