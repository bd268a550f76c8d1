//! What a revocation promises.

use super::super::{
    CodeDigests, Level, Proof, Proved, RevocationTarget, SessionRecord, Store, StoreError,
};
use super::{
    LIFETIMES, NOW, face_proof, granted, intended, issued, live, nonce, proved, redemption,
    registration, release, reservation, session_record,
};
use crate::proofing::machine::Event;

pub(super) async fn is_found_in_the_list(store: &dyn Store) {
    granted(store, "v1", "v").await;
    let ids = issued(store, "v1", "one").await;
    let target = RevocationTarget::Credential(ids[0].clone());
    let before = store.status_lists().await.unwrap();
    assert_eq!(store.revoke(target.clone(), "lost", NOW).await, Ok(1));
    assert_eq!(store.revoke(target, "lost", NOW).await, Ok(0));
    let person = RevocationTarget::Person("v".to_owned());
    assert_eq!(store.revoke(person, "died", NOW).await, Ok(1));
    let unknown = RevocationTarget::Credential("nothing".to_owned());
    assert_eq!(
        store.revoke(unknown, "lost", NOW).await,
        Err(StoreError::NotFound)
    );
    let all = store.issuances().await.unwrap();
    for id in ids {
        let record = all.iter().find(|record| record.id == id).unwrap();
        let revoked = store.revoked_indices(&record.list).await.unwrap();
        assert!(revoked.contains(&record.index));
        assert!(revoked.is_sorted());
    }
    assert_ne!(store.status_lists().await.unwrap(), before);
}

pub(super) async fn of_a_person_ends_open_sessions(store: &dyn Store) {
    granted(store, "b1", "b").await;
    issued(store, "b1", "one").await;
    let in_flight = intended(store, "b1", "two").await;
    proved(store, "b2", "b").await;
    let person = RevocationTarget::Person("b".to_owned());
    let revoked = store.revoke(person, "stolen", NOW).await;
    assert_eq!(revoked, Ok(4));
    assert_eq!(
        store
            .complete_issuance(release("b1", &in_flight), NOW)
            .await,
        Err(StoreError::WrongState)
    );
    let wanted = reservation("b1", "three");
    assert_eq!(
        store.reserve(wanted, NOW).await,
        Err(StoreError::WrongState),
        "the set grows no further"
    );
    assert_eq!(
        store.redeem_code(redemption("b2", "tx"), NOW).await,
        Err(StoreError::WrongState),
        "what was proved before counts no more"
    );

    let later = SessionRecord {
        created: NOW + 1,
        ..session_record("b3", "b")
    };
    store
        .open_session(later, nonce("device nonce of b3", NOW + 60), NOW + 1)
        .await
        .unwrap();
    store.prove(face_proof("b3"), NOW + 1).await.unwrap();
    store
        .redeem_code(redemption("b3", "tx"), NOW + 1)
        .await
        .unwrap();
    issued(store, "b3", "one").await;
    assert_eq!(live(store, "b").await, 2);
}

pub(super) async fn of_a_terminal_reaches_everything_on_its_word(store: &dyn Store) {
    for did in ["did:bad", "did:good"] {
        store.put_terminal(registration(did)).await.unwrap();
    }
    for (session, terminal) in [("k1", "did:bad"), ("k2", "did:good"), ("k3", "did:bad")] {
        at_terminal(store, session, terminal).await;
    }
    for session in ["k1", "k2"] {
        let redeemed = store.redeem_code(redemption(session, "tx"), NOW).await;
        redeemed.unwrap();
        issued(store, session, "one").await;
    }
    let target = |since| RevocationTarget::Terminal {
        did: "did:bad".to_owned(),
        since,
    };
    let later = store.revoke(target(NOW + 1), "compromised", NOW).await;
    assert_eq!(later, Ok(0), "nothing is of that day");
    assert_eq!(store.revoke(target(0), "compromised", NOW).await, Ok(2));
    assert_eq!(store.revoke(target(0), "compromised", NOW).await, Ok(0));
    assert_eq!((live(store, "k1").await, live(store, "k2").await), (0, 2));
    assert_eq!(
        store.redeem_code(redemption("k3", "tx"), NOW).await,
        Err(StoreError::WrongState),
        "what was proved there counts no more"
    );
    assert_eq!(
        store.terminal("did:bad").await,
        Err(StoreError::TerminalRetired)
    );
    store.terminal("did:good").await.unwrap();
    let unknown = RevocationTarget::Terminal {
        did: "did:none".to_owned(),
        since: 0,
    };
    assert_eq!(
        store.revoke(unknown, "compromised", NOW).await,
        Err(StoreError::TerminalUnknown)
    );
}

/// A session of a person of its own, proved at a terminal.
async fn at_terminal(store: &dyn Store, id: &str, terminal: &str) {
    let nonce = nonce(&format!("device nonce of {id}"), NOW + 60);
    let record = SessionRecord {
        level: Level::Full,
        // So that the suite's redemption is of the full offer.
        code_digests: CodeDigests {
            limited: format!("limited code of {id}"),
            full: format!("code of {id}"),
        },
        ..session_record(id, id)
    };
    store.open_session(record, nonce, NOW).await.unwrap();
    let read = Event::CardFoundGenuine;
    store.advance(id, read, NOW, LIFETIMES).await.unwrap();
    let proved = Proved::Card {
        day: NOW,
        terminal: terminal.to_owned(),
        attended: false,
        method: crate::store::CardMethod::ActiveAuthentication,
        liveness: false,
        document_country: "UTO".to_owned(),
    };
    let proof = Proof {
        proved,
        ..face_proof(id)
    };
    store.prove(proof, NOW).await.unwrap();
}
