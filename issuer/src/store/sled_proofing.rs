//! The transactions of proofing: sessions, attempts, terminals, and the removal of what expired.

use super::sled_holder::{not_barred, take_place};
use super::sled_tx::{Tx, key, kind, timed};
use super::{
    AnsweredRecord, AttemptLimits, ChallengeRecord, FreshNonce, Level, Proof, Proved,
    SessionRecord, SessionState, StatementUse, StoreError, TerminalRecord, TerminalRegistration,
    TxCodeRenewal,
};
use crate::proofing::machine::{self, Event, Lifetimes};

/// A session's record outlives the session for this long, so that a late reader is told `expired`, not `unknown`.
const GRACE_SECONDS: i64 = 3600;

pub(super) fn open_session(
    tx: &mut Tx<'_>,
    session: &SessionRecord,
    nonce: &FreshNonce,
    now: i64,
) -> Result<(), StoreError> {
    consume_nonce(tx, nonce, now)?;
    insert(tx, session)
}

/// A session that was not there before.
pub(super) fn insert(tx: &mut Tx<'_>, session: &SessionRecord) -> Result<(), StoreError> {
    let keep = keep_until(session);
    for code in codes(session) {
        tx.put_until(code, &session.id, keep)?;
    }
    tx.put_until(key(kind::SESSION, &[&session.id]), session, keep)
}

pub(super) fn keep_until(session: &SessionRecord) -> i64 {
    session.expires.saturating_add(GRACE_SECONDS)
}

fn codes(session: &SessionRecord) -> [Vec<u8>; 2] {
    [&session.code_digests.limited, &session.code_digests.full]
        .map(|digest| key(kind::CODE, &[digest]))
}

pub(super) fn session(tx: &Tx<'_>, id: &str) -> Result<SessionRecord, StoreError> {
    tx.read(&key(kind::SESSION, &[id]))?
        .ok_or(StoreError::NotFound)
}

pub(super) fn live_session(tx: &Tx<'_>, id: &str, now: i64) -> Result<SessionRecord, StoreError> {
    let session = session(tx, id)?;
    if now >= session.expires {
        return Err(StoreError::Expired);
    }
    Ok(session)
}

pub(super) fn save(tx: &mut Tx<'_>, session: &SessionRecord) -> Result<(), StoreError> {
    tx.put(key(kind::SESSION, &[&session.id]), session)
}

/// Refuses a step that the table does not have.
pub(super) fn allowed(session: &SessionRecord, step: Event) -> Result<(), StoreError> {
    match machine::next(session.level, session.state, step) {
        Some(_) => Ok(()),
        None => Err(StoreError::WrongState),
    }
}

/// Takes the steps, each as the table has it, and lets the session live as long as the last state does.
pub(super) fn walk(
    tx: &mut Tx<'_>,
    session: &mut SessionRecord,
    steps: &[Event],
    now: i64,
    lifetimes: Lifetimes,
) -> Result<(), StoreError> {
    let before = session.state;
    for &step in steps {
        session.state =
            machine::next(session.level, session.state, step).ok_or(StoreError::WrongState)?;
    }
    let kept = keep_until(session);
    session.expires = now.saturating_add(lifetimes.of(session.state));
    let keep = keep_until(session);
    // A session that lives longer is put off by the sweep when it comes to it: most never need that.
    if keep < kept {
        for code in codes(session) {
            tx.sweep_at(&code, keep);
        }
        tx.sweep_at(&key(kind::SESSION, &[&session.id]), keep);
    }
    let review = key(kind::REVIEW, &[&session.id]);
    match (before, session.state) {
        (_, SessionState::InReview) => tx.put_until(review, &(), session.expires)?,
        (SessionState::InReview, _) => tx.remove(review),
        _ => {}
    }
    save(tx, session)
}

pub(super) fn advance(
    tx: &mut Tx<'_>,
    id: &str,
    steps: &[Event],
    now: i64,
    lifetimes: Lifetimes,
) -> Result<SessionRecord, StoreError> {
    let mut session = live_session(tx, id, now)?;
    not_barred(tx, &session)?;
    walk(tx, &mut session, steps, now, lifetimes)?;
    Ok(session)
}

pub(super) fn consume_nonce(
    tx: &mut Tx<'_>,
    nonce: &FreshNonce,
    now: i64,
) -> Result<(), StoreError> {
    let spent = timed(kind::NONCE, nonce.expires, nonce.id.as_bytes());
    if now >= nonce.expires || tx.has(&spent)? {
        return Err(StoreError::NonceUnknown);
    }
    tx.put(spent, &())
}

pub(super) fn begin_attempt(
    tx: &mut Tx<'_>,
    (id, step): (&str, Event),
    now: i64,
    limits: AttemptLimits,
) -> Result<SessionRecord, StoreError> {
    let mut session = live_session(tx, id, now)?;
    allowed(&session, step)?;
    if session.attempts >= limits.per_session {
        return Err(StoreError::TooManyAttempts { retry_after: 0 });
    }
    if now < session.next_attempt {
        return Err(StoreError::TooManyAttempts {
            retry_after: u64::try_from(session.next_attempt - now).unwrap_or(1),
        });
    }
    let failures = failures_key(&session, step, now);
    let today: u32 = tx.read(&failures)?.unwrap_or(0);
    if today >= limits.per_person_per_day {
        return Err(StoreError::TooManyAttempts {
            retry_after: u64::try_from(86_400 - now.rem_euclid(86_400)).unwrap_or(86_400),
        });
    }
    tx.put_until(failures, &today.saturating_add(1), now + 2 * 86_400)?;
    session.attempts = session.attempts.saturating_add(1);
    save(tx, &session)?;
    Ok(session)
}

pub(super) fn fail_attempt(tx: &mut Tx<'_>, id: &str, next_attempt: i64) -> Result<(), StoreError> {
    let mut session = session(tx, id)?;
    session.next_attempt = session.next_attempt.max(next_attempt);
    save(tx, &session)
}

pub(super) fn forgive_attempt(
    tx: &mut Tx<'_>,
    id: &str,
    step: Event,
    begun: i64,
) -> Result<(), StoreError> {
    let failures = failures_key(&session(tx, id)?, step, begun);
    if let Some(today) = tx.read::<u32>(&failures)? {
        tx.put(failures, &today.saturating_sub(1))?;
    }
    Ok(())
}

fn failures_key(session: &SessionRecord, step: Event, now: i64) -> Vec<u8> {
    let day = now.div_euclid(86_400).to_string();
    let place = match step {
        Event::FaceMatchedRegister => Level::Limited,
        _ => Level::Full,
    };
    key(kind::FAILURES, &[&session.person, place.as_str(), &day])
}

pub(super) fn prove(tx: &mut Tx<'_>, proof: Proof, now: i64) -> Result<SessionRecord, StoreError> {
    let mut session = live_session(tx, &proof.session, now)?;
    let steps: &[Event] = match (&proof.proved, proof.review) {
        (Proved::Face { .. }, _) => &[Event::FaceMatchedRegister],
        (Proved::Card { .. }, false) => &[Event::FaceMatchedCard],
        (Proved::Card { .. }, true) => &[Event::FaceMatchedCard, Event::ReviewAsked],
    };
    not_barred(tx, &session)?;
    if let Some(place) = &proof.place
        && session.proved.is_none()
    {
        take_place(tx, &session, place)?;
    }
    session.proved = Some(proof.proved);
    session.tx_code_digest = Some(proof.tx_code_digest);
    session.tx_code_failures = 0;
    session.code_spent = false;
    walk(tx, &mut session, steps, now, proof.lifetimes)?;
    Ok(session)
}

pub(super) fn open_challenge(
    tx: &mut Tx<'_>,
    challenge: &ChallengeRecord,
    statement: &str,
    now: i64,
) -> Result<(), StoreError> {
    registered(tx, &challenge.terminal)?;
    let session = live_session(tx, &challenge.session, now)?;
    allowed(&session, Event::CardFoundGenuine)?;
    let once = key(kind::STATEMENT, &[&challenge.terminal, statement]);
    if tx.has(&once)? {
        return Err(StoreError::AlreadyUsed);
    }
    tx.put_until(once, &(), now + 86_400)?;
    tx.put_until(
        key(kind::CHALLENGE, &[&challenge.nonce]),
        challenge,
        challenge.expires,
    )
}

/// The outer result is the transaction's, the inner the refusal: a challenge answered wrongly is spent as well.
pub(super) fn accept_statement(
    tx: &mut Tx<'_>,
    statement: &StatementUse,
    now: i64,
) -> Result<Result<TerminalRecord, StoreError>, StoreError> {
    let mut terminal = registered(tx, &statement.terminal)?;
    let challenge_key = key(kind::CHALLENGE, &[&statement.nonce]);
    let challenge: ChallengeRecord = tx.read(&challenge_key)?.ok_or(StoreError::NotFound)?;
    if challenge.terminal != statement.terminal || challenge.session != statement.session {
        return Err(StoreError::NotFound);
    }
    tx.remove(challenge_key);
    if now >= challenge.expires {
        return Ok(Err(StoreError::NotFound));
    }
    if statement.counter <= terminal.counter {
        return Ok(Err(StoreError::CounterReplayed));
    }
    raise(tx, &mut terminal, statement.counter)?;
    let session = session(tx, &statement.session)?;
    let answered = AnsweredRecord {
        terminal: statement.terminal.clone(),
        session: statement.session.clone(),
    };
    let answered_key = key(kind::ANSWERED, &[&statement.nonce]);
    tx.put_until(answered_key, &answered, session.expires)?;
    Ok(Ok(terminal))
}

fn raise(tx: &mut Tx<'_>, terminal: &mut TerminalRecord, counter: u64) -> Result<(), StoreError> {
    terminal.counter = counter;
    tx.put(key(kind::TERMINAL, &[&terminal.registration.did]), terminal)
}

/// The outer result is the transaction's, the inner the refusal: the counter rises even where there is nothing to resume.
pub(super) fn resume_statement(
    tx: &mut Tx<'_>,
    statement: &StatementUse,
    renew: TxCodeRenewal,
    now: i64,
) -> Result<Result<SessionRecord, StoreError>, StoreError> {
    let mut terminal = registered(tx, &statement.terminal)?;
    if statement.counter <= terminal.counter {
        return Err(StoreError::CounterReplayed);
    }
    raise(tx, &mut terminal, statement.counter)?;
    let answered: Option<AnsweredRecord> = tx.read(&key(kind::ANSWERED, &[&statement.nonce]))?;
    let ours = answered.is_some_and(|answered| {
        answered.terminal == statement.terminal && answered.session == statement.session
    });
    if !ours {
        return Ok(Err(StoreError::NotFound));
    }
    let mut session = match live_session(tx, &statement.session, now) {
        Ok(session) => session,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if session.state.offers() == Some(Level::Full) && !session.code_spent {
        session.tx_code_digest = Some(renew(session.code_digests.of(Level::Full)));
        save(tx, &session)?;
    }
    Ok(Ok(session))
}

pub(super) fn registered(tx: &Tx<'_>, did: &str) -> Result<TerminalRecord, StoreError> {
    let terminal: TerminalRecord = tx
        .read(&key(kind::TERMINAL, &[did]))?
        .ok_or(StoreError::TerminalUnknown)?;
    if terminal.retired {
        return Err(StoreError::TerminalRetired);
    }
    Ok(terminal)
}

pub(super) fn put_terminal(
    tx: &mut Tx<'_>,
    registration: TerminalRegistration,
) -> Result<(), StoreError> {
    let key = key(kind::TERMINAL, &[&registration.did]);
    // A counter never falls back, or a recorded statement could be replayed after a re-registration.
    let counter = tx
        .read::<TerminalRecord>(&key)?
        .map_or(0, |known| known.counter);
    tx.put(
        key,
        &TerminalRecord {
            registration,
            counter,
            retired: false,
        },
    )
}

pub(super) fn retire_terminal(tx: &mut Tx<'_>, did: &str) -> Result<(), StoreError> {
    let key = key(kind::TERMINAL, &[did]);
    let mut terminal: TerminalRecord = tx.read(&key)?.ok_or(StoreError::TerminalUnknown)?;
    terminal.retired = true;
    tx.put(key, &terminal)
}
