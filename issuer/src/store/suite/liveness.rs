//! Challenges of head movements, and frames seen before.

use tessera_verifier::encoding::base64url;
use tessera_verifier::liveness::Movement;

use super::NOW;
use crate::store::{FrameMarks, LivenessRecord, Store, StoreError};

fn drawn(id: &str, nonce: &str) -> LivenessRecord {
    LivenessRecord {
        id: id.to_owned(),
        person: "v".to_owned(),
        nonce: nonce.to_owned(),
        movements: vec![Movement::Up, Movement::Left],
        issued: NOW,
        expires: NOW + 60,
    }
}

pub(super) async fn a_challenge_is_drawn_and_answered_once(store: &dyn Store) {
    let open =
        |id: &'static str, nonce: &'static str, at| store.open_liveness(drawn(id, nonce), 3, at);
    assert_eq!(open("v1", "first", NOW).await.unwrap().nonce, "first");
    // While it is open it is the one.
    assert_eq!(open("v1", "second", NOW + 59).await.unwrap().nonce, "first");
    let taken = store.take_liveness("v1", NOW + 59).await.unwrap();
    assert_eq!(taken, drawn("v1", "first"));
    assert_eq!(
        store.take_liveness("v1", NOW + 59).await,
        Err(StoreError::NotFound)
    );
    assert_eq!(open("v2", "third", NOW).await.unwrap().nonce, "third");
    // Too late is spent as well.
    assert_eq!(
        store.take_liveness("v2", NOW + 60).await,
        Err(StoreError::Expired)
    );
    assert_eq!(
        store.take_liveness("v2", NOW).await,
        Err(StoreError::NotFound)
    );
    // The person's third of the day, then no more, whatever the session; the next day again.
    open("v3", "fourth", NOW).await.unwrap();
    assert!(matches!(
        open("v4", "fifth", NOW).await,
        Err(StoreError::TooManyAttempts { retry_after }) if retry_after > 0
    ));
    open("v4", "sixth", NOW + 86_400).await.unwrap();
}

pub(super) async fn frames_are_remembered_for_their_time(store: &dyn Store) {
    let marks = |id: &str, exact: &[&str], alike: &[[u8; 64]]| FrameMarks {
        id: id.to_owned(),
        exact: exact.iter().map(|text| (*text).to_owned()).collect(),
        exact_until: NOW + 1000,
        alike: alike.iter().map(|hash| base64url(hash)).collect(),
        alike_until: NOW + 100,
    };
    let mark = |marks: FrameMarks, at| store.mark_frames(marks, at);
    mark(marks("m1", &["a", "b"], &[]), NOW).await.unwrap();
    assert_eq!(
        mark(marks("m2", &["c", "b"], &[]), NOW).await,
        Err(StoreError::Replayed)
    );
    // What was refused left nothing behind.
    mark(marks("m3", &["c"], &[]), NOW).await.unwrap();
    mark(marks("m4", &["a"], &[]), NOW + 1000).await.unwrap();

    let hash = |byte: u8| [byte; 64];
    let near = |byte: u8| {
        let mut hash = hash(byte);
        hash[0] ^= 0xff;
        hash[1] ^= 0xff;
        hash
    };
    let far = |byte: u8| {
        let mut far = near(byte);
        far[2] ^= 1;
        far
    };
    let seen = [
        hash(0b1010_1010),
        hash(0b0101_0110),
        hash(0b1110_0001),
        hash(0),
    ];
    mark(marks("h1", &[], &seen), NOW).await.unwrap();
    // Two of four within sixteen bits: half.
    let half = [near(0b1010_1010), near(0b0101_0110), hash(0xff), hash(0x33)];
    assert_eq!(
        mark(marks("h2", &[], &half), NOW).await,
        Err(StoreError::Replayed)
    );
    // Seventeen bits are too many, and one of four too few.
    let other = [far(0b1010_1010), far(0b0101_0110), near(0), hash(0x33)];
    mark(marks("h3", &[], &other), NOW).await.unwrap();
    mark(marks("h4", &[], &seen), NOW + 100).await.unwrap();
}
