//! What a caller sees: who passes, who is refused and with which code.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageEncoder, ImageFormat};
use tessera_face::{
    DetectedFace, FaceEngine, FaceError, FacePolicy, FaceTemplate, ModelBytes, ModelError,
    PassiveDetector, Photo, similarity,
};

static ENGINE: LazyLock<FaceEngine> = LazyLock::new(engine);

const PEOPLE: [&str; 7] = [
    "person_a_1.jpg",
    "person_a_2.jpg",
    "person_b_1.jpg",
    "person_b_2.jpg",
    "person_c_1.jpg",
    "impostor_1.jpg",
    "impostor_2.jpg",
];

fn engine() -> FaceEngine {
    FaceEngine::load(ModelBytes::embedded()).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(root().join("tests/fixtures/photos").join(name)).unwrap()
}

fn picture(name: &str) -> DynamicImage {
    image::load_from_memory(&bytes(name)).unwrap()
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

/// A JPEG whose Exif block has one entry, the orientation (tag 0x0112, SHORT).
fn jpeg_with_orientation(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut out = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut out, 92);
    encoder.set_exif_metadata(exif).unwrap();
    encoder
        .write_image(
            picture.as_bytes(),
            picture.width(),
            picture.height(),
            picture.color().into(),
        )
        .unwrap();
    out
}

fn compare(photo: &[u8], reference: &[u8]) -> Result<f32, FaceError> {
    let verdict = ENGINE.compare(photo, reference, &FacePolicy::default())?;
    assert!(verdict.similarity >= verdict.threshold);
    Ok(verdict.similarity)
}

fn refusal(photo: &[u8]) -> &'static str {
    compare(photo, &bytes("person_a_2.jpg")).unwrap_err().code()
}

#[test]
fn the_same_person_passes_and_everybody_else_is_refused() {
    let templates: Vec<FaceTemplate> = PEOPLE
        .iter()
        .map(|name| ENGINE.analyse(&bytes(name)).unwrap())
        .collect();
    let person = |name: &'static str| {
        name.strip_suffix("_1.jpg")
            .or(name.strip_suffix("_2.jpg"))
            .unwrap()
    };
    let threshold = FacePolicy::default().threshold;
    let (mut genuine, mut impostors) = (0, 0);
    for (i, a) in PEOPLE.into_iter().enumerate() {
        for (j, b) in PEOPLE.into_iter().enumerate().skip(i + 1) {
            let score = similarity(&templates[i], &templates[j]);
            if person(a) == person(b) && person(a) != "impostor" {
                genuine += 1;
                assert!(
                    score >= threshold + 0.1,
                    "{a} and {b} are one person: {score}"
                );
            } else {
                impostors += 1;
                assert!(
                    score < threshold - 0.1,
                    "{a} and {b} are two people: {score}"
                );
            }
        }
    }
    assert_eq!((genuine, impostors), (2, 19));
}

#[test]
fn a_comparison_returns_a_verdict_or_a_mismatch() {
    let policy = FacePolicy::default();
    let verdict = ENGINE
        .compare(&bytes("person_b_1.jpg"), &bytes("person_b_2.jpg"), &policy)
        .unwrap();
    assert_eq!((verdict.threshold, verdict.pad_score), (0.45, None));
    assert!(
        !verdict.liveness_checked && verdict.photo.pixels > 200 && verdict.reference.score > 0.8
    );
    assert_eq!(
        compare(&bytes("impostor_1.jpg"), &bytes("person_a_2.jpg")),
        Err(FaceError::Mismatch)
    );
    let strict = FacePolicy {
        threshold: f32::NAN,
        ..policy
    };
    let refused = ENGINE.compare(&bytes("person_a_2.jpg"), &bytes("person_a_2.jpg"), &strict);
    assert_eq!(refused.unwrap_err().code(), "face_mismatch");
}

#[test]
fn a_phone_photo_lying_on_its_side_passes() {
    let upright = picture("person_a_2.jpg");
    let reference = bytes("person_a_1.jpg");
    // Exif 6: turn clockwise to see it upright. 3: half a turn. 8: anticlockwise.
    for (orientation, stored) in [
        (6, upright.rotate270()),
        (3, upright.rotate180()),
        (8, upright.rotate90()),
    ] {
        let photo = jpeg_with_orientation(&stored, orientation);
        assert!(
            compare(&photo, &reference).unwrap() > 0.5,
            "orientation {orientation}"
        );
    }
    // What makes it pass is the orientation: the same pixels without it do not.
    assert!(compare(&jpeg_with_orientation(&upright.rotate270(), 1), &reference).is_err());
}

#[test]
fn a_png_and_a_jpeg_2000_portrait_are_read() {
    let photo = png(&picture("person_a_2.jpg"));
    assert!(compare(&photo, &bytes("portrait_a.jp2")).unwrap() > 0.8);
    assert_eq!(refusal(&bytes("portrait_a.jp2")), "image_unreadable");
    assert!(ENGINE.analyse(&bytes("portrait_a.jp2")).is_ok());
}

#[test]
fn a_face_that_fills_the_picture_is_found_at_the_second_look() {
    let close = picture("person_b_2.jpg").crop_imm(190, 130, 320, 400);
    let close = png(&close.resize_exact(1280, 1600, FilterType::Triangle));
    assert!(compare(&close, &bytes("person_b_1.jpg")).unwrap() > 0.45);
}

#[test]
fn nobody_or_half_a_face_is_no_face() {
    assert_eq!(refusal(&bytes("no_face.jpg")), "face_none");
    let half = picture("person_b_1.jpg").crop_imm(0, 0, 340, 900);
    assert_eq!(refusal(&png(&half)), "face_none");
}

#[test]
fn two_people_are_refused_and_a_passer_by_is_not() {
    assert_eq!(refusal(&bytes("two_faces.jpg")), "face_several");
    let mut main = picture("person_a_2.jpg");
    let behind = picture("impostor_1.jpg").resize(160, 160, FilterType::Triangle);
    imageops::overlay(&mut main, &behind, 0, 0);
    assert!(compare(&png(&main), &bytes("person_a_1.jpg")).is_ok());
    let beside = picture("impostor_1.jpg").resize(420, 420, FilterType::Triangle);
    let mut main = DynamicImage::new_rgb8(1200, 900);
    imageops::overlay(&mut main, &picture("person_a_2.jpg"), 0, 0);
    imageops::overlay(&mut main, &beside, 760, 200);
    assert_eq!(refusal(&png(&main)), "face_several");
}

#[test]
fn a_small_or_blurred_face_is_refused() {
    let small = picture("person_a_2.jpg").resize(120, 120, FilterType::Triangle);
    assert_eq!(refusal(&png(&small)), "face_too_small");
    let blurred = imageops::fast_blur(&picture("person_a_2.jpg").to_rgb8(), 12.0).into();
    assert_eq!(refusal(&png(&blurred)), "face_blurred");
    // The gentler gate of a reference does not let a blurred one through either; the photo is not blamed for it.
    let fault = compare(&bytes("person_a_2.jpg"), &png(&blurred)).unwrap_err();
    assert_eq!(
        (fault.code(), fault),
        (
            "reference_unusable",
            FaceError::Reference(Box::new(FaceError::Blurred))
        )
    );
}

#[test]
fn what_is_no_picture_or_too_large_is_refused() {
    assert_eq!(refusal(&bytes("not_an_image.jpg")), "image_unreadable");
    let photo = bytes("person_a_1.jpg");
    assert_eq!(refusal(&photo[..200]), "image_unreadable");
    assert_eq!(
        refusal(&vec![0xff; tessera_face::MAX_BYTES + 1]),
        "image_too_large"
    );
    let wide = png(&DynamicImage::new_luma8(tessera_face::MAX_SIDE + 1, 1));
    assert_eq!(refusal(&wide), "image_too_large");
}

#[test]
fn a_huge_size_in_any_header_is_refused() {
    // The frame header of JPEG (ITU-T T.81 B.2.2): marker, length, precision, then the two sizes.
    let jpeg = with_sizes(bytes("person_a_1.jpg"), b"\xff\xc0\0\x11\x08", &[0xff; 4]);
    assert_eq!(refusal(&jpeg), "image_too_large");
    // The SIZ marker of JPEG 2000 (ISO/IEC 15444-1 A.5.1): length and capabilities, then the two sizes; tiles as large,
    // so that there is still one.
    let sizes = [0, 0, 0xff, 0xff].repeat(2);
    let origins = [0; 8];
    let siz = [&sizes[..], &origins, &sizes].concat();
    let jp2 = with_sizes(bytes("portrait_a.jp2"), b"\xff\x4f\xff\x51\0\x2f\0\0", &siz);
    assert_eq!(ENGINE.analyse(&jp2).err(), Some(FaceError::TooLarge));
}

/// Overwrites what follows the first occurrence of `marker`.
fn with_sizes(mut picture: Vec<u8>, marker: &[u8], sizes: &[u8]) -> Vec<u8> {
    let found = picture
        .windows(marker.len())
        .position(|window| window == marker);
    let at = found.unwrap() + marker.len();
    picture[at..at + sizes.len()].copy_from_slice(sizes);
    picture
}

struct Detector(Option<f32>);

impl PassiveDetector for Detector {
    fn score(&self, photo: &Photo, face: &DetectedFace) -> Option<f32> {
        assert!(face.left >= 0.0 && face.left + face.width <= photo.width() as f32);
        assert_eq!(photo.rgb().len(), 3 * photo.width() * photo.height());
        self.0
    }
}

#[test]
fn a_demand_for_a_detector_fails_closed() {
    let (photo, reference) = (bytes("person_a_1.jpg"), bytes("person_a_2.jpg"));
    let policy = FacePolicy {
        least_pad_score: Some(0.5),
        ..FacePolicy::default()
    };
    let absent = ENGINE.compare(&photo, &reference, &policy);
    assert_eq!(absent.unwrap_err().code(), "pad_required");
    let mut engine = engine();
    for (score, outcome) in [
        (None, Err("pad_required")),
        (Some(f32::NAN), Err("pad_failed")),
        (Some(0.4), Err("pad_failed")),
        (Some(0.9), Ok(Some(0.9))),
    ] {
        engine = engine.with_passive_detector(Box::new(Detector(score)));
        let verdict = engine.compare(&photo, &reference, &policy);
        assert_eq!(verdict.map(|v| v.pad_score).map_err(|e| e.code()), outcome);
    }
}

#[test]
fn one_engine_serves_many_threads_with_the_same_result() {
    let (photo, reference) = (bytes("person_a_1.jpg"), bytes("person_a_2.jpg"));
    let scores: Vec<f32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| compare(&photo, &reference).unwrap()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(scores.iter().all(|score| *score == scores[0]), "{scores:?}");
}

#[test]
fn only_the_recorded_models_load() {
    let folder = root().join("issuer/models");
    assert!(ModelBytes::read(&folder).is_ok());
    let missing = ModelBytes::read(&folder.join("absent")).err();
    assert!(matches!(missing, Some(ModelError::File { .. })));
    let detector = std::fs::read(folder.join("face_detection_yunet_2023mar.onnx")).unwrap();
    let mut embedder =
        std::fs::read(folder.join("face_recognition_sface_2021dec_int8bq.onnx")).unwrap();
    *embedder.last_mut().unwrap() ^= 1;
    for (detector, embedder, file) in [
        (
            detector,
            embedder,
            "face_recognition_sface_2021dec_int8bq.onnx",
        ),
        (Vec::new(), Vec::new(), "face_detection_yunet_2023mar.onnx"),
    ] {
        let refused = FaceEngine::load(ModelBytes::new(detector, embedder)).err();
        assert!(matches!(refused, Some(ModelError::Digest { file: f }) if f == file));
    }
}
