//! Is a live person before the camera? An active challenge: head movements drawn at random, judged frame by frame.
//!
//! ```text
//!   [Challenge::draw]  left, up, right
//!        │
//!        ▼  frames with times
//!   every frame: one face, good enough, the same person as in the first      face codes, liveness_other_face
//!        │  five landmarks, followed from frame to frame
//!        ▼
//!   [Pose](crate::Pose) of every frame, relative to the first
//!        │
//!        ▼  times rise, no gap, no jump                                      liveness_frames, liveness_jump
//!   movements in the order asked, each back to the middle, in time           liveness_wrong_movement,
//!                                                                            liveness_incomplete, liveness_too_slow
//! ```
//!
//! This shows that the pictures were made *for this challenge* of one head that moved as asked. It does not show that the
//! camera saw flesh: a mask worn by a person moves as well, and so does a face that a program renders to order. A
//! [`PassiveDetector`] looks for that, where an operator installs one.

mod judge;
mod replay;
mod track;

use crate::detect::DetectedFace;
use crate::photo::Photo;

pub(crate) use judge::{Observation, judge};
pub use replay::FrameHash;
pub(crate) use track::Tracker;

/// Judges from a single photo whether a live person was in front of the camera (ISO/IEC 30107-1 *passive* detection).
pub trait PassiveDetector: Send + Sync {
    /// The probability, 0 to 1, that the face is live. `None` when the detector cannot judge this photo: a policy that
    /// demands a score then refuses it.
    fn score(&self, photo: &Photo, face: &DetectedFace) -> Option<f32>;
}

/// A movement of the head from the look into the camera and back to it, from the person's own point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// Turn to one's own left.
    Left,
    /// Turn to one's own right.
    Right,
    /// Lift the chin.
    Up,
}

/// The movements asked of one person, once, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(Vec<Movement>);

impl Challenge {
    /// Most movements in one challenge.
    pub const MAX: usize = 8;

    /// Draws `count` movements, at least 1 and at most [`Challenge::MAX`], each of the three alike probable whatever
    /// came before. `random` fills a buffer with unpredictable bytes.
    #[must_use]
    pub fn draw(count: usize, random: &mut dyn FnMut(&mut [u8])) -> Self {
        let count = count.clamp(1, Self::MAX);
        let mut movements = Vec::with_capacity(count);
        while movements.len() < count {
            let mut byte = [0];
            random(&mut byte);
            // 255 is a multiple of three: the one value above it would favour a movement.
            movements.push(match byte {
                [255] => continue,
                [value] if value % 3 == 0 => Movement::Left,
                [value] if value % 3 == 1 => Movement::Right,
                _ => Movement::Up,
            });
        }
        Self(movements)
    }

    /// A challenge drawn before; `None` for no or too many movements.
    #[must_use]
    pub fn of(movements: Vec<Movement>) -> Option<Self> {
        (1..=Self::MAX)
            .contains(&movements.len())
            .then_some(Self(movements))
    }

    /// The movements.
    #[must_use]
    pub fn movements(&self) -> &[Movement] {
        &self.0
    }
}

/// One picture of an answered challenge.
#[derive(Clone, Copy)]
pub struct LivenessFrame<'a> {
    /// When it was taken, in milliseconds since the challenge was shown.
    pub at_ms: u32,
    /// The picture as uploaded, JPEG or PNG.
    pub image: &'a [u8],
}

/// The answer to a challenge. The first frame looks into the camera: it is the photo that is compared.
#[derive(Clone, Copy)]
pub struct LivenessAnswer<'a> {
    /// What was asked.
    pub challenge: &'a Challenge,
    /// The frames, oldest first.
    pub frames: &'a [LivenessFrame<'a>],
}

/// What an answer must be like. Degrees are relative to the first frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LivenessPolicy {
    /// Most frames.
    pub most_frames: usize,
    /// Fewest frames for each movement asked.
    pub frames_per_movement: usize,
    /// Most pixels of a frame.
    pub most_pixels: usize,
    /// Longest pause between two frames, in milliseconds.
    pub longest_gap_ms: u32,
    /// Longest time for one movement, from the look into the camera and back to it, in milliseconds.
    pub movement_ms: u32,
    /// Longest time from the first frame to the last, in milliseconds.
    pub total_ms: u32,
    /// Least turn to the side.
    pub turn: f32,
    /// Least lift of the chin.
    pub lift: f32,
    /// Up to this much the head looks into the camera.
    pub rest: f32,
    /// Most degrees between two frames.
    pub most_step: f32,
    /// Least correlation of the patches around the five points with where they are followed to.
    pub least_likeness: f32,
    /// Farthest the followed points lie from the detector's landmarks, in distances between the eyes.
    pub most_astray: f32,
    /// Farthest a landmark moves between two frames, as a share of the face's size.
    pub most_shift: f32,
    /// Least similarity of every frame's face with the first one's. Below the threshold for another picture of the same
    /// person, because a turned head is less alike.
    pub identity: f32,
}

impl Default for LivenessPolicy {
    fn default() -> Self {
        Self {
            most_frames: 48,
            frames_per_movement: 4,
            most_pixels: 1_310_720,
            longest_gap_ms: 1000,
            movement_ms: 8000,
            total_ms: 30_000,
            turn: 8.0,
            lift: 8.0,
            rest: 5.0,
            most_step: 16.0,
            least_likeness: 0.55,
            most_astray: 0.4,
            most_shift: 0.35,
            identity: 0.363,
        }
    }
}

/// Why an answer is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LivenessFault {
    /// Too few frames, too many, too far apart, out of order, or one picture twice.
    Frames,
    /// Over the time allowed.
    TooSlow,
    /// A movement that was not asked, or not at this place.
    WrongMovement,
    /// A movement is missing, or the head did not come back to the middle.
    Incomplete,
    /// The head was somewhere else from one frame to the next.
    Jump,
    /// Another face than in the first frame.
    OtherFace,
}

impl LivenessFault {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Frames => "liveness_frames",
            Self::TooSlow => "liveness_too_slow",
            Self::WrongMovement => "liveness_wrong_movement",
            Self::Incomplete => "liveness_incomplete",
            Self::Jump => "liveness_jump",
            Self::OtherFace => "liveness_other_face",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_follows_the_bytes_and_skips_the_one_that_would_favour() {
        let mut bytes = [255, 3, 255, 4, 5].into_iter();
        let drawn = Challenge::draw(3, &mut |buffer| {
            buffer.fill_with(|| bytes.next().unwrap_or(0))
        });
        assert_eq!(
            drawn.movements(),
            [Movement::Left, Movement::Right, Movement::Up]
        );
        assert_eq!(bytes.next(), None);
    }

    #[test]
    fn every_count_is_brought_within_bounds() {
        for (asked, got) in [(0, 1), (3, 3), (99, Challenge::MAX)] {
            assert_eq!(Challenge::draw(asked, &mut |_| ()).movements().len(), got);
        }
        assert_eq!(Challenge::of(Vec::new()), None);
        assert_eq!(Challenge::of(vec![Movement::Up; 9]), None);
    }
}
