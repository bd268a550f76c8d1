//! The quality gate: each refusal by its name, and no covered face among those that pass.
//!
//! Covers are drawn over licensed photographs (`tessera_face::synthetic`).

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::LazyLock;

use image::RgbImage;
use image::imageops;
use tessera_face::synthetic::{COVERS, Cover, Sitter, jpeg};
use tessera_face::{FaceEngine, FacePolicy, ModelBytes, QualityGate};

static ENGINE: LazyLock<FaceEngine> =
    LazyLock::new(|| FaceEngine::load(ModelBytes::embedded()).unwrap());

const PEOPLE: [&str; 7] = [
    "person_a_1.jpg",
    "person_a_2.jpg",
    "person_b_1.jpg",
    "person_b_2.jpg",
    "person_c_1.jpg",
    "impostor_1.jpg",
    "impostor_2.jpg",
];

fn bytes(name: &str) -> Vec<u8> {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/photos");
    std::fs::read(photos.join(name)).unwrap()
}

fn sitter(name: &str) -> Sitter {
    Sitter::new(&ENGINE, &bytes(name)).unwrap()
}

fn gate(picture: &[u8]) -> &'static str {
    ENGINE
        .analyse(picture)
        .map_or_else(|refusal| refusal.code(), |_| "ok")
}

fn passes(picture: &RgbImage) -> &'static str {
    gate(&jpeg(picture, 92).unwrap())
}

#[test]
fn uncovered_faces_pass_as_taken_and_as_cut_out() {
    for name in PEOPLE {
        assert_eq!(gate(&bytes(name)), "ok", "{name}");
        assert_eq!(passes(sitter(name).picture()), "ok", "{name}, cut out");
    }
}

#[test]
fn no_covered_face_passes() {
    let mut wrong = Vec::new();
    for name in PEOPLE {
        let sitter = sitter(name);
        for (what, cover) in COVERS {
            let eyes = matches!(
                cover,
                Cover::Glasses(..) | Cover::Mirrors | Cover::Band(_) | Cover::HandOverEyes
            );
            let refused = passes(&sitter.covered(cover));
            let expected: &[&str] = if eyes {
                &["face_eyes_covered", "face_none"]
            } else {
                &["face_mouth_covered", "face_too_dark", "face_none"]
            };
            if !expected.contains(&refused) {
                wrong.push(format!("{name}, {what}: {refused}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The picture without its colours.
fn grey(picture: &RgbImage) -> RgbImage {
    image::DynamicImage::ImageLuma8(imageops::grayscale(picture)).to_rgb8()
}

#[test]
fn a_greyscale_face_passes_and_a_covered_one_does_not() {
    let mut wrong = Vec::new();
    let mut passed = 0;
    for name in PEOPLE {
        let sitter = sitter(name);
        let clean = passes(&grey(sitter.picture()));
        if clean != "ok" {
            wrong.push(format!("{name}: {clean}"));
        }
        // As one channel, as a scanner writes it.
        let mut png = std::io::Cursor::new(Vec::new());
        let luma = imageops::grayscale(sitter.picture());
        luma.write_to(&mut png, image::ImageFormat::Png).unwrap();
        if gate(png.get_ref()) != "ok" {
            wrong.push(format!("{name}: one channel"));
        }
        for (what, cover) in COVERS {
            let refused = passes(&grey(&sitter.covered(cover)));
            if refused == "ok" {
                passed += 1;
                println!("{name}, {what}, without colour: passes");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(passed, 0, "covered faces pass without colour");
}

#[test]
fn without_the_check_of_visibility_masks_pass_even_the_comparison() {
    // What the check is for: neither detector nor embedder notices.
    let mut policy = FacePolicy::default();
    let masked = sitter("person_b_1.jpg").covered(Cover::Mask([150, 190, 215], true));
    let masked = jpeg(&masked, 92).unwrap();
    let reference = bytes("person_b_1.jpg");
    let refused = ENGINE.compare(&masked, &reference, &policy).unwrap_err();
    assert_eq!(refused.code(), "face_mouth_covered");
    policy.photo.visible = None;
    assert!(ENGINE.compare(&masked, &reference, &policy).is_ok());
}

#[test]
fn light_turn_and_edges_are_named() {
    let sitter = sitter("person_b_2.jpg");
    let lit = |gain: f32, lift: f32| {
        let mut picture = sitter.picture().clone();
        for pixel in picture.pixels_mut() {
            pixel.0 = pixel
                .0
                .map(|value| (f32::from(value) * gain + lift).clamp(0.0, 255.0) as u8);
        }
        passes(&picture)
    };
    assert_eq!(lit(1.0, 0.0), "ok");
    assert_eq!(lit(0.15, 0.0), "face_too_dark");
    assert_eq!(lit(0.4, 170.0), "face_too_bright");
    assert_eq!(passes(&sitter.turned(50.0, 0.0)), "face_turned_away");
    let tilted = imageops::rotate90(sitter.picture());
    assert!(["face_turned_away", "face_none"].contains(&passes(&tilted)));
    let picture = sitter.picture();
    let (width, height) = picture.dimensions();
    let half = imageops::crop_imm(picture, 0, 0, width * 11 / 20, height).to_image();
    assert_eq!(passes(&half), "face_cropped");
    // A portrait that nobody can be asked to take again is not held to light and pose.
    let gentle = ENGINE.analyse_with(
        &jpeg(&sitter.turned(40.0, 0.0), 92).unwrap(),
        tessera_face::Accept::Portrait,
        &QualityGate::REFERENCE,
    );
    assert!(gentle.is_ok());
}
