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
    /// Unit length.
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct ExpectedFace {
    r#box: [f32; 4],
    landmarks: [[f32; 2]; 5],
    score: f32,
}

#[test]
fn boxes_landmarks_and_embeddings_agree_with_the_reference_implementation() {
    let reference: Reference =
        serde_json::from_str(include_str!("../../tests/reference.json")).unwrap();
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/photos");
    let engine = FaceEngine::load(ModelBytes::embedded()).unwrap();
    let (mut farthest, mut least) = (0.0f32, 1.0f32);
    for (name, expected) in &reference.photos {
        let photo =
            Photo::decode(&std::fs::read(photos.join(name)).unwrap(), Accept::Upload).unwrap();
        let faces = detect::faces(&engine.models, &photo, 0.8).unwrap();
        assert_eq!(faces.len(), expected.faces.len(), "{name}");
        for (face, expected) in faces.iter().zip(&expected.faces) {
            let lengths = [face.left, face.top, face.width, face.height];
            let lengths = lengths.iter().chain(face.landmarks.iter().flatten());
            let expected_lengths = expected
                .r#box
                .iter()
                .chain(expected.landmarks.iter().flatten());
            for (got, want) in lengths.zip(expected_lengths) {
                farthest = farthest.max((got - want).abs());
                assert!((got - want).abs() < 0.5, "{name}: {got} for {want}");
            }
            assert!(
                (face.score - expected.score).abs() < 0.01,
                "{name}: score {}",
                face.score
            );
        }
        let template = engine
            .template(&photo, &faces[0], &QualityGate::PHOTO)
            .unwrap();
        let cosine: f32 = template
            .embedding()
            .iter()
            .zip(&expected.embedding)
            .map(|(a, b)| a * b)
            .sum();
        least = least.min(cosine);
        assert!(cosine >= 0.999, "{name}: cosine {cosine}");
    }
    println!("farthest box or landmark {farthest:.3} px, least cosine {least:.5}");
    assert_eq!(reference.photos.len(), 7);
}
