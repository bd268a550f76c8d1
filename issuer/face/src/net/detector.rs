//! YuNet (2023mar): a backbone of depthwise separable units, a neck that carries coarse features to the finer levels, and
//! at each of three levels one head. Nothing in it depends on the size of the picture.

use fearless_simd::Level;
use tract_onnx::pb::GraphProto;
use tract_onnx::prelude::TractResult;
use tract_onnx::tract_core::internal::anyhow;
use zeroize::Zeroizing;

use super::kernels::{Depthwise, Pointwise, add_enlarged, pool};
use super::map::{Map, Square};
use super::weights::{Convolution, Weights};

/// Channels of a level's answer: `cls` and `obj` before their sigmoid, four of `bbox`, ten of `kps`.
pub(crate) const HEADS: usize = 16;

/// The network, ready to run.
pub(crate) struct Detector {
    stem: Pointwise,
    first: Separable,
    backbone: Vec<Separable>,
    /// For strides 8, 16, 32.
    neck: [Separable; 3],
    /// For strides 8, 16, 32.
    heads: [Separable; 3],
}

/// A 1×1 convolution, then a 3×3 one of each channel.
struct Separable {
    pointwise: Pointwise,
    depthwise: Depthwise,
}

impl Separable {
    fn next(weights: &mut Weights<'_>, inputs: usize, outputs: usize) -> TractResult<Self> {
        Ok(Self {
            pointwise: weights
                .convolution([outputs, inputs, 1, 1])?
                .pointwise(false),
            depthwise: weights.convolution([outputs, 1, 3, 3])?.depthwise(true),
        })
    }

    fn run(&self, level: Level, input: &Map, halve: bool) -> Map {
        self.rows(level, input.side, halve, &mut |y, out| {
            self.pointwise.run(level, input.row(y), out)
        })
    }

    /// Runs the unit row by row: `pointwise` computes a row of the 1×1 convolution when it is first needed, and three of
    /// them are all that is kept. With `halve`, a 2×2 maximum follows.
    fn rows(
        &self,
        level: Level,
        side: usize,
        halve: bool,
        pointwise: &mut dyn FnMut(usize, &mut [f32]),
    ) -> Map {
        let channels = self.depthwise.channels;
        let length = side * channels;
        let mut ring: [_; 3] = std::array::from_fn(|_| Zeroizing::new(vec![0.0; length]));
        let mut pair = Zeroizing::new(vec![0.0; if halve { 2 * length } else { 0 }]);
        let mut output = Map::new(if halve { side / 2 } else { side }, channels);
        let mut made = 0;
        for y in 0..side {
            while made < side && made <= y + 1 {
                pointwise(made, &mut ring[made % 3]);
                made += 1;
            }
            let row = |at: usize| (at < side).then(|| ring[at % 3].as_slice());
            let around = [y.checked_sub(1).and_then(row), row(y), row(y + 1)];
            if halve {
                let (upper, lower) = pair.split_at_mut(length);
                self.depthwise.run(
                    level,
                    around,
                    if y % 2 == 0 { &mut *upper } else { &mut *lower },
                );
                if y % 2 == 1 {
                    pool(upper, lower, channels, output.row_mut(y / 2));
                }
            } else {
                self.depthwise.run(level, around, output.row_mut(y));
            }
        }
        output
    }
}

impl Detector {
    /// Takes the network out of its file.
    pub(crate) fn of(graph: &GraphProto) -> TractResult<Self> {
        let mut weights = Weights::of(graph);
        let stem = weights.convolution([16, 3, 3, 3])?.pointwise(true);
        let first = Separable::next(&mut weights, 16, 16)?;
        let widths = [
            (16, 16),
            (16, 32),
            (32, 32),
            (32, 64),
            (64, 64),
            (64, 64),
            (64, 64),
            (64, 64),
            (64, 64),
            (64, 64),
        ];
        let mut unit = |(inputs, outputs)| Separable::next(&mut weights, inputs, outputs);
        let backbone = widths
            .into_iter()
            .map(&mut unit)
            .collect::<TractResult<_>>()?;
        // The file names the coarsest level first.
        let [coarse, middle, fine] = [unit((64, 64))?, unit((64, 64))?, unit((64, 64))?];
        let heads = heads(&mut weights)?;
        weights.finish()?;
        Ok(Self {
            stem,
            first,
            backbone,
            neck: [fine, middle, coarse],
            heads,
        })
    }

    /// Looks at a picture of the colours blue, green, red, whose side is a multiple of 32. The answers are those of the
    /// strides 8, 16 and 32, [`HEADS`] channels each.
    pub(crate) fn run(&self, level: Level, picture: &Square) -> [Map; 3] {
        let mut map = self.start(level, picture);
        let mut levels = Vec::with_capacity(3);
        for (i, unit) in self.backbone.iter().enumerate() {
            // The features of strides 8, 16 and 32 are those of the 6th, 8th and 10th unit.
            let of_level = matches!(i, 5 | 7 | 9);
            map = unit.run(level, &map, i == 3);
            if of_level {
                let next = halved(&map);
                levels.push(std::mem::replace(&mut map, next));
            }
        }
        drop(map);
        let [fine, middle, coarse] = &self.neck;
        let mut from = |unit: &Separable, coarser: Option<&Map>| {
            let mut map = levels.pop().unwrap_or_else(|| Map::new(0, 0));
            if let Some(coarser) = coarser {
                for y in 0..map.side {
                    add_enlarged(map.row_mut(y), coarser.row(y / 2), coarser.channels);
                }
            }
            unit.run(level, &map, false)
        };
        let coarse = from(coarse, None);
        let middle = from(middle, Some(&coarse));
        let fine = from(fine, Some(&middle));
        let [a, b, c] = &self.heads;
        [
            a.run(level, &fine, false),
            b.run(level, &middle, false),
            c.run(level, &coarse, false),
        ]
    }

    /// The first convolution, which halves the picture, and the first unit, which halves it again.
    fn start(&self, level: Level, picture: &Square) -> Map {
        let side = picture.side / 2;
        let padded = 3 * (picture.side + 2);
        let mut colours: [_; 3] = std::array::from_fn(|_| Zeroizing::new(vec![0.0; padded]));
        let mut features = Zeroizing::new(vec![0.0; side * self.stem.outputs]);
        self.first.rows(level, side, true, &mut |y, out| {
            for (dy, row) in colours.iter_mut().enumerate() {
                match (2 * y + dy).checked_sub(1).filter(|&at| at < picture.side) {
                    Some(at) => row[3..]
                        .iter_mut()
                        .zip(picture.row(at))
                        .for_each(|(to, &value)| *to = f32::from(value)),
                    None => row.fill(0.0),
                }
            }
            let [a, b, c] = &colours;
            self.stem.run_windows(level, [a, b, c], 2, &mut features);
            self.first.pointwise.run(level, &features, out);
        })
    }
}

/// A 2×2 maximum.
fn halved(map: &Map) -> Map {
    let mut half = Map::new(map.side / 2, map.channels);
    for y in 0..half.side {
        pool(
            map.row(2 * y),
            map.row(2 * y + 1),
            map.channels,
            half.row_mut(y),
        );
    }
    half
}

/// The heads of one level read the same features: side by side they are one unit. The file lists each kind of head at all
/// three levels before the next kind.
fn heads(weights: &mut Weights<'_>) -> TractResult<[Separable; 3]> {
    let mut parts: [(Vec<Convolution>, Vec<Convolution>); 3] = Default::default();
    // cls, bbox, obj, kps, as the file has them.
    for channels in [1, 4, 1, 10] {
        for (pointwise, depthwise) in &mut parts {
            pointwise.push(weights.convolution([channels, 64, 1, 1])?);
            depthwise.push(weights.convolution([channels, 1, 3, 3])?);
        }
    }
    let mut units = Vec::new();
    for (mut pointwise, mut depthwise) in parts {
        // Both scores first, for the reader of the answer.
        pointwise.swap(1, 2);
        depthwise.swap(1, 2);
        let join = |parts| Convolution::side_by_side(parts).ok_or_else(|| anyhow!("no heads"));
        units.push(Separable {
            pointwise: join(pointwise)?.pointwise(false),
            depthwise: join(depthwise)?.depthwise(false),
        });
    }
    units
        .try_into()
        .map_err(|_| anyhow!("three levels are expected"))
}
