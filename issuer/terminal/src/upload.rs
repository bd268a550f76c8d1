//! Sending evidence over a network that may fail: send, and where no answer came, ask what became of it.
//!
//! Photograph and card stay in memory while the challenge lives, and nowhere else. What is kept on disk is in
//! [`Pending`]. Nonce and session stay the same; every statement takes a new counter.

use std::time::Duration;

use serde_json::json;
use tessera_verifier::terminal::{EvidenceStatement, ResumeStatement};
use tessera_verifier::time::Timestamp;
use zeroize::Zeroizing;

use crate::error::TerminalError;
use crate::issuer::{IssuerError, Json};
use crate::journal::Pending;
use crate::session::{Outcome, Station, Step, sign, token};

/// Waits between attempts: doubled from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(8);
/// Answers of "not decided" after which evidence counts as refused. The issuer decides within half a minute.
const UNDECIDED: u32 = 6;

/// How long to wait before the next attempt.
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Backoff {
    /// Waits, unless `until` (Unix seconds) comes first.
    ///
    /// # Errors
    /// [`TerminalError::TimedOut`].
    pub(crate) fn pause(&mut self, station: &Station<'_>, until: i64) -> Result<(), TerminalError> {
        let seconds = i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX);
        if (station.clock)().unix().saturating_add(seconds) >= until {
            return Err(TerminalError::TimedOut);
        }
        (station.pause)(self.0);
        self.0 = LAST_PAUSE.min(self.0 * 2);
        Ok(())
    }
}

/// Whether an error says nothing about what the issuer did.
pub(crate) fn unanswered(error: &IssuerError) -> bool {
    match error {
        IssuerError::Unreachable(_) => true,
        // Busy, or an answer that took too long.
        IssuerError::Refused { status, .. } => *status == 503,
    }
}

/// Sends evidence until it is answered or the challenge ends.
pub(crate) fn deliver(
    station: &mut Station<'_>,
    mut statement: EvidenceStatement,
    expires: i64,
    body: &dyn Fn(&str) -> Zeroizing<String>,
    progress: &mut dyn FnMut(Step),
) -> Result<Outcome, TerminalError> {
    let mut backoff = Backoff::default();
    let result = loop {
        statement.counter = station.counter.next()?;
        statement.iat = (station.clock)().unix();
        let signed = sign(station, &statement)?;
        let pending = Pending {
            issuer: statement.aud.clone(),
            session: statement.session.clone(),
            nonce: statement.nonce.clone(),
            expires,
        };
        station.journal.keep(&pending)?;
        progress(Step::Checking);
        let sent = station
            .issuer
            .post("/terminal/evidence", body(&signed).as_bytes());
        match sent {
            Ok(answer) => break outcome(&answer),
            Err(error) if unanswered(&error) => progress(Step::Waiting),
            Err(error) => break Err(error.into()),
        }
        match ask(station, &pending, &mut backoff) {
            Ok(Asked::Accepted(outcome)) => break Ok(outcome),
            Ok(Asked::NeverArrived) => {}
            Err(error) => break Err(error),
        }
    };
    // What remains of a file that cannot be removed tells the next start that a session ended: no reason to withhold the
    // outcome of this one.
    let _ = station.journal.forget();
    result
}

/// Takes up what a power cut interrupted: the code for the person who waits, or `None` where nothing was pending.
///
/// # Errors
/// [`TerminalError::TimedOut`] when the challenge is over, [`TerminalError::NotAccepted`] when nothing came of the
/// evidence or it never arrived: photograph and card are gone with the power, and the person starts again.
pub fn resume(station: &mut Station<'_>) -> Result<Option<Outcome>, TerminalError> {
    let Some(pending) = station.journal.pending()? else {
        return Ok(None);
    };
    let result = match ask(station, &pending, &mut Backoff::default()) {
        Ok(Asked::Accepted(outcome)) => Ok(Some(outcome)),
        Ok(Asked::NeverArrived) => Err(TerminalError::NotAccepted),
        Err(error) => Err(error),
    };
    station.journal.forget()?;
    result
}

enum Asked {
    Accepted(Outcome),
    NeverArrived,
}

/// Asks the issuer what became of evidence, until it says.
fn ask(
    station: &mut Station<'_>,
    pending: &Pending,
    backoff: &mut Backoff,
) -> Result<Asked, TerminalError> {
    let mut undecided = 0;
    loop {
        backoff.pause(station, pending.expires)?;
        let statement = ResumeStatement {
            iss: tessera_verifier::did::did_key(station.signer.public_key()),
            aud: pending.issuer.clone(),
            session: pending.session.clone(),
            nonce: pending.nonce.clone(),
            iat: (station.clock)().unix(),
            counter: station.counter.next()?,
        };
        let body = json!({ "statement": sign(station, &statement)? }).to_string();
        match station.issuer.post("/terminal/resume", body.as_bytes()) {
            Ok(answer) if answer.get("tx_code").is_some() => {
                return outcome(&answer).map(Asked::Accepted);
            }
            Ok(_) => {
                undecided += 1;
                if undecided == UNDECIDED {
                    return Err(TerminalError::NotAccepted);
                }
            }
            Err(error) if unanswered(&error) => {}
            Err(error) if error.code() == "challenge_unknown" => return Ok(Asked::NeverArrived),
            Err(error) => return Err(error.into()),
        }
    }
}

fn outcome(answer: &Json) -> Result<Outcome, TerminalError> {
    Ok(Outcome {
        tx_code: Zeroizing::new(token(answer, "tx_code")?),
    })
}

/// When a challenge ends, in Unix seconds.
pub(crate) fn expiry(answer: &Json) -> Result<i64, TerminalError> {
    let text = token(answer, "expires_at")?;
    Timestamp::parse_rfc3339(&text)
        .map(Timestamp::unix)
        .map_err(|_| TerminalError::IssuerAnswer("expires_at"))
}
