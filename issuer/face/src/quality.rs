//! Which face in a picture is meant, and whether it is good enough to compare.

use crate::align::Aligned;
use crate::detect::DetectedFace;
use crate::error::FaceError;
use crate::models::EMBEDDER_SIDE;
use crate::photo::Photo;
use crate::policy::{QualityGate, reaches};
use crate::pose::Pose;
use crate::visible::Visible;

/// What was measured about the face that was used.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FaceQuality {
    /// The detector's confidence, 0 to 1.
    pub score: f32,
    /// Shorter side of the face's box, in pixels of the picture.
    pub pixels: u32,
    /// Variance of the Laplacian of the aligned face divided by the variance of its luma: how much of the picture's
    /// contrast lies in fine detail. Independent of lighting and of the size of the original: above 0.1 for
    /// focused portraits, 0.04 for small ones heavily compressed, below 0.01 once a twentieth of the distance between
    /// the eyes is smeared.
    pub sharpness: f32,
}

/// Picks the one face meant: the largest, wholly inside the picture, with nobody of comparable size beside it.
pub(crate) fn only_face(
    photo: &Photo,
    faces: &[DetectedFace],
    gate: &QualityGate,
) -> Result<DetectedFace, FaceError> {
    let main = faces
        .iter()
        .max_by(|a, b| a.size().total_cmp(&b.size()))
        .ok_or(FaceError::NoFace)?;
    let bystander = |face: &DetectedFace| face.size() < gate.bystander_ratio * main.size();
    if faces.iter().filter(|face| !bystander(face)).count() > 1 {
        return Err(FaceError::SeveralFaces);
    }
    if !inside(main, photo, gate.most_outside) {
        return Err(FaceError::Cropped);
    }
    if main.size() < gate.least_pixels as f32 {
        return Err(FaceError::TooSmall {
            pixels: main.size() as u32,
            least: gate.least_pixels,
        });
    }
    Ok(*main)
}

/// Whether the edge of the picture leaves enough of a face: all landmarks, and its box but for a share.
fn inside(face: &DetectedFace, photo: &Photo, most_outside: f32) -> bool {
    let (width, height) = (photo.width() as f32, photo.height() as f32);
    let seen = |&[x, y]: &[f32; 2]| x >= 0.0 && y >= 0.0 && x < width && y < height;
    let across = most_outside * face.width;
    let down = most_outside * face.height;
    face.landmarks.iter().all(seen)
        && face.left >= -across
        && face.top >= -down
        && face.left + face.width <= width + across
        && face.top + face.height <= height + down
}

/// Measures the aligned face and refuses one that does not look into the camera, is lit badly or out of focus, or whose
/// eyes or mouth cannot be seen.
pub(crate) fn measure(
    face: &DetectedFace,
    aligned: &Aligned,
    gate: &QualityGate,
) -> Result<FaceQuality, FaceError> {
    let pose = Pose::of(face).ok_or(FaceError::NoFace)?;
    let straight = pose.yaw.abs() <= gate.most_turned && pose.roll.abs() <= gate.most_turned;
    if !straight {
        return Err(FaceError::TurnedAway);
    }
    let visible = Visible::of(aligned);
    let [darkest, brightest] = gate.luma;
    if !reaches(visible.luma, darkest) {
        return Err(FaceError::TooDark);
    }
    if !reaches(brightest, visible.luma) {
        return Err(FaceError::TooBright);
    }
    let sharpness = sharpness(&aligned.luma());
    if !reaches(sharpness, gate.least_sharpness) {
        return Err(FaceError::Blurred);
    }
    if let Some(least) = &gate.visible {
        visible.require(least)?;
    }
    Ok(FaceQuality {
        score: face.score,
        pixels: face.size() as u32,
        sharpness,
    })
}

/// The measure [`FaceQuality::sharpness`] describes, over the part of the aligned face that is always skin and features:
/// the border may show background, or black where the face touches the picture's edge.
fn sharpness(luma: &[f32]) -> f32 {
    const MARGIN: usize = EMBEDDER_SIDE / 6;
    let inner = || MARGIN..EMBEDDER_SIDE - MARGIN;
    let pixels = || inner().flat_map(move |y| inner().map(move |x| y * EMBEDDER_SIDE + x));
    let detail = variance(pixels().map(|at| {
        luma[at - 1] + luma[at + 1] + luma[at - EMBEDDER_SIDE] + luma[at + EMBEDDER_SIDE]
            - 4.0 * luma[at]
    }));
    let contrast = variance(pixels().map(|at| luma[at]));
    // A face of one shade has no contrast to compare with, and no detail either.
    if contrast > 1.0 {
        detail / contrast
    } else {
        0.0
    }
}

fn variance(values: impl Iterator<Item = f32>) -> f32 {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for value in values {
        let value = f64::from(value);
        count += 1.0;
        sum += value;
        squares += value * value;
    }
    let mean = sum / count;
    (squares / count - mean * mean) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_face_has_no_sharpness() {
        assert_eq!(sharpness(&[90.0; EMBEDDER_SIDE * EMBEDDER_SIDE]), 0.0);
    }

    #[test]
    fn finer_detail_is_sharper_and_brightness_does_not_matter() {
        let stripes = |period: f32, gain: f32| -> Vec<f32> {
            let wave = |i: usize| (i % EMBEDDER_SIDE) as f32 * std::f32::consts::TAU / period;
            (0..EMBEDDER_SIDE * EMBEDDER_SIDE)
                .map(|i| 100.0 + gain * wave(i).sin())
                .collect()
        };
        let (fine, coarse) = (
            sharpness(&stripes(5.0, 40.0)),
            sharpness(&stripes(25.0, 40.0)),
        );
        assert!(fine > 10.0 * coarse, "{fine} {coarse}");
        let dim = sharpness(&stripes(5.0, 10.0));
        assert!((fine - dim).abs() < 0.01 * fine, "{fine} {dim}");
    }
}
