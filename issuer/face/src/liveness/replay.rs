//! Frames seen before: a perceptual hash that survives saving a picture again, scaling it and changing its light.

use zeroize::Zeroizing;

use crate::photo::Photo;

/// Cells along one side of the grid.
const SIDE: usize = 16;

/// Luma by which a part must be brighter than its neighbour: what is flat stays so when it is saved again.
const MARGIN: f32 = 2.0;

/// Which of neighbouring parts of a frame is clearly brighter: two bits for each of 16 × 16 parts.
///
/// The same recording saved again, scaled or lit otherwise differs in a few bits of 512; another recording, in which
/// nobody's head is twice in the same place at the same angle, in many. It tells little about a person, and is meant to
/// be kept for a short time only.
#[derive(Clone, PartialEq, Eq)]
pub struct FrameHash([u8; Self::BYTES]);

impl FrameHash {
    /// Bytes of a hash.
    pub const BYTES: usize = 2 * SIDE * SIDE / 8;

    pub(crate) fn of(photo: &Photo) -> Self {
        const COUNT: usize = SIDE + 1;
        let cells = cells(photo, COUNT);
        let mut bits = [0; Self::BYTES];
        for y in 0..SIDE {
            for x in 0..SIDE {
                let at = y * COUNT + x;
                for (plane, neighbour) in [at + 1, at + COUNT].into_iter().enumerate() {
                    let bit = (plane * SIDE + y) * SIDE + x;
                    let brighter = cells[neighbour] > cells[at] + MARGIN;
                    bits[bit / 8] |= u8::from(brighter) << (bit % 8);
                }
            }
        }
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

/// Mean luma of each cell of a grid of `count × count` over the picture, brought to one mean and spread, so that neither
/// exposure nor contrast counts.
fn cells(photo: &Photo, count: usize) -> Zeroizing<Vec<f32>> {
    let mut sums = Zeroizing::new(vec![0.0_f32; count * count]);
    let mut pixels = vec![0.0_f32; count * count];
    for (y, row) in photo.rgb().chunks_exact(3 * photo.width()).enumerate() {
        let cell_row = y * count / photo.height() * count;
        for (x, rgb) in row.chunks_exact(3).enumerate() {
            let cell = cell_row + x * count / photo.width();
            sums[cell] +=
                0.299 * f32::from(rgb[0]) + 0.587 * f32::from(rgb[1]) + 0.114 * f32::from(rgb[2]);
            pixels[cell] += 1.0;
        }
    }
    for (sum, pixels) in sums.iter_mut().zip(&pixels) {
        *sum /= pixels.max(1.0);
    }
    let cells = (count * count) as f32;
    let mean = sums.iter().sum::<f32>() / cells;
    let spread = (sums.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / cells).sqrt();
    for value in sums.iter_mut() {
        *value = (*value - mean) * 50.0 / spread.max(1.0);
    }
    sums
}
