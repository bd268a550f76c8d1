//! Faces in a picture: the YuNet detector, decoded as OpenCV's `FaceDetectorYN` decodes it.

mod letterbox;

use crate::models::{DETECTOR_SIDE, DETECTOR_SIDE_CLOSE, Models};
use crate::net::{HEADS, Map};
use crate::photo::Photo;
use crate::policy::reaches;

/// A face found in a picture; all lengths in pixels of the upright picture, from its top left corner.
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DetectedFace {
    /// Left edge of the box.
    pub left: f32,
    /// Top edge of the box.
    pub top: f32,
    /// Width of the box.
    pub width: f32,
    /// Height of the box.
    pub height: f32,
    /// Right eye, left eye, tip of the nose, right and left corner of the mouth: the person's right, which is the
    /// picture's left. Each `[x, y]`.
    pub landmarks: [[f32; 2]; 5],
    /// The detector's confidence, 0 to 1.
    pub score: f32,
}

impl DetectedFace {
    /// The shorter side of the box.
    #[must_use]
    pub fn size(&self) -> f32 {
        self.width.min(self.height)
    }
}

/// Boxes that overlap by more than this share of their union are one face (OpenCV's default).
const OVERLAP: f32 = 0.3;
/// Distances in pixels between the detector's anchors, finest first.
const STRIDES: [usize; 3] = [8, 16, 32];

/// All faces with at least `least_score`, best score first.
///
/// The picture is looked at scaled into 640×640; if that shows nobody, once more in 320×320 for a face so close that it
/// fills the picture.
pub(crate) fn faces(models: &Models, photo: &Photo, least_score: f32) -> Vec<DetectedFace> {
    let found = faces_at(models, photo, DETECTOR_SIDE, least_score);
    if found.is_empty() {
        faces_at(models, photo, DETECTOR_SIDE_CLOSE, least_score)
    } else {
        found
    }
}

fn faces_at(models: &Models, photo: &Photo, side: usize, least_score: f32) -> Vec<DetectedFace> {
    let (square, scaled) = letterbox::fit(photo, side);
    let mut faces = suppress(candidates(&models.detect(&square), least_score));
    let scale = [
        photo.width() as f32 / scaled.0 as f32,
        photo.height() as f32 / scaled.1 as f32,
    ];
    for face in &mut faces {
        face.left *= scale[0];
        face.width *= scale[0];
        face.top *= scale[1];
        face.height *= scale[1];
        for point in &mut face.landmarks {
            *point = [point[0] * scale[0], point[1] * scale[1]];
        }
    }
    faces
}

/// Reads the answers at the three strides: one anchor per cell, coordinates relative to the cell in units of the stride,
/// sizes as logarithms, both scores before their sigmoid.
fn candidates(answers: &[Map; 3], least_score: f32) -> Vec<DetectedFace> {
    let mut faces = Vec::new();
    for (map, stride) in answers.iter().zip(STRIDES) {
        for (cell, answer) in map.values.chunks_exact(HEADS).enumerate() {
            let (scores, rest) = answer.split_at(2);
            let (edges, points) = rest.split_at(4);
            let score = scores.iter().map(|&s| sigmoid(s)).product::<f32>().sqrt();
            if !reaches(score, least_score) {
                continue;
            }
            let (column, row) = ((cell % map.side) as f32, (cell / map.side) as f32);
            let unit = stride as f32;
            let (width, height) = (edges[2].exp() * unit, edges[3].exp() * unit);
            let face = DetectedFace {
                left: (column + edges[0]) * unit - width / 2.0,
                top: (row + edges[1]) * unit - height / 2.0,
                width,
                height,
                landmarks: std::array::from_fn(|i| {
                    [
                        (points[2 * i] + column) * unit,
                        (points[2 * i + 1] + row) * unit,
                    ]
                }),
                score,
            };
            if face.is_finite() {
                faces.push(face);
            }
        }
    }
    faces
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

impl DetectedFace {
    /// A face with these landmarks, for tests of what is made of them.
    #[cfg(test)]
    pub(crate) fn at(landmarks: [[f32; 2]; 5]) -> Self {
        Self {
            left: 60.0,
            top: 50.0,
            width: 120.0,
            height: 160.0,
            landmarks,
            score: 1.0,
        }
    }

    fn is_finite(&self) -> bool {
        [self.left, self.top, self.width, self.height]
            .iter()
            .chain(self.landmarks.iter().flatten())
            .all(|v| v.is_finite())
    }

    /// The share of both boxes' union that they have in common. Edges are cut to whole pixels first, as OpenCV does.
    fn overlap(&self, other: &Self) -> f32 {
        let [a, b] = [self, other].map(|f| [f.left, f.top, f.width, f.height].map(f32::trunc));
        let along =
            |axis: usize| (a[axis] + a[axis + 2]).min(b[axis] + b[axis + 2]) - a[axis].max(b[axis]);
        let common = along(0).max(0.0) * along(1).max(0.0);
        let union = a[2] * a[3] + b[2] * b[3] - common;
        if union > 0.0 { common / union } else { 1.0 }
    }
}

/// Greedy non-maximum suppression: the best of each cluster of overlapping boxes remains.
fn suppress(mut faces: Vec<DetectedFace>) -> Vec<DetectedFace> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<DetectedFace> = Vec::new();
    for face in faces {
        if kept.iter().all(|better| better.overlap(&face) <= OVERLAP) {
            kept.push(face);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(left: f32, top: f32, side: f32, score: f32) -> DetectedFace {
        DetectedFace {
            left,
            top,
            width: side,
            height: side,
            landmarks: [[0.0; 2]; 5],
            score,
        }
    }

    #[test]
    fn of_overlapping_boxes_the_best_remains() {
        let kept = suppress(vec![
            face(0.0, 0.0, 10.0, 0.85),
            face(1.0, 1.0, 10.0, 0.95),
            face(30.0, 0.0, 10.0, 0.9),
        ]);
        let scores: Vec<f32> = kept.iter().map(|f| f.score).collect();
        assert_eq!(scores, [0.95, 0.9]);
    }

    #[test]
    fn overlap_is_the_share_of_the_union() {
        assert_eq!(
            face(0.0, 0.0, 10.0, 1.0).overlap(&face(5.0, 0.0, 10.0, 1.0)),
            50.0 / 150.0
        );
        assert_eq!(
            face(0.0, 0.0, 10.0, 1.0).overlap(&face(10.0, 0.0, 10.0, 1.0)),
            0.0
        );
    }

    #[test]
    fn an_anchor_is_read_relative_to_its_cell() {
        let mut answers = [20, 10, 5].map(|side| Map::new(side, HEADS));
        let silent = |map: &mut Map| {
            map.values
                .chunks_exact_mut(HEADS)
                .for_each(|cell| cell[0] = -9.0)
        };
        answers.iter_mut().for_each(silent);
        // Row 2, column 3 of stride 16: both scores 0.9, a centre half a cell off, twice as wide as the stride.
        let cell = &mut answers[1].values[HEADS * (2 * 10 + 3)..][..HEADS];
        let logit = (0.9f32 / 0.1).ln();
        cell.copy_from_slice(&[
            logit,
            logit,
            0.5,
            0.25,
            2f32.ln(),
            0.0,
            -1.0,
            0.0,
            1.0,
            0.0,
            0.0,
            0.5,
            0.0,
            1.0,
            1.0,
            1.0,
        ]);
        let faces = candidates(&answers, 0.8);
        assert_eq!(faces.len(), 1);
        let face = faces[0];
        assert!((face.score - 0.9).abs() < 1e-6);
        let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-3, "{a} {b}");
        near(face.left, 3.5 * 16.0 - 16.0);
        near(face.top, 2.25 * 16.0 - 8.0);
        near(face.width, 32.0);
        near(face.height, 16.0);
        assert_eq!(face.landmarks[0], [32.0, 32.0]);
        assert_eq!(face.landmarks[4], [64.0, 48.0]);
        assert!(candidates(&answers, 0.91).is_empty());
    }
}
