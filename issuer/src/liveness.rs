//! The liveness challenge: drawn for one session, answered once, its frames remembered for a while.

use tessera_face::Challenge;
use tessera_verifier::Timestamp;
use tessera_verifier::liveness::{self, Answer, LivenessChallenge, Movement};
use zeroize::Zeroizing;

use crate::config::Demand;
use crate::environment::token;
use crate::face::Admission;
use crate::failure::{Code, Failure};
use crate::proofing::FacePassed;
use crate::service::Service;
use crate::store::{FrameMarks, Level, LivenessRecord, StoreError};

/// Seconds by which the frames' own times may run ahead of the service's clock: it counts whole seconds.
const CLOCK_STEP: i64 = 2;

/// Whose challenge is answered, and by whom.
pub(crate) struct Answering<'a> {
    /// The session, or the nonce of a terminal's challenge.
    pub(crate) id: &'a str,
    /// Thumbprint of the key that must have signed the frames: the session's device, or the terminal.
    pub(crate) key: &'a str,
}

impl Service {
    /// Whether a photo alone is too little at this level.
    pub(crate) fn demands_liveness(&self, level: Level) -> bool {
        match self.config.proofing.liveness {
            Demand::Off => false,
            Demand::Limited => level == Level::Limited,
            Demand::Full => level == Level::Full,
            Demand::Required => true,
        }
    }

    /// The open challenge of `id`, or a new one. Drawing is counted by person and day: who could draw until an order
    /// comes that was filmed before would not need to move.
    pub(crate) async fn challenge(
        &self,
        id: &str,
        person: &str,
    ) -> Result<LivenessChallenge, Failure> {
        let rules = &self.config.proofing;
        let now = self.now();
        let drawn = Challenge::draw(rules.liveness_movements, &mut |bytes| {
            self.entropy.fill(bytes);
        });
        let fresh = LivenessRecord {
            id: id.to_owned(),
            person: person.to_owned(),
            nonce: token(&*self.entropy),
            movements: drawn.movements().iter().copied().map(on_the_wire).collect(),
            issued: now,
            expires: now + rules.liveness_seconds,
        };
        let open = self
            .store
            .open_liveness(fresh, rules.liveness_draws_per_day, now)
            .await?;
        Ok(LivenessChallenge {
            nonce: open.nonce,
            movements: open.movements,
            seconds: u32::try_from(rules.liveness_seconds).unwrap_or(u32::MAX),
            expires_at: Timestamp::from_unix(open.expires).to_rfc3339(),
        })
    }

    /// Judges an answer and compares its first frame with the reference of the person, if there is one.
    ///
    /// The challenge is spent first, so whatever the answer shows, it cannot be tried against the same one again. Frames
    /// are remembered whether they pass or not.
    pub(crate) async fn live_check(
        &self,
        place: Admission,
        answering: Answering<'_>,
        bytes: Zeroizing<Vec<u8>>,
        reference: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<FacePassed, Failure> {
        let now = self.now();
        let open =
            self.store
                .take_liveness(answering.id, now)
                .await
                .map_err(|error| match error {
                    StoreError::NotFound | StoreError::Expired => {
                        Code::LivenessChallengeUnknown.into()
                    }
                    other => Failure::from(other),
                })?;
        let exact = {
            let answer = Answer::parse(&bytes).map_err(|error| match error.code() {
                "too_large" => Failure::from(Code::ImageTooLarge),
                _ => Code::Malformed.into(),
            })?;
            self.signed_by(&answer, answering.key, &open, now)?;
            took_its_time(&answer, &open, now)?;
            let exact = answer
                .frames
                .iter()
                .map(|frame| self.replay.exact(frame.image));
            exact.collect()
        };
        self.remember(&open, exact, Vec::new(), now).await?;
        let movements = open.movements.clone();
        let judged = self.face.check_live(place, movements, bytes, reference);
        let (outcome, hashes) = judged.await?;
        let alike = hashes.iter().map(|hash| self.replay.alike(hash)).collect();
        self.remember(&open, Vec::new(), alike, now).await?;
        outcome
    }

    fn signed_by(
        &self,
        answer: &Answer<'_>,
        signer: &str,
        open: &LivenessRecord,
        now: i64,
    ) -> Result<(), Failure> {
        let now = Timestamp::from_unix(now);
        match liveness::verify(answer, &self.issuer_url(), &open.nonce, now) {
            Ok(key) if key.thumbprint() == signer => Ok(()),
            _ => Err(Code::LivenessProofInvalid.into()),
        }
    }

    async fn remember(
        &self,
        open: &LivenessRecord,
        exact: Vec<String>,
        alike: Vec<String>,
        now: i64,
    ) -> Result<(), Failure> {
        let rules = &self.config.proofing;
        let marks = FrameMarks {
            id: open.nonce.clone(),
            exact,
            exact_until: now + rules.frame_digest_seconds,
            alike,
            alike_until: now + rules.frame_hash_seconds,
        };
        Ok(self.store.mark_frames(marks, now).await?)
    }
}

/// Frames cannot span more time than has passed since the challenge was drawn.
fn took_its_time(answer: &Answer<'_>, open: &LivenessRecord, now: i64) -> Result<(), Failure> {
    let last = answer.frames.last().map_or(0, |frame| frame.at_ms);
    if i64::from(last / 1000) > now - open.issued + CLOCK_STEP {
        return Err(Code::LivenessFrames.into());
    }
    Ok(())
}

fn on_the_wire(movement: tessera_face::Movement) -> Movement {
    match movement {
        tessera_face::Movement::Left => Movement::Left,
        tessera_face::Movement::Right => Movement::Right,
        tessera_face::Movement::Up => Movement::Up,
    }
}

/// A movement as the face library knows it.
pub(crate) fn as_judged(movement: Movement) -> tessera_face::Movement {
    match movement {
        Movement::Left => tessera_face::Movement::Left,
        Movement::Right => tessera_face::Movement::Right,
        Movement::Up => tessera_face::Movement::Up,
    }
}
