//! What the store promises about a person: places of a day, renewal, loss, review, being forgotten.

use std::sync::Arc;

use super::super::{
    Deferral, DeferredRecord, Level, LivenessRecord, LossReport, Place, Proof, Redemption, Renewal,
    RevocationTarget, SessionRecord, SessionState, Store, StoreError,
};
use super::{
    KEEP, LIFETIMES, NOW, card_proved, face_proof, granted, issued, live, nonce, opened, opened_as,
    redemption, session_record,
};
use crate::proofing::machine::{Event, EvidenceDays};

const EVIDENCE: EvidenceDays = EvidenceDays {
    limited: 2,
    full: 1,
};

pub(super) async fn a_day_has_as_many_places_as_it_has(store: Arc<dyn Store>) {
    let mut racers = Vec::new();
    for racer in 0..24 {
        let id = format!("place{racer}");
        opened(&*store, &id, &id).await;
        let store = Arc::clone(&store);
        let proof = Proof {
            place: Some(Place {
                district: "north".to_owned(),
                day: NOW.div_euclid(86_400),
                // More than there are parts, and no multiple of them.
                per_day: 19,
            }),
            ..face_proof(&id)
        };
        racers.push(tokio::spawn(async move { store.prove(proof, NOW).await }));
    }
    let mut taken = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(_) => taken += 1,
            Err(error) => assert_eq!(error, StoreError::NoPlaceLeft),
        }
    }
    assert_eq!(taken, 19, "neither more nor fewer");
}

pub(super) async fn a_step_is_taken_in_its_state_only(store: &dyn Store) {
    opened_as(store, "m1", "m", Level::Full).await;
    let card = |id: &str, review| Proof {
        session: id.to_owned(),
        proved: card_proved(NOW),
        review,
        ..face_proof(id)
    };
    let wrong = Err(StoreError::WrongState);
    assert_eq!(store.prove(card("m1", false), NOW).await.map(drop), wrong);
    let read = Event::CardFoundGenuine;
    let record = store.advance("m1", read, NOW, LIFETIMES).await.unwrap();
    assert_eq!(record.state, SessionState::CardChecked);
    assert_eq!(store.prove(face_proof("m1"), NOW).await.map(drop), wrong);
    // Each state has its own end, and past it no step is taken.
    let ends = record.expires;
    let late = store.prove(card("m1", false), ends).await;
    assert_eq!(late.map(drop), Err(StoreError::Expired));
    let record = store.prove(card("m1", true), ends - 1).await.unwrap();
    assert_eq!(record.state, SessionState::InReview);
    assert_eq!(record.expires, ends - 1 + LIFETIMES.in_review);
    // The code that was offered on the phone fetches nothing of what was proved at the terminal.
    let limited = store.redeem_code(redemption("m1", "tx"), ends - 1).await;
    assert_eq!(limited.map(drop), Err(StoreError::NotFound));
    // A session that grew older is not swept at the end of a state it left.
    store.sweep(ends + 3601, KEEP).await.unwrap();
    assert!(store.session("m1").await.is_ok());
}

pub(super) async fn a_review_is_waited_for(store: &dyn Store) {
    let redeem = |id: &str| Redemption {
        code_digest: format!("full code of {id}"),
        ..redemption(id, "tx")
    };
    for id in ["d1", "d2"] {
        opened_as(store, id, id, Level::Full).await;
        let read = Event::CardFoundGenuine;
        store.advance(id, read, NOW, LIFETIMES).await.unwrap();
        let proof = Proof {
            proved: card_proved(NOW),
            review: true,
            ..face_proof(id)
        };
        store.prove(proof, NOW).await.unwrap();
        // The token lives as long as the review may take.
        let granted = store.redeem_code(redeem(id), NOW).await.unwrap();
        assert_eq!(granted.expires, NOW + 900);
    }
    let waiting = store.reviews(NOW).await.unwrap();
    let ids: Vec<_> = waiting.iter().map(|session| &*session.id).collect();
    assert!(ids.contains(&"d1") && ids.contains(&"d2"));
    let deferral = |id: &str, once: &str| Deferral {
        transaction: format!("transaction of {id}"),
        record: DeferredRecord {
            session: id.to_owned(),
            token_digest: format!("grant of {id}"),
            configuration: "one".to_owned(),
            keys: vec!["did:key:zSpecimen".to_owned()],
        },
        nonce: nonce(once, NOW + 60),
        expires: NOW + 900,
    };
    store.defer(deferral("d1", "later"), NOW).await.unwrap();
    let again = store.defer(deferral("d1", "later"), NOW).await;
    assert_eq!(again, Err(StoreError::AlreadyUsed));
    let ask = |token: &'static str| store.deferred("transaction of d1", token, NOW);
    assert_eq!(ask("grant of d1").await.unwrap().1.id, "d1");
    assert_eq!(
        ask("grant of d2").await.map(drop),
        Err(StoreError::AlreadyUsed)
    );
    let refuse = Event::ReviewRefused;
    store.advance("d2", refuse, NOW, LIFETIMES).await.unwrap();
    let twice = store.advance("d2", Event::ReviewApproved, NOW, LIFETIMES);
    assert_eq!(twice.await.map(drop), Err(StoreError::WrongState));
    let waiting = store.reviews(NOW).await.unwrap();
    assert!(waiting.iter().all(|session| session.id != "d2"));
}

pub(super) async fn a_device_renews_on_young_evidence(store: &dyn Store) {
    granted(store, "e1", "e").await;
    issued(store, "e1", "one").await;
    let renewal = |id: &str, device: &str, level| Renewal {
        session: SessionRecord {
            level,
            device: device.to_owned(),
            ..session_record(id, "e")
        },
        nonce: nonce(&format!("nonce of {id}"), NOW + 400 * 86_400),
        tx_code_digest: "tx".to_owned(),
        lifetimes: LIFETIMES,
        evidence: EVIDENCE,
    };
    let renew = async |id: &str, device: &str, level, now| {
        store
            .renew(renewal(id, device, level), now)
            .await
            .map(|session| session.state)
    };
    let limited = Level::Limited;
    let end = NOW + 2 * 86_400;
    assert_eq!(
        renew("e2", "device", limited, end - 1).await,
        Ok(SessionState::FaceChecked)
    );
    assert_eq!(
        renew("e3", "another", limited, NOW).await,
        Err(StoreError::NotFound)
    );
    let old = Err(StoreError::EvidenceTooOld);
    assert_eq!(renew("e4", "device", Level::Full, NOW).await, old);
    assert_eq!(renew("e5", "device", limited, end).await, old);
    store.sweep(NOW, KEEP).await.unwrap();
}

pub(super) async fn a_loss_is_reported_with_the_right_code_only(store: &dyn Store) {
    granted(store, "q1", "q").await;
    issued(store, "q1", "one").await;
    let report = |person: &str, code: &str| LossReport {
        person: person.to_owned(),
        recovery_digest: code.to_owned(),
        most_per_day: 2,
    };
    let wrong = Err(StoreError::WrongRecoveryCode);
    assert_eq!(store.report_lost(report("q", "guess"), NOW).await, wrong);
    assert_eq!(
        store
            .report_lost(report("nobody", "recovery of q1"), NOW)
            .await,
        wrong
    );
    assert_eq!(
        store.report_lost(report("q", "recovery of q1"), NOW).await,
        Ok(2)
    );
    assert_eq!(live(store, "q").await, 0);
    assert_eq!(
        store.report_lost(report("q", "recovery of q1"), NOW).await,
        wrong,
        "once"
    );
    assert!(matches!(
        store.report_lost(report("q", "recovery of q1"), NOW).await,
        Err(StoreError::TooManyAttempts { retry_after }) if retry_after > 0
    ));
}

pub(super) async fn a_person_is_forgotten_but_the_status_is_not(store: &dyn Store) {
    granted(store, "g1", "g").await;
    let ids = issued(store, "g1", "one").await;
    opened(store, "g2", "g").await;
    let asked = |id: &str| LivenessRecord {
        id: id.to_owned(),
        person: "g".to_owned(),
        nonce: format!("nonce of {id}"),
        movements: Vec::new(),
        issued: NOW,
        expires: NOW + 60,
    };
    store.open_liveness(asked("g2"), 1, NOW).await.unwrap();
    assert_eq!(store.erase("g", NOW).await, Ok(2));
    let open = store.take_liveness("g2", NOW).await;
    assert_eq!(open, Err(StoreError::NotFound), "the challenge names them");
    // Nor is it known how many they have had: the first of this day is given.
    let fresh = store.open_liveness(asked("g3"), 1, NOW).await;
    assert_eq!(fresh, Ok(asked("g3")));
    store.take_liveness("g3", NOW).await.unwrap();
    let records = store.issuances().await.unwrap();
    for id in &ids {
        let record = records.iter().find(|record| &record.id == id).unwrap();
        assert_eq!(
            (&*record.person, record.revoked.as_deref()),
            ("", Some("erased"))
        );
        let revoked = store.revoked_indices(&record.list).await.unwrap();
        assert!(revoked.contains(&record.index));
    }
    for session in ["g1", "g2"] {
        assert_eq!(store.session(session).await, Err(StoreError::NotFound));
    }
    assert_eq!(store.erase("g", NOW).await, Ok(0));
    let target = RevocationTarget::Person("g".to_owned());
    assert_eq!(store.revoke(target, "again", NOW).await, Ok(0));
}
