//! Which face in a picture is meant, and whether it is good enough to compare.

use zeroize::Zeroizing;

use crate::align::Aligned;
use crate::detect::DetectedFace;
use crate::error::FaceError;
use crate::models::EMBEDDER_SIDE;
use crate::photo::Photo;
use crate::policy::{QualityGate, reaches};
use crate::pose::Pose;

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

/// Measures the aligned face and refuses one that does not look into the camera, is lit badly or out of focus.
pub(crate) fn measure(
    face: &DetectedFace,
    aligned: &Aligned,
    gate: &QualityGate,
) -> Result<FaceQuality, FaceError> {
    let pose = Pose::of(face).ok_or(FaceError::NoFace)?;
    if !straight(&pose, gate) {
        return Err(FaceError::TurnedAway);
    }
    let luma = aligned.luma();
    let light = light(&luma);
    let [darkest, brightest] = gate.luma;
    if !reaches(light, darkest) {
        return Err(FaceError::TooDark);
    }
    if !reaches(brightest, light) {
        return Err(FaceError::TooBright);
    }
    let sharpness = sharpness(&luma);
    if !reaches(sharpness, gate.least_sharpness) {
        return Err(FaceError::Blurred);
    }
    Ok(FaceQuality {
        score: face.score,
        pixels: face.size() as u32,
        sharpness,
    })
}

/// Whether a head is turned and tilted no further than it may be.
fn straight(pose: &Pose, gate: &QualityGate) -> bool {
    pose.yaw.abs() <= gate.most_turned && pose.roll.abs() <= gate.most_turned
}

/// Median luma of the aligned face from brow to chin, 0 to 255.
fn light(luma: &[f32]) -> f32 {
    let rows = luma.chunks_exact(EMBEDDER_SIDE).take(105).skip(38);
    let inner = rows.flat_map(|row| row.iter().take(83).skip(30));
    let mut inner = Zeroizing::new(inner.copied().collect::<Vec<_>>());
    let middle = inner.len() / 2;
    *inner.select_nth_unstable_by(middle, f32::total_cmp).1
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
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::photo::Accept;

    /// A face 120 by 160 pixels with its corner at (60, 50), moved.
    fn face(right: f32, down: f32) -> DetectedFace {
        let eyes_nose_mouth = [
            [95.0, 110.0],
            [145.0, 110.0],
            [120.0, 140.0],
            [100.0, 170.0],
            [140.0, 170.0],
        ];
        let mut face = DetectedFace::at(eyes_nose_mouth.map(|[x, y]| [x + right, y + down]));
        face.left += right;
        face.top += down;
        face
    }

    fn photo(width: u32, height: u32) -> Photo {
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(width, height)
            .write_to(&mut png, image::ImageFormat::Png)
            .unwrap();
        Photo::decode(png.get_ref(), Accept::Upload).unwrap()
    }

    #[test]
    fn a_face_may_touch_every_edge_and_lie_beyond_none() {
        let photo = photo(240, 260);
        let gate = QualityGate::PHOTO;
        let judged = |right, down| only_face(&photo, &[face(right, down)], &gate).map(drop);
        // A tenth of the box outside, and a fifth, over each edge.
        for (right, down) in [(-72.0, 0.0), (72.0, 0.0), (0.0, -66.0), (0.0, 66.0)] {
            assert_eq!(judged(right, down), Ok(()), "{right} {down}");
        }
        for (right, down) in [(-84.0, 0.0), (84.0, 0.0), (0.0, -82.0), (0.0, 82.0)] {
            let cropped = Err(FaceError::Cropped);
            assert_eq!(judged(right, down), cropped, "{right} {down}");
        }
        // A landmark outside, with the box inside.
        let mut strayed = face(0.0, 0.0);
        strayed.landmarks[3][0] = -1.0;
        assert_eq!(
            only_face(&photo, &[strayed], &gate).map(drop),
            Err(FaceError::Cropped)
        );
    }

    #[test]
    fn a_head_looks_into_the_camera_or_is_told_to() {
        let gate = QualityGate::PHOTO;
        let pose = |yaw, roll| Pose {
            yaw,
            pitch: 0.0,
            roll,
        };
        assert!(straight(&pose(20.0, -20.0), &gate));
        for (yaw, roll) in [
            (30.0, 0.0),
            (-30.0, 0.0),
            (0.0, 30.0),
            (0.0, -30.0),
            (f32::NAN, 0.0),
        ] {
            assert!(!straight(&pose(yaw, roll), &gate), "{yaw} {roll}");
        }
    }

    #[test]
    fn one_person_near_enough_is_meant() {
        let photo = photo(500, 260);
        let gate = QualityGate::PHOTO;
        let judged = |faces: &[DetectedFace]| only_face(&photo, faces, &gate).map(drop);
        let beside = |share: f32| {
            let mut other = face(180.0, 0.0);
            (other.width, other.height) = (120.0 * share, 160.0 * share);
            other
        };
        assert_eq!(judged(&[]), Err(FaceError::NoFace));
        assert_eq!(judged(&[face(0.0, 0.0), beside(0.39)]), Ok(()));
        assert_eq!(
            judged(&[face(0.0, 0.0), beside(0.41)]),
            Err(FaceError::SeveralFaces)
        );
        let mut far = face(0.0, 0.0);
        (far.width, far.height) = (59.0, 80.0);
        let too_small = FaceError::TooSmall {
            pixels: 59,
            least: 60,
        };
        assert_eq!(judged(&[far]), Err(too_small));
        far.width = 60.0;
        assert_eq!(judged(&[far]), Ok(()));
    }

    /// What is said of a face in a picture with stripes so many pixels wide, so bright.
    fn measured(face: &DetectedFace, stripe: u32, luma: u8, gate: &QualityGate) -> &'static str {
        let mut picture = image::RgbImage::new(240, 260);
        for (x, _, pixel) in picture.enumerate_pixels_mut() {
            let lit = (x / stripe).is_multiple_of(2);
            pixel.0 = [if lit { luma + 15 } else { luma - 15 }; 3];
        }
        let mut png = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let photo = Photo::decode(png.get_ref(), Accept::Upload).unwrap();
        let aligned = Aligned::crop(&photo, &face.landmarks).unwrap();
        measure(face, &aligned, gate).map_or_else(|refusal| refusal.code(), |_| "ok")
    }

    #[test]
    fn each_demand_has_its_own_refusal() {
        let gate = QualityGate::PHOTO;
        let straight = face(0.0, 0.0);
        assert_eq!(measured(&straight, 4, 120, &gate), "ok");
        assert_eq!(measured(&straight, 4, 20, &gate), "face_too_dark");
        assert_eq!(measured(&straight, 200, 20, &gate), "face_too_dark");
        assert_eq!(measured(&straight, 200, 240, &gate), "face_too_bright");
        assert_eq!(measured(&straight, 240, 120, &gate), "face_blurred");
        let mut turned = face(0.0, 0.0);
        turned.landmarks[2][0] += 30.0;
        assert_eq!(measured(&turned, 4, 120, &gate), "face_turned_away");
    }

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
