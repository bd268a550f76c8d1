//! Nothing biometric is stored or logged, and no personal data is logged: a real face check, then a search of every byte
//! the service wrote.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use support::desk::Desk;
use support::{Issuer, Logs, NUMBER};
use tessera_face::{
    Challenge, FaceEngine, FacePolicy, LivenessAnswer, LivenessFrame, ModelBytes, Movement,
};
use tessera_issuer::config::{Demand, Log};
use tessera_issuer::face::TractFaceCheck;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::liveness::{self, Frame, MEDIA_TYPE, chain, encode};

fn photo(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/photos");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// How a stretch of bytes could be written: as it is, in hexadecimal, in either base64 at any of the three places it can
/// begin in a group of three, and as the decimal numbers of a JSON array.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![bytes.to_vec()];
    let hex = |digits: fn(&u8) -> String| bytes.iter().map(digits).collect::<String>();
    forms.push(hex(|byte| format!("{byte:02x}")).into_bytes());
    forms.push(hex(|byte| format!("{byte:02X}")).into_bytes());
    for skipped in 0..3 {
        let whole = bytes.len() - skipped;
        let aligned = &bytes[skipped..skipped + whole - whole % 3];
        forms.push(STANDARD.encode(aligned).into_bytes());
        forms.push(URL_SAFE_NO_PAD.encode(aligned).into_bytes());
    }
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    for separator in [",", ", "] {
        forms.push(numbers.join(separator).into_bytes());
    }
    forms
}

/// Fails where a part of `secret`, in any form, lies in what was written.
fn untraced(secret: &[u8], what: &str, written: &[(String, Vec<u8>)]) {
    for form in windows(secret).into_iter().flat_map(forms) {
        for (name, bytes) in written {
            assert!(!contains(bytes, &form), "part of {what} in {name}");
        }
    }
}

/// The log and every file the service wrote. The register is left out: its portraits are the operator's own data.
fn written(issuer: &Issuer, logs: &Logs) -> Vec<(String, Vec<u8>)> {
    let mut written = vec![("log".to_owned(), logs.0.lock().unwrap().clone())];
    for path in support::files(issuer.data.path()) {
        if !path.starts_with(issuer.data.path().join("registry")) {
            written.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    let stored = |(name, bytes): &(String, Vec<u8>)| name.contains("store") && !bytes.is_empty();
    assert!(written.iter().any(stored));
    written
}

/// Windows of 32 bytes from all over a file, away from headers that many files share.
fn windows(bytes: &[u8]) -> Vec<&[u8]> {
    let step = bytes.len() / 12;
    (1..11).map(|n| &bytes[n * step..n * step + 32]).collect()
}

#[test]
fn frames_leave_marks_under_a_key_and_nothing_else() {
    let engine = || FaceEngine::load(ModelBytes::embedded()).unwrap();
    let face = Arc::new(TractFaceCheck::new(engine(), FacePolicy::default()));
    let reference = photo("person_a_2.jpg");
    let issuer = Issuer::with(face, &reference, |config| {
        config.proofing.liveness = Demand::Limited;
    });
    // No moving head, but frames that are looked at: two pictures of one person, then another's.
    let pictures = ["person_a_1.jpg", "person_a_2.jpg", "impostor_1.jpg"].map(photo);
    let frames: Vec<Frame<'_>> = [0, 150, 300]
        .into_iter()
        .zip(&pictures)
        .map(|(at_ms, image)| Frame { at_ms, image })
        .collect();
    let device = support::key();
    let (id, token) = issuer.session_by(&device, json!({"level": "limited"}));
    let path = format!("/sessions/{id}/liveness");
    let challenge = issuer.post_json(&path, Some(&token), &json!({}));
    let end = chain(&challenge.text("nonce"), &frames);
    let proof = liveness::prepare(device.public_key(), &issuer.url, &end, issuer.time());
    let body = encode(&proof.sign(&device).unwrap(), &frames).unwrap();
    let path = format!("/sessions/{id}/face");
    let judged = issuer.post(&path, Some(&token), MEDIA_TYPE, &body);
    judged.refused(422, "liveness_other_face");

    let asked = Challenge::of(vec![Movement::Left; 3]).unwrap();
    let seen: Vec<_> = frames
        .iter()
        .map(|frame| LivenessFrame {
            at_ms: frame.at_ms,
            image: frame.image,
        })
        .collect();
    let answer = LivenessAnswer {
        challenge: &asked,
        frames: &seen,
    };
    let hashes = engine()
        .compare_live(&answer, &reference, &FacePolicy::default())
        .hashes;
    assert_eq!(hashes.len(), 3);
    let written = written(&issuer, &Logs::default());
    for picture in &pictures {
        untraced(picture, "a frame", &written);
        let digest = tessera_verifier::crypto::sha256(picture);
        for form in forms(&digest) {
            for (name, bytes) in &written {
                assert!(!contains(bytes, &form), "a digest without a key in {name}");
            }
        }
    }
    for hash in &hashes {
        for (name, bytes) in &written {
            for form in hash.bytes().chunks(16).flat_map(forms) {
                assert!(!contains(bytes, &form), "part of a hash in {name}");
            }
        }
    }
}

#[test]
fn images_and_personal_data_leave_no_trace() {
    let logs = Logs::default();
    let sink = logs.clone();
    let log = Log {
        filter: "trace".to_owned(),
        ..Log::default()
    };
    let subscriber = tessera_issuer::logging::subscriber(&log, move || sink.clone()).unwrap();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let engine = FaceEngine::load(ModelBytes::embedded()).unwrap();
    let face = Arc::new(TractFaceCheck::new(engine, FacePolicy::default()));
    let reference = photo("person_a_2.jpg");
    let issuer = Issuer::with(face, &reference, |_| {});
    let selfie = photo("person_a_1.jpg");
    let other = photo("impostor_1.jpg");

    let session = issuer.session(NUMBER, "limited");
    issuer.face(&session, &other).refused(422, "face_mismatch");
    issuer
        .face(&session, &photo("no_face.jpg"))
        .refused(422, "face_none");
    let answer = issuer.face(&session, &selfie);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let token = {
        let grants = &answer.body["credential_offer"]["grants"];
        let code = &grants[tessera_verifier::vci::PRE_AUTHORIZED_CODE]["pre-authorized_code"];
        let answer = issuer.redeem(code.as_str().unwrap(), &answer.text("tx_code"));
        answer.text("access_token")
    };
    assert_eq!(
        issuer
            .credentials(&token, "identity_limited_sd_jwt", 2)
            .status,
        200
    );
    assert_eq!(
        issuer.credentials(&token, "identity_limited_ldp", 2).status,
        200
    );

    // The same at a terminal: the live photo and the portrait in DG2.
    let desk = Desk::of(issuer);
    let profile = desk.profile_showing(&reference);
    desk.visit(&profile, &desk.csca, &other, 1)
        .refused(422, "face_mismatch");
    let answer = desk.visit(&profile, &desk.csca, &selfie, 2);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let issuer = desk.issuer;

    // Whatever a template would look like on disk: the embeddings of these photos as they lie in memory.
    let engine = FaceEngine::load(ModelBytes::embedded()).unwrap();
    let templates: Vec<Vec<u8>> = [&selfie, &other, &reference]
        .iter()
        .map(|photo| engine.analyse(photo).unwrap().hazmat_bytes().to_vec())
        .collect();

    let logged = logs.0.lock().unwrap().clone();
    assert!(
        contains(&logged, b"credentials issued"),
        "the log was caught"
    );
    let written = written(&issuer, &logs);
    for photo in [&selfie, &other, &reference] {
        untraced(photo, "a photo", &written);
    }
    for template in &templates {
        untraced(template, "a template", &written);
    }
    // The store knows persons by handles: no file but the register says who they are.
    for (name, bytes) in &written {
        for personal in [
            NUMBER,
            "QUILLA",
            "奎拉",
            "1990-01-01",
            "Zephyr",
            "UTO000009",
        ] {
            assert!(
                !contains(bytes, personal.as_bytes()),
                "{personal} in {name}"
            );
        }
    }
    for personal in [
        NUMBER,
        "QUILLA",
        "奎拉",
        "1990-01-01",
        "Zephyr",
        "UTO000009",
        &token,
        &session.0,
        &session.1,
    ] {
        assert!(
            !contains(&logged, personal.as_bytes()),
            "{personal} in the log"
        );
    }
}
