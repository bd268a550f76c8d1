//! What the networks compute, sixteen channels at a time.
//!
//! Every kernel is written once over a vector of sixteen numbers; which instructions that becomes (AVX-512, AVX2, SSE,
//! NEON) is decided when the program runs. Loops run over slices cut to length before, so that no index inside them can
//! be out of range.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

/// Channels come in blocks of this many; a layer that has fewer is filled up with zeros.
pub(super) const LANES: usize = 16;

/// What follows a convolution.
pub(super) enum Activation {
    None,
    /// Negative values times a slope of their channel (PReLU); a slope of zero is a ReLU.
    Slope(Vec<f32>),
}

/// A product of a matrix with the vectors of pixels: a 1×1 convolution, or a fully connected layer.
pub(super) struct Pointwise {
    /// Values per pixel read.
    pub(super) inputs: usize,
    /// Channels written, a multiple of [`LANES`].
    pub(super) outputs: usize,
    /// For each block of output channels, for each input, the weights of the block.
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) activation: Activation,
}

/// A 3×3 convolution of each channel by itself; beyond the border lies zero.
pub(super) struct Depthwise {
    pub(super) channels: usize,
    /// Nine taps from the top left, for each the weights of all channels.
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) activation: Activation,
    /// 1, or 2 to halve the picture.
    pub(super) stride: usize,
}

impl Pointwise {
    /// Applies the layer to each pixel of `input`.
    pub(super) fn run(&self, level: Level, input: &[f32], output: &mut [f32]) {
        let rows = [Windows {
            values: input,
            step: self.inputs,
            length: self.inputs,
        }];
        dispatch!(level, simd => pointwise(simd, self, &rows, output));
    }

    /// Applies the layer to each 3×3 window of three rows of three colours, `stride` pixels apart. The rows have one
    /// pixel of padding at either end.
    pub(super) fn run_windows(
        &self,
        level: Level,
        rows: [&[f32]; 3],
        stride: usize,
        output: &mut [f32],
    ) {
        let rows = rows.map(|values| Windows {
            values,
            step: 3 * stride,
            length: 9,
        });
        dispatch!(level, simd => pointwise(simd, self, &rows, output));
    }
}

impl Depthwise {
    /// Computes one row of the output from the three rows of the input around it; one beyond the border is `None`.
    pub(super) fn run(&self, level: Level, rows: [Option<&[f32]>; 3], output: &mut [f32]) {
        dispatch!(level, simd => depthwise(simd, self, rows, output));
    }
}

/// The inputs of successive pixels: `length` values each, `step` values apart.
#[derive(Clone, Copy)]
struct Windows<'a> {
    values: &'a [f32],
    step: usize,
    length: usize,
}

impl Windows<'_> {
    /// Without the first `pixels`.
    #[inline(always)]
    fn after(self, pixels: usize) -> Self {
        let start = (pixels * self.step).min(self.values.len());
        Self {
            values: &self.values[start..],
            ..self
        }
    }
}

/// With thirty-two registers of sixteen numbers, a tile of eight pixels by two blocks keeps the multipliers busy; with
/// sixteen smaller registers four pixels by one block are what fits.
#[inline(always)]
fn pointwise<S: Simd, const R: usize>(
    simd: S,
    layer: &Pointwise,
    rows: &[Windows<'_>; R],
    output: &mut [f32],
) {
    let blocks = layer.outputs / LANES;
    let wide = S::f32s::LEN >= LANES;
    let mut block = 0;
    while block < blocks {
        if wide && block + 2 <= blocks {
            column::<S, R, 8, 2>(simd, layer, block, rows, output);
            block += 2;
        } else if wide {
            column::<S, R, 8, 1>(simd, layer, block, rows, output);
            block += 1;
        } else {
            column::<S, R, 4, 1>(simd, layer, block, rows, output);
            block += 1;
        }
    }
}

/// `V` blocks of output channels of every pixel: `P` pixels at a time, the last few one by one.
#[inline(always)]
fn column<S: Simd, const R: usize, const P: usize, const V: usize>(
    simd: S,
    layer: &Pointwise,
    block: usize,
    rows: &[Windows<'_>; R],
    output: &mut [f32],
) {
    let panel = layer.inputs * LANES;
    let panels = Panels {
        first: block * LANES,
        weights: std::array::from_fn::<_, V, _>(|v| &layer.weights[(block + v) * panel..][..panel]),
    };
    let mut tiles = output.chunks_exact_mut(P * layer.outputs);
    let mut rows = *rows;
    for tile in tiles.by_ref() {
        sums::<S, R, P, V>(simd, layer, &panels, &rows, tile);
        rows = rows.map(|row| row.after(P));
    }
    for tile in tiles.into_remainder().chunks_exact_mut(layer.outputs) {
        sums::<S, R, 1, V>(simd, layer, &panels, &rows, tile);
        rows = rows.map(|row| row.after(1));
    }
}

/// The weights of `V` blocks of output channels, `first` the number of the first channel.
struct Panels<'a, const V: usize> {
    first: usize,
    weights: [&'a [f32]; V],
}

#[inline(always)]
fn sums<S: Simd, const R: usize, const P: usize, const V: usize>(
    simd: S,
    layer: &Pointwise,
    panels: &Panels<'_, V>,
    rows: &[Windows<'_>; R],
    output: &mut [f32],
) {
    let first = panels.first;
    let bias: [f32x16<S>; V] = std::array::from_fn(|v| {
        f32x16::from_slice(simd, &layer.bias[first + v * LANES..][..LANES])
    });
    let mut sums = [bias; P];
    let mut done = 0;
    for row in rows {
        let length = row.length;
        let pixels: [&[f32]; P] = std::array::from_fn(|p| &row.values[p * row.step..][..length]);
        let panels: [&[f32]; V] =
            std::array::from_fn(|v| &panels.weights[v][done * LANES..][..length * LANES]);
        for i in 0..length {
            let weights: [f32x16<S>; V] =
                std::array::from_fn(|v| f32x16::from_slice(simd, &panels[v][i * LANES..][..LANES]));
            for (sums, pixel) in sums.iter_mut().zip(&pixels) {
                let value = f32x16::splat(simd, pixel[i]);
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = value.mul_add(weights, *sum);
                }
            }
        }
        done += length;
    }
    for (sums, pixel) in sums.iter().zip(output.chunks_exact_mut(layer.outputs)) {
        for (v, &sum) in sums.iter().enumerate() {
            let at = first + v * LANES;
            activate(simd, &layer.activation, at, sum).store_slice(&mut pixel[at..][..LANES]);
        }
    }
}

#[inline(always)]
fn activate<S: Simd>(simd: S, activation: &Activation, at: usize, value: f32x16<S>) -> f32x16<S> {
    match activation {
        Activation::None => value,
        Activation::Slope(slopes) => {
            let zero = f32x16::splat(simd, 0.0);
            let slope = f32x16::from_slice(simd, &slopes[at..][..LANES]);
            value.min(zero).mul_add(slope, value.max(zero))
        }
    }
}

#[inline(always)]
fn depthwise<S: Simd>(simd: S, layer: &Depthwise, rows: [Option<&[f32]>; 3], output: &mut [f32]) {
    let channels = layer.channels;
    for at in (0..channels).step_by(LANES) {
        let weights: [f32x16<S>; 9] = std::array::from_fn(|t| {
            f32x16::from_slice(simd, &layer.weights[t * channels + at..][..LANES])
        });
        let bias = f32x16::from_slice(simd, &layer.bias[at..][..LANES]);
        for (x, pixel) in output.chunks_exact_mut(channels).enumerate() {
            let centre = x * layer.stride * channels + at;
            let mut sum = bias;
            for (row, weights) in rows.iter().zip(weights.chunks_exact(3)) {
                let Some(row) = row else { continue };
                let mut tap = |from: usize, weights: f32x16<S>| {
                    if let Some(values) = row.get(from..from + LANES) {
                        sum = f32x16::from_slice(simd, values).mul_add(weights, sum);
                    }
                };
                if let Some(left) = centre.checked_sub(channels) {
                    tap(left, weights[0]);
                }
                tap(centre, weights[1]);
                tap(centre + channels, weights[2]);
            }
            activate(simd, &layer.activation, at, sum).store_slice(&mut pixel[at..][..LANES]);
        }
    }
}

/// The greatest of each 2×2 pixels of two rows, channel by channel.
pub(super) fn pool(upper: &[f32], lower: &[f32], channels: usize, output: &mut [f32]) {
    let pairs = upper
        .chunks_exact(2 * channels)
        .zip(lower.chunks_exact(2 * channels));
    for ((upper, lower), out) in pairs.zip(output.chunks_exact_mut(channels)) {
        let (a, b) = upper.split_at(channels);
        let (c, d) = lower.split_at(channels);
        for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *out = a.max(*b).max(c.max(*d));
        }
    }
}

/// Adds to a row the row of a picture half as large, each pixel of it twice: nearest-neighbour enlargement.
pub(super) fn add_enlarged(row: &mut [f32], small: &[f32], channels: usize) {
    for (pair, pixel) in row
        .chunks_exact_mut(2 * channels)
        .zip(small.chunks_exact(channels))
    {
        for half in pair.chunks_exact_mut(channels) {
            half.iter_mut()
                .zip(pixel)
                .for_each(|(sum, value)| *sum += value);
        }
    }
}
