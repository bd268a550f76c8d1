//! A real presentation-attack detector, installed as an operator would: MiniFASNet, two networks averaged.
//!
//! The networks are not part of this project. The tests look for them in the folder that `TESSERA_PAD_MODELS` names, else
//! in `models` beside the project's folder (minivision-ai/Silent-Face-Anti-Spoofing, Apache-2.0, converted to ONNX);
//! where they are absent, the tests say that they skipped.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use tessera_face::{FaceEngine, FacePolicy, ModelBytes, ModelError, OnnxPassiveDetector, PadModel};

const NETWORKS: [(&str, f32, &str); 2] = [
    (
        "minifasnet-v2-2.7-80x80.onnx",
        2.7,
        "44534a84c6055b843c93f289d60ed6b533ea7f54294957ecef6dc12047d09fd3",
    ),
    (
        "minifasnet-v1se-4.0-80x80.onnx",
        4.0,
        "ecd6a6836bb345e85bd3b17bccd9775b58c04a363922530773e96ab322cf5900",
    ),
];

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models");
    let folder = std::env::var_os("TESSERA_PAD_MODELS").map_or(beside, PathBuf::from);
    let there = NETWORKS
        .iter()
        .all(|(file, ..)| folder.join(file).is_file());
    if !there {
        println!("skipped: no detector models (TESSERA_PAD_MODELS names their folder)");
    }
    there.then_some(folder)
}

fn digest(hex: &str) -> [u8; 32] {
    std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
}

fn load(
    folder: &Path,
    change: impl Fn(&mut PadModel<'_>),
) -> Result<OnnxPassiveDetector, ModelError> {
    let paths = NETWORKS.map(|(file, ..)| folder.join(file));
    let mut models: Vec<_> = NETWORKS
        .iter()
        .zip(&paths)
        .map(|((_, scale, sha256), path)| PadModel {
            path,
            sha256: digest(sha256),
            side: 80,
            scale: *scale,
            live_class: 1,
        })
        .collect();
    change(&mut models[1]);
    OnnxPassiveDetector::load(&models)
}

#[test]
fn an_installed_detector_scores_the_photo_and_its_score_reaches_the_verdict() {
    let Some(folder) = folder() else { return };
    let detector = load(&folder, |_| ()).unwrap();
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

#[test]
fn another_file_than_the_one_named_is_not_loaded() {
    let none = OnnxPassiveDetector::load(&[]);
    assert!(matches!(none, Err(ModelError::Unusable { .. })));
    let Some(folder) = folder() else { return };
    let other = load(&folder, |model| model.sha256[0] ^= 1);
    assert!(matches!(other, Err(ModelError::Digest { .. })));
    let missing = PathBuf::from("nowhere.onnx");
    let absent = OnnxPassiveDetector::load(&[PadModel {
        path: &missing,
        sha256: [0; 32],
        side: 80,
        scale: 2.7,
        live_class: 1,
    }]);
    assert!(matches!(absent, Err(ModelError::File { .. })));
    let wide = load(&folder, |model| model.scale = f32::NAN);
    assert!(matches!(wide, Err(ModelError::Unusable { .. })));
}
