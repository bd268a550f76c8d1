//! Status indices as a whole: what can be seen of the order and number of issuances.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use super::*;
use crate::environment::{SystemClock, SystemEntropy};
use crate::face::AbsentFaceCheck;
use crate::proofing::machine::Lifetimes;
use crate::store::suite::{card_proved, nonce, session_record};
use crate::store::{
    Deferral, DeferredRecord, Redemption, STATUS_LIST_LEN, SledStore, Ticket, Tokens,
};

/// Each draws this many, of 100,000.
const BATCH: usize = 20;
const DRAWS: usize = 100_000 / BATCH;
const BINS: usize = 256;

/// A request that may reserve as often as it likes: one that waited for a review.
async fn deferred(service: &Service) -> String {
    let now = service.now();
    let store = &*service.store;
    let lifetimes = Lifetimes::default();
    let session = SessionRecord {
        level: Level::Full,
        created: now,
        expires: now + 600,
        ..session_record("s", "person")
    };
    store
        .open_session(session, nonce("device nonce", now + 600), now)
        .await
        .unwrap();
    let read = Event::CardFoundGenuine;
    store.advance("s", read, now, lifetimes).await.unwrap();
    let proof = Proof {
        session: "s".to_owned(),
        proved: card_proved(now),
        tx_code_digest: "tx".to_owned(),
        lifetimes,
        review: true,
        place: None,
    };
    store.prove(proof, now).await.unwrap();
    let redemption = Redemption {
        code_digest: "full code of s".to_owned(),
        tx_code_digest: "tx".to_owned(),
        tokens: Tokens {
            access: "token".to_owned(),
            expires: now + 600,
            expires_in_review: now + 600,
            refresh: None,
        },
        max_failures: 1,
        ..Redemption::default()
    };
    store.redeem_code(redemption, now).await.unwrap();
    let deferral = Deferral {
        transaction: "transaction".to_owned(),
        record: DeferredRecord {
            session: "s".to_owned(),
            token_digest: "token".to_owned(),
            configuration: "configuration".to_owned(),
            keys: Vec::new(),
        },
        nonce: nonce("c_nonce", now + 600),
        expires: now + 600,
    };
    store.defer(deferral, now).await.unwrap();
    "transaction".to_owned()
}

#[tokio::test]
async fn indices_of_100_000_credentials_are_uniform_and_without_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    let config = Config {
        data: data.clone(),
        ..Config::default()
    };
    let keys = KeyFile::create(
        &data.join("keys.json"),
        "specimen passphrase",
        &SystemEntropy,
        SystemClock.now(),
    );
    let service = Service::new(Parts {
        config,
        store: Arc::new(SledStore::open(&data.join("store")).unwrap()),
        keys: keys.unwrap(),
        face: Arc::new(AbsentFaceCheck),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    })
    .unwrap();
    let transaction = deferred(&service).await;
    let mut lists: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for _ in 0..DRAWS {
        let ticket = Ticket::Deferred(transaction.clone());
        let token = "token".to_owned();
        let drawn = service
            .reserve(token, "configuration", (ticket, BATCH))
            .await;
        let drawn = drawn.unwrap();
        lists.entry(drawn.list).or_default().extend(drawn.indices);
    }
    // No list is filled beyond its half, so the unused places hide how many there are.
    assert_eq!(lists.len(), 2);
    let mut bins = [0_f64; BINS];
    let (mut rising, mut steps) = (0_f64, 0_f64);
    for indices in lists.values() {
        let different: std::collections::HashSet<_> = indices.iter().collect();
        assert_eq!(different.len(), indices.len());
        let width = STATUS_LIST_LEN as usize / BINS;
        for &index in indices {
            bins[index as usize / width] += 1.0;
        }
        for pair in indices.windows(2) {
            steps += 1.0;
            rising += f64::from(u8::from(pair[0] < pair[1]));
        }
    }
    let expected = (DRAWS * BATCH) as f64 / BINS as f64;
    let chi_square: f64 = bins.iter().map(|n| (n - expected).powi(2) / expected).sum();
    // 255 degrees of freedom; without replacement the spread is smaller than that of independent draws (about 158). Both
    // bounds are passed by chance less than once in a million runs.
    assert!(
        (70.0..380.0).contains(&chi_square),
        "chi square {chi_square}"
    );
    // A sequence with an order in it would rise more or less often than half the time (five standard deviations).
    let share = rising / steps;
    assert!((share - 0.5).abs() < 0.008, "rising {share}");
}
