//! Which way a head is turned, from the five landmarks.

use crate::detect::DetectedFace;

/// How a head is held, in degrees. A face that looks straight into the camera has about `yaw` 0 and `roll` 0; its `pitch`
/// depends on how high the tip of the nose lies in that face, by some ten degrees, so only differences of one person's
/// pitch mean something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Positive: turned towards the person's own left (the picture's right).
    pub yaw: f32,
    /// Positive: the chin lifted.
    pub pitch: f32,
    /// Positive: tilted towards the person's own left shoulder (clockwise in the picture).
    pub roll: f32,
}

/// Where the landmarks lie on a generic head, in distances between the eyes: to the picture's right, down, and towards
/// the camera. The nose stands about 27 mm before the eyes, which are 63 mm apart.
const HEAD: [[f64; 3]; 5] = [
    [-0.5, 0.0, 0.0],
    [0.5, 0.0, 0.0],
    [0.0, 0.6, 0.43],
    [-0.4, 1.1, 0.05],
    [0.4, 1.1, 0.05],
];

impl Pose {
    /// The pose of a detected face; `None` where the landmarks coincide.
    ///
    /// The landmarks are taken for an orthographic picture of `HEAD`, turned and scaled: the linear map closest to
    /// that in the least-squares sense shows where the head's own axes point.
    #[must_use]
    pub fn of(face: &DetectedFace) -> Option<Self> {
        Self::fit(&HEAD, &face.landmarks)
    }

    /// How much a head has turned since its points lay at `start`; `None` where they coincide.
    ///
    /// Seen straight on, a head shows where its points lie, all but their depth, which is taken from the generic head:
    /// so the angles are the movement's own, whatever the face is like.
    pub(crate) fn between(start: &[[f32; 2]; 5], points: &[[f32; 2]; 5]) -> Option<Self> {
        let [right, left, ..] = *start;
        let between = f64::from((left[0] - right[0]).hypot(left[1] - right[1]));
        let mut head = HEAD;
        for (model, point) in head.iter_mut().zip(start) {
            model[0] = f64::from(point[0]) / between;
            model[1] = f64::from(point[1]) / between;
        }
        Self::fit(&head, points)
    }

    fn fit(head: &[[f64; 3]; 5], points: &[[f32; 2]; 5]) -> Option<Self> {
        let image = points.map(|point| point.map(f64::from));
        let (model_mean, image_mean) = (mean(head), mean(&image));
        let mut normal = [[0.0; 3]; 3];
        let mut mixed = [[0.0; 3]; 2];
        for (model, point) in head.iter().zip(&image) {
            let centred: [f64; 3] = std::array::from_fn(|i| model[i] - model_mean[i]);
            for (row, of_row) in normal.iter_mut().zip(centred) {
                for (sum, of_column) in row.iter_mut().zip(centred) {
                    *sum += of_row * of_column;
                }
            }
            for (axis, row) in mixed.iter_mut().enumerate() {
                for (sum, part) in row.iter_mut().zip(centred) {
                    *sum += part * (point[axis] - image_mean[axis]);
                }
            }
        }
        let [across, down] = mixed;
        let (across, down) = (solve(&normal, across)?, solve(&normal, down)?);
        // The picture is turned back by the angle of the head's left-right axis in it.
        let roll = down[0].atan2(across[0]);
        let (sin, cos) = roll.sin_cos();
        let level_across: [f64; 3] = std::array::from_fn(|i| cos * across[i] + sin * down[i]);
        let level_down: [f64; 3] = std::array::from_fn(|i| cos * down[i] - sin * across[i]);
        let angles = [
            level_across[2].atan2(level_across[0]),
            (-level_down[2]).atan2(level_down[1]),
            roll,
        ];
        let [yaw, pitch, roll] = angles.map(|angle| angle.to_degrees() as f32);
        let finite = yaw.is_finite() && pitch.is_finite() && roll.is_finite();
        let seen = level_across[0].hypot(level_down[1]) > 1e-6;
        (finite && seen).then_some(Self { yaw, pitch, roll })
    }
}

fn mean<const N: usize>(points: &[[f64; N]; 5]) -> [f64; N] {
    std::array::from_fn(|i| points.iter().map(|point| point[i]).sum::<f64>() / 5.0)
}

/// Solves `matrix · x = right` by Cramer's rule.
fn solve(matrix: &[[f64; 3]; 3], right: [f64; 3]) -> Option<[f64; 3]> {
    let whole = determinant(matrix);
    // What is not a number is no solution either.
    let solvable = whole.abs() > 1e-12;
    if !solvable {
        return None;
    }
    Some(std::array::from_fn(|column| {
        let mut replaced = *matrix;
        for (row, value) in replaced.iter_mut().zip(right) {
            row[column] = value;
        }
        determinant(&replaced) / whole
    }))
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    let minor = |a: usize, b: usize| m[1][a] * m[2][b] - m[1][b] * m[2][a];
    m[0][0] * minor(1, 2) - m[0][1] * minor(0, 2) + m[0][2] * minor(0, 1)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The generic head turned by these degrees, 80 pixels between the eyes.
    fn face(yaw: f64, pitch: f64, roll: f64) -> DetectedFace {
        let [(sy, cy), (sp, cp), (sr, cr)] =
            [yaw, pitch, roll].map(|degrees| degrees.to_radians().sin_cos());
        let landmarks = HEAD.map(|[x, y, z]| {
            let (u, depth) = (x * cy + z * sy, z * cy - x * sy);
            let v = y * cp - depth * sp;
            [(u * cr - v * sr), (u * sr + v * cr)].map(|c| (300.0 + 80.0 * c) as f32)
        });
        DetectedFace::at(landmarks)
    }

    #[test]
    fn a_turned_head_shows_its_angles() {
        for (yaw, pitch, roll) in [
            (0.0, 0.0, 0.0),
            (30.0, 0.0, 0.0),
            (-25.0, 0.0, 0.0),
            (0.0, 15.0, 0.0),
            (0.0, -10.0, 0.0),
            (20.0, 0.0, 10.0),
            (0.0, 12.0, -15.0),
        ] {
            let pose = Pose::of(&face(yaw, pitch, roll)).unwrap();
            let off = [
                f64::from(pose.yaw) - yaw,
                f64::from(pose.pitch) - pitch,
                f64::from(pose.roll) - roll,
            ];
            assert!(
                off.iter().all(|degrees| degrees.abs() < 1.0),
                "{yaw} {pitch} {roll}: {pose:?}"
            );
        }
    }

    #[test]
    fn a_movement_is_seen_whatever_the_face_is_like() {
        // A long face that holds its head askew.
        let start = face(5.0, 10.0, 4.0).landmarks.map(|[x, y]| [x, 1.2 * y]);
        let same = Pose::between(&start, &start).unwrap();
        assert!(same.yaw.abs() < 0.1 && same.pitch.abs() < 0.1, "{same:?}");
        let nose = |dx: f32, dy: f32| {
            let mut points = start;
            points[2] = [points[2][0] + dx, points[2][1] + dy];
            Pose::between(&start, &points).unwrap()
        };
        assert!(nose(12.0, 0.0).yaw > 10.0 && nose(12.0, 0.0).pitch.abs() < 3.0);
        assert!(nose(-12.0, 0.0).yaw < -10.0);
        assert!(nose(0.0, -10.0).pitch > 8.0 && nose(0.0, -10.0).yaw.abs() < 3.0);
    }

    #[test]
    fn landmarks_in_one_place_have_no_pose() {
        assert_eq!(Pose::of(&DetectedFace::at([[7.0, 7.0]; 5])), None);
    }
}
