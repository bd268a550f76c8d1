//! The transactions of liveness: challenges, and the frames that were seen.

use tessera_verifier::encoding::from_base64url;

use super::sled_tx::{Tx, key, kind};
use super::{FrameMarks, LivenessRecord, StoreError};

/// Most recordings a new one is compared with, the newest first: bounds the work of one answer.
const COMPARED_MAX: usize = 5_000;
/// Bits by which a frame saved again may differ from itself, of 512. Measured on synthetic recordings: saved again at
/// nine tenths of the size, at most 8; another recording of the same person, at least 69.
const TWIN_BITS: u32 = 16;

pub(super) fn open_liveness(
    tx: &mut Tx<'_>,
    fresh: &LivenessRecord,
    most_a_day: u32,
    now: i64,
) -> Result<LivenessRecord, StoreError> {
    let at = key(kind::LIVENESS, &[&fresh.id]);
    if let Some(open) = tx.read::<LivenessRecord>(&at)?
        && now < open.expires
    {
        return Ok(open);
    }
    let day = now.div_euclid(86_400).to_string();
    let draws = key(kind::DRAWS, &[&fresh.person, &day]);
    let drawn: u32 = tx.read(&draws)?.unwrap_or(0);
    if drawn >= most_a_day {
        return Err(StoreError::TooManyAttempts {
            retry_after: u64::try_from(86_400 - now.rem_euclid(86_400)).unwrap_or(86_400),
        });
    }
    tx.put_until(draws, &drawn.saturating_add(1), now + 2 * 86_400)?;
    tx.put_until(at, fresh, fresh.expires)?;
    Ok(fresh.clone())
}

/// The outer result is the transaction's, the inner the refusal: an answer that comes too late spends the challenge too.
pub(super) fn take_liveness(
    tx: &mut Tx<'_>,
    id: &str,
    now: i64,
) -> Result<Result<LivenessRecord, StoreError>, StoreError> {
    let at = key(kind::LIVENESS, &[id]);
    let open: LivenessRecord = tx.read(&at)?.ok_or(StoreError::NotFound)?;
    tx.remove(at);
    if now >= open.expires {
        return Ok(Err(StoreError::Expired));
    }
    Ok(Ok(open))
}

pub(super) fn mark_frames(tx: &mut Tx<'_>, marks: &FrameMarks, now: i64) -> Result<(), StoreError> {
    for digest in &marks.exact {
        let at = key(kind::FRAME, &[digest]);
        if tx.read::<i64>(&at)?.is_some_and(|until| now < until) {
            return Err(StoreError::Replayed);
        }
        tx.put_until(at, &marks.exact_until, marks.exact_until)?;
    }
    if marks.alike.is_empty() {
        return Ok(());
    }
    let new = decoded(&marks.alike);
    for seen in tx.first_keys(&[kind::ALIKE], COMPARED_MAX)? {
        let Some((until, hashes)) = tx.read::<(i64, Vec<String>)>(&seen)? else {
            continue;
        };
        if now < until && is_copy(&new, &decoded(&hashes)) {
            return Err(StoreError::Replayed);
        }
    }
    // Keys sort newest first.
    let newest_first = format!("{:020}", u64::MAX - u64::try_from(now).unwrap_or(0));
    let at = key(kind::ALIKE, &[&newest_first, &marks.id]);
    tx.put_until(at, &(marks.alike_until, &marks.alike), marks.alike_until)
}

fn decoded(hashes: &[String]) -> Vec<Vec<u8>> {
    hashes
        .iter()
        .filter_map(|hash| from_base64url(hash).ok())
        .collect()
}

/// Whether half of the new frames or more were in one recording before.
fn is_copy(new: &[Vec<u8>], seen: &[Vec<u8>]) -> bool {
    let twin = |a: &&Vec<u8>| seen.iter().any(|b| differing(a, b) <= TWIN_BITS);
    2 * new.iter().filter(twin).count() >= new.len()
}

fn differing(a: &[u8], b: &[u8]) -> u32 {
    if a.len() != b.len() {
        return u32::MAX;
    }
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}
