//! What the embedder saw of the mouth and of each eye on its way to the embedding.
//!
//! The units in the middle of the network tell lips, lids and pupils from cloth, glass and fingers; towards its end it has
//! forgotten them, for it was taught to know people whatever they wear. So the means of the channels there, over the place
//! of the mouth and of each eye, and at the eyes their spreads, are each multiplied with a weight and added up: about 1
//! where the part is seen, about −1 where it is covered. The weights are a ridge regression; on what, and how well it does
//! on people it was not made from, is told in `visible`.

mod weights;

use zeroize::Zeroizing;

use super::map::Map;

/// How sure it is that a part of the face is seen: about 1 where it is, about −1 where something covers it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sight {
    pub(crate) mouth: f32,
    /// The person's right eye, then the left one.
    pub(crate) eyes: [f32; 2],
}

/// The units, counted from zero, after which the eyes and the mouth are looked at.
const EYES_AFTER: usize = 4;
const MOUTH_AFTER: usize = 5;

/// A rectangle of a map: the first and the last column and row.
struct Window {
    columns: [usize; 2],
    rows: [usize; 2],
}

/// Within 28 by 28 pixels.
const EYES: [Window; 2] = [
    Window {
        columns: [7, 11],
        rows: [11, 14],
    },
    Window {
        columns: [16, 20],
        rows: [11, 14],
    },
];
/// Within 14 by 14 pixels.
const MOUTH: Window = Window {
    columns: [5, 8],
    rows: [10, 12],
};

impl Sight {
    /// Nothing looked at yet: not a number, which reaches no bound.
    pub(super) const NOTHING: Self = Self {
        mouth: f32::NAN,
        eyes: [f32::NAN; 2],
    };

    /// Looks at what the unit of this number, counted from zero, has made of the picture.
    pub(super) fn look(&mut self, unit: usize, map: &Map) {
        match unit {
            EYES_AFTER => {
                let [right, left] = &EYES;
                self.eyes = [
                    weights::RIGHT_BIAS + map.means_and_spreads(right, &weights::RIGHT),
                    weights::LEFT_BIAS + map.means_and_spreads(left, &weights::LEFT),
                ];
            }
            MOUTH_AFTER => {
                self.mouth = weights::MOUTH_BIAS + product(&map.means(&MOUTH), &weights::MOUTH);
            }
            _ => {}
        }
    }
}

impl Map {
    /// The channels of each pixel of a window.
    fn pixels<'m>(&'m self, window: &'m Window) -> impl Iterator<Item = &'m [f32]> {
        let ([left, right], [top, bottom]) = (window.columns, window.rows);
        (top..=bottom).flat_map(move |y| {
            self.row(y)
                .chunks_exact(self.channels)
                .skip(left)
                .take(right + 1 - left)
        })
    }

    /// The mean of each channel over a window.
    fn means(&self, window: &Window) -> Zeroizing<Vec<f32>> {
        self.over(window, |value, _| value)
    }

    /// The sum of each channel's mean and standard deviation over a window, times their weights: those of the means first.
    fn means_and_spreads(&self, window: &Window, weights: &[f32]) -> f32 {
        let (of_means, of_spreads) = weights.split_at(self.channels);
        let means = self.means(window);
        let mut spreads = self.over(window, |value, channel| (value - means[channel]).powi(2));
        spreads.iter_mut().for_each(|value| *value = value.sqrt());
        product(&means, of_means) + product(&spreads, of_spreads)
    }

    /// The mean of what `of` makes of each value and its channel, by channel.
    fn over(&self, window: &Window, of: impl Fn(f32, usize) -> f32) -> Zeroizing<Vec<f32>> {
        let mut means = Zeroizing::new(vec![0.0; self.channels]);
        let mut count = 0.0;
        for pixel in self.pixels(window) {
            count += 1.0;
            for (channel, (mean, value)) in means.iter_mut().zip(pixel).enumerate() {
                *mean += of(*value, channel);
            }
        }
        means.iter_mut().for_each(|mean| *mean /= count);
        means
    }
}

fn product(values: &[f32], weights: &[f32]) -> f32 {
    values.iter().zip(weights).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map of zeros but for one channel of one pixel.
    fn map(unit: usize, [x, y]: [usize; 2], channel: usize, value: f32) -> Map {
        let (side, channels) = if unit == EYES_AFTER {
            (28, 256)
        } else {
            (14, 512)
        };
        let mut map = Map::new(side, channels);
        map.values[(y * side + x) * channels + channel] = value;
        map
    }

    fn seen(unit: usize, place: [usize; 2], channel: usize, value: f32) -> Sight {
        let mut sight = Sight::NOTHING;
        sight.look(unit, &map(unit, place, channel, value));
        sight
    }

    #[test]
    fn the_mouth_is_the_means_of_its_window_times_their_weights() {
        for (place, inside) in [
            ([5, 10], true),
            ([8, 12], true),
            ([4, 10], false),
            ([9, 12], false),
            ([5, 9], false),
            ([8, 13], false),
        ] {
            for channel in [0, 511] {
                let expected = if inside {
                    weights::MOUTH[channel] * 24.0 / 12.0
                } else {
                    0.0
                };
                let sight = seen(MOUTH_AFTER, place, channel, 24.0);
                let off = sight.mouth - weights::MOUTH_BIAS - expected;
                assert!(off.abs() < 1e-4, "{place:?} {channel}: {off}");
                assert!(sight.eyes.iter().all(|eye| eye.is_nan()));
            }
        }
    }

    #[test]
    fn an_eye_is_the_means_and_the_spreads_of_its_window_times_their_weights() {
        // One of twenty values is 20, the others 0.
        let (mean, spread) = (1.0, (19.0 + 361.0_f32).sqrt() / 20.0_f32.sqrt());
        for (place, inside) in [
            ([7, 11], [true, false]),
            ([11, 14], [true, false]),
            ([16, 11], [false, true]),
            ([20, 14], [false, true]),
            ([6, 11], [false, false]),
            ([12, 14], [false, false]),
            ([15, 14], [false, false]),
            ([21, 11], [false, false]),
            ([7, 10], [false, false]),
            ([20, 15], [false, false]),
        ] {
            for channel in [0, 255] {
                let sight = seen(EYES_AFTER, place, channel, 20.0);
                assert!(sight.mouth.is_nan());
                for (eye, (weights, bias)) in [
                    (&weights::RIGHT, weights::RIGHT_BIAS),
                    (&weights::LEFT, weights::LEFT_BIAS),
                ]
                .into_iter()
                .enumerate()
                {
                    let sum = mean * weights[channel] + spread * weights[256 + channel];
                    let expected = if inside[eye] { sum } else { 0.0 };
                    let off = sight.eyes[eye] - bias - expected;
                    assert!(off.abs() < 1e-4, "{place:?} {channel} {eye}: {off}");
                }
            }
        }
    }
}
