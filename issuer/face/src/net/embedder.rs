//! SFace (2021dec): a MobileNet of thirteen units, then one product with all that is left of the picture.

use fearless_simd::Level;
use tract_onnx::pb::GraphProto;
use tract_onnx::prelude::TractResult;
use tract_onnx::tract_core::internal::{anyhow, ensure};
use zeroize::Zeroizing;

use super::kernels::{Activation, Depthwise, Pointwise};
use super::map::{Map, Square};
use super::sight::Sight;
use super::weights::Weights;

/// Channels read and written by each unit.
const UNITS: [(usize, usize); 13] = [
    (32, 64),
    (64, 128),
    (128, 128),
    (128, 256),
    (256, 256),
    (256, 512),
    (512, 512),
    (512, 512),
    (512, 512),
    (512, 512),
    (512, 512),
    (512, 1024),
    (1024, 1024),
];

/// The network, ready to run.
pub(crate) struct Embedder {
    /// What colours become before the first convolution: `(colour − offset) · scale`.
    offset: f32,
    scale: f32,
    stem: Pointwise,
    units: Vec<(Depthwise, Pointwise)>,
    last: Pointwise,
}

impl Embedder {
    /// Takes the network out of its file, whose quantised weights have been made floats, for pictures of `side` pixels
    /// and embeddings of `length` numbers.
    pub(crate) fn of(graph: &GraphProto, side: usize, length: usize) -> TractResult<Self> {
        let mut weights = Weights::of(graph);
        let scalar = |kind| {
            let node = weights.only(kind)?;
            let name = node
                .input
                .get(1)
                .ok_or_else(|| anyhow!("{kind}: two inputs expected"))?;
            Ok::<f32, tract_onnx::prelude::TractError>(weights.floats(name, 1)?[0])
        };
        let (offset, scale) = (scalar("Sub")?, scalar("Mul")?);
        let stem = weights.convolution([32, 3, 3, 3])?;
        ensure!(stem.stride == 1);
        let stem = stem.pointwise(false);
        let mut units = Vec::new();
        let mut left = side;
        for (inputs, outputs) in UNITS {
            let depthwise = weights.convolution([inputs, 1, 3, 3])?.depthwise(false);
            left = left.div_ceil(depthwise.stride);
            units.push((
                depthwise,
                weights
                    .convolution([outputs, inputs, 1, 1])?
                    .pointwise(false),
            ));
        }
        let last = last(&weights, left * left, length)?;
        weights.finish()?;
        Ok(Self {
            offset,
            scale,
            stem,
            units,
            last,
        })
    }

    /// The embedding of an aligned face of the colours red, green, blue, and what was seen of mouth and eyes on the way.
    pub(crate) fn run(&self, level: Level, picture: &Square) -> (Vec<f32>, Sight) {
        let mut map = self.start(level, picture);
        let mut sight = Sight::NOTHING;
        for (unit, (depthwise, pointwise)) in self.units.iter().enumerate() {
            let mut middle = Map::new(map.side.div_ceil(depthwise.stride), depthwise.channels);
            for y in 0..middle.side {
                let centre = y * depthwise.stride;
                let row = |at: usize| (at < map.side).then(|| map.row(at));
                let around = [
                    centre.checked_sub(1).and_then(row),
                    row(centre),
                    row(centre + 1),
                ];
                depthwise.run(level, around, middle.row_mut(y));
            }
            map = Map::new(middle.side, pointwise.outputs);
            pointwise.run(level, &middle.values, &mut map.values);
            sight.look(unit, &map);
        }
        let mut embedding = vec![0.0; self.last.outputs];
        self.last.run(level, &map.values, &mut embedding);
        (embedding, sight)
    }

    fn start(&self, level: Level, picture: &Square) -> Map {
        let mut map = Map::new(picture.side, self.stem.outputs);
        let mut colours: [_; 3] =
            std::array::from_fn(|_| Zeroizing::new(vec![0.0; 3 * (picture.side + 2)]));
        for y in 0..picture.side {
            for (dy, row) in colours.iter_mut().enumerate() {
                match (y + dy).checked_sub(1).filter(|&at| at < picture.side) {
                    Some(at) => {
                        let values = picture
                            .row(at)
                            .iter()
                            .map(|&v| (f32::from(v) - self.offset) * self.scale);
                        row[3..]
                            .iter_mut()
                            .zip(values)
                            .for_each(|(to, value)| *to = value);
                    }
                    None => row.fill(0.0),
                }
            }
            let [a, b, c] = &colours;
            self.stem.run_windows(level, [a, b, c], 1, map.row_mut(y));
        }
        map
    }
}

/// The product at the end, with the normalisations before and after it folded in. The file counts what is left of the
/// picture channel by channel, a [`Map`] pixel by pixel.
fn last(weights: &Weights<'_>, pixels: usize, length: usize) -> TractResult<Pointwise> {
    let gemm = weights.only("Gemm")?;
    let [_, matrix, bias] = gemm.input.as_slice() else {
        return Err(anyhow!("Gemm: three inputs expected"));
    };
    let [.., (_, channels)] = UNITS;
    let inputs = pixels * channels;
    let matrix = weights.floats(matrix, length * inputs)?;
    let bias = weights.floats(bias, length)?;
    let before = weights.only("Dropout")?.input.first();
    let before = before
        .and_then(|value| weights.producer(value))
        .ok_or_else(|| anyhow!("nothing before Dropout"))?;
    let (scale, shift) = weights.normalisation(before, channels)?;
    let after = gemm
        .output
        .first()
        .and_then(|value| weights.consumer(value, "BatchNormalization"));
    let (gain, end) =
        weights.normalisation(after.ok_or_else(|| anyhow!("nothing after Gemm"))?, length)?;
    let bias = bias
        .iter()
        .zip(matrix.chunks_exact(inputs))
        .zip(gain.iter().zip(end))
        .map(|((bias, row), (gain, end))| {
            let shifted: f64 = row
                .iter()
                .enumerate()
                .map(|(at, w)| f64::from(w * shift[at / pixels]))
                .sum();
            gain * (bias + shifted as f32) + end
        })
        .collect();
    Ok(Pointwise::new(
        inputs,
        length,
        bias,
        Activation::None,
        |output, at| {
            let (pixel, channel) = (at / channels, at % channels);
            gain[output] * scale[channel] * matrix[output * inputs + channel * pixels + pixel]
        },
    ))
}
