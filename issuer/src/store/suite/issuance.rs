//! What the store promises about indices, uses of a token, intents and acknowledgements.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::{IssuanceState, STATUS_LIST_LEN, Store, StoreError, Ticket};
use super::{NOW, granted, intended, issued, live, nonce, release, reservation};

pub(super) async fn indices_never_collide(store: Arc<dyn Store>) {
    let mut racers = Vec::new();
    for racer in 0..8 {
        let id = format!("x{racer}");
        granted(&*store, &id, &id).await;
        let mut wanted = reservation(&id, "one");
        // All propose the same indices, in the same order.
        wanted.count = 5;
        let store = Arc::clone(&store);
        racers.push(tokio::spawn(
            async move { store.reserve(wanted, NOW).await },
        ));
    }
    let mut seen = HashSet::new();
    for racer in racers {
        let reserved = racer.await.unwrap().unwrap();
        assert_eq!(reserved.indices.len(), 5);
        for index in reserved.indices {
            assert!(seen.insert((reserved.list.clone(), index)));
        }
    }
}

pub(super) async fn a_closed_list_is_used_no_further(store: &dyn Store) {
    granted(store, "l1", "l").await;
    let wanted = reservation("l1", "one");
    let before = store.reserve(wanted, NOW).await.unwrap();
    store.close_status_list().await.unwrap();
    let mut wanted = reservation("l1", "two");
    wanted.fresh_list = "another".to_owned();
    let after = store.reserve(wanted, NOW).await.unwrap();
    assert_eq!((&*before.list, &*after.list), ("list", "another"));
    assert_eq!(store.status_lists().await.unwrap().len(), 2);
}

/// The unused half of a list hides how many credentials there are.
pub(super) async fn a_list_is_closed_at_half(store: &dyn Store) {
    granted(store, "half", "half").await;
    let wanted = |configuration: &str, count: u32| {
        let mut wanted = reservation("half", configuration);
        wanted.count = count as usize;
        wanted.fresh_list = format!("list of {configuration}");
        wanted.proposals = (0..STATUS_LIST_LEN).collect();
        wanted
    };
    store.close_status_list().await.unwrap();
    let half = STATUS_LIST_LEN / 2;
    let mut lists = Vec::new();
    for (configuration, count) in [("one", half - 2), ("two", 2), ("three", 1), ("four", 2)] {
        let reserved = store.reserve(wanted(configuration, count), NOW).await;
        lists.push(reserved.unwrap().list);
    }
    assert_eq!(
        lists,
        ["one", "one", "three", "three"].map(|of| format!("list of {of}"))
    );
    store.close_status_list().await.unwrap();
}

pub(super) async fn a_configuration_is_used_once_and_refusals_change_nothing(store: &dyn Store) {
    granted(store, "u1", "u").await;
    let mut wanted = reservation("u1", "one");
    wanted.proposals = vec![STATUS_LIST_LEN, 90_001];
    assert_eq!(
        store.reserve(wanted.clone(), NOW).await,
        Err(StoreError::IndicesTaken)
    );
    // Neither the nonce nor the configuration was used up by the refusal.
    wanted.proposals = vec![90_001, 90_001, 90_002];
    let reserved = store.reserve(wanted, NOW).await.unwrap();
    assert_eq!(reserved.indices, [90_001, 90_002]);
    let again = reservation("u1", "one");
    assert_eq!(
        store.reserve(again, NOW).await,
        Err(StoreError::AlreadyUsed)
    );
    let mut stale = reservation("u1", "two");
    stale.ticket = Ticket::Nonce(nonce("c_nonce u1 one", NOW + 60));
    assert_eq!(
        store.reserve(stale, NOW).await,
        Err(StoreError::NonceUnknown)
    );
}

pub(super) async fn a_new_set_retires_the_old_in_one_step(store: &dyn Store) {
    granted(store, "r1", "r").await;
    let first = issued(store, "r1", "one").await;
    let second_format = issued(store, "r1", "two").await;
    assert_eq!(live(store, "r").await, 4, "two formats, one set");

    granted(store, "r2", "r").await;
    let overtaken = intended(store, "r1", "three").await;
    let ids = intended(store, "r2", "one").await;
    assert_eq!(
        store.complete_issuance(release("r2", &ids), NOW).await,
        Ok(6)
    );
    assert_eq!(live(store, "r").await, 2);
    assert_eq!(
        store
            .complete_issuance(release("r1", &overtaken), NOW)
            .await,
        Err(StoreError::WrongState),
        "an intent revoked meanwhile is not released"
    );
    let late = intended(store, "r1", "four").await;
    assert_eq!(
        store.complete_issuance(release("r1", &late), NOW).await,
        Err(StoreError::WrongState),
        "a replaced set grows no further"
    );
    let all = store.issuances().await.unwrap();
    for id in first.iter().chain(&second_format) {
        let record = all.iter().find(|record| &record.id == id).unwrap();
        assert_eq!(record.revoked.as_deref(), Some("replaced"));
    }
    assert_eq!(
        store.complete_issuance(release("r2", &ids), NOW).await,
        Err(StoreError::WrongState),
        "acknowledged once"
    );
}

pub(super) async fn unacknowledged_intents_are_retired(store: &dyn Store) {
    store.retire_unacknowledged().await.unwrap();
    granted(store, "o1", "o").await;
    let ids = intended(store, "o1", "one").await;
    assert_eq!(store.retire_unacknowledged().await, Ok(2));
    assert_eq!(store.retire_unacknowledged().await, Ok(0));
    let all = store.issuances().await.unwrap();
    let record = all.iter().find(|record| record.id == ids[0]).unwrap();
    assert_eq!(record.state, IssuanceState::Intended);
    assert_eq!(record.revoked.as_deref(), Some("unacknowledged"));
}
