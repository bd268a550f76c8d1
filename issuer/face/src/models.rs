//! The two networks: where their bytes come from, the digests they must have, and how they become networks.

pub(crate) mod dequantize;

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use fearless_simd::Level;
use tract_onnx::pb::{GraphProto, ModelProto};
use tract_onnx::prelude::{Framework as _, TractError, TractResult};
use tract_onnx::tract_core::internal::anyhow;

use crate::error::ModelError;
use crate::net::{Detector, Embedder, Map, Sight, Square};

const DETECTOR: &str = "face_detection_yunet_2023mar.onnx";
const DETECTOR_SHA256: [u8; 32] =
    hex(b"8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4");
const EMBEDDER: &str = "face_recognition_sface_2021dec_int8bq.onnx";
const EMBEDDER_SHA256: [u8; 32] =
    hex(b"fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee");

/// Side, in pixels, of the square the detector looks at first: a multiple of 32, as [`DETECTOR_SIDE_CLOSE`] is.
pub(crate) const DETECTOR_SIDE: usize = 640;
/// Side of the second look, taken when the first finds nothing: a face that fills the picture is larger than the
/// detector's coarsest anchors at 640 and fits them at 320.
pub(crate) const DETECTOR_SIDE_CLOSE: usize = 320;
/// Side, in pixels, of the aligned face the embedder takes.
pub(crate) const EMBEDDER_SIDE: usize = 112;
/// Numbers in an embedding.
const EMBEDDING: usize = 128;

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

/// The networks, checked and ready to run. One copy of the weights serves every thread and every size of picture.
pub(crate) struct Models {
    detector: Detector,
    embedder: Embedder,
    /// What the processor can do, found out once.
    level: Level,
}

impl Models {
    pub(crate) fn load(bytes: &ModelBytes) -> Result<Self, ModelError> {
        check(DETECTOR, &bytes.detector, &DETECTOR_SHA256)?;
        check(EMBEDDER, &bytes.embedder, &EMBEDDER_SHA256)?;
        let detector = parse(&bytes.detector).and_then(|model| Detector::of(graph(&model)?));
        let embedder = parse(&bytes.embedder).and_then(|mut model| {
            dequantize::fold(&mut model)?;
            Embedder::of(graph(&model)?, EMBEDDER_SIDE, EMBEDDING)
        });
        Ok(Self {
            detector: detector.map_err(|e| unusable(DETECTOR, &e))?,
            embedder: embedder.map_err(|e| unusable(EMBEDDER, &e))?,
            level: Level::new(),
        })
    }

    /// Runs the detector on a square of the colours blue, green, red. The answers are those of [`Detector::run`].
    pub(crate) fn detect(&self, picture: &Square) -> [Map; 3] {
        self.detector.run(self.level, picture)
    }

    /// The embedding of an aligned face of [`EMBEDDER_SIDE`] pixels a side, red, green, blue, and what of mouth and eyes
    /// was seen.
    pub(crate) fn embed(&self, face: &Square) -> (Vec<f32>, Sight) {
        self.embedder.run(self.level, face)
    }
}

fn check(file: &'static str, bytes: &[u8], expected: &[u8; 32]) -> Result<(), ModelError> {
    if digest(&SHA256, bytes).as_ref() == expected {
        Ok(())
    } else {
        Err(ModelError::Digest { file })
    }
}

pub(crate) fn parse(mut bytes: &[u8]) -> TractResult<ModelProto> {
    tract_onnx::onnx().proto_model_for_read(&mut bytes)
}

fn graph(model: &ModelProto) -> TractResult<&GraphProto> {
    model
        .graph
        .as_ref()
        .ok_or_else(|| anyhow!("a model without a graph"))
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
