//! Challenges answered with synthetic recordings: the sitter is a licensed photograph, the movement computed.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::LazyLock;

use tessera_face::synthetic::{Sitter, SyntheticFrame, Take};
use tessera_face::{
    Challenge, FaceEngine, FaceError, FacePolicy, FaceVerdict, FrameHash, LiveVerdict,
    LivenessAnswer, LivenessFrame, ModelBytes, Movement,
};

static ENGINE: LazyLock<FaceEngine> =
    LazyLock::new(|| FaceEngine::load(ModelBytes::embedded()).unwrap());

const ASKED: [Movement; 3] = [Movement::Left, Movement::Up, Movement::Right];

fn bytes(name: &str) -> Vec<u8> {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/photos");
    std::fs::read(photos.join(name)).unwrap()
}

fn film(name: &str, movements: &[Movement], take: &Take) -> Vec<SyntheticFrame> {
    let sitter = Sitter::new(&ENGINE, &bytes(name)).unwrap();
    sitter.film(movements, take).unwrap()
}

fn judge(frames: &[SyntheticFrame], reference: &str, asked: &[Movement]) -> LiveVerdict {
    let challenge = Challenge::of(asked.to_vec()).unwrap();
    let frames: Vec<_> = frames
        .iter()
        .map(|frame| LivenessFrame {
            at_ms: frame.at_ms,
            image: &frame.image,
        })
        .collect();
    let answer = LivenessAnswer {
        challenge: &challenge,
        frames: &frames,
    };
    let policy = FacePolicy {
        liveness_required: true,
        ..FacePolicy::default()
    };
    ENGINE.compare_live(&answer, &bytes(reference), &policy)
}

fn code(outcome: &Result<FaceVerdict, FaceError>) -> &'static str {
    outcome.as_ref().map_or_else(FaceError::code, |verdict| {
        assert!(verdict.liveness_checked);
        "ok"
    })
}

fn distance(a: &FrameHash, b: &FrameHash) -> u32 {
    a.bytes()
        .iter()
        .zip(b.bytes())
        .map(|(a, b)| (a ^ b).count_ones())
        .sum()
}

/// How many of the frames have a near twin, one of another recording that differs in at most 16 of 512 bits.
fn twins(a: &[FrameHash], b: &[FrameHash]) -> usize {
    let near = |hash: &&FrameHash| b.iter().any(|other| distance(hash, other) <= 16);
    a.iter().filter(near).count()
}

#[test]
fn a_head_that_moves_as_asked_is_live_and_another_order_is_not() {
    for name in ["person_a_1.jpg", "person_c_1.jpg", "impostor_1.jpg"] {
        let frames = film(name, &ASKED, &Take::new(1));
        let verdict = judge(&frames, name, &ASKED);
        assert_eq!(code(&verdict.outcome), "ok", "{name}");
        assert_eq!(verdict.hashes.len(), frames.len());
    }
    use Movement::{Left, Right, Up};
    let frames = film("person_b_1.jpg", &ASKED, &Take::new(3));
    let verdict = judge(&frames, "person_b_1.jpg", &[Right, Up, Left]);
    assert_eq!(code(&verdict.outcome), "liveness_wrong_movement");
    let verdict = judge(&frames[..16], "person_b_1.jpg", &ASKED);
    assert_eq!(code(&verdict.outcome), "liveness_incomplete");
    // The person of the recording, and not of the register.
    let verdict = judge(&frames, "impostor_1.jpg", &ASKED);
    assert_eq!(code(&verdict.outcome), "face_mismatch");
}

#[test]
fn what_did_not_move_before_one_camera_is_refused() {
    let sitter = Sitter::new(&ENGINE, &bytes("person_b_1.jpg")).unwrap();
    let still = Take {
        turn: 0.0,
        lift: 0.0,
        ..Take::new(5)
    };
    let frames = sitter.film(&ASKED, &still).unwrap();
    let verdict = judge(&frames, "person_b_1.jpg", &ASKED);
    assert_eq!(code(&verdict.outcome), "liveness_incomplete");

    let frames = film("person_b_1.jpg", &ASKED, &Take::new(6));
    let refusal = |frames: &[SyntheticFrame]| {
        let verdict = judge(frames, "person_b_1.jpg", &ASKED);
        (code(&verdict.outcome), verdict.hashes.len())
    };
    // One photograph many times, with times that rise.
    let photo = frames.first().unwrap();
    let copies: Vec<_> = (0..19)
        .map(|i| SyntheticFrame {
            at_ms: 150 * i,
            image: photo.image.clone(),
        })
        .collect();
    assert_eq!(refusal(&copies), ("liveness_frames", 0));
    // Somebody else turns.
    let mut other = film("person_b_1.jpg", &ASKED, &Take::new(6));
    let stranger = film("impostor_1.jpg", &ASKED, &Take::new(6));
    for (frame, strange) in other.iter_mut().zip(stranger).skip(6) {
        frame.image = strange.image;
    }
    assert_eq!(refusal(&other), ("liveness_other_face", 7));
    // Cut from two recordings of one person.
    let mut spliced = film("person_b_1.jpg", &ASKED, &Take::new(6));
    for (frame, later) in spliced
        .iter_mut()
        .zip(film("person_b_2.jpg", &ASKED, &Take::new(6)))
        .skip(3)
    {
        frame.image = later.image;
    }
    assert_eq!(refusal(&spliced).0, "liveness_jump");
    // Too slow, too few, too large.
    let slow = film(
        "person_b_1.jpg",
        &ASKED,
        &Take {
            interval_ms: 1500,
            ..Take::new(6)
        },
    );
    assert_eq!(refusal(&slow).0, "liveness_frames");
    assert_eq!(refusal(&frames[..4]).0, "liveness_frames");
    assert_eq!(refusal(&[]), ("liveness_frames", 0));
    // More frames than may be sent are refused before any is looked at.
    let many: Vec<_> = (0..49_u32)
        .map(|i| SyntheticFrame {
            at_ms: 140 * i,
            image: [&frames[0].image[..], &i.to_be_bytes()].concat(),
        })
        .collect();
    assert_eq!(refusal(&many), ("liveness_frames", 0));
    let mut large = film("person_b_1.jpg", &ASKED, &Take::new(6));
    let first = image::load_from_memory(&large[0].image).unwrap();
    let first = first.resize_exact(1200, 1100, image::imageops::FilterType::Triangle);
    large[0].image = tessera_face::synthetic::jpeg(&first.to_rgb8(), 88).unwrap();
    assert_eq!(refusal(&large), ("image_too_large", 0));
}

#[test]
fn a_recording_saved_again_is_known_and_another_recording_is_not() {
    let hashes = |frames: &[SyntheticFrame]| judge(frames, "person_b_1.jpg", &ASKED).hashes;
    let frames = film("person_b_1.jpg", &ASKED, &Take::new(7));
    let seen = hashes(&frames);
    let again: Vec<SyntheticFrame> = frames
        .iter()
        .map(|frame| {
            let picture = image::load_from_memory(&frame.image).unwrap().to_rgb8();
            let (w, h) = (picture.width() * 9 / 10, picture.height() * 9 / 10);
            let smaller =
                image::imageops::resize(&picture, w, h, image::imageops::FilterType::Triangle);
            SyntheticFrame {
                at_ms: frame.at_ms,
                image: tessera_face::synthetic::jpeg(&smaller, 60).unwrap(),
            }
        })
        .collect();
    let copied = hashes(&again);
    let other = hashes(&film("person_b_1.jpg", &ASKED, &Take::new(8)));
    println!(
        "of {} frames: {} twins in the copy, {} in another recording",
        seen.len(),
        twins(&copied, &seen),
        twins(&other, &seen)
    );
    assert!(2 * twins(&copied, &seen) >= seen.len());
    assert!(4 * twins(&other, &seen) < seen.len());
}

#[test]
fn a_photo_alone_is_no_answer() {
    let policy = FacePolicy {
        liveness_required: true,
        ..FacePolicy::default()
    };
    let photo = bytes("person_b_1.jpg");
    let refused = ENGINE.compare(&photo, &photo, &policy).unwrap_err();
    assert_eq!(refused.code(), "liveness_required");
}
