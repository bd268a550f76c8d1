//! A real presentation-attack detector behind the seam an operator uses: MiniFASNet, two networks averaged.
//!
//! The models are not part of this project. `TESSERA_PAD_MODELS` names a folder that holds
//! `minifasnet-v2-2.7-80x80.onnx` and `minifasnet-v1se-4.0-80x80.onnx` (minivision-ai/Silent-Face-Anti-Spoofing,
//! Apache-2.0, converted to ONNX); without it the test says that it skipped.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize};
use tessera_face::{DetectedFace, FaceEngine, FacePolicy, ModelBytes, PassiveDetector, Photo};
use tract_onnx::prelude::*;

/// Side of the networks' input.
const SIDE: usize = 80;

struct MiniFasNet {
    /// Each network and how far around the face it looks, in face boxes.
    networks: Vec<(Arc<TypedRunnableModel>, f32)>,
}

impl MiniFasNet {
    fn load(folder: &Path) -> TractResult<Self> {
        let load = |file: &str, scale: f32| {
            let network = tract_onnx::onnx()
                .model_for_path(folder.join(file))?
                .with_input_fact(0, f32::fact([1, 3, SIDE, SIDE]).into())?
                .into_optimized()?
                .into_runnable()?;
            Ok((network, scale))
        };
        let networks = [
            ("minifasnet-v2-2.7-80x80.onnx", 2.7),
            ("minifasnet-v1se-4.0-80x80.onnx", 4.0),
        ];
        let networks = networks.map(|(file, scale)| load(file, scale));
        Ok(Self {
            networks: networks.into_iter().collect::<TractResult<_>>()?,
        })
    }
}

impl PassiveDetector for MiniFasNet {
    fn score(&self, photo: &Photo, face: &DetectedFace) -> Option<f32> {
        let (width, height) = (photo.width() as u32, photo.height() as u32);
        let picture = RgbImage::from_raw(width, height, photo.rgb().to_vec())?;
        let scores: Option<Vec<f32>> = self
            .networks
            .iter()
            .map(|(network, scale)| {
                // The face's box scaled about its centre, no larger than the picture and shifted inside it.
                let scale = scale
                    .min((width - 1) as f32 / face.width)
                    .min((height - 1) as f32 / face.height);
                let (w, h) = (scale * face.width, scale * face.height);
                let left = (face.left + face.width / 2.0 - w / 2.0).clamp(0.0, width as f32 - w);
                let top = (face.top + face.height / 2.0 - h / 2.0).clamp(0.0, height as f32 - h);
                let view =
                    crop_imm(&picture, left as u32, top as u32, w as u32, h as u32).to_image();
                let view = resize(&view, SIDE as u32, SIDE as u32, FilterType::Triangle);
                let bgr: Vec<f32> = (0..3)
                    .rev()
                    .flat_map(|channel| view.pixels().map(move |p| f32::from(p[channel])))
                    .collect();
                let input = Tensor::from_shape(&[1, 3, SIDE, SIDE], &bgr).ok()?;
                let output = network.run(tvec!(input.into())).ok()?;
                let plain = output.first()?.try_as_plain_ram().ok()?;
                let logits = plain.as_slice::<f32>().ok()?;
                let total: f32 = logits.iter().map(|v| v.exp()).sum();
                Some(logits.get(1)?.exp() / total)
            })
            .collect();
        let scores = scores?;
        Some(scores.iter().sum::<f32>() / scores.len() as f32)
    }
}

#[test]
fn an_installed_detector_scores_the_photo_and_its_score_reaches_the_verdict() {
    let Some(folder) = std::env::var_os("TESSERA_PAD_MODELS") else {
        println!("skipped: TESSERA_PAD_MODELS names no folder with detector models");
        return;
    };
    let detector = MiniFasNet::load(Path::new(&folder)).unwrap();
    let engine = FaceEngine::load(ModelBytes::embedded())
        .unwrap()
        .with_passive_detector(Box::new(detector));
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/photos");
    let photo = |name: &str| std::fs::read(photos.join(name)).unwrap();
    let policy = FacePolicy {
        least_pad_score: Some(0.5),
        ..FacePolicy::default()
    };
    let verdict = engine
        .compare(&photo("person_b_2.jpg"), &photo("person_b_1.jpg"), &policy)
        .unwrap();
    println!("score {:?}", verdict.pad_score);
    assert!(
        verdict
            .pad_score
            .is_some_and(|score| (0.5..=1.0).contains(&score))
    );
    // Nothing reaches a bar above certainty: the detector's answer is what decides.
    let beyond = FacePolicy {
        least_pad_score: Some(1.01),
        ..policy
    };
    let refused = engine.compare(&photo("person_b_2.jpg"), &photo("person_b_1.jpg"), &beyond);
    assert_eq!(refused.unwrap_err().code(), "pad_failed");
}
