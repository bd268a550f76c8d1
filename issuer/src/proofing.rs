//! The stages of proving a person, each its own type; every step consumes the one before.
//!
//! ```text
//! Session<Started> --face verdict--> Session<FaceChecked> --card verdict--> Session<CardChecked>
//! ```
//!
//! A stage holds verdicts only. The types make it impossible to reach [`crate::policy::approve`] without them: only
//! [`Session<FaceChecked>`] and [`Session<CardChecked>`] are [`Provable`].

use crate::environment::start_of_day;
use crate::failure::{Code, Failure};
use crate::store::{CardMethod, Level, Proved, SessionRecord, SessionState};

/// Nothing is proved yet.
#[derive(Debug)]
pub struct Started(());

/// The live face matched a reference the authority trusts.
#[derive(Debug)]
pub struct FaceChecked {
    day: i64,
}

/// The face matched, and the card was genuine and the person's.
#[derive(Debug)]
pub struct CardChecked {
    day: i64,
    terminal: String,
    attended: bool,
    document_country: String,
    method: CardMethod,
}

/// That a face check passed. Made by [`crate::face`] only.
#[derive(Debug)]
pub struct FacePassed(pub(crate) ());

/// That a card passed every check of its kind and belongs to the person. Made by [`crate::card`] only.
#[derive(Debug)]
pub struct CardPassed {
    pub(crate) document_country: String,
    pub(crate) method: CardMethod,
}

/// Which terminal stood behind a card check.
#[derive(Debug)]
pub struct AtTerminal {
    /// DID of the terminal.
    pub terminal: String,
    /// An operator compared as well.
    pub attended: bool,
}

/// An enrolment session at stage `S`.
#[derive(Debug)]
pub struct Session<S> {
    record: SessionRecord,
    stage: S,
}

impl Session<Started> {
    /// A session at which nothing is proved.
    ///
    /// # Errors
    /// `session_expired`, `wrong_state`.
    pub fn started(record: SessionRecord, now: i64) -> Result<Self, Failure> {
        live(&record, now)?;
        if record.state != SessionState::Started {
            return Err(Code::WrongState.into());
        }
        Ok(Self {
            record,
            stage: Started(()),
        })
    }

    /// Takes the verdict of the face check.
    #[must_use]
    pub fn face_checked(self, _verdict: FacePassed, now: i64) -> Session<FaceChecked> {
        Session {
            record: self.record,
            stage: FaceChecked {
                day: start_of_day(now),
            },
        }
    }
}

impl Session<FaceChecked> {
    /// Takes the verdict of the card check.
    #[must_use]
    pub fn card_checked(self, card: CardPassed, at: AtTerminal) -> Session<CardChecked> {
        Session {
            stage: CardChecked {
                day: self.stage.day,
                terminal: at.terminal,
                attended: at.attended,
                document_country: card.document_country,
                method: card.method,
            },
            record: self.record,
        }
    }

    /// What the store records.
    #[must_use]
    pub fn proved(&self) -> Proved {
        Proved::Face {
            day: self.stage.day,
        }
    }
}

impl Session<CardChecked> {
    /// What the store records.
    #[must_use]
    pub fn proved(&self) -> Proved {
        Proved::Card {
            day: self.stage.day,
            terminal: self.stage.terminal.clone(),
            attended: self.stage.attended,
            document_country: self.stage.document_country.clone(),
            method: self.stage.method,
        }
    }
}

impl<S> Session<S> {
    /// The session's identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// The number the applicant claims.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.record.person
    }

    /// The level applied for.
    #[must_use]
    pub fn level(&self) -> Level {
        self.record.level
    }
}

/// A stage from which a decision can be drawn.
pub trait Provable: sealed::Sealed {
    /// The level this stage proves.
    fn proves(&self) -> Level;
    /// The verdicts it holds.
    fn evidence(&self) -> Proved;
    /// The session's record.
    fn record(&self) -> &SessionRecord;
}

impl Provable for Session<FaceChecked> {
    fn proves(&self) -> Level {
        Level::Limited
    }
    fn evidence(&self) -> Proved {
        self.proved()
    }
    fn record(&self) -> &SessionRecord {
        &self.record
    }
}

impl Provable for Session<CardChecked> {
    fn proves(&self) -> Level {
        Level::Full
    }
    fn evidence(&self) -> Proved {
        self.proved()
    }
    fn record(&self) -> &SessionRecord {
        &self.record
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Session<super::FaceChecked> {}
    impl Sealed for super::Session<super::CardChecked> {}
}

/// A session read back from the store at a stage that proves something.
pub enum ProvedSession {
    /// By face.
    Face(Session<FaceChecked>),
    /// By card and face.
    Card(Session<CardChecked>),
}

impl ProvedSession {
    /// Restores the stage the store recorded.
    ///
    /// # Errors
    /// `session_expired`; `wrong_state` where nothing is proved.
    pub fn restore(record: SessionRecord, now: i64) -> Result<Self, Failure> {
        live(&record, now)?;
        match record.proved.clone() {
            Some(Proved::Face { day }) => Ok(Self::Face(Session {
                record,
                stage: FaceChecked { day },
            })),
            Some(Proved::Card {
                day,
                terminal,
                attended,
                document_country,
                method,
            }) => Ok(Self::Card(Session {
                record,
                stage: CardChecked {
                    day,
                    terminal,
                    attended,
                    document_country,
                    method,
                },
            })),
            None => Err(Code::WrongState.into()),
        }
    }

    /// The session as something a decision can be drawn from.
    #[must_use]
    pub fn provable(&self) -> &dyn Provable {
        match self {
            Self::Face(session) => session,
            Self::Card(session) => session,
        }
    }
}

fn live(record: &SessionRecord, now: i64) -> Result<(), Failure> {
    if now >= record.expires {
        return Err(Code::SessionExpired.into());
    }
    Ok(())
}
