//! A second look at the parts of a face: does the upper half look like a face by itself, and the lower one?
//!
//! Of a whole face the detector is sure whatever covers a part, because the rest is enough. So it is shown each part with
//! the rest painted over: above the tip of the nose nothing but eyes and brows, below the middle of the nose nothing but
//! its wings, mouth and chin. What it says then is what the part itself shows.

use super::candidates;
use crate::align::{Aligned, places};
use crate::models::Models;
use crate::net::Square;
use crate::photo::Photo;

/// The aligned face is looked at in so many times the embedder's size: as much context as the detector is used to.
const TIMES: usize = 2;
/// Rows of the picture shown, out of 224: of the eyes those above, of the mouth those from there on. They lie 0.35 and
/// 0.45 of the distance between the eyes below the eyes.
const EYES_UNTIL: usize = 127;
const MOUTH_FROM: usize = 134;
/// Candidates below this score say nothing.
const LEAST: f32 = 0.01;
/// How far from its place a landmark of the part may be found, in pixels: 0.3 of the distance between the eyes. A face
/// elsewhere in the picture, of somebody else, is not this one's.
const ASTRAY: f64 = 0.3 * 70.47;

/// How sure the detector is of a face of which it sees one part, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Parts {
    /// Of the eyes alone.
    pub(crate) eyes: f32,
    /// Of the mouth alone.
    pub(crate) mouth: f32,
}

impl Parts {
    /// Looks at both parts; `None` when the landmarks coincide.
    pub(crate) fn of(models: &Models, photo: &Photo, landmarks: &[[f32; 2]; 5]) -> Option<Self> {
        let mut face = Aligned::square_of(photo, landmarks, TIMES)?;
        // The detector wants blue first.
        for pixel in face.pixels.chunks_exact_mut(3) {
            pixel.swap(0, 2);
        }
        let row = 3 * face.side;
        let rest = mean(&face.pixels);
        let seen = |part: std::ops::Range<usize>, landmarks: std::ops::Range<usize>| {
            let mut shown = Square::black(face.side);
            for (y, (from, to)) in face
                .pixels
                .chunks_exact(row)
                .zip(shown.pixels.chunks_exact_mut(row))
                .enumerate()
            {
                if part.contains(&y) {
                    to.copy_from_slice(from);
                } else {
                    to.chunks_exact_mut(3)
                        .for_each(|to| to.copy_from_slice(&rest));
                }
            }
            score(models, &shown, landmarks)
        };
        Some(Self {
            eyes: seen(0..EYES_UNTIL, 0..2),
            mouth: seen(MOUTH_FROM..face.side, 3..5),
        })
    }
}

/// The best score of a face whose landmarks of these numbers are where they are in an aligned face.
fn score(models: &Models, shown: &Square, landmarks: std::ops::Range<usize>) -> f32 {
    let places = places(TIMES);
    candidates(&models.detect(shown), LEAST)
        .iter()
        .filter(|face| {
            let found = face.landmarks[landmarks.clone()].iter();
            found.zip(&places[landmarks.clone()]).all(|(at, place)| {
                (f64::from(at[0]) - place[0]).hypot(f64::from(at[1]) - place[1]) < ASTRAY
            })
        })
        .map(|face| face.score)
        .fold(0.0, f32::max)
}

/// The mean colour.
fn mean(pixels: &[u8]) -> [u8; 3] {
    let count = (pixels.len() / 3).max(1) as u64;
    let sums = pixels.chunks_exact(3).fold([0_u64; 3], |sums, pixel| {
        std::array::from_fn(|i| sums[i] + u64::from(pixel[i]))
    });
    sums.map(|sum| (sum / count) as u8)
}
