//! A picture scaled into the detector's square.

use zeroize::Zeroizing;

use crate::net::Square;
use crate::photo::Photo;

/// Scales `photo` down until it fits a square of `side` pixels, never up, and puts it in the top left corner of a black
/// one. Returns the square, of the colours blue, green, red, and the width and height of the scaled picture.
///
/// Each output pixel is the mean of the area it covers (OpenCV's `INTER_AREA`), rounded to eight bits.
pub(super) fn fit(photo: &Photo, side: usize) -> (Square, (usize, usize)) {
    let (width, height) = (photo.width(), photo.height());
    let longer = width.max(height);
    let scaled = |length: usize| {
        if longer <= side {
            length
        } else {
            ((length * side + longer / 2) / longer).max(1)
        }
    };
    let (out_width, out_height) = (scaled(width), scaled(height));
    let (across, down) = (shares(width, out_width), shares(height, out_height));

    let mut square = Square::black(side);
    // Whole lines first, which takes no more than a running sum; then along the one line that is left of them.
    let mut sum = Zeroizing::new(vec![0.0; 3 * width]);
    for (covered, row) in down.iter().zip(square.pixels.chunks_exact_mut(3 * side)) {
        let lines = photo.rgb()[3 * covered.first * width..].chunks_exact(3 * width);
        sum.fill(0.0);
        for (line, &share) in lines.zip(&covered.weights) {
            for (sum, &value) in sum.iter_mut().zip(line) {
                *sum += share * f32::from(value);
            }
        }
        for (out, covered) in row.chunks_exact_mut(3).zip(&across) {
            let mut mean = [0.0; 3];
            for (pixel, &share) in sum[3 * covered.first..]
                .chunks_exact(3)
                .zip(&covered.weights)
            {
                for (mean, &value) in mean.iter_mut().zip(pixel) {
                    *mean += share * value;
                }
            }
            // Adding a half and cutting off rounds; the mean of bytes is neither negative nor above 255.
            let [red, green, blue] = mean.map(|value| (value + 0.5) as u8);
            out.copy_from_slice(&[blue, green, red]);
        }
    }
    (square, (out_width, out_height))
}

/// The source pixels one output pixel covers and the share of each; the shares add up to 1.
struct Covered {
    first: usize,
    weights: Vec<f32>,
}

fn shares(from: usize, to: usize) -> Vec<Covered> {
    let step = from as f64 / to as f64;
    (0..to)
        .map(|i| {
            let (start, end) = (i as f64 * step, ((i + 1) as f64 * step).min(from as f64));
            let first = (start + 1e-6) as usize;
            let last = ((end - 1e-6).ceil() as usize).clamp(first + 1, from);
            let weights = (first..last)
                .map(|p| {
                    let overlap = end.min((p + 1) as f64) - start.max(p as f64);
                    (overlap / (end - start)) as f32
                })
                .collect();
            Covered { first, weights }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_the_source_once() {
        for (from, to) in [
            (900, 640),
            (640, 640),
            (8192, 640),
            (641, 640),
            (7, 1),
            (5, 3),
        ] {
            let covered = shares(from, to);
            let mut total = vec![0.0; from];
            for c in &covered {
                assert!((c.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                for (p, w) in (c.first..).zip(&c.weights) {
                    total[p] += w;
                }
            }
            let each = to as f32 / from as f32;
            assert!(
                total.iter().all(|t| (t - each).abs() < 1e-4),
                "{from} to {to}"
            );
        }
    }
}
