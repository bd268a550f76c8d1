//! The transactions of authorization: requests put aside, the person's yes, codes, refresh tokens, and single uses.

use super::authorization::{
    Arrival, AuthorizationRecord, Binding, CodeRecord, CodeRedemption, Consented, Pushed,
    RefreshRecord, Refreshment, Tokens, Wish,
};
use super::sled_holder::{not_barred, renewed};
use super::sled_proofing::{insert, live_session, save, session};
use super::sled_tx::{Tx, key, kind};
use super::{GrantRecord, Level, SessionRecord, SessionState, StoreError};

/// A refresh token that was used is remembered for as long as it would have lasted, so that its thief is noticed.
const LINE_MAX: usize = 1024;
/// Sessions one authorization page may open.
const SESSIONS_MAX: u32 = 5;

pub(super) fn push(tx: &mut Tx<'_>, pushed: &Pushed, now: i64) -> Result<(), StoreError> {
    count(tx, &pushed.record, pushed.most_per_minute, now)?;
    let at = key(kind::PUSHED, &[&pushed.handle]);
    tx.put_until(at, &pushed.record, pushed.record.expires)
}

/// So many requests of one client a minute.
fn count(
    tx: &mut Tx<'_>,
    record: &AuthorizationRecord,
    most: u32,
    now: i64,
) -> Result<(), StoreError> {
    let client = record.binding.client.as_deref().unwrap_or_default();
    let minute = now.div_euclid(60).to_string();
    let at = key(kind::CLIENT, &[&crate::secrets::digest(client), &minute]);
    let seen: u32 = tx.read(&at)?.unwrap_or(0);
    if seen >= most {
        let rest = 60 - now.rem_euclid(60);
        return Err(StoreError::TooManyAttempts {
            retry_after: u64::try_from(rest).unwrap_or(60),
        });
    }
    tx.put_until(at, &seen.saturating_add(1), now + 120)
}

pub(super) fn arrive(
    tx: &mut Tx<'_>,
    arrival: Arrival,
    browser: &str,
    now: i64,
) -> Result<AuthorizationRecord, StoreError> {
    let record = match arrival {
        Arrival::Direct {
            record,
            most_per_minute,
        } => {
            count(tx, &record, most_per_minute, now)?;
            *record
        }
        Arrival::Pushed {
            handle,
            client,
            expires,
        } => {
            let at = key(kind::PUSHED, &[&handle]);
            let mut record: AuthorizationRecord = tx.read(&at)?.ok_or(StoreError::NotFound)?;
            if record.binding.client.as_ref() != Some(&client) {
                return Err(StoreError::NotFound);
            }
            tx.remove(at);
            if now >= record.expires {
                return Err(StoreError::Expired);
            }
            record.expires = expires;
            record
        }
    };
    tx.put_until(key(kind::BROWSER, &[browser]), &record, record.expires)?;
    Ok(record)
}

pub(super) fn authorization(
    tx: &Tx<'_>,
    browser: &str,
    now: i64,
) -> Result<AuthorizationRecord, StoreError> {
    let record: AuthorizationRecord = tx
        .read(&key(kind::BROWSER, &[browser]))?
        .ok_or(StoreError::NotFound)?;
    if now >= record.expires {
        return Err(StoreError::Expired);
    }
    Ok(record)
}

pub(super) fn enrol(
    tx: &mut Tx<'_>,
    browser: &str,
    opened: &SessionRecord,
    now: i64,
) -> Result<(), StoreError> {
    let mut record = authorization(tx, browser, now)?;
    if record.by_offer {
        return Err(StoreError::WrongState);
    }
    if record.opened >= SESSIONS_MAX {
        return Err(StoreError::TooManyAttempts { retry_after: 0 });
    }
    record.opened = record.opened.saturating_add(1);
    record.session = Some(opened.id.clone());
    insert(tx, opened)?;
    tx.put(key(kind::BROWSER, &[browser]), &record)
}

pub(super) fn decline(
    tx: &mut Tx<'_>,
    browser: &str,
    now: i64,
) -> Result<AuthorizationRecord, StoreError> {
    let record = authorization(tx, browser, now)?;
    tx.remove(key(kind::BROWSER, &[browser]));
    Ok(record)
}

/// The outer result is the transaction's, the inner the refusal: a wrong transaction code is counted, so it commits.
pub(super) fn consent(
    tx: &mut Tx<'_>,
    consented: &Consented,
    now: i64,
) -> Result<Result<AuthorizationRecord, StoreError>, StoreError> {
    let record = authorization(tx, &consented.browser, now)?;
    let id = record.session.clone().ok_or(StoreError::WrongState)?;
    let mut session = live_session(tx, &id, now)?;
    offers(tx, &session, record.wish.level)?;
    if record.by_offer && session.tx_code_digest != consented.tx_code_digest {
        session.tx_code_failures = session.tx_code_failures.saturating_add(1);
        session.code_spent = session.tx_code_failures >= consented.max_failures;
        save(tx, &session)?;
        return Ok(Err(StoreError::WrongTxCode));
    }
    tx.remove(key(kind::BROWSER, &[&consented.browser]));
    let code = CodeRecord {
        authorization: record.clone(),
        session: id,
        expires: consented.code_expires,
        redeemed: None,
        refresh: None,
    };
    let at = key(kind::AUTHORIZATION_CODE, &[&consented.code_digest]);
    // Remembered beyond its time, so that a second use is seen.
    tx.put_until(at, &code, consented.code_expires.saturating_add(3600))?;
    Ok(Ok(record))
}

/// Whether a session has an offer of this level that nobody took up.
fn offers(tx: &Tx<'_>, session: &SessionRecord, level: Level) -> Result<(), StoreError> {
    not_barred(tx, session)?;
    if session.state.offers() != Some(level) {
        return Err(StoreError::WrongState);
    }
    match session.code_spent {
        true => Err(StoreError::AlreadyUsed),
        false => Ok(()),
    }
}

/// The outer result is the transaction's, the inner the refusal: a code that was tried wrongly is spent.
pub(super) fn redeem(
    tx: &mut Tx<'_>,
    redemption: &CodeRedemption,
    now: i64,
) -> Result<Result<GrantRecord, StoreError>, StoreError> {
    let at = key(kind::AUTHORIZATION_CODE, &[&redemption.code_digest]);
    let mut code: CodeRecord = tx.read(&at)?.ok_or(StoreError::NotFound)?;
    if let Some(access) = &code.redeemed {
        // RFC 6749 §4.1.2: somebody has the code who should not. Whoever has the tokens loses them.
        tx.remove(key(kind::GRANT, &[access]));
        if let Some(refresh) = &code.refresh {
            end_line(tx, refresh)?;
        }
        return Ok(Err(StoreError::AlreadyUsed));
    }
    let asked = &code.authorization;
    let bound = &asked.binding;
    let same =
        |wanted: &Option<String>, shown: &Option<String>| wanted.is_none() || wanted == shown;
    let right = now < code.expires
        && bound.client == redemption.binding.client
        && same(&bound.instance, &redemption.binding.instance)
        && same(&bound.jkt, &redemption.binding.jkt)
        && redemption.redirect_uri.as_ref() == Some(&asked.redirect_uri)
        && redemption.code_challenge == asked.code_challenge;
    if !right {
        tx.remove(at);
        return Ok(Err(StoreError::NotFound));
    }
    let mut session = live_session(tx, &code.session, now)?;
    offers(tx, &session, asked.wish.level)?;
    session.code_spent = true;
    save(tx, &session)?;
    let wish = Some(asked.wish.clone());
    let grant = grant(
        tx,
        &session,
        (&redemption.binding, wish),
        &redemption.tokens,
    )?;
    code.redeemed = Some(redemption.tokens.access.clone());
    code.refresh = redemption.tokens.refresh.as_ref().map(|one| one.0.clone());
    tx.put(at, &code)?;
    Ok(Ok(grant))
}

/// Hands out tokens for what a session offers.
pub(super) fn grant(
    tx: &mut Tx<'_>,
    session: &SessionRecord,
    (binding, wish): (&Binding, Option<Wish>),
    tokens: &Tokens,
) -> Result<GrantRecord, StoreError> {
    let level = session.state.offers().ok_or(StoreError::WrongState)?;
    let expires = match session.state {
        SessionState::InReview | SessionState::Approved => tokens.expires_in_review,
        _ => tokens.expires,
    };
    if let Some((digest, until)) = &tokens.refresh {
        let record = RefreshRecord {
            person: session.person.clone(),
            level,
            device: session.device.clone(),
            binding: binding.clone(),
            wish: wish.clone(),
            expires: *until,
            access: tokens.access.clone(),
            next: None,
        };
        tx.put_until(key(kind::REFRESH, &[digest]), &record, *until)?;
    }
    let grant = GrantRecord {
        session: session.id.clone(),
        level,
        expires,
        used: Vec::new(),
        binding: binding.clone(),
        wish,
    };
    tx.put_until(key(kind::GRANT, &[&tokens.access]), &grant, expires)?;
    Ok(grant)
}

/// The outer result is the transaction's, the inner the refusal: a token used twice ends its line.
pub(super) fn refresh(
    tx: &mut Tx<'_>,
    refreshment: &Refreshment,
    now: i64,
) -> Result<Result<GrantRecord, StoreError>, StoreError> {
    let at = key(kind::REFRESH, &[&refreshment.refresh_digest]);
    let mut record: RefreshRecord = tx.read(&at)?.ok_or(StoreError::NotFound)?;
    if record.next.is_some() {
        end_line(tx, &refreshment.refresh_digest)?;
        return Ok(Err(StoreError::AlreadyUsed));
    }
    if now >= record.expires || record.binding != refreshment.binding {
        return Err(StoreError::NotFound);
    }
    let next = refreshment.tokens.refresh.as_ref();
    let (next, _) = next.ok_or(StoreError::WrongState)?;
    let mut opened = refreshment.session.clone();
    opened.person = record.person.clone();
    opened.level = record.level;
    opened.device = record.device.clone();
    let opened = renewed(
        tx,
        opened,
        (refreshment.lifetimes, refreshment.evidence),
        now,
    )?;
    if opened.state.offers() != Some(record.level) {
        return Err(StoreError::EvidenceTooOld);
    }
    let bound = (&record.binding, record.wish.clone());
    let granted = grant(tx, &opened, bound, &refreshment.tokens)?;
    // What was granted before is given up: one line, one token.
    tx.remove(key(kind::GRANT, &[&record.access]));
    record.next = Some(next.clone());
    tx.put(at, &record)?;
    Ok(Ok(granted))
}

/// Takes back a refresh token, what came with it, and all that came after.
fn end_line(tx: &mut Tx<'_>, first: &str) -> Result<(), StoreError> {
    let mut digest = Some(first.to_owned());
    for _ in 0..LINE_MAX {
        let Some(at) = digest.take().map(|one| key(kind::REFRESH, &[&one])) else {
            break;
        };
        if let Some(record) = tx.read::<RefreshRecord>(&at)? {
            tx.remove(key(kind::GRANT, &[&record.access]));
            tx.remove(at);
            digest = record.next;
        }
    }
    Ok(())
}

pub(super) fn spend_once(tx: &mut Tx<'_>, what: &str, expires: i64) -> Result<(), StoreError> {
    let at = key(kind::ONCE, &[what]);
    if tx.has(&at)? {
        return Err(StoreError::AlreadyUsed);
    }
    tx.put_until(at, &(), expires)
}

/// Forgets the authorizations, codes and refresh tokens of a person whose sessions these are.
pub(super) fn forget(tx: &mut Tx<'_>, person: &str, sessions: &[String]) -> Result<(), StoreError> {
    for at in tx.keys(&[kind::REFRESH])? {
        if let Some(record) = tx.read::<RefreshRecord>(&at)?
            && record.person == person
        {
            tx.remove(key(kind::GRANT, &[&record.access]));
            tx.remove(at);
        }
    }
    for at in tx.keys(&[kind::AUTHORIZATION_CODE])? {
        if tx
            .read::<CodeRecord>(&at)?
            .is_some_and(|code| sessions.contains(&code.session))
        {
            tx.remove(at);
        }
    }
    for at in tx.keys(&[kind::BROWSER])? {
        let record = tx.read::<AuthorizationRecord>(&at)?;
        if record
            .and_then(|record| record.session)
            .is_some_and(|session| sessions.contains(&session))
        {
            tx.remove(at);
        }
    }
    Ok(())
}

pub(super) fn granted(
    tx: &Tx<'_>,
    grant: GrantRecord,
) -> Result<(SessionRecord, GrantRecord), StoreError> {
    Ok((session(tx, &grant.session)?, grant))
}
