//! A passive presentation-attack detector that an operator installs: networks in ONNX, each named with its digest.
//!
//! The form is that of the MiniFASNet family: a square crop around the face, planes B, G, R of 0 to 255, and one logit
//! for each class, of which one means *live*. The scores of several networks, which look at crops of different width,
//! are averaged. None ships with this library.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tract_onnx::prelude::*;
use zeroize::{Zeroize as _, Zeroizing};

use crate::detect::DetectedFace;
use crate::error::ModelError;
use crate::liveness::PassiveDetector;
use crate::photo::Photo;

/// Name of these files in errors: they are the operator's, and so are their paths.
const FILE: &str = "of the presentation-attack detector";
/// Most bytes of a network.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Largest side of a network's input, in pixels.
const MAX_SIDE: usize = 512;

/// One network as an operator names it.
#[derive(Debug, Clone, PartialEq)]
pub struct PadModel<'a> {
    /// The ONNX file.
    pub path: &'a Path,
    /// SHA-256 the file must have.
    pub sha256: [u8; 32],
    /// Side of its input in pixels.
    pub side: usize,
    /// Width of the crop in widths of the face's box.
    pub scale: f32,
    /// Which of its outputs means *live*, counted from 0.
    pub live_class: usize,
}

/// The installed networks.
pub struct OnnxPassiveDetector {
    networks: Vec<Network>,
}

struct Network {
    model: Arc<TypedRunnableModel>,
    side: usize,
    scale: f32,
    live_class: usize,
}

impl OnnxPassiveDetector {
    /// Reads the networks, checks their digests and prepares them.
    ///
    /// # Errors
    /// [`ModelError`] for a file that cannot be read, is another one, or does not become a network; and where none is
    /// named, for an average of nothing would judge nothing.
    pub fn load(models: &[PadModel<'_>]) -> Result<Self, ModelError> {
        if models.is_empty() {
            return Err(unusable("no network is named"));
        }
        let networks: Result<_, _> = models.iter().map(Network::load).collect();
        Ok(Self {
            networks: networks?,
        })
    }
}

impl PassiveDetector for OnnxPassiveDetector {
    fn score(&self, photo: &Photo, face: &DetectedFace) -> Option<f32> {
        let mut sum = 0.0;
        for network in &self.networks {
            sum += network.score(photo, face)?;
        }
        Some(sum / self.networks.len() as f32)
    }
}

impl Network {
    fn load(named: &PadModel<'_>) -> Result<Self, ModelError> {
        if !(1..=MAX_SIDE).contains(&named.side) || !(1.0..=16.0).contains(&named.scale) {
            return Err(unusable("side or scale out of range"));
        }
        let unreadable = |source| ModelError::File { file: FILE, source };
        let length = std::fs::metadata(named.path).map_err(unreadable)?.len();
        if length > MAX_BYTES {
            return Err(unusable("the file is too large"));
        }
        let bytes = std::fs::read(named.path).map_err(unreadable)?;
        if digest(&SHA256, &bytes).as_ref() != named.sha256 {
            return Err(ModelError::Digest { file: FILE });
        }
        let model = tract_onnx::onnx()
            .model_for_read(&mut bytes.as_slice())
            .and_then(|model| {
                model.with_input_fact(0, f32::fact([1, 3, named.side, named.side]).into())
            })
            .and_then(|model| model.into_optimized())
            .and_then(|model| model.into_runnable())
            .map_err(|error| unusable(&format!("{error:#}")))?;
        Ok(Self {
            model,
            side: named.side,
            scale: named.scale,
            live_class: named.live_class,
        })
    }

    /// The softmax of the live class.
    fn score(&self, photo: &Photo, face: &DetectedFace) -> Option<f32> {
        let planes = self.crop(photo, face)?;
        let input = Tensor::from_shape(&[1, 3, self.side, self.side], &planes).ok()?;
        let output = self.model.run(tvec!(input.into())).ok()?;
        let plain = output.first()?.try_as_plain_ram().ok()?;
        let logits = plain.as_slice::<f32>().ok()?;
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f32 = logits.iter().map(|logit| (logit - highest).exp()).sum();
        let score = (logits.get(self.live_class)? - highest).exp() / total;
        score.is_finite().then_some(score)
    }

    /// The face's box widened about its centre, no larger than the picture and shifted inside it.
    fn crop(&self, photo: &Photo, face: &DetectedFace) -> Option<Zeroizing<Vec<f32>>> {
        let (width, height) = (photo.width() as f32, photo.height() as f32);
        let scale = self
            .scale
            .min((width - 1.0) / face.width)
            .min((height - 1.0) / face.height);
        let (w, h) = (scale * face.width, scale * face.height);
        let inside = |middle: f32, length: f32, most: f32| {
            (middle - length / 2.0).clamp(0.0, (most - length).max(0.0))
        };
        let left = inside(face.left + face.width / 2.0, w, width);
        let top = inside(face.top + face.height / 2.0, h, height);
        let usable = w >= 1.0 && h >= 1.0 && left.is_finite() && top.is_finite();
        if !usable {
            return None;
        }
        let side = self.side;
        let mut planes = Zeroizing::new(vec![0.0; 3 * side * side]);
        for y in 0..side {
            for x in 0..side {
                let along =
                    |cell: usize, length: f32| (cell as f32 + 0.5) * length / side as f32 - 0.5;
                let mut colour = bilinear(photo, left + along(x, w), top + along(y, h))?;
                for (plane, value) in colour.iter().rev().enumerate() {
                    *planes.get_mut((plane * side + y) * side + x)? = *value;
                }
                colour.zeroize();
            }
        }
        Some(planes)
    }
}

/// The colour between four pixels; beyond the edge, the edge.
fn bilinear(photo: &Photo, x: f32, y: f32) -> Option<[f32; 3]> {
    let x = x.clamp(0.0, (photo.width() - 1) as f32);
    let y = y.clamp(0.0, (photo.height() - 1) as f32);
    let (left, top) = (x as usize, y as usize);
    let (across, down) = (x - left as f32, y - top as f32);
    let mut sum = [0.0; 3];
    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let column = (left + dx).min(photo.width() - 1);
        let row = (top + dy).min(photo.height() - 1);
        let at = 3 * (row * photo.width() + column);
        let share = |far: usize, share: f32| if far > 0 { share } else { 1.0 - share };
        let weight = share(dx, across) * share(dy, down);
        for (sum, value) in sum.iter_mut().zip(photo.rgb().get(at..at + 3)?) {
            *sum += weight * f32::from(*value);
        }
    }
    Some(sum)
}

fn unusable(reason: &str) -> ModelError {
    ModelError::Unusable {
        file: FILE,
        reason: reason.to_owned(),
    }
}
