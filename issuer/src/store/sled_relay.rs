//! The transactions of chip authentication: messages are appended, each at its own place, while the challenge is open.

use super::sled_proofing::{allowed, live_session, registered};
use super::sled_tx::{Tx, key, kind};
use super::{ChallengeRecord, RelayRecord, RelayStep, StoreError};
use crate::proofing::machine::Event;

/// Most octets of a whole exchange, as text: DG14 with several keys, and four short answers.
const MOST: usize = 5_600;
/// DG14 and the answers to four commands.
const MOST_MESSAGES: usize = 5;

pub(super) fn advance(
    tx: &mut Tx<'_>,
    step: &RelayStep,
    now: i64,
) -> Result<RelayRecord, StoreError> {
    registered(tx, &step.terminal)?;
    let challenge: ChallengeRecord = tx
        .read(&key(kind::CHALLENGE, &[&step.nonce]))?
        .ok_or(StoreError::NotFound)?;
    if challenge.terminal != step.terminal
        || challenge.session != step.session
        || now >= challenge.expires
    {
        return Err(StoreError::NotFound);
    }
    let session = live_session(tx, &step.session, now)?;
    allowed(&session, Event::CardFoundGenuine)?;
    let place = key(kind::RELAY, &[&step.nonce]);
    let known: Option<RelayRecord> = tx.read(&place)?;
    let begun = known.is_some();
    let mut record = known.unwrap_or_else(|| RelayRecord {
        seed: step.seed.clone(),
        messages: Vec::new(),
    });
    if usize::from(step.round) != record.messages.len() || record.messages.len() >= MOST_MESSAGES {
        return Err(StoreError::AlreadyUsed);
    }
    let size: usize = record.messages.iter().map(String::len).sum();
    if size.saturating_add(step.message.len()) > MOST {
        return Err(StoreError::WrongState);
    }
    record.messages.push(step.message.clone());
    if begun {
        tx.put(place, &record)?;
    } else {
        tx.put_until(place, &record, challenge.expires)?;
    }
    Ok(record)
}

pub(super) fn take(tx: &mut Tx<'_>, nonce: &str) -> Result<Option<RelayRecord>, StoreError> {
    let place = key(kind::RELAY, &[nonce]);
    let record = tx.read(&place)?;
    tx.remove(place);
    Ok(record)
}
