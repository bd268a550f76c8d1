//! The presentation-attack detector an operator names on the command line.

use std::path::PathBuf;

use clap::Args;
use tessera_face::{OnnxPassiveDetector, PadModel};

use crate::failure::Failure;

/// Width of a crop in widths of the face, where none is given.
const SCALE: f32 = 2.7;

/// The networks, and the score from which on a presentation counts as bona fide.
#[derive(Args)]
pub(crate) struct Detector {
    /// A network of a presentation-attack detector, ONNX of the MiniFASNet family. Several are averaged.
    #[arg(long, value_name = "FILE", requires = "pad_sha256")]
    pad_model: Vec<PathBuf>,
    /// SHA-256 the file must have, in hexadecimal; one for each file, in their order.
    #[arg(long, value_name = "HEX", requires = "pad_model", value_parser = digest)]
    pad_sha256: Vec<Digest>,
    /// Width of the network's crop in widths of the face: one for each file, in their order, or none for 2.7.
    #[arg(long, value_name = "WIDTHS", requires = "pad_model")]
    pad_scale: Vec<f32>,
    /// Side of the networks' input in pixels.
    #[arg(
        long,
        value_name = "PIXELS",
        default_value_t = 80,
        requires = "pad_model"
    )]
    pad_side: usize,
    /// Which output of the networks means live, counted from 0.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        requires = "pad_model"
    )]
    pad_live_class: usize,
    /// Least score of a bona fide presentation, 0 to 1.
    #[arg(long, value_name = "SCORE", default_value_t = 0.5, value_parser = score, requires = "pad_model")]
    pub(crate) pad_threshold: f32,
}

/// A SHA-256 digest.
#[derive(Clone)]
struct Digest([u8; 32]);

impl Detector {
    /// The detector; `None` where no network is named.
    pub(crate) fn load(&self) -> Result<Option<OnnxPassiveDetector>, Failure> {
        if self.pad_model.is_empty() {
            return Ok(None);
        }
        if self.pad_sha256.len() != self.pad_model.len() {
            return Err(Failure::new("every --pad-model needs its --pad-sha256"));
        }
        if !self.pad_scale.is_empty() && self.pad_scale.len() != self.pad_model.len() {
            return Err(Failure::new(
                "either every --pad-model has its --pad-scale, or none",
            ));
        }
        let scales = self.pad_scale.iter().copied();
        let models: Vec<PadModel<'_>> = self
            .pad_model
            .iter()
            .zip(&self.pad_sha256)
            .zip(scales.chain(std::iter::repeat(SCALE)))
            .map(|((path, sha256), scale)| PadModel {
                path,
                sha256: sha256.0,
                side: self.pad_side,
                scale,
                live_class: self.pad_live_class,
            })
            .collect();
        let loaded = OnnxPassiveDetector::load(&models);
        loaded.map(Some).map_err(|e| Failure::new(e.to_string()))
    }
}

fn digest(text: &str) -> Result<Digest, String> {
    let wrong = || "64 hexadecimal digits are expected".to_owned();
    let mut digest = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    for (i, byte) in digest.iter_mut().enumerate() {
        let digits = text.get(2 * i..2 * i + 2).ok_or_else(wrong)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
    }
    Ok(Digest(digest))
}

fn score(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "not a number")?;
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err("a score lies between 0 and 1".into())
    }
}
