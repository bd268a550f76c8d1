//! Box, landmarks, score and embedding beside OpenCV and ONNX Runtime, run now on the same photos; printed, and held to
//! tolerances. What was recorded from them is compared in `src/engine/parity.rs`, wherever they cannot be installed.
//!
//! `TESSERA_FACE_PEER` names the Python interpreter that has them (`tests/peers/face/install.sh`).

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tessera_face::{
    Accept, DetectedFace, FaceEngine, ModelBytes, PassiveDetector, Photo, QualityGate,
};

/// Photo, and how far numbers may be off: pixels of the photo, cosine. Lossless pixels are the same for everybody; JPEG
/// decoders spread colour between samples each in its own way.
const PHOTOS: [(&str, f32, f32); 8] = [
    ("posterised_a.png", 0.05, 0.9999),
    ("impostor_1.jpg", 0.5, 0.998),
    ("impostor_2.jpg", 0.5, 0.998),
    ("person_a_1.jpg", 0.5, 0.998),
    ("person_a_2.jpg", 0.5, 0.998),
    ("person_b_1.jpg", 0.5, 0.998),
    ("person_b_2.jpg", 0.5, 0.998),
    ("person_c_1.jpg", 0.5, 0.998),
];

/// Sees the face that was found, through the seam made for detectors.
struct Witness(Arc<Mutex<Option<DetectedFace>>>);

impl PassiveDetector for Witness {
    fn score(&self, _photo: &Photo, face: &DetectedFace) -> Option<f32> {
        *self.0.lock().unwrap() = Some(*face);
        None
    }
}

#[test]
fn opencv_and_onnx_runtime_find_the_same_faces_and_embeddings() {
    let Some(python) = std::env::var_os("TESSERA_FACE_PEER").filter(|python| !python.is_empty())
    else {
        println!(
            "skipped: TESSERA_FACE_PEER names no interpreter with ONNX Runtime and OpenCV: {} photos not compared",
            PHOTOS.len()
        );
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut peer = Command::new(python)
        .arg(root.join("tests/peers/face/pipeline.py"))
        .arg(root.join("issuer/models"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut ask, mut answers) = (
        peer.stdin.take().unwrap(),
        BufReader::new(peer.stdout.take().unwrap()),
    );
    let mut answer = || -> Value {
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    };
    println!("parity with {}", answer()["ready"].as_str().unwrap());
    println!(
        "{:<20}{:>14}{:>22}{:>14}{:>12}",
        "", "OpenCV, px", "ONNX Runtime, px", "score, diff", "cosine"
    );

    let seen = Arc::new(Mutex::new(None));
    let engine = FaceEngine::load(ModelBytes::embedded())
        .unwrap()
        .with_passive_detector(Box::new(Witness(Arc::clone(&seen))));
    for (name, pixels, cosine) in PHOTOS {
        let path = root.join("tests/fixtures/photos").join(name);
        writeln!(ask, "judge {}", path.display()).unwrap();
        let theirs = answer();
        let photo = std::fs::read(&path).unwrap();
        engine
            .presentation_score(&photo, Accept::Upload, &QualityGate::PHOTO)
            .unwrap();
        let face = seen.lock().unwrap().take().unwrap();
        let opencv = farthest(&face, &theirs["opencv"]);
        let onnxruntime = farthest(&face, &theirs["onnxruntime"]);
        let score = (face.score - theirs["opencv"][14].as_f64().unwrap() as f32).abs();
        let ours = engine.analyse(&photo).unwrap().hazmat_bytes();
        let ours = ours
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        let products = ours.zip(floats(&theirs["embedding"])).map(|(a, b)| a * b);
        let alike: f32 = products.sum();
        println!("{name:<20}{opencv:>14.4}{onnxruntime:>22.4}{score:>14.5}{alike:>12.6}");
        assert!(opencv < pixels && onnxruntime < pixels, "{name}");
        assert!(score < 0.01, "{name}");
        assert!(alike > cosine, "{name}");
    }
    drop(ask);
    assert!(peer.wait().unwrap().success());
}

fn floats(list: &Value) -> Vec<f32> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap() as f32)
        .collect()
}

/// The greatest difference among the box and the landmarks, in pixels.
fn farthest(face: &DetectedFace, theirs: &Value) -> f32 {
    let lengths = [face.left, face.top, face.width, face.height];
    let lengths = lengths.iter().chain(face.landmarks.iter().flatten());
    let differences = lengths.zip(floats(theirs)).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}
