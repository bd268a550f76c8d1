//! The open requests and their outcomes, in memory only.
//!
//! ```text
//! open ──▶ waiting ──answer──▶ answered ──hand over──▶ handed over
//!             └───── time ────────┴────── time ────────────┴─────▶ gone
//! ```
//!
//! An answer is taken once, by the first that is conclusive; an outcome is handed over once and wiped. Both are decided
//! under one lock, so that any number of connections sees one winner.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use tessera_exchange::jwe::DecryptionKey;
use tessera_verifier::catalogue::Service;
use tessera_verifier::{Request, Timestamp};
use zeroize::Zeroizing;

use crate::failure::{Code, Failure};

/// How the holder's wallet and the relying party meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// The wallet is on another device, which reads a QR code.
    CrossDevice,
    /// The wallet is on the device of the browser, which is sent back to `return_url` (OpenID4VP 1.0 §13.3).
    SameDevice {
        /// Where the browser is sent, without the code.
        return_url: String,
    },
    /// The browser's Digital Credentials API, from a page of `origin` (OpenID4VP 1.0 appendix A).
    DigitalCredentialsApi {
        /// The origin of the page.
        origin: String,
    },
}

/// One request as it was made. No `Debug`: it holds a decryption key.
pub struct Asked {
    /// Its name for the back end.
    pub id: String,
    /// Which back end started it: its place in the configuration.
    pub back_end: usize,
    /// What for.
    pub service: &'static Service,
    /// How.
    pub flow: Flow,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it can be answered.
    pub expires: Timestamp,
    /// The nonce.
    pub nonce: String,
    /// `state`; none for the Digital Credentials API.
    pub state: Option<String>,
    /// The last part of its request URI.
    pub request_handle: String,
    /// The last part of its response URI.
    pub response_handle: String,
    /// The last part of its page; cross-device only.
    pub page_handle: Option<String>,
    /// What the holder is to confirm, encoded.
    pub transaction_data: Vec<String>,
    /// The key that responses are encrypted to; none for clear ones.
    pub key: Option<DecryptionKey>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that was asked is proved.
    Verified,
    /// The presentation does not hold; why, as a stable code.
    Refused(&'static str),
    /// The wallet answered with an error.
    Declined(&'static str),
}

/// What came of a request. Personal data: no `Debug`.
pub struct Outcome {
    /// How it ended.
    pub verdict: Verdict,
    /// What the back end gets, as JSON.
    pub body: Zeroizing<String>,
    /// The claims that the page shows, as JSON.
    pub shown: Zeroizing<String>,
}

/// How far a request is that has no outcome yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Whether a wallet has fetched it.
    pub fetched: bool,
    /// Why the last answer was not taken, as a stable code.
    pub last_refusal: Option<&'static str>,
}

/// What a page shows.
pub enum Shown {
    /// No outcome yet, and the client identifier for the link.
    Waiting(Progress, Arc<Request>),
    /// How it ended, and the claims to show, as JSON.
    Ended(Verdict, Zeroizing<String>),
}

enum Phase {
    Waiting,
    Answered(Outcome),
    HandedOver(Outcome),
}

/// A request, its own object, and how far it is.
struct Entry {
    asked: Arc<Asked>,
    /// The signed request object without a wallet nonce.
    object: Arc<str>,
    /// The object read back: what answers are held against.
    request: Arc<Request>,
    phase: Phase,
    fetched: bool,
    attempts: u32,
    /// Why the last answer was not taken.
    last_refusal: Option<&'static str>,
    response_code: Option<String>,
    /// When everything about it is wiped.
    ends: Timestamp,
}

/// What a handle leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Handle {
    /// The request URI.
    Request,
    /// The response URI.
    Response,
    /// The page.
    Page,
}

/// Everything that an answer is held against.
pub struct Pending {
    /// The request as it was made.
    pub asked: Arc<Asked>,
    /// The request as the verifier reads it.
    pub request: Arc<Request>,
}

/// What [`Requests::finish`] tells the wallet's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Same-device, verified: where the browser goes, and the code it carries (§8.2).
    pub redirect: Option<(String, String)>,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<String, Entry>,
    handles: HashMap<(Handle, String), String>,
}

/// The requests of this process.
pub struct Requests {
    inner: Mutex<Inner>,
    most: usize,
    attempts: u32,
    outcome_seconds: i64,
}

impl Requests {
    /// An empty set with the bounds of the configuration.
    #[must_use]
    pub fn new(bounds: &crate::config::Requests) -> Self {
        Self {
            inner: Mutex::default(),
            most: bounds.most,
            attempts: bounds.attempts,
            outcome_seconds: bounds.outcome_seconds,
        }
    }

    /// Adds a request; `object` is what its request URI gives, empty where there is none to fetch.
    ///
    /// # Errors
    /// `busy` when there are as many as there may be.
    pub fn open(&self, asked: Asked, object: &str, request: Request) -> Result<(), Failure> {
        let now = asked.created;
        let mut inner = self.lock();
        if inner.entries.len() >= self.most {
            inner.sweep(now);
        }
        if inner.entries.len() >= self.most {
            return Err(Failure::with(Code::Busy, "too many open requests"));
        }
        let id = asked.id.clone();
        let mut handles = vec![(Handle::Response, asked.response_handle.clone())];
        // A request that stands in its link is nowhere else.
        if !object.is_empty() {
            handles.push((Handle::Request, asked.request_handle.clone()));
        }
        handles.extend(asked.page_handle.clone().map(|page| (Handle::Page, page)));
        for handle in handles {
            inner.handles.insert(handle, id.clone());
        }
        let ends = asked.expires.add_seconds(self.outcome_seconds);
        inner.entries.insert(
            id,
            Entry {
                asked: Arc::new(asked),
                object: object.into(),
                request: Arc::new(request),
                phase: Phase::Waiting,
                fetched: false,
                attempts: 0,
                last_refusal: None,
                response_code: None,
                ends,
            },
        );
        Ok(())
    }

    /// The request object for its request URI, and what it is made of. Fetching does not use it up: a wallet may fetch
    /// again.
    ///
    /// # Errors
    /// `not_found`, `request_expired`, `response_taken`.
    pub fn fetch(&self, handle: &str, now: Timestamp) -> Result<(Arc<str>, Arc<Asked>), Failure> {
        let mut inner = self.lock();
        let entry = inner.by_handle(Handle::Request, handle, now)?;
        entry.waiting(now)?;
        entry.fetched = true;
        Ok((Arc::clone(&entry.object), Arc::clone(&entry.asked)))
    }

    /// What an answer to the response URI is held against. Counts as an attempt.
    ///
    /// # Errors
    /// `not_found`, `request_expired`, `response_taken`, `too_many_attempts`.
    pub fn begin(&self, handle: &str, now: Timestamp) -> Result<Pending, Failure> {
        let most = self.attempts;
        let mut inner = self.lock();
        inner
            .by_handle(Handle::Response, handle, now)?
            .attempt(now, most)
    }

    /// Like [`begin`](Self::begin), for an answer that the back end brings.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin).
    pub fn begin_for(&self, id: &str, back_end: usize, now: Timestamp) -> Result<Pending, Failure> {
        let most = self.attempts;
        let mut inner = self.lock();
        inner.of(id, back_end, now)?.attempt(now, most)
    }

    /// Takes the outcome of a conclusive answer, unless another was first. `response_code` is fresh.
    ///
    /// # Errors
    /// `not_found`, `request_expired`, `response_taken`.
    pub fn finish(
        &self,
        id: &str,
        outcome: Outcome,
        response_code: String,
        now: Timestamp,
    ) -> Result<Finished, Failure> {
        let mut inner = self.lock();
        let seconds = self.outcome_seconds;
        let entry = inner.live(id, now)?;
        entry.waiting(now)?;
        let redirect = match (&entry.asked.flow, outcome.verdict) {
            (Flow::SameDevice { return_url }, Verdict::Verified) => {
                entry.response_code = Some(response_code.clone());
                Some((return_url.clone(), response_code))
            }
            _ => None,
        };
        entry.phase = Phase::Answered(outcome);
        entry.ends = now.add_seconds(seconds);
        Ok(Finished { redirect })
    }

    /// Gives the outcome to the back end that started the request: once. A verified same-device outcome only to who
    /// brings the code of the redirect (OpenID4VP 1.0 §13.3): the session that started it may be a stranger's.
    ///
    /// # Errors
    /// `not_found`, `request_expired`, `already_handed_over`, `response_code_wrong`.
    pub fn hand_over(
        &self,
        id: &str,
        back_end: usize,
        response_code: Option<&str>,
        now: Timestamp,
    ) -> Result<HandOver, Failure> {
        let mut inner = self.lock();
        let entry = inner.of(id, back_end, now)?;
        let outcome = match &mut entry.phase {
            Phase::HandedOver(_) => return Err(Code::AlreadyHandedOver.into()),
            Phase::Waiting if now >= entry.asked.expires => return Err(Code::RequestGone.into()),
            Phase::Waiting => {
                return Ok(HandOver::Waiting(Progress {
                    fetched: entry.fetched,
                    last_refusal: entry.last_refusal,
                }));
            }
            Phase::Answered(outcome) => outcome,
        };
        if let Some(expected) = &entry.response_code {
            let given = response_code.unwrap_or_default();
            if verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_err() {
                return Err(Code::ResponseCodeWrong.into());
            }
        }
        let left = Outcome {
            verdict: outcome.verdict,
            body: Zeroizing::default(),
            shown: std::mem::take(&mut outcome.shown),
        };
        let body = std::mem::take(&mut outcome.body);
        entry.phase = Phase::HandedOver(left);
        Ok(HandOver::Outcome(body))
    }

    /// What the page of a request shows.
    ///
    /// # Errors
    /// `not_found`, `request_expired`.
    pub fn page(&self, handle: &str, now: Timestamp) -> Result<(Arc<Asked>, Shown), Failure> {
        let mut inner = self.lock();
        let entry = inner.by_handle(Handle::Page, handle, now)?;
        let asked = Arc::clone(&entry.asked);
        let shown = match &entry.phase {
            Phase::Waiting if now >= asked.expires => return Err(Code::RequestGone.into()),
            Phase::Waiting => {
                let progress = Progress {
                    fetched: entry.fetched,
                    last_refusal: entry.last_refusal,
                };
                Shown::Waiting(progress, Arc::clone(&entry.request))
            }
            Phase::Answered(outcome) | Phase::HandedOver(outcome) => {
                Shown::Ended(outcome.verdict, outcome.shown.clone())
            }
        };
        Ok((asked, shown))
    }

    /// Remembers why an answer was not taken.
    pub fn note(&self, id: &str, code: &'static str) {
        if let Some(entry) = self.lock().entries.get_mut(id) {
            entry.last_refusal = Some(code);
        }
    }

    /// Wipes what is past its time; returns how many requests are left.
    pub fn sweep(&self, now: Timestamp) -> usize {
        let mut inner = self.lock();
        inner.sweep(now);
        inner.entries.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the back end gets.
pub enum HandOver {
    /// Nothing yet.
    Waiting(Progress),
    /// The outcome, as JSON.
    Outcome(Zeroizing<String>),
}

impl Entry {
    fn waiting(&self, now: Timestamp) -> Result<(), Failure> {
        match &self.phase {
            Phase::Answered(_) | Phase::HandedOver(_) => Err(Code::ResponseTaken.into()),
            Phase::Waiting if now >= self.asked.expires => Err(Code::RequestGone.into()),
            Phase::Waiting => Ok(()),
        }
    }

    fn attempt(&mut self, now: Timestamp, most: u32) -> Result<Pending, Failure> {
        self.waiting(now)?;
        if self.attempts >= most {
            return Err(Code::TooManyAttempts.into());
        }
        self.attempts += 1;
        Ok(Pending {
            asked: Arc::clone(&self.asked),
            request: Arc::clone(&self.request),
        })
    }
}

impl Inner {
    fn by_handle(
        &mut self,
        kind: Handle,
        handle: &str,
        now: Timestamp,
    ) -> Result<&mut Entry, Failure> {
        let id = self
            .handles
            .get(&(kind, handle.to_owned()))
            .ok_or(Code::NotFound)?
            .clone();
        self.live(&id, now)
    }

    /// Only the back end that started a request learns that there is one.
    fn of(&mut self, id: &str, back_end: usize, now: Timestamp) -> Result<&mut Entry, Failure> {
        let entry = self.live(id, now)?;
        match entry.asked.back_end == back_end {
            true => Ok(entry),
            false => Err(Code::NotFound.into()),
        }
    }

    fn live(&mut self, id: &str, now: Timestamp) -> Result<&mut Entry, Failure> {
        self.entries
            .get_mut(id)
            .filter(|entry| now < entry.ends)
            .ok_or(Code::NotFound.into())
    }

    fn sweep(&mut self, now: Timestamp) {
        self.entries.retain(|_, entry| now < entry.ends);
        let entries = &self.entries;
        self.handles.retain(|_, id| entries.contains_key(id));
    }
}

#[cfg(test)]
mod tests;
