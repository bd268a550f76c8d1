//! What the store promises about what is over: it goes, in its time.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::{Release, RevocationTarget, Store, StoreError, sweep_all};
use super::{
    KEEP, LIFETIMES, NOW, granted, intended, issued, nonce, opened, proved, redemption, release,
    reservation, session_record,
};
use crate::proofing::machine::Lifetimes;

pub(super) async fn what_expired_is_swept(store: Arc<dyn Store>) {
    opened(&*store, "z1", "z").await;
    // One that went on is put off, codes and all, for as long as it is good.
    proved(&*store, "z3", "z3").await;
    let long = Lifetimes {
        limited_issued: 2 * 86_400,
        ..LIFETIMES
    };
    granted(&*store, "z4", "z4").await;
    let ids = intended(&*store, "z4", "one").await;
    let release = Release {
        lifetimes: long,
        ..release("z4", &ids)
    };
    store.complete_issuance(release, NOW).await.unwrap();
    // More than one transaction takes: an hour's DPoP proofs, and nonces.
    let mut stale = tokio::task::JoinSet::new();
    for number in 0..2_500 {
        let once = Arc::clone(&store);
        stale.spawn(async move { once.spend_once(&format!("stale {number}"), NOW).await });
    }
    while let Some(spent) = stale.join_next().await {
        spent.unwrap().unwrap();
    }
    let swept = sweep_all(&*store, NOW + 86_400, KEEP).await.unwrap();
    assert!(swept > 2_500, "{swept}");
    assert_eq!(store.session("z3").await, Err(StoreError::NotFound));
    assert_eq!(
        store
            .redeem_code(redemption("z4", "tx"), NOW + 86_400)
            .await,
        Err(StoreError::AlreadyUsed),
        "its code is known, and used"
    );
    let day = NOW + 2 * 86_400 + 3_600;
    sweep_all(&*store, day - 1, KEEP).await.unwrap();
    assert!(store.session("z4").await.is_ok());
    sweep_all(&*store, day, KEEP).await.unwrap();
    assert_eq!(store.session("z4").await, Err(StoreError::NotFound));
    assert_eq!(
        store.redeem_code(redemption("z4", "tx"), NOW).await,
        Err(StoreError::NotFound)
    );
    let young = || nonce("young", NOW + 4 * 86_400);
    let open = |id| store.open_session(session_record(id, "z"), young(), NOW);
    open("z2").await.unwrap();
    store.sweep(NOW + 3 * 86_400, KEEP).await.unwrap();
    assert_eq!(
        open("z5").await,
        Err(StoreError::NonceUnknown),
        "still spent"
    );
    for gone in ["z1", "z2"] {
        assert_eq!(store.session(gone).await, Err(StoreError::NotFound));
    }
    assert_eq!(store.sweep(NOW + 3 * 86_400, KEEP).await, Ok(0));
    assert!(
        !store.issuances().await.unwrap().is_empty(),
        "issuances stay"
    );
}

/// Last, because it is about a time when everything else is over.
pub(super) async fn records_are_kept_for_their_time(store: &dyn Store) {
    granted(store, "k1", "k").await;
    let gone = issued(store, "k1", "one").await;
    granted(store, "k2", "k").await;
    let replacing = issued(store, "k2", "one").await;
    let known = async || {
        let records = store.issuances().await.unwrap();
        let ours = records.iter().filter(|record| record.person == "k");
        ours.map(|record| record.id.clone()).collect::<HashSet<_>>()
    };
    // One that nobody acknowledged, in the records of a service that never stopped.
    let unacknowledged = intended(store, "k2", "two").await;
    let all: HashSet<_> = gone
        .iter()
        .chain(&replacing)
        .chain(&unacknowledged)
        .cloned()
        .collect();
    let revoked = store.revoked_indices("another").await.unwrap();
    // They were valid until NOW. What they are kept for may have been lengthened since the sweep last came by.
    sweep_all(store, NOW + KEEP - 1, KEEP).await.unwrap();
    assert_eq!(known().await, all);
    sweep_all(store, NOW + KEEP, 2 * KEEP).await.unwrap();
    assert_eq!(known().await, all);
    // Shortened, it is noticed within a week.
    sweep_all(store, NOW + KEEP + 7 * 86_400, KEEP)
        .await
        .unwrap();
    assert_eq!(known().await, HashSet::new());
    // The next start finds nothing of what is gone.
    assert_eq!(store.retire_unacknowledged().await, Ok(0));
    // A place that was taken stays taken, one that was revoked stays revoked, and nothing is left to be found by.
    assert_eq!(store.revoked_indices("another").await.unwrap(), revoked);
    granted(store, "k3", "k3").await;
    let mut taken = reservation("k3", "one");
    taken.proposals = revoked;
    assert_eq!(
        store.reserve(taken, NOW).await,
        Err(StoreError::IndicesTaken)
    );
    let person = RevocationTarget::Person("k".to_owned());
    assert_eq!(store.revoke(person, "late", NOW).await, Ok(0));
}
