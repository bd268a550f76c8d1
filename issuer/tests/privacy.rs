//! Nothing biometric is stored or logged, and no personal data is logged: a real face check, then a search of every byte
//! the service wrote.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use support::{Issuer, Logs, NUMBER};
use tessera_face::{FaceEngine, FacePolicy, ModelBytes};
use tessera_issuer::config::Log;
use tessera_issuer::face::TractFaceCheck;

fn photo(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/photos");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// Windows of 32 bytes from all over a file, away from headers that many files share.
fn windows(bytes: &[u8]) -> Vec<&[u8]> {
    let step = bytes.len() / 12;
    (1..11).map(|n| &bytes[n * step..n * step + 32]).collect()
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

    // Whatever a template would look like on disk: the embeddings of these photos as they lie in memory.
    let engine = FaceEngine::load(ModelBytes::embedded()).unwrap();
    let templates: Vec<Vec<u8>> = [&selfie, &other]
        .iter()
        .map(|photo| engine.analyse(photo).unwrap().hazmat_bytes().to_vec())
        .collect();

    let logged = logs.0.lock().unwrap().clone();
    assert!(
        contains(&logged, b"credentials issued"),
        "the log was caught"
    );
    let mut written = vec![("log".to_owned(), logged.clone())];
    for path in support::files(issuer.data.path()) {
        // The reference portrait is the operator's own data, in the register.
        if !path.starts_with(issuer.data.path().join("registry")) {
            let bytes = std::fs::read(&path).unwrap();
            written.push((path.display().to_string(), bytes));
        }
    }
    assert!(
        written
            .iter()
            .any(|(name, bytes)| name.contains("store") && !bytes.is_empty())
    );
    for (name, bytes) in &written {
        for window in windows(&selfie).into_iter().chain(windows(&other)) {
            assert!(!contains(bytes, window), "part of a photo in {name}");
        }
        for template in &templates {
            for window in windows(template) {
                assert!(!contains(bytes, window), "part of a template in {name}");
            }
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
