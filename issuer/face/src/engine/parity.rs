//! The same photographs, the same numbers as OpenCV and ONNX Runtime (`tests/make_reference.py`).

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Reference {
    photos: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    faces: Vec<ExpectedFace>,
    /// Mouth, right eye, left eye.
    sight: [f32; 3],
    /// Unit length.
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct ExpectedFace {
    r#box: [f32; 4],
    landmarks: [[f32; 2]; 5],
    score: f32,
}

/// How far the numbers may be off for one photograph.
struct Tolerance {
    pixels: f32,
    cosine: f32,
    sight: f32,
}

impl Tolerance {
    /// Lossless pixels are the same for everybody; JPEG decoders spread colour between samples each in its own way, and
    /// the embedder notices a landmark moved by a fifth of a pixel.
    fn of(name: &str) -> Self {
        if name.ends_with(".png") {
            Self {
                pixels: 0.05,
                cosine: 0.9999,
                sight: 0.005,
            }
        } else {
            Self {
                pixels: 0.5,
                cosine: 0.998,
                sight: 0.1,
            }
        }
    }
}

#[test]
fn boxes_landmarks_and_embeddings_agree_with_the_reference_implementation() {
    let reference: Reference =
        serde_json::from_str(include_str!("../../tests/reference.json")).unwrap();
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/photos");
    let engine = FaceEngine::load(ModelBytes::embedded()).unwrap();
    assert_eq!(reference.photos.len(), 8);
    for (name, expected) in &reference.photos {
        let allowed = Tolerance::of(name);
        let photo = std::fs::read(photos.join(name)).unwrap();
        let photo = Photo::decode(&photo, Accept::Upload).unwrap();
        let faces = detect::faces(&engine.models, &photo, 0.8);
        assert_eq!(faces.len(), expected.faces.len(), "{name}");
        for (face, expected) in faces.iter().zip(&expected.faces) {
            let farthest = farthest(face, expected);
            assert!(farthest < allowed.pixels, "{name}: {farthest} pixels off");
            assert!(
                (face.score - expected.score).abs() < 0.01,
                "{name}: score {}",
                face.score
            );
        }
        let template = engine
            .template(&photo, &faces[0], &QualityGate::PHOTO)
            .unwrap();
        let products = template.embedding().iter().zip(&expected.embedding);
        let cosine: f32 = products.map(|(a, b)| a * b).sum();
        assert!(cosine >= allowed.cosine, "{name}: cosine {cosine}");
        let aligned = Aligned::crop(&photo, &faces[0].landmarks).unwrap();
        let (_, sight) = engine.models.embed(aligned.square());
        let [right, left] = sight.eyes;
        let seen = [sight.mouth, right, left];
        for (seen, expected) in seen.iter().zip(&expected.sight) {
            let off = (seen - expected).abs();
            assert!(off < allowed.sight, "{name}: sight {seen}, not {expected}");
        }
        println!(
            "{name}: {:.4} pixels off, cosine {cosine:.5}, sight {seen:?}",
            farthest(&faces[0], &expected.faces[0])
        );
    }
}

/// The greatest difference among the box and the landmarks, in pixels.
fn farthest(face: &DetectedFace, expected: &ExpectedFace) -> f32 {
    let lengths = [face.left, face.top, face.width, face.height];
    let lengths = lengths.iter().chain(face.landmarks.iter().flatten());
    let expected = expected
        .r#box
        .iter()
        .chain(expected.landmarks.iter().flatten());
    lengths
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}
