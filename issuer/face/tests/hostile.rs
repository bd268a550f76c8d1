//! Damaged and invented pictures: a typed refusal or a picture, never a panic.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use tessera_face::{Accept, FaceEngine, FaceError, MAX_PIXELS, ModelBytes, Photo};

/// Small pictures of every kind that is read.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/photos");
    let jpeg = std::fs::read(photos.join("person_a_1.jpg")).unwrap();
    let jp2 = std::fs::read(photos.join("portrait_a.jp2")).unwrap();
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::load_from_memory(&jpeg).unwrap().thumbnail(96, 96);
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    vec![jpeg, jp2, png.into_inner()]
});

static ENGINE: LazyLock<FaceEngine> =
    LazyLock::new(|| FaceEngine::load(ModelBytes::embedded()).unwrap());

/// Decodes, and checks that what comes out is a picture within the limits or one of the two refusals there are.
fn decodes_or_is_refused(bytes: &[u8]) -> Result<(), TestCaseError> {
    match Photo::decode(bytes, Accept::Portrait) {
        Ok(photo) => {
            let pixels = photo.width() * photo.height();
            prop_assert!(pixels > 0 && pixels as u64 <= MAX_PIXELS);
            prop_assert_eq!(photo.rgb().len(), 3 * pixels);
        }
        Err(refusal) => prop_assert!(matches!(
            refusal,
            FaceError::Unreadable | FaceError::TooLarge
        )),
    }
    Ok(())
}

fn flipped(seed: &[u8], flips: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, bits) in flips {
        let at = at % bytes.len();
        bytes[at] ^= bits;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invented_bytes(kind in 0..4usize, tail in prop::collection::vec(any::<u8>(), 0..600)) {
        let magic: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"];
        decodes_or_is_refused(&[magic[kind], &tail].concat())?;
    }

    #[test]
    fn truncated_pictures(kind in 0..3usize, share in 0.0..1.0f64) {
        let seed = &SEEDS[kind];
        decodes_or_is_refused(&seed[..(seed.len() as f64 * share) as usize])?;
    }

    #[test]
    fn pictures_with_flipped_bits(kind in 0..3usize, flips in prop::collection::vec((any::<usize>(), 1..=255u8), 1..12)) {
        decodes_or_is_refused(&flipped(&SEEDS[kind], &flips))?;
    }

    #[test]
    fn pictures_with_a_damaged_header(kind in 0..3usize, flips in prop::collection::vec((0..256usize, 1..=255u8), 1..4)) {
        decodes_or_is_refused(&flipped(&SEEDS[kind], &flips))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_photo_is_analysed_or_refused(flips in prop::collection::vec((700..14_000usize, 1..=255u8), 1..40)) {
        if let Err(refusal) = ENGINE.analyse(&flipped(&SEEDS[0], &flips)) {
            prop_assert_ne!(refusal, FaceError::Engine);
        }
    }
}
