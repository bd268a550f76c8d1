//! The stages of proving a person, each its own type; every step consumes the one before.
//!
//! ```text
//! phone:     Session<Started>  --face verdict--> Session<FaceChecked>
//! terminal:  Session<Visiting> --chip verdict--> Session<CardChecked> --face verdict--> Session<FaceMatchedToCard>
//! ```
//!
//! A stage holds verdicts only. The types make it impossible to reach [`crate::policy::approve`] without them: only
//! [`Session<FaceChecked>`] and [`Session<FaceMatchedToCard>`] are [`Provable`]. Which step may follow which, over
//! restarts and races, is the table of [`machine`].

pub mod machine;

use crate::environment::start_of_day;
use crate::failure::{Code, Failure};
use crate::store::{CardMethod, Level, Proved, SessionRecord};
use machine::Event;

/// On the phone; nothing is proved yet.
#[derive(Debug)]
pub struct Started(());

/// At a terminal; whatever was proved before, the card is not.
#[derive(Debug)]
pub struct Visiting(());

/// The live face matched a reference the authority trusts.
#[derive(Debug)]
pub struct FaceChecked {
    proved: Proved,
}

/// The chip was genuine, original and the person's. Proves nothing by itself.
#[derive(Debug)]
pub struct CardChecked {
    card: CardPassed,
    at: AtTerminal,
    day: i64,
}

/// The live face matched the portrait of a card that was genuine and the person's.
#[derive(Debug)]
pub struct FaceMatchedToCard {
    proved: Proved,
}

/// That a face check passed. Made by [`crate::face`] only.
#[derive(Debug)]
pub struct FacePassed {
    /// A liveness challenge was answered as well.
    pub(crate) liveness: bool,
}

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
    /// A session on a phone, before its face check.
    ///
    /// # Errors
    /// `session_expired`, `wrong_state`.
    pub fn started(record: SessionRecord, now: i64) -> Result<Self, Failure> {
        before(&record, Event::FaceMatchedRegister, now)?;
        Ok(Self {
            record,
            stage: Started(()),
        })
    }

    /// Takes the verdict of the face check.
    #[must_use]
    pub fn face_checked(self, verdict: FacePassed, now: i64) -> Session<FaceChecked> {
        Session {
            record: self.record,
            stage: FaceChecked {
                proved: Proved::Face {
                    day: start_of_day(now),
                    liveness: verdict.liveness,
                },
            },
        }
    }
}

impl Session<Visiting> {
    /// A session at a terminal, before its card check.
    ///
    /// # Errors
    /// `session_expired`, `wrong_state`.
    pub fn at_terminal(record: SessionRecord, now: i64) -> Result<Self, Failure> {
        before(&record, Event::CardFoundGenuine, now)?;
        Ok(Self {
            record,
            stage: Visiting(()),
        })
    }

    /// Takes the verdict of the card check.
    #[must_use]
    pub fn card_checked(self, card: CardPassed, at: AtTerminal, now: i64) -> Session<CardChecked> {
        Session {
            stage: CardChecked {
                card,
                at,
                day: start_of_day(now),
            },
            record: self.record,
        }
    }
}

impl Session<CardChecked> {
    /// Takes the verdict of the comparison with the card's portrait.
    #[must_use]
    pub fn face_matched(self, verdict: FacePassed) -> Session<FaceMatchedToCard> {
        let CardChecked { card, at, day } = self.stage;
        Session {
            record: self.record,
            stage: FaceMatchedToCard {
                proved: Proved::Card {
                    day,
                    terminal: at.terminal,
                    attended: at.attended,
                    document_country: card.document_country,
                    method: card.method,
                    liveness: verdict.liveness,
                },
            },
        }
    }
}

impl<S> Session<S> {
    /// The session's identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// The handle of the person the applicant claims to be.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.record.person
    }

    /// The most that is applied for.
    #[must_use]
    pub fn level(&self) -> Level {
        self.record.level
    }
}

/// A stage from which a decision can be drawn.
pub trait Provable: sealed::Sealed + Send + Sync {
    /// The level this stage proves.
    fn proves(&self) -> Level;
    /// The verdicts it holds.
    fn proved(&self) -> Proved;
    /// The session's record.
    fn record(&self) -> &SessionRecord;
}

impl Provable for Session<FaceChecked> {
    fn proves(&self) -> Level {
        Level::Limited
    }
    fn proved(&self) -> Proved {
        self.stage.proved.clone()
    }
    fn record(&self) -> &SessionRecord {
        &self.record
    }
}

impl Provable for Session<FaceMatchedToCard> {
    fn proves(&self) -> Level {
        Level::Full
    }
    fn proved(&self) -> Proved {
        self.stage.proved.clone()
    }
    fn record(&self) -> &SessionRecord {
        &self.record
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Session<super::FaceChecked> {}
    impl Sealed for super::Session<super::FaceMatchedToCard> {}
}

/// A session read back from the store at a stage that proves something.
pub enum ProvedSession {
    /// By face.
    Face(Session<FaceChecked>),
    /// By card and face.
    Card(Session<FaceMatchedToCard>),
}

impl ProvedSession {
    /// Restores the stage the store recorded.
    ///
    /// # Errors
    /// `session_expired`; `wrong_state` where nothing is earned now.
    pub fn restore(record: SessionRecord, now: i64) -> Result<Self, Failure> {
        live(&record, now)?;
        match (record.state.earns(), record.proved.clone()) {
            // Evidence of a card earns the lower level as well, once it is too old for the higher one.
            (Some(Level::Limited), Some(proved)) => Ok(Self::Face(Session {
                record,
                stage: FaceChecked { proved },
            })),
            (Some(Level::Full), Some(proved @ Proved::Card { .. })) => Ok(Self::Card(Session {
                record,
                stage: FaceMatchedToCard { proved },
            })),
            _ => Err(Code::WrongState.into()),
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

/// Refuses a session that may not take the step now.
fn before(record: &SessionRecord, step: Event, now: i64) -> Result<(), Failure> {
    live(record, now)?;
    match machine::next(record.level, record.state, step) {
        Some(_) => Ok(()),
        None => Err(Code::WrongState.into()),
    }
}

fn live(record: &SessionRecord, now: i64) -> Result<(), Failure> {
    if now >= record.expires {
        return Err(Code::SessionExpired.into());
    }
    Ok(())
}
