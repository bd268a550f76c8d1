//! The two networks: where their bytes come from, the digests they must have, and how they become runnable.

mod dequantize;

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use zeroize::Zeroize;

use crate::error::{FaceError, ModelError};

/// A network ready to run; shared by threads.
type Runnable = Arc<TypedRunnableModel>;

const DETECTOR: &str = "face_detection_yunet_2023mar.onnx";
const DETECTOR_SHA256: [u8; 32] =
    hex(b"8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4");
const EMBEDDER: &str = "face_recognition_sface_2021dec_int8bq.onnx";
const EMBEDDER_SHA256: [u8; 32] =
    hex(b"fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee");

/// Side, in pixels, of the square the detector looks at first.
pub(crate) const DETECTOR_SIDE: usize = 640;
/// Side of the second look, taken when the first finds nothing: a face that fills the picture is larger than the
/// detector's coarsest anchors at 640 and fits them at 320.
pub(crate) const DETECTOR_SIDE_CLOSE: usize = 320;
/// Side, in pixels, of the aligned face the embedder takes.
pub(crate) const EMBEDDER_SIDE: usize = 112;
/// Numbers in an embedding.
pub(crate) const EMBEDDING: usize = 128;

/// The bytes of the two models, not yet checked.
pub struct ModelBytes {
    detector: Vec<u8>,
    embedder: Vec<u8>,
}

impl ModelBytes {
    /// The models compiled into this library from `issuer/models`.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            detector: include_bytes!("../../models/face_detection_yunet_2023mar.onnx").to_vec(),
            embedder: include_bytes!("../../models/face_recognition_sface_2021dec_int8bq.onnx")
                .to_vec(),
        }
    }

    /// Reads the models from a folder that holds both files under their names in `issuer/models`.
    ///
    /// # Errors
    ///
    /// [`ModelError::File`] names the file that is missing or unreadable.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let read = |file: &'static str| {
            std::fs::read(folder.join(file)).map_err(|source| ModelError::File { file, source })
        };
        Ok(Self {
            detector: read(DETECTOR)?,
            embedder: read(EMBEDDER)?,
        })
    }

    /// Takes the bytes of the detector and of the embedder from wherever the caller keeps them.
    #[must_use]
    pub fn new(detector: Vec<u8>, embedder: Vec<u8>) -> Self {
        Self { detector, embedder }
    }
}

/// The networks, checked and optimised.
pub(crate) struct Models {
    detector: Runnable,
    detector_close: Runnable,
    embedder: Runnable,
}

impl Models {
    pub(crate) fn load(bytes: &ModelBytes) -> Result<Self, ModelError> {
        check(DETECTOR, &bytes.detector, &DETECTOR_SHA256)?;
        check(EMBEDDER, &bytes.embedder, &EMBEDDER_SHA256)?;
        let detector = parse(&bytes.detector).map_err(|e| unusable(DETECTOR, &e))?;
        let detector_at = |side| runnable(&detector, side).map_err(|e| unusable(DETECTOR, &e));
        let embedder = parse(&bytes.embedder)
            .and_then(|mut proto| {
                dequantize::fold(&mut proto)?;
                runnable(&proto, EMBEDDER_SIDE)
            })
            .map_err(|e| unusable(EMBEDDER, &e))?;
        Ok(Self {
            detector: detector_at(DETECTOR_SIDE)?,
            detector_close: detector_at(DETECTOR_SIDE_CLOSE)?,
            embedder,
        })
    }

    /// Runs the detector on planes B, G, R (0 to 255) of a square of [`DETECTOR_SIDE`] or [`DETECTOR_SIDE_CLOSE`]
    /// pixels. Twelve outputs: `cls`, `obj`, `bbox`, `kps`, each at strides 8, 16, 32.
    pub(crate) fn detect(&self, planes: Planes, side: usize) -> Result<Vec<Vec<f32>>, FaceError> {
        let model = if side == DETECTOR_SIDE {
            &self.detector
        } else {
            &self.detector_close
        };
        run(model, planes, side)
    }

    /// Runs the embedder on planes R, G, B (0 to 255) of an aligned face of [`EMBEDDER_SIDE`] pixels a side.
    pub(crate) fn embed(&self, planes: Planes) -> Result<Vec<f32>, FaceError> {
        run(&self.embedder, planes, EMBEDDER_SIDE)?
            .into_iter()
            .next()
            .filter(|embedding| embedding.len() == EMBEDDING)
            .ok_or(FaceError::Engine)
    }
}

/// Three planes of `side × side` values, one after the other.
pub(crate) type Planes = Vec<f32>;

fn check(file: &'static str, bytes: &[u8], expected: &[u8; 32]) -> Result<(), ModelError> {
    if digest(&SHA256, bytes).as_ref() == expected {
        Ok(())
    } else {
        Err(ModelError::Digest { file })
    }
}

fn parse(mut bytes: &[u8]) -> TractResult<ModelProto> {
    loader().proto_model_for_read(&mut bytes)
}

/// Fixed input shape `1×3×side×side`. The shapes recorded in the files are ignored: they are those of 640×640.
fn runnable(proto: &ModelProto, side: usize) -> TractResult<Runnable> {
    loader()
        .model_for_proto_model(proto)?
        .with_input_fact(0, f32::fact([1, 3, side, side]).into())?
        .into_optimized()?
        .into_runnable()
}

fn loader() -> tract_onnx::Onnx {
    tract_onnx::onnx()
        .with_ignore_value_info(true)
        .with_ignore_output_shapes(true)
}

/// Runs one network and wipes what was handed in. The library's own intermediate buffers are freed, not wiped.
fn run(model: &Runnable, mut planes: Planes, side: usize) -> Result<Vec<Vec<f32>>, FaceError> {
    let input = Tensor::from_shape(&[1, 3, side, side], &planes);
    planes.zeroize();
    let input: TValue = input.map_err(|_| FaceError::Engine)?.into();
    let outputs = model.run(tvec!(input.clone()));
    wipe(input);
    outputs
        .map_err(|_| FaceError::Engine)?
        .into_iter()
        .map(|output| {
            let plain = output.try_as_plain_ram().map_err(|_| FaceError::Engine)?;
            let values = plain
                .as_slice::<f32>()
                .map_err(|_| FaceError::Engine)?
                .to_vec();
            wipe(output);
            Ok(values)
        })
        .collect()
}

/// Overwrites a tensor's values. `into_tensor` takes the storage itself when, as here, no other holder is left.
fn wipe(value: TValue) {
    let mut tensor = value.into_tensor();
    if let Ok(mut plain) = tensor.try_as_plain_ram_mut()
        && let Ok(values) = plain.as_slice_mut::<f32>()
    {
        values.zeroize();
    }
}

fn unusable(file: &'static str, error: &TractError) -> ModelError {
    ModelError::Unusable {
        file,
        reason: format!("{error:#}"),
    }
}

/// Reads a digest written in hexadecimal, at compile time.
const fn hex(text: &[u8; 64]) -> [u8; 32] {
    const fn nibble(c: u8) -> u8 {
        if c <= b'9' { c - b'0' } else { c - b'a' + 10 }
    }
    let mut out = [0; 32];
    let mut i = 0;
    while i < 32 {
        out[i] = nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]);
        i += 1;
    }
    out
}
