//! The face turned upright and scaled to the embedder's 112×112 pixels, as OpenCV's `FaceRecognizerSF::alignCrop` does.

use zeroize::Zeroizing;

use crate::models::EMBEDDER_SIDE;
use crate::net::Square;
use crate::photo::Photo;

/// Where the embedder expects the five landmarks of [`DetectedFace`](crate::DetectedFace) to lie.
const TEMPLATE: [[f64; 2]; 5] = [
    [38.2946, 51.6963],
    [73.5318, 51.5014],
    [56.0252, 71.7366],
    [41.5493, 92.3655],
    [70.7299, 92.2041],
];

/// An aligned face: `EMBEDDER_SIDE` rows of as many pixels, red, green, blue. Wiped when dropped.
pub(crate) struct Aligned(Square);

impl Aligned {
    /// Takes the face with these landmarks out of `photo`; `None` when the points coincide and give no direction.
    pub(crate) fn crop(photo: &Photo, landmarks: &[[f32; 2]; 5]) -> Option<Self> {
        let back = Similarity::fit(&landmarks.map(|p| p.map(f64::from)), &TEMPLATE)?.inverse();
        let mut face = Square::black(EMBEDDER_SIDE);
        for (i, pixel) in face.pixels.chunks_exact_mut(3).enumerate() {
            let (x, y) = (i % EMBEDDER_SIDE, i / EMBEDDER_SIDE);
            pixel.copy_from_slice(&bilinear(photo, back.apply([x as f64, y as f64])));
        }
        Some(Self(face))
    }

    /// The pixels, red, green, blue.
    pub(crate) fn square(&self) -> &Square {
        &self.0
    }

    /// Luma of each pixel, 0 to 255 (ITU-R BT.601).
    pub(crate) fn luma(&self) -> Zeroizing<Vec<f32>> {
        let luma =
            |p: &[u8]| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]);
        Zeroizing::new(self.0.pixels.chunks_exact(3).map(luma).collect())
    }
}

/// A turn, one scale and a shift: `(x, y) → (a·x − b·y + c, b·x + a·y + d)`.
#[derive(Debug, Clone, Copy)]
struct Similarity {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
}

impl Similarity {
    /// The similarity that brings `from` closest to `to` in the least-squares sense (Umeyama 1991). In two dimensions the
    /// singular value decomposition reduces to one division of complex numbers.
    fn fit(from: &[[f64; 2]; 5], to: &[[f64; 2]; 5]) -> Option<Self> {
        let mean = |points: &[[f64; 2]; 5]| {
            [0, 1].map(|axis| points.iter().map(|p| p[axis]).sum::<f64>() / 5.0)
        };
        let (from_mean, to_mean) = (mean(from), mean(to));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for (f, t) in from.iter().zip(to) {
            let (fx, fy) = (f[0] - from_mean[0], f[1] - from_mean[1]);
            let (tx, ty) = (t[0] - to_mean[0], t[1] - to_mean[1]);
            along += fx * tx + fy * ty;
            across += fx * ty - fy * tx;
            spread += fx * fx + fy * fy;
        }
        let (a, b) = (along / spread, across / spread);
        // Points that coincide give 0/0 or a scale too small to invert.
        (a.hypot(b) > 1e-6 && a.is_finite() && b.is_finite()).then(|| Self {
            a,
            b,
            c: to_mean[0] - a * from_mean[0] + b * from_mean[1],
            d: to_mean[1] - b * from_mean[0] - a * from_mean[1],
        })
    }

    fn inverse(self) -> Self {
        let norm = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / norm, -self.b / norm);
        Self {
            a,
            b,
            c: -a * self.c + b * self.d,
            d: -b * self.c - a * self.d,
        }
    }

    fn apply(self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            self.a * x - self.b * y + self.c,
            self.b * x + self.a * y + self.d,
        ]
    }
}

/// The colour between the four pixels around a point; black outside the picture.
fn bilinear(photo: &Photo, [x, y]: [f64; 2]) -> [u8; 3] {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, lower_share) = (x - left, y - top);
    let mut sum = [0.0; 3];
    for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
        let (px, py) = (left + dx, top + dy);
        if px < 0.0 || py < 0.0 || px >= photo.width() as f64 || py >= photo.height() as f64 {
            continue;
        }
        let share = |far: f64, share: f64| if far > 0.0 { share } else { 1.0 - share };
        let weight = share(dx, right_share) * share(dy, lower_share);
        let at = 3 * (py as usize * photo.width() + px as usize);
        for (sum, &value) in sum.iter_mut().zip(&photo.rgb()[at..at + 3]) {
            *sum += weight * f64::from(value);
        }
    }
    sum.map(|v| v.round() as u8)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_turned_scaled_and_shifted_template_comes_back() {
        let moved = Similarity {
            a: 2.0,
            b: -1.5,
            c: 30.0,
            d: 400.0,
        };
        let landmarks = TEMPLATE.map(|p| moved.apply(p));
        let back = Similarity::fit(&landmarks, &TEMPLATE).unwrap();
        for (from, to) in landmarks.into_iter().zip(TEMPLATE) {
            let got = back.apply(from);
            assert!((got[0] - to[0]).abs() < 1e-9 && (got[1] - to[1]).abs() < 1e-9);
            let there = back.inverse().apply(to);
            assert!((there[0] - from[0]).abs() < 1e-9 && (there[1] - from[1]).abs() < 1e-9);
        }
    }

    #[test]
    fn points_in_one_place_give_no_alignment() {
        assert!(Similarity::fit(&[[5.0, 5.0]; 5], &TEMPLATE).is_none());
    }
}
