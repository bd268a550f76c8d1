//! The five points followed from frame to frame by their own looks.
//!
//! The detector's landmarks tell where a face is; its idea of a turned face is drawn towards the average one, and it is
//! unsure by several degrees. What a movement of a few degrees shows is how the small patches around the points of the
//! first frame move against each other, so those are followed: by normalised correlation with the frame before, and
//! with the first frame again wherever that fits, so that errors do not add up.

use zeroize::Zeroizing;

use crate::detect::DetectedFace;
use crate::photo::Photo;
use crate::pose::Pose;

/// Pixels between the eyes of the first frame after scaling.
const EYES: f32 = 48.0;
/// The part of the picture that is looked at, in pixels after scaling, and where the middle between the eyes of the
/// first frame lies in it.
const VIEW: [usize; 2] = [416, 448];
const MIDDLE: [f32; 2] = [208.0, 176.0];
/// A patch reaches so many pixels from its point.
const REACH: i32 = 9;
/// Pixels around the expected place that are searched.
const SEARCH: i32 = 16;
/// The same, around a place found already.
const NEARBY: i32 = 3;
/// From this correlation on the patch of the first frame is taken for found again.
const SAME: f32 = 0.8;

/// One frame: where the head points, and how surely that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Followed {
    /// Relative to the first frame.
    pub(crate) pose: Pose,
    /// The least correlation of the five patches, −1 to 1.
    pub(crate) likeness: f32,
    /// Distance between the followed points and the detector's, the mean of the five, in distances between the eyes.
    pub(crate) astray: f32,
}

/// Follows the face of a first frame.
pub(crate) struct Tracker {
    /// Picture coordinates of the view's first pixel, and view pixels per picture pixel.
    origin: [f32; 2],
    scale: f32,
    first: [Patch; 5],
    last: [Patch; 5],
    start: [[f32; 2]; 5],
    points: [[f32; 2]; 5],
    detected: [[f32; 2]; 5],
}

impl Tracker {
    /// Begins with the landmarks of `face`; `None` where the eyes coincide.
    pub(crate) fn start(photo: &Photo, face: &DetectedFace) -> Option<Self> {
        let [right, left, ..] = face.landmarks;
        let between = (left[0] - right[0]).hypot(left[1] - right[1]);
        let scale = EYES / between;
        if !scale.is_finite() || scale <= 0.0 {
            return None;
        }
        let origin = [0, 1].map(|axis| (right[axis] + left[axis]) / 2.0 - MIDDLE[axis] / scale);
        let place = |point: [f32; 2]| [0, 1].map(|axis| (point[axis] - origin[axis]) * scale);
        let points = face.landmarks.map(place);
        let view = View::of(photo, origin, scale);
        let patches = || points.map(|point| view.patch(point));
        Some(Self {
            origin,
            scale,
            first: patches(),
            last: patches(),
            start: points,
            points,
            detected: points,
        })
    }

    /// Finds the points in the next frame; `None` where they have no pose.
    pub(crate) fn follow(&mut self, photo: &Photo, face: &DetectedFace) -> Option<Followed> {
        let view = View::of(photo, self.origin, self.scale);
        let detected = face
            .landmarks
            .map(|point| [0, 1].map(|axis| (point[axis] - self.origin[axis]) * self.scale));
        // The whole head's shift, which the detector sees well: the mean of five points.
        let mean = |points: &[[f32; 2]; 5], axis: usize| {
            points.iter().map(|point| point[axis]).sum::<f32>() / 5.0
        };
        let shift = [0, 1].map(|axis| mean(&detected, axis) - mean(&self.detected, axis));
        let mut likeness = f32::INFINITY;
        let mut points = self.points;
        for ((point, last), first) in points.iter_mut().zip(&self.last).zip(&self.first) {
            let expected = [point[0] + shift[0], point[1] + shift[1]];
            let (found, alike) = view.find(last, expected, SEARCH);
            let (again, alike_first) = view.find(first, found, NEARBY);
            let (best, alike) = if alike_first >= SAME {
                (again, alike_first)
            } else {
                (found, alike)
            };
            *point = best;
            likeness = likeness.min(alike);
        }
        self.points = points;
        self.detected = detected;
        self.last = points.map(|point| view.patch(point));
        let away = points
            .iter()
            .zip(&detected)
            .map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]))
            .sum::<f32>();
        Some(Followed {
            pose: Pose::between(&self.start, &points)?,
            likeness,
            astray: away / 5.0 / EYES,
        })
    }
}

/// A square of luma around a point, its mean taken away, scaled to unit length. Wiped when dropped.
struct Patch(Zeroizing<Vec<f32>>);

/// The part of one frame in which the face is followed: luma, slightly smoothed. Wiped when dropped.
struct View(Zeroizing<Vec<f32>>);

impl View {
    fn of(photo: &Photo, origin: [f32; 2], scale: f32) -> Self {
        let [width, height] = VIEW;
        // One sample a pixel where the view is larger than the picture, else as many as keep fine detail from aliasing.
        let fine = (1.0 / scale).ceil().clamp(1.0, 8.0) as usize;
        let mut view = Zeroizing::new(Vec::with_capacity(width * height));
        for y in 0..height {
            for x in 0..width {
                let mut sum = 0.0;
                for part in 0..fine * fine {
                    let offset = |part: usize| (part as f32 + 0.5) / fine as f32 - 0.5;
                    sum += luma(
                        photo,
                        origin[0] + (x as f32 + offset(part % fine)) / scale,
                        origin[1] + (y as f32 + offset(part / fine)) / scale,
                    );
                }
                view.push(sum / (fine * fine) as f32);
            }
        }
        Self(smoothed(&smoothed(&view, 1), width))
    }

    fn at(&self, x: i32, y: i32) -> f32 {
        let within = |value: i32, length: usize| (value.max(0) as usize).min(length - 1);
        self.0[within(y, VIEW[1]) * VIEW[0] + within(x, VIEW[0])]
    }

    /// The patch around a point, between pixels too.
    fn patch(&self, [x, y]: [f32; 2]) -> Patch {
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = (x - left, y - top);
        let (left, top) = (left as i32, top as i32);
        let mut values = Zeroizing::new(Vec::with_capacity(PATCH));
        for dy in -REACH..=REACH {
            for dx in -REACH..=REACH {
                let (x, y) = (left.saturating_add(dx), top.saturating_add(dy));
                let upper = (1.0 - across) * self.at(x, y) + across * self.at(x + 1, y);
                let lower = (1.0 - across) * self.at(x, y + 1) + across * self.at(x + 1, y + 1);
                values.push((1.0 - down) * upper + down * lower);
            }
        }
        Patch::normalised(values)
    }

    /// Where around `expected` the patch fits best, to a fraction of a pixel, and how well.
    fn find(&self, patch: &Patch, expected: [f32; 2], reach: i32) -> ([f32; 2], f32) {
        let bound =
            |value: f32, length: usize| (value.round() as i32).clamp(-REACH, length as i32 + REACH);
        let [x, y] = [bound(expected[0], VIEW[0]), bound(expected[1], VIEW[1])];
        let score =
            |dx: i32, dy: i32| patch.likeness(&self.patch([(x + dx) as f32, (y + dy) as f32]));
        let mut best = (f32::NEG_INFINITY, 0, 0);
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let alike = score(dx, dy);
                if alike > best.0 {
                    best = (alike, dx, dy);
                }
            }
        }
        let (alike, dx, dy) = best;
        let finer = |before: f32, after: f32| {
            let bend = before - 2.0 * alike + after;
            if bend < -1e-6 {
                ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5)
            } else {
                0.0
            }
        };
        let found = [
            (x + dx) as f32 + finer(score(dx - 1, dy), score(dx + 1, dy)),
            (y + dy) as f32 + finer(score(dx, dy - 1), score(dx, dy + 1)),
        ];
        (found, alike)
    }
}

/// Values in a patch.
const PATCH: usize = ((2 * REACH + 1) * (2 * REACH + 1)) as usize;

impl Patch {
    fn normalised(mut values: Zeroizing<Vec<f32>>) -> Self {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let length = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f32>()
            .sqrt()
            // A patch of one shade is like nothing.
            .max(1.0);
        for value in values.iter_mut() {
            *value = (*value - mean) / length;
        }
        Self(values)
    }

    /// Normalised correlation, −1 to 1.
    fn likeness(&self, other: &Self) -> f32 {
        self.0.iter().zip(other.0.iter()).map(|(a, b)| a * b).sum()
    }
}

/// Each value mixed with its neighbours `step` places before and after: a quarter, a half, a quarter.
fn smoothed(values: &Zeroizing<Vec<f32>>, step: usize) -> Zeroizing<Vec<f32>> {
    let last = values.len() - 1;
    let mixed = (0..values.len()).map(|i| {
        let (before, after) = (i.saturating_sub(step), (i + step).min(last));
        0.25 * values[before] + 0.5 * values[i] + 0.25 * values[after]
    });
    Zeroizing::new(mixed.collect())
}

/// Luma (ITU-R BT.601) between four pixels; beyond the edge, the edge.
fn luma(photo: &Photo, x: f32, y: f32) -> f32 {
    let x = x.clamp(0.0, (photo.width() - 1) as f32);
    let y = y.clamp(0.0, (photo.height() - 1) as f32);
    let (left, top) = (x as usize, y as usize);
    let (across, down) = (x - left as f32, y - top as f32);
    let pixel = |x: usize, y: usize| {
        let at = 3 * (y.min(photo.height() - 1) * photo.width() + x.min(photo.width() - 1));
        let rgb = &photo.rgb()[at..at + 3];
        0.299 * f32::from(rgb[0]) + 0.587 * f32::from(rgb[1]) + 0.114 * f32::from(rgb[2])
    };
    let upper = (1.0 - across) * pixel(left, top) + across * pixel(left + 1, top);
    let lower = (1.0 - across) * pixel(left, top + 1) + across * pixel(left + 1, top + 1);
    (1.0 - down) * upper + down * lower
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::photo::Accept;

    #[test]
    fn eyes_in_one_place_are_followed_nowhere() {
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(64, 64)
            .write_to(&mut png, image::ImageFormat::Png)
            .unwrap();
        let photo = Photo::decode(png.get_ref(), Accept::Upload).unwrap();
        assert!(Tracker::start(&photo, &DetectedFace::at([[30.0, 30.0]; 5])).is_none());
        let face = [
            [20.0, 20.0],
            [40.0, 20.0],
            [30.0, 30.0],
            [22.0, 40.0],
            [38.0, 40.0],
        ];
        assert!(Tracker::start(&photo, &DetectedFace::at(face)).is_some());
    }

    /// A face 48 pixels between the eyes, in front of waves, so far right and down of where it began. What lies from the
    /// column `hidden` on is of one shade.
    fn waves([right, down]: [f32; 2], hidden: u32) -> (Photo, DetectedFace) {
        let picture = image::RgbImage::from_fn(320, 320, |x, y| {
            let at = |x: f32, y: f32| {
                (x / 3.1).sin() * (y / 4.3).cos() + ((x + 2.0 * y) / 9.7).sin() + (y / 2.9).sin()
            };
            let (u, v) = (x as f32 - right, y as f32 - down);
            let wave = if x < hidden { at(u, v) } else { 0.0 };
            image::Rgb([(128.0 + 40.0 * wave) as u8; 3])
        });
        let mut png = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let points = [
            [130.0, 120.0],
            [178.0, 120.0],
            [154.0, 145.0],
            [136.0, 172.0],
            [172.0, 172.0],
        ];
        (
            Photo::decode(png.get_ref(), Accept::Upload).unwrap(),
            DetectedFace::at(points.map(|[x, y]| [x + right, y + down])),
        )
    }

    #[test]
    fn points_are_followed_to_a_fraction_of_a_pixel_and_do_not_drift() {
        let (photo, face) = waves([0.0, 0.0], 320);
        let mut tracker = Tracker::start(&photo, &face).unwrap();
        let begun = tracker.points;
        let mut farthest = 0_f32;
        for frame in 1..=24_u8 {
            let moved = [0.43 * f32::from(frame), -0.29 * f32::from(frame)];
            let (photo, mut face) = waves(moved, 320);
            // The detector is unsure by a pixel or two, now here, now there.
            let unsure = f32::from(frame % 3) - 1.0;
            face.landmarks = face.landmarks.map(|[x, y]| [x + unsure, y - unsure]);
            let followed = tracker.follow(&photo, &face).unwrap();
            assert!(followed.likeness > 0.97, "{frame}: {}", followed.likeness);
            assert!(followed.astray < 0.06, "{frame}: {}", followed.astray);
            for (point, begun) in tracker.points.iter().zip(&begun) {
                let off = (point[0] - begun[0] - moved[0]).hypot(point[1] - begun[1] - moved[1]);
                farthest = farthest.max(off);
            }
        }
        // Followed from frame to frame alone they drift by more than a pixel.
        assert!(farthest < 0.5, "{farthest}");
    }

    #[test]
    fn what_is_not_found_again_is_said() {
        let (photo, face) = waves([0.0, 0.0], 320);
        let mut tracker = Tracker::start(&photo, &face).unwrap();
        // The left eye is hidden.
        let (photo, face) = waves([1.0, 1.0], 150);
        let followed = tracker.follow(&photo, &face).unwrap();
        assert!(followed.likeness < 0.3, "{}", followed.likeness);
        // The detector sees the face elsewhere than its looks do.
        let (photo, face) = waves([0.0, 0.0], 320);
        let mut tracker = Tracker::start(&photo, &face).unwrap();
        let (_, elsewhere) = waves([12.0, 0.0], 320);
        let followed = tracker.follow(&photo, &elsewhere).unwrap();
        assert!((followed.astray - 0.25).abs() < 0.01, "{}", followed.astray);
    }

    #[test]
    fn a_patch_of_one_shade_is_like_nothing() {
        let patch = |contrast: f32| {
            let values = (0..PATCH).map(|i| 90.0 + contrast * (i as f32 * 0.7).sin());
            Patch::normalised(Zeroizing::new(values.collect()))
        };
        assert!(patch(20.0).likeness(&patch(40.0)) > 0.99);
        assert!(patch(0.001).likeness(&patch(0.001)) < 0.1);
        assert_eq!(patch(0.0).likeness(&patch(20.0)), 0.0);
    }
}
