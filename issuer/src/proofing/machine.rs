//! The life of an enrolment session: every state, every step, and what each step needs.
//!
//! ```text
//!                        face matches the register            released
//!              Started ────────────────────────► FaceChecked ──────────► LimitedIssued
//!                 │                                   │                        │
//!                 └───────────────┬───────────────────┴────────────────────────┘   (full sessions only)
//!                                 ▼ card genuine, and the person's
//!                            CardChecked ──── face matches the card ────► FaceMatchedToCard ──► FullIssued
//!                                                                            │                  ▲
//!                                                       the authority reviews▼                  │
//!                                                                        InReview ──► Approved ─┘
//!                                                                            └──────► Refused
//! ```
//!
//! This file is the whole of the rules: [`next`] is asked in the transaction that records a step, so a step that the
//! table does not have cannot be recorded, whatever raced with it. A session past the end of its state takes no step.
//! A session does not have to begin at the left: [`renewed`] says where a device that holds credentials may go on, as
//! long as the evidence of before is young enough.

use serde::{Deserialize, Serialize};

use crate::store::{Level, Proved};

/// How far an enrolment session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Opened by a device; nothing is proved.
    Started,
    /// The live face matched the register's portrait.
    FaceChecked,
    /// Limited credentials were released.
    LimitedIssued,
    /// The card is genuine and the person's. Proves nothing yet: whoever holds the card may be anybody.
    CardChecked,
    /// The live face matched the card's portrait, in the same visit.
    FaceMatchedToCard,
    /// The authority wants to look before anything is issued.
    InReview,
    /// The authority has looked, and agrees.
    Approved,
    /// Full credentials were released.
    FullIssued,
    /// The authority has looked, and does not agree.
    Refused,
}

impl SessionState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Started,
        Self::FaceChecked,
        Self::LimitedIssued,
        Self::CardChecked,
        Self::FaceMatchedToCard,
        Self::InReview,
        Self::Approved,
        Self::FullIssued,
        Self::Refused,
    ];

    /// The state's name, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::FaceChecked => "face_checked",
            Self::LimitedIssued => "limited_issued",
            Self::CardChecked => "card_checked",
            Self::FaceMatchedToCard => "face_matched_to_card",
            Self::InReview => "in_review",
            Self::Approved => "approved",
            Self::FullIssued => "full_issued",
            Self::Refused => "refused",
        }
    }

    /// What a session in this state may be given: nothing, or credentials of a level.
    #[must_use]
    pub fn earns(self) -> Option<Level> {
        match self {
            Self::FaceChecked | Self::LimitedIssued => Some(Level::Limited),
            Self::FaceMatchedToCard | Self::Approved | Self::FullIssued => Some(Level::Full),
            Self::Started | Self::CardChecked | Self::InReview | Self::Refused => None,
        }
    }

    /// Whether an offer may be taken up: what is earned now, or may be once the review is over.
    #[must_use]
    pub fn offers(self) -> Option<Level> {
        match self {
            Self::InReview => Some(Level::Full),
            other => other.earns(),
        }
    }
}

/// What happens to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The live face matched the register's portrait.
    FaceMatchedRegister,
    /// The card was found genuine and the person's.
    CardFoundGenuine,
    /// The live face matched the card's portrait.
    FaceMatchedCard,
    /// The authority's policy wants a review.
    ReviewAsked,
    /// The reviewer agreed.
    ReviewApproved,
    /// The reviewer did not agree.
    ReviewRefused,
    /// Credentials of this level were released.
    Released(Level),
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 8] = [
        Self::FaceMatchedRegister,
        Self::CardFoundGenuine,
        Self::FaceMatchedCard,
        Self::ReviewAsked,
        Self::ReviewApproved,
        Self::ReviewRefused,
        Self::Released(Level::Limited),
        Self::Released(Level::Full),
    ];
}

/// The state that follows, for a session that applied for `level`; `None` where the step is not allowed.
#[must_use]
pub fn next(level: Level, from: SessionState, event: Event) -> Option<SessionState> {
    use Event as E;
    use SessionState as S;
    let to = match (from, event) {
        (S::Started, E::FaceMatchedRegister) => S::FaceChecked,
        // Twice: a set comes in two formats, one response each.
        (S::FaceChecked | S::LimitedIssued, E::Released(Level::Limited)) => S::LimitedIssued,
        // From CardChecked again: the card was good, the photograph was not, and the visit goes on.
        (S::Started | S::FaceChecked | S::LimitedIssued | S::CardChecked, E::CardFoundGenuine) => {
            S::CardChecked
        }
        // Only from CardChecked: there is no full credential without the card of the same person in the same session.
        (S::CardChecked, E::FaceMatchedCard) => S::FaceMatchedToCard,
        (S::FaceMatchedToCard, E::ReviewAsked) => S::InReview,
        (S::InReview, E::ReviewApproved) => S::Approved,
        (S::InReview, E::ReviewRefused) => S::Refused,
        (S::FaceMatchedToCard | S::Approved | S::FullIssued, E::Released(Level::Full)) => {
            S::FullIssued
        }
        _ => return None,
    };
    // A session that applied for limited never leaves the upper row.
    let upper = matches!(to, S::FaceChecked | S::LimitedIssued);
    (level == Level::Full || upper).then_some(to)
}

/// Days for which evidence counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvidenceDays {
    /// As long as a limited credential may rest on a face check, or on a card check that is too old for a full one.
    pub limited: i64,
    /// As long as a full credential may rest on a card check.
    pub full: i64,
}

impl Default for EvidenceDays {
    fn default() -> Self {
        Self {
            limited: 730,
            full: 1095,
        }
    }
}

impl EvidenceDays {
    /// The moment at which evidence of `day` (Unix seconds) no longer carries `level`.
    #[must_use]
    pub fn end(&self, level: Level, proved: &Proved) -> i64 {
        let (day, days) = match (level, proved) {
            (Level::Full, Proved::Card { day, .. }) => (*day, self.full),
            // A face that matched the register never carries a full credential.
            (Level::Full, Proved::Face { day, .. }) => (*day, 0),
            (Level::Limited, Proved::Face { day, .. }) => (*day, self.limited),
            (Level::Limited, Proved::Card { day, .. }) => (*day, self.limited.max(self.full)),
        };
        day.saturating_add(days.saturating_mul(86_400))
    }
}

/// The state at which a session begins that renews what a device holds, without another check: where the check of
/// before has left it. `None` where the evidence is too old for `wanted`, or never carried it.
#[must_use]
pub fn renewed(
    wanted: Level,
    held: Level,
    proved: &Proved,
    at: (i64, EvidenceDays),
) -> Option<SessionState> {
    let (now, days) = at;
    if (wanted, held) == (Level::Full, Level::Limited) || now >= days.end(wanted, proved) {
        return None;
    }
    Some(match wanted {
        Level::Limited => SessionState::FaceChecked,
        Level::Full => SessionState::FaceMatchedToCard,
    })
}

/// Seconds a session may stay in each state before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lifetimes {
    /// To the first check.
    pub started: i64,
    /// To take up the limited credential, or to go on to a terminal.
    pub face_checked: i64,
    /// To fetch the second format; in a full session, to come to a terminal.
    pub limited_issued: i64,
    /// To match the face, with the card still at hand.
    pub card_checked: i64,
    /// To take up the full credential.
    pub face_matched_to_card: i64,
    /// For the authority to look. A review that is not done by then is not done: the person begins again.
    pub in_review: i64,
    /// To collect what was approved.
    pub approved: i64,
    /// To fetch the second format.
    pub full_issued: i64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            started: 1800,
            face_checked: 1800,
            limited_issued: 86_400,
            card_checked: 600,
            face_matched_to_card: 1800,
            in_review: 86_400,
            approved: 7 * 86_400,
            full_issued: 1800,
        }
    }
}

impl Lifetimes {
    /// Seconds in `state`.
    #[must_use]
    pub fn of(&self, state: SessionState) -> i64 {
        match state {
            SessionState::Started => self.started,
            SessionState::FaceChecked => self.face_checked,
            SessionState::LimitedIssued => self.limited_issued,
            SessionState::CardChecked => self.card_checked,
            SessionState::FaceMatchedToCard => self.face_matched_to_card,
            SessionState::InReview => self.in_review,
            SessionState::Approved => self.approved,
            SessionState::FullIssued => self.full_issued,
            // So that the wallet hears of it when it asks next.
            SessionState::Refused => self.approved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Every state that a session of `level` can reach, walking the whole table, without taking the steps `barred`.
    fn reachable(level: Level, barred: &[Event]) -> HashSet<SessionState> {
        let mut seen = HashSet::from([SessionState::Started]);
        loop {
            let more: Vec<_> = seen
                .iter()
                .flat_map(|&from| Event::ALL.map(|event| (from, event)))
                .filter(|(_, event)| !barred.contains(event))
                .filter_map(|(from, event)| next(level, from, event))
                .filter(|to| !seen.contains(to))
                .collect();
            if more.is_empty() {
                return seen;
            }
            seen.extend(more);
        }
    }

    #[test]
    fn a_full_session_reaches_every_state_and_a_limited_one_only_the_upper_row() {
        assert_eq!(reachable(Level::Full, &[]).len(), SessionState::ALL.len());
        let limited = reachable(Level::Limited, &[]);
        assert_eq!(
            limited,
            HashSet::from([
                SessionState::Started,
                SessionState::FaceChecked,
                SessionState::LimitedIssued
            ])
        );
    }

    #[test]
    fn nothing_full_without_the_card_and_the_face_that_matches_it() {
        for missing in [Event::CardFoundGenuine, Event::FaceMatchedCard] {
            let reached = reachable(Level::Full, &[missing]);
            assert!(
                reached.iter().all(|s| s.offers() != Some(Level::Full)),
                "{missing:?}"
            );
        }
        // The face that matched the register does not stand in for the one that matches the card.
        let start = SessionState::FaceChecked;
        assert_eq!(next(Level::Full, start, Event::FaceMatchedCard), None);
    }

    #[test]
    fn a_review_is_not_walked_around_and_a_refusal_is_the_end() {
        let from = SessionState::InReview;
        for event in Event::ALL {
            let allowed = matches!(event, Event::ReviewApproved | Event::ReviewRefused);
            assert_eq!(next(Level::Full, from, event).is_some(), allowed);
            assert_eq!(next(Level::Full, SessionState::Refused, event), None);
        }
    }

    #[test]
    fn credentials_are_released_only_where_they_are_earned() {
        for state in SessionState::ALL {
            for level in [Level::Limited, Level::Full] {
                assert_eq!(
                    next(Level::Full, state, Event::Released(level)).is_some(),
                    state.earns() == Some(level),
                    "{state:?} {level:?}"
                );
            }
        }
    }

    #[test]
    fn a_renewal_rests_on_evidence_that_is_young_enough() {
        let days = EvidenceDays {
            limited: 3,
            full: 2,
        };
        let face = Proved::Face {
            day: 0,
            liveness: false,
        };
        let card = crate::store::suite::card_proved(0);
        let day = 86_400;
        let at = |wanted, held, proved, now| renewed(wanted, held, proved, (now, days));
        let (limited, full) = (Level::Limited, Level::Full);
        assert_eq!(
            at(full, full, &card, 2 * day - 1),
            Some(SessionState::FaceMatchedToCard)
        );
        assert_eq!(at(full, full, &card, 2 * day), None);
        // Full falls back to limited, and limited ends as well.
        assert_eq!(
            at(limited, full, &card, 2 * day),
            Some(SessionState::FaceChecked)
        );
        assert_eq!(at(limited, full, &card, 3 * day), None);
        assert_eq!(
            at(limited, limited, &face, 3 * day - 1),
            Some(SessionState::FaceChecked)
        );
        // Nothing climbs.
        assert_eq!(at(full, limited, &card, 0), None);
        assert_eq!(at(full, full, &face, 0), None);
    }

    #[test]
    fn names_are_what_is_stored() {
        for state in SessionState::ALL {
            assert_eq!(serde_json::json!(state), state.as_str());
        }
    }
}
