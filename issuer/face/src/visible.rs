//! Are eyes and mouth to be seen? The detector finds landmarks under a mask and behind dark glasses as well.
//!
//! Measures of the aligned face, and a second look of the detector at eyes and mouth by themselves ([`Parts`]). Set on 28
//! photographed faces of 26 people, uncovered and covered by drawing in 42 ways (masks plain and patterned, scarves, hands,
//! cups, papers, sunglasses, bands, caps, hair), each as it is, saved again small at JPEG quality 60, and blurred and darker.
//!
//! | measure | uncovered | what covers |
//! |---|---|---|
//! | redness of the lips above that of all skin around | mostly above 0.03 | masks, scarves, hands: below 0.03 but for red cloth in folds |
//! | the same with 0.3 of the mouth's relief up to 0.15 | above 0.06 | patterned cloth as well: counts only where the detector sees a mouth |
//! | the detector's word on the mouth alone | median 0.83, a tenth below 0.03 | nine in ten below 0.04 |
//! | its word on the eyes alone | median 0.90, 2 in 100 below 0.2 | caps, hair, bands, hands: median 0.03; sunglasses 0.05 to 0.9 |
//! | without colour: relief of the mouth, the spread of its luma as a share of the skin's | 0.126 to 0.59 | plain covers below 0.11 |
//! | without colour: a dark line across the mouth that does not go on beside it | 0.09 to 0.95 | plain covers below 0.07 |
//! | darkest spot of an eye against the skin around it | 0.17 to 0.62 | bands, hands, mirrors: mostly above 0.75 |
//! | share of an eye's surroundings much darker than the cheek | 0.08 to 0.63 | sunglasses: 0.72 to 1 |
//! | luma of an eye against the cheek's | 0.35 to 0.80 | sunglasses: mostly below 0.31 |
//! | upright against level edges at an eye | 0.44 to 1.34 | upright fingers: mostly above 1.6 |
//!
//! At the default bounds 12 of 1,020 covered faces pass as drawn, and 42 of 3,060 with those made worse; about two in three
//! of these are faces held at a slant, on which the cover was drawn beside the mouth. Two of 28 uncovered faces are refused;
//! of the 501 with drawn glasses, stubble, beards and shade over half the face or the brow, made worse in the same ways, 78.
//! Without the second look it was 148 and 90. With the bounds chosen anew on the other people and the other kinds of cover
//! for each, and judged by those, 39 covered faces pass and 74 uncovered ones are refused.
//!
//! A greyscale picture has no redness, as a portrait in a passport may have none. It is judged all the same, its mouth by
//! relief, line and the detector's word: of the same faces taken for grey, 102 covered ones pass and 115 uncovered ones are
//! refused. The measures know nothing of covers that look like a mouth or an eye. The comparison is still to come.

use zeroize::Zeroizing;

use crate::align::Aligned;
use crate::detect::Parts;
use crate::error::FaceError;
use crate::models::EMBEDDER_SIDE;
use crate::policy::{EyeBounds, Visibility, reaches};

/// Pixels between the eyes of an aligned face, and the middle between them.
const EYES: f32 = 35.237;
const MIDDLE: [f32; 2] = [55.913, 51.599];

/// Part of a face: the first and last place right of the middle, then below the eyes, in distances between the eyes.
type Area = [f32; 4];

const MOUTH: Area = [-0.36, 0.36, 0.95, 1.32];
const ABOVE_LIP: Area = [-0.25, 0.25, 0.80, 0.90];
const CHIN: Area = [-0.22, 0.22, 1.45, 1.58];
const BESIDE_MOUTH: [Area; 2] = [[0.55, 0.72, 0.95, 1.3], [-0.72, -0.55, 0.95, 1.3]];
const AROUND_MOUTH: [Area; 4] = [ABOVE_LIP, CHIN, BESIDE_MOUTH[0], BESIDE_MOUTH[1]];
const BRIDGE: Area = [-0.07, 0.07, 0.08, 0.30];
const UNDER_EYES: [Area; 2] = [[0.35, 0.6, 0.30, 0.40], [-0.6, -0.35, 0.30, 0.40]];
const CHEEKS: [Area; 2] = [[0.45, 0.65, 0.5, 0.75], [-0.65, -0.45, 0.5, 0.75]];
const INNER: Area = [-0.75, 0.75, -0.4, 1.5];
/// How far from the middle, to both sides, a line across the mouth is looked for, and one beside it; and between which
/// heights.
const ACROSS_MOUTH: [f32; 2] = [0.0, 0.22];
const ACROSS_SIDES: [f32; 2] = [0.55, 0.75];
const LINES: [f32; 2] = [0.83, 1.42];
/// What relief adds to redness, and up to which relief it does.
const RELIEF_SHARE: f32 = 0.3;
const RELIEF_MOST: f32 = 0.15;

/// What of a face can be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Visible {
    /// Redness of the lips above any skin around them: difference of red and green as a share of all light.
    pub(crate) lips: f32,
    /// Spread of redness over the face. None in a greyscale picture.
    pub(crate) chroma: f32,
    /// Spread of luma in the mouth as a share of the skin's around it.
    pub(crate) relief: f32,
    /// Depth of the dark line across the mouth above that of any beside it, as a share of the skin's luma.
    pub(crate) line: f32,
    /// Of both eyes the larger: luma of the darkest spot as a share of the skin's around the eye.
    pub(crate) eye_light: f32,
    /// Of both eyes the larger: share of the eye's surroundings with less than half the cheek's luma.
    pub(crate) eye_dark: f32,
    /// Of both eyes the smaller: median luma of the eye as a share of the cheek's.
    pub(crate) eye_luma: f32,
    /// Of both eyes the larger: strength of upright edges as a share of the level ones'.
    pub(crate) eye_upright: f32,
    /// Median luma of the face, 0 to 255.
    pub(crate) luma: f32,
}

impl Visible {
    pub(crate) fn of(aligned: &Aligned) -> Self {
        let picture = Picture::of(aligned);
        let beside = picture.middle(&picture.red, &AROUND_MOUTH);
        let skin = [
            beside,
            picture.middle(&picture.red, &[ABOVE_LIP]),
            picture.middle(&picture.red, &BESIDE_MOUTH),
            picture.middle(&picture.red, &[CHIN]),
            picture.middle(&picture.red, &[&[BRIDGE], &UNDER_EYES[..]].concat()),
        ];
        let lips = quantile(picture.values(&picture.red, &[MOUTH]), 0.92)
            - skin.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let cheek = picture.middle(&picture.luma, &CHEEKS);
        let eyes = [-0.5, 0.5].map(|at| picture.eye(at, cheek));
        let worse = |of: fn(&Eye) -> f32| of(&eyes[0]).max(of(&eyes[1]));
        let (relief, line) = picture.mouth();
        let redness = picture.values(&picture.red, &[INNER]);
        Self {
            lips,
            chroma: quantile(redness.clone(), 0.9) - quantile(redness, 0.1),
            relief,
            line,
            eye_light: worse(|eye| eye.light),
            eye_dark: worse(|eye| eye.dark),
            eye_luma: eyes[0].luma.min(eyes[1].luma),
            eye_upright: worse(|eye| eye.upright),
            luma: picture.middle(&picture.luma, &[INNER]),
        }
    }

    /// Refuses a face whose eyes or mouth cannot be seen.
    pub(crate) fn require(&self, parts: &Parts, least: &Visibility) -> Result<(), FaceError> {
        // The surest signs first, so that the refusal names what is covered: with the eyes hidden the landmarks stray, and
        // the lips are looked for beside the mouth.
        if !reaches(least.most_eye_light, self.eye_light)
            || !reaches(parts.eyes, least.least_eyes_part)
        {
            return Err(FaceError::EyesCovered);
        }
        if !self.mouth_seen(parts.mouth, least) {
            return Err(FaceError::MouthCovered);
        }
        let sure = reaches(parts.eyes, least.sure_eyes_part);
        if !self.eyes_seen(if sure { &least.sure_eyes } else { &least.eyes }) {
            return Err(FaceError::EyesCovered);
        }
        Ok(())
    }

    fn mouth_seen(&self, part: f32, least: &Visibility) -> bool {
        if !reaches(self.chroma, least.least_chroma) {
            let together = self.grey_mouth(part);
            return reaches(together, least.least_grey_mouth)
                || reaches(together, least.least_plain_grey_mouth)
                    && reaches(self.relief, least.least_relief)
                    && reaches(self.line, least.least_line);
        }
        // A cloth has folds and patterns as a mouth has relief: that counts only where the detector sees a mouth as well.
        let mouth = self.lips + RELIEF_SHARE * at_most(self.relief, RELIEF_MOST);
        reaches(self.lips, least.least_lips)
            || reaches(mouth, least.least_mouth) && reaches(part, least.least_mouth_part)
            || reaches(mouth, least.least_sure_mouth) && reaches(part, least.sure_mouth_part)
    }

    /// What light and the detector say of a mouth, in one number: the weights are those of a logistic regression over the
    /// faces named above, in units of relief.
    fn grey_mouth(&self, part: f32) -> f32 {
        let odds = ((part + 0.01) / (1.01 - part)).ln();
        at_most(self.relief, 0.4) + 0.885 * self.line.clamp(-0.1, 0.4) + 0.067 * odds
    }

    fn eyes_seen(&self, bounds: &EyeBounds) -> bool {
        self.eye_dark <= bounds.most_dark
            && (self.eye_dark <= bounds.most_shadow || self.eye_luma >= bounds.least_luma)
            && self.eye_upright <= bounds.most_upright
    }
}

struct Eye {
    light: f32,
    dark: f32,
    luma: f32,
    upright: f32,
}

/// Planes of an aligned face. Wiped when dropped.
struct Picture {
    luma: Zeroizing<Vec<f32>>,
    /// The same, smoothed.
    smooth: Zeroizing<Vec<f32>>,
    /// Red less green as a share of all light, smoothed.
    red: Zeroizing<Vec<f32>>,
}

impl Picture {
    fn of(aligned: &Aligned) -> Self {
        let rgb = &aligned.square().pixels;
        let plane = |offset: usize| -> Zeroizing<Vec<f32>> {
            Zeroizing::new(
                rgb[offset..]
                    .iter()
                    .step_by(3)
                    .map(|&value| f32::from(value))
                    .collect(),
            )
        };
        let [r, g, b] = [0, 1, 2].map(|offset| smoothed(&plane(offset)));
        let share = r.iter().zip(g.iter()).zip(b.iter());
        let red = share.map(|((r, g), b)| (r - g) / (r + g + b + 1.0));
        let red = Zeroizing::new(red.collect());
        let luma = aligned.luma();
        Self {
            smooth: smoothed(&luma),
            luma,
            red,
        }
    }

    fn values(&self, plane: &[f32], areas: &[Area]) -> Zeroizing<Vec<f32>> {
        let within = |&(u, v): &(f32, f32)| {
            areas.iter().any(|[left, right, top, bottom]| {
                (*left..=*right).contains(&u) && (*top..=*bottom).contains(&v)
            })
        };
        self.choose(plane, |u, v| within(&(u, v)))
    }

    /// The values at the places chosen by their face coordinates.
    fn choose(&self, plane: &[f32], wanted: impl Fn(f32, f32) -> bool) -> Zeroizing<Vec<f32>> {
        let chosen = plane.iter().enumerate().filter(|(at, _)| {
            let [u, v] = face_coordinates(*at);
            wanted(u, v)
        });
        Zeroizing::new(chosen.map(|(_, value)| *value).collect())
    }

    fn middle(&self, plane: &[f32], areas: &[Area]) -> f32 {
        quantile(self.values(plane, areas), 0.5)
    }

    /// Relief of the mouth, and how much deeper the line across it is than any beside it.
    fn mouth(&self) -> (f32, f32) {
        // The five keeps a face in the dark from having relief by noise alone.
        let skin = self.middle(&self.luma, &AROUND_MOUTH) + 5.0;
        let mouth = self.values(&self.smooth, &[MOUTH]);
        let mean = average(mouth.iter().copied());
        let relief = average(mouth.iter().map(|value| (value - mean).powi(2))).sqrt();
        let dip = |within: [f32; 2]| dip(&self.rows(within));
        (
            relief / skin,
            (dip(ACROSS_MOUTH) - dip(ACROSS_SIDES)) / skin,
        )
    }

    /// Mean luma of each row of pixels around the mouth, over the places so far from the middle.
    fn rows(&self, [near, far]: [f32; 2]) -> Zeroizing<Vec<f32>> {
        let rows = self.smooth.chunks_exact(EMBEDDER_SIDE).enumerate();
        let means = rows.filter_map(|(row, values)| {
            let start = row * EMBEDDER_SIDE;
            let [_, v] = face_coordinates(start);
            let inside = values.iter().enumerate().filter(|(x, _)| {
                let [u, _] = face_coordinates(start + x);
                (near..=far).contains(&u.abs())
            });
            (LINES[0]..=LINES[1])
                .contains(&v)
                .then(|| average(inside.map(|(_, value)| *value)))
        });
        Zeroizing::new(means.collect())
    }

    fn eye(&self, at: f32, cheek: f32) -> Eye {
        let distance = |u: f32, v: f32| (u - at).hypot(v);
        let around = self.choose(&self.luma, |u, v| {
            let distance = distance(u, v);
            distance > 0.25 && distance < 0.38 && v > -0.2
        });
        let pupil = self.choose(&self.smooth, |u, v| distance(u, v) < 0.16);
        let darkest = pupil.iter().copied().fold(f32::INFINITY, f32::min);
        let near = self.choose(&self.luma, |u, v| distance(u, v) < 0.30);
        let dark = near
            .iter()
            .filter(|luma| **luma < 0.5 * (cheek + 1.0))
            .count();
        let (mut upright, mut level) = (0.0, 1.0);
        for index in 0..self.smooth.len() {
            let [u, v] = face_coordinates(index);
            if (u - at).abs() <= 0.29 && (-0.2..=0.21).contains(&v) {
                upright += (self.smooth[index + 1] - self.smooth[index - 1]).abs();
                level +=
                    (self.smooth[index + EMBEDDER_SIDE] - self.smooth[index - EMBEDDER_SIDE]).abs();
            }
        }
        Eye {
            light: darkest / (quantile(around, 0.5) + 1.0),
            dark: dark as f32 / near.len().max(1) as f32,
            luma: quantile(self.choose(&self.luma, |u, v| distance(u, v) < 0.20), 0.5)
                / (cheek + 1.0),
            upright: upright / level,
        }
    }
}

/// The smaller of the two; what is not a number stays so, where `f32::min` would make it the bound.
fn at_most(value: f32, bound: f32) -> f32 {
    if value > bound { bound } else { value }
}

/// Where a pixel of the aligned face lies, in distances between the eyes.
fn face_coordinates(index: usize) -> [f32; 2] {
    [
        ((index % EMBEDDER_SIDE) as f32 - MIDDLE[0]) / EYES,
        ((index / EMBEDDER_SIDE) as f32 - MIDDLE[1]) / EYES,
    ]
}

/// How far the deepest row lies below the brightest above it and the brightest below it.
fn dip(rows: &[f32]) -> f32 {
    let brightest = |rows: &[f32]| rows.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    rows.iter()
        .enumerate()
        .map(|(at, value)| brightest(&rows[..at]).min(brightest(&rows[at + 1..])) - value)
        .fold(0.0, f32::max)
}

fn average(values: impl Iterator<Item = f32>) -> f32 {
    let (mut count, mut sum) = (0.0, 0.0);
    for value in values {
        count += 1.0;
        sum += value;
    }
    sum / count
}

fn quantile(mut values: Zeroizing<Vec<f32>>, share: f32) -> f32 {
    values.sort_by(f32::total_cmp);
    let at = share * (values.len().saturating_sub(1)) as f32;
    values.get(at as usize).copied().unwrap_or(f32::NAN)
}

/// Each pixel mixed with its eight neighbours, in both directions a quarter, a half, a quarter; at the edge, the edge.
fn smoothed(plane: &[f32]) -> Zeroizing<Vec<f32>> {
    let side = EMBEDDER_SIDE;
    let mix = |values: &[f32], before: usize, at: usize, after: usize| {
        0.25 * values[before] + 0.5 * values[at] + 0.25 * values[after]
    };
    let down: Zeroizing<Vec<f32>> = Zeroizing::new(
        (0..plane.len())
            .map(|at| {
                let before = if at < side { at } else { at - side };
                let after = if at + side < plane.len() {
                    at + side
                } else {
                    at
                };
                mix(plane, before, at, after)
            })
            .collect(),
    );
    let across = (0..plane.len()).map(|at| {
        let (x, last) = (at % side, side - 1);
        mix(
            &down,
            at - usize::from(x > 0),
            at,
            at + usize::from(x < last),
        )
    });
    Zeroizing::new(across.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: Visible = Visible {
        lips: 0.10,
        chroma: 0.09,
        relief: 0.30,
        line: 0.30,
        eye_light: 0.30,
        eye_dark: 0.30,
        eye_luma: 0.60,
        eye_upright: 0.80,
        luma: 120.0,
    };
    const SURE: Parts = Parts {
        eyes: 0.9,
        mouth: 0.9,
    };

    fn verdict(seen: &Visible, eyes: f32, mouth: f32) -> &'static str {
        let refused = seen.require(&Parts { eyes, mouth }, &Visibility::DEFAULT);
        refused.err().map_or("ok", |error| error.code())
    }

    #[test]
    fn each_sign_of_covered_eyes_counts_by_itself() {
        let eyes = "face_eyes_covered";
        assert_eq!(verdict(&SEEN, SURE.eyes, SURE.mouth), "ok");
        // What the detector says of the eyes alone, and what is not a number.
        assert_eq!(verdict(&SEEN, 0.16, 0.9), "ok");
        assert_eq!(verdict(&SEEN, 0.14, 0.9), eyes);
        assert_eq!(verdict(&SEEN, f32::NAN, 0.9), eyes);
        let with = |change: fn(&mut Visible)| {
            let mut seen = SEEN;
            change(&mut seen);
            seen
        };
        assert_eq!(verdict(&with(|seen| seen.eye_light = 0.69), 0.9, 0.9), eyes);
        // Shade over the eyes: none, with the detector sure of them, and not.
        for (seen, sure, unsure) in [
            (with(|seen| seen.eye_dark = 0.77), "ok", "ok"),
            (with(|seen| seen.eye_dark = 0.85), "ok", eyes),
            (with(|seen| seen.eye_dark = 0.91), eyes, eyes),
            (with(|seen| seen.eye_upright = 1.41), "ok", "ok"),
            (with(|seen| seen.eye_upright = 1.6), "ok", eyes),
            (with(|seen| seen.eye_upright = 1.9), eyes, eyes),
            (
                with(|seen| (seen.eye_dark, seen.eye_luma) = (0.69, 0.20)),
                "ok",
                "ok",
            ),
            (
                with(|seen| (seen.eye_dark, seen.eye_luma) = (0.71, 0.35)),
                "ok",
                "ok",
            ),
            (
                with(|seen| (seen.eye_dark, seen.eye_luma) = (0.71, 0.32)),
                "ok",
                eyes,
            ),
            (
                with(|seen| (seen.eye_dark, seen.eye_luma) = (0.71, 0.29)),
                eyes,
                eyes,
            ),
        ] {
            assert_eq!(verdict(&seen, 0.81, 0.9), sure, "{seen:?}");
            assert_eq!(verdict(&seen, 0.79, 0.9), unsure, "{seen:?}");
        }
    }

    #[test]
    fn a_mouth_is_seen_by_its_colour_or_by_relief_and_the_detector() {
        let mouth = "face_mouth_covered";
        for (lips, relief, part, expected) in [
            (0.031, 0.0, 0.0, "ok"),
            // Folds of cloth: relief and no mouth.
            (0.029, 0.5, 0.0, mouth),
            (0.029, 0.5, 0.02, mouth),
            (0.029, 0.5, 0.04, "ok"),
            // Relief counts up to a bound.
            (0.015, 0.9, 0.04, mouth),
            (0.0, 0.9, 0.4, "ok"),
            (0.0, 0.13, 0.4, mouth),
            (0.0, 0.9, 0.29, mouth),
            (-0.02, 0.9, 0.9, mouth),
            (0.0, f32::NAN, 0.9, mouth),
            (f32::NAN, 0.9, 0.9, mouth),
        ] {
            let seen = Visible {
                lips,
                relief,
                ..SEEN
            };
            assert_eq!(
                verdict(&seen, 0.9, part),
                expected,
                "{lips} {relief} {part}"
            );
        }
    }

    #[test]
    fn without_colour_light_and_the_detector_decide() {
        let mouth = "face_mouth_covered";
        for (relief, line, part, expected) in [
            // Lips as red as they may be count for nothing.
            (0.05, 0.05, 0.0, mouth),
            (0.05, 0.0, 0.9, "ok"),
            (0.30, 0.30, 0.0, "ok"),
            // Reached by both bounds, or by neither alone.
            (0.115, 0.075, 0.15, "ok"),
            (0.111, 0.075, 0.15, mouth),
            (0.115, 0.069, 0.15, mouth),
            (0.115, 0.075, 0.01, mouth),
            // Neither relief nor line carries everything.
            (9.0, -9.0, 0.0, mouth),
            (f32::NAN, 0.3, 0.9, mouth),
        ] {
            let seen = Visible {
                chroma: 0.029,
                relief,
                line,
                ..SEEN
            };
            assert_eq!(
                verdict(&seen, 0.9, part),
                expected,
                "{relief} {line} {part}"
            );
        }
        let seen = Visible {
            chroma: 0.031,
            relief: 0.05,
            line: 0.05,
            ..SEEN
        };
        assert_eq!(verdict(&seen, 0.9, 0.0), "ok");
    }
}
