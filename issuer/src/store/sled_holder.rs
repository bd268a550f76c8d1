//! The transactions about what a person holds: renewal, loss, review, the places of a roll-out, and being forgotten.

use super::sled_authorization::forget;
use super::sled_issuance::revoke_person;
use super::sled_proofing::{advance, consume_nonce, insert, save};
use super::sled_tx::{Tx, key, kind, prefix};
use super::{
    Decision, DeferredRecord, HolderRecord, IssuanceRecord, LivenessRecord, LossReport, Place,
    Proved, Renewal, SessionRecord, SessionState, StoreError,
};
use crate::proofing::machine::{self, Event, EvidenceDays, Lifetimes};

/// A day's places of a district are counted in so many parts, so that the replicas of a shared store do not all write
/// one record. Each part has its own share of the places: no sum over parts can exceed the whole.
const PARTS: u32 = 16;

/// A session of before the revocation of its person, or of the terminal that proved it, yields nothing more.
pub(super) fn not_barred(tx: &Tx<'_>, session: &SessionRecord) -> Result<(), StoreError> {
    let mut barred: Option<i64> = tx.read(&key(kind::BARRED, &[&session.person]))?;
    if let Some(terminal) = session.proved.as_ref().and_then(Proved::terminal) {
        barred = barred.max(tx.read(&key(kind::BARRED_TERMINAL, &[terminal]))?);
    }
    if barred.is_some_and(|until| session.created <= until) {
        return Err(StoreError::WrongState);
    }
    Ok(())
}

/// Takes a place of the day. Who holds a credential already takes none: a roll-out is about who comes new.
pub(super) fn take_place(
    tx: &mut Tx<'_>,
    session: &SessionRecord,
    place: &Place,
) -> Result<(), StoreError> {
    if tx.has(&key(kind::BY_PERSON, &[&session.person]))? {
        return Ok(());
    }
    // Session ids are random, so sessions begin their search evenly over the parts.
    let start = session.id.bytes().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    for step in 0..PARTS {
        let part = start.wrapping_add(step) % PARTS;
        let share = place.per_day / PARTS + u32::from(part < place.per_day % PARTS);
        let (day, name) = (place.day.to_string(), part.to_string());
        let at = key(kind::PLACE, &[&place.district, &day, &name]);
        let taken: u32 = tx.read(&at)?.unwrap_or(0);
        if taken < share {
            let end = place.day.saturating_add(2).saturating_mul(86_400);
            return tx.put_until(at, &taken.saturating_add(1), end);
        }
    }
    Err(StoreError::NoPlaceLeft)
}

pub(super) fn reviews(tx: &Tx<'_>, now: i64) -> Result<Vec<SessionRecord>, StoreError> {
    let mut waiting = Vec::new();
    for mark in tx.keys(&[kind::REVIEW])? {
        let id = String::from_utf8_lossy(mark.get(1..).unwrap_or_default()).into_owned();
        if let Some(session) = tx.read::<SessionRecord>(&key(kind::SESSION, &[&id]))?
            && session.state == SessionState::InReview
            && now < session.expires
            && not_barred(tx, &session).is_ok()
        {
            waiting.push(session);
        }
    }
    waiting.sort_by_key(|session| session.expires);
    Ok(waiting)
}

pub(super) fn decide(
    tx: &mut Tx<'_>,
    decision: &Decision,
    now: i64,
) -> Result<SessionRecord, StoreError> {
    let record = &decision.record;
    let step = match record.approved {
        true => Event::ReviewApproved,
        false => Event::ReviewRefused,
    };
    let session = advance(tx, &record.session, &[step], now, decision.lifetimes)?;
    let at = key(kind::DECIDED, &[&record.session]);
    tx.put_until(at, record, decision.keep_until)?;
    Ok(session)
}

pub(super) fn renew(
    tx: &mut Tx<'_>,
    renewal: Renewal,
    now: i64,
) -> Result<SessionRecord, StoreError> {
    consume_nonce(tx, &renewal.nonce, now)?;
    let mut session = renewal.session;
    // The holder gets a new recovery code with this session.
    let recovery = session.recovery_digest.clone();
    session.tx_code_digest = Some(renewal.tx_code_digest);
    let mut session = renewed(tx, session, (renewal.lifetimes, renewal.evidence), now)?;
    session.recovery_digest = recovery;
    save(tx, &session)?;
    Ok(session)
}

/// A session that goes on where the credentials of its device stand, without another check. The recovery code stays.
pub(super) fn renewed(
    tx: &mut Tx<'_>,
    mut session: SessionRecord,
    (lifetimes, evidence): (Lifetimes, EvidenceDays),
    now: i64,
) -> Result<SessionRecord, StoreError> {
    let held: HolderRecord = tx
        .read(&key(kind::BY_PERSON, &[&session.person]))?
        .ok_or(StoreError::NotFound)?;
    if held.device != session.device {
        return Err(StoreError::NotFound);
    }
    // What rests on the word of a terminal that is believed no more is not renewed, whenever that was found out.
    if let Some(terminal) = held.proved.terminal()
        && tx.has(&key(kind::BARRED_TERMINAL, &[terminal]))?
    {
        return Err(StoreError::NotFound);
    }
    session.state = machine::renewed(session.level, held.level, &held.proved, (now, evidence))
        .ok_or(StoreError::EvidenceTooOld)?;
    session.proved = Some(held.proved);
    session.recovery_digest = held.recovery_digest;
    session.expires = now.saturating_add(lifetimes.of(session.state));
    not_barred(tx, &session)?;
    insert(tx, &session)?;
    Ok(session)
}

/// The outer result is the transaction's, the inner the refusal: a wrong code is counted, so it commits.
pub(super) fn report_lost(
    tx: &mut Tx<'_>,
    report: &LossReport,
    now: i64,
) -> Result<Result<usize, StoreError>, StoreError> {
    let day = now.div_euclid(86_400).to_string();
    let failures = key(kind::FAILURES, &[&report.person, "lost", &day]);
    let wrong: u32 = tx.read(&failures)?.unwrap_or(0);
    if wrong >= report.most_per_day {
        let rest = 86_400 - now.rem_euclid(86_400);
        return Err(StoreError::TooManyAttempts {
            retry_after: u64::try_from(rest).unwrap_or(86_400),
        });
    }
    let held: Option<HolderRecord> = tx.read(&key(kind::BY_PERSON, &[&report.person]))?;
    match held {
        // Digests of secrets, not the secrets: comparing them tells nothing about a code.
        Some(held) if held.recovery_digest == report.recovery_digest => {
            revoke_person(tx, &report.person, "reported lost", now).map(Ok)
        }
        _ => {
            tx.put_until(failures, &wrong.saturating_add(1), now + 2 * 86_400)?;
            Ok(Err(StoreError::WrongRecoveryCode))
        }
    }
}

pub(super) fn erase(tx: &mut Tx<'_>, person: &str, now: i64) -> Result<usize, StoreError> {
    // Revoking writes the records anew: it is read back below through the transaction.
    revoke_person(tx, person, "erased", now)?;
    let mut sessions = Vec::new();
    for at in tx.keys(&[kind::SESSION])? {
        let Some(session) = tx.read::<SessionRecord>(&at)? else {
            continue;
        };
        if session.person == person {
            tx.remove(key(kind::CODE, &[&session.code_digests.limited]));
            tx.remove(key(kind::CODE, &[&session.code_digests.full]));
            tx.remove(key(kind::REVIEW, &[&session.id]));
            forget_deferred(tx, &session.id)?;
            sessions.push(session.id);
            tx.remove(at);
        }
    }
    forget(tx, person, &sessions)?;
    for part in [kind::FAILURES, kind::DRAWS, kind::BY_PERSON] {
        for at in tx.keys(&prefix(part, &[person]))? {
            tx.remove(at);
        }
    }
    for at in tx.keys(&[kind::LIVENESS])? {
        if tx
            .read::<LivenessRecord>(&at)?
            .is_some_and(|open| open.person == person)
        {
            tx.remove(at);
        }
    }
    tx.remove(key(kind::BY_PERSON, &[person]));
    tx.remove(key(kind::BARRED, &[person]));
    let mut blanked = 0;
    for at in tx.keys(&[kind::ISSUANCE])? {
        let Some(mut record) = tx.read::<IssuanceRecord>(&at)? else {
            continue;
        };
        if record.person == person {
            record.person = String::new();
            tx.put(at, &record)?;
            blanked += 1;
        }
    }
    Ok(blanked)
}

fn forget_deferred(tx: &mut Tx<'_>, session: &str) -> Result<(), StoreError> {
    for at in tx.keys(&[kind::DEFERRED])? {
        if tx
            .read::<DeferredRecord>(&at)?
            .is_some_and(|record| record.session == session)
        {
            tx.remove(at);
        }
    }
    Ok(())
}
