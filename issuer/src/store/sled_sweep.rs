//! The removal of what expired, found by marks that lie in the order of time.
//!
//! A mark says when to look, not that the entry is over: what has gone on meanwhile is put off.

use super::sled_issuance::unlist;
use super::sled_proofing::keep_until;
use super::sled_tx::{Tx, key, kind, moment};
use super::{IssuanceRecord, SessionRecord, StoreError};

/// Most expired entries removed by one transaction.
const BATCH: usize = 2_000;
/// The record of an issuance is looked at again after this at the latest, in case the authority keeps them for less time
/// from now on.
const SECOND_LOOK: i64 = 7 * 86_400;

/// Removes what is due; returns how many entries it looked at that were.
pub(super) fn sweep(tx: &mut Tx<'_>, now: i64, keep: i64) -> Result<usize, StoreError> {
    let due = u64::try_from(now).unwrap_or(0);
    let is_due = |key: &[u8]| moment(key).is_some_and(|(time, _)| time <= due);
    let mut seen = 0;
    for spent in tx.first_keys(&[kind::NONCE], BATCH)? {
        if !is_due(&spent) {
            break;
        }
        tx.remove(spent);
        seen += 1;
    }
    for mark in tx.first_keys(&[kind::EXPIRY], BATCH)? {
        let Some((_, expired)) = moment(&mark).filter(|_| is_due(&mark)) else {
            break;
        };
        match kept_longer(tx, expired, (now, keep))?.filter(|&later| later > now) {
            Some(later) => tx.sweep_at(expired, later),
            None => remove(tx, expired)?,
        }
        tx.remove(mark);
        seen += 1;
    }
    Ok(seen)
}

/// When to look again at something that goes on.
fn kept_longer(
    tx: &Tx<'_>,
    expired: &[u8],
    (now, keep): (i64, i64),
) -> Result<Option<i64>, StoreError> {
    let session = match expired.first() {
        Some(&kind::ISSUANCE) => {
            let record = tx.read::<IssuanceRecord>(expired)?;
            let end = record.map(|record| record.valid_until.saturating_add(keep));
            return Ok(end.map(|end| end.min(now.saturating_add(SECOND_LOOK))));
        }
        Some(&kind::SESSION) => tx.read::<SessionRecord>(expired)?,
        // The code of a session.
        Some(&kind::CODE) => match tx.read::<String>(expired)? {
            Some(id) => tx.read(&key(kind::SESSION, &[&id]))?,
            None => None,
        },
        _ => None,
    };
    Ok(session.as_ref().map(keep_until))
}

fn remove(tx: &mut Tx<'_>, expired: &[u8]) -> Result<(), StoreError> {
    if expired.first() == Some(&kind::ISSUANCE)
        && let Some(record) = tx.read::<IssuanceRecord>(expired)?
    {
        unlist(tx, &record);
        tx.remove(key(kind::INTENDED, &[&record.id]));
    }
    tx.remove(expired.to_vec());
    Ok(())
}
