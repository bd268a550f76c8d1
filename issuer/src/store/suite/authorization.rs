//! Authorization requests, codes, refresh tokens and single uses.

use std::sync::Arc;

use super::{LIFETIMES, NOW, nonce, opened, proved, session_record};
use crate::proofing::machine::EvidenceDays;
use crate::store::{
    Arrival, AuthorizationRecord, Binding, CodeRedemption, Consented, Level, Pushed, Refreshment,
    Release, Reservation, Store, StoreError, Ticket, Tokens, Wish,
};

fn binding(client: &str) -> Binding {
    Binding {
        client: Some(client.to_owned()),
        instance: None,
        jkt: Some("key".to_owned()),
    }
}

fn request(client: &str, session: Option<&str>) -> AuthorizationRecord {
    AuthorizationRecord {
        binding: Binding {
            jkt: None,
            ..binding(client)
        },
        redirect_uri: "https://wallet.example/cb".to_owned(),
        known: false,
        code_challenge: "challenge".to_owned(),
        state: None,
        wish: Wish {
            configurations: vec!["configuration".to_owned()],
            by_identifier: true,
            level: Level::Limited,
        },
        session: session.map(str::to_owned),
        by_offer: false,
        opened: 0,
        expires: NOW + 60,
    }
}

fn tokens(name: &str) -> Tokens {
    Tokens {
        access: format!("access {name}"),
        expires: NOW + 300,
        expires_in_review: NOW + 900,
        refresh: Some((format!("refresh {name}"), NOW + 10_000)),
    }
}

fn redemption(name: &str) -> CodeRedemption {
    CodeRedemption {
        code_digest: format!("code {name}"),
        binding: binding(name),
        redirect_uri: Some("https://wallet.example/cb".to_owned()),
        code_challenge: "challenge".to_owned(),
        tokens: tokens(name),
    }
}

/// A proved session whose person said yes: the code is `code {name}`.
async fn agreed(store: &dyn Store, name: &str) {
    proved(store, name, name).await;
    let arrival = Arrival::Direct {
        record: Box::new(request(name, Some(name))),
        most_per_minute: 100,
    };
    let browser = format!("browser {name}");
    store
        .begin_authorization(arrival, &browser, NOW)
        .await
        .unwrap();
    let consented = Consented {
        browser,
        code_digest: format!("code {name}"),
        code_expires: NOW + 60,
        tx_code_digest: None,
        max_failures: 3,
    };
    store.consent(consented.clone(), NOW).await.unwrap();
    // A page is answered once.
    assert_eq!(
        store.consent(consented, NOW).await,
        Err(StoreError::NotFound)
    );
}

pub(super) async fn a_pushed_request_is_opened_once(store: Arc<dyn Store>) {
    let pushed = Pushed {
        handle: "handle".to_owned(),
        record: request("pushing", None),
        most_per_minute: 100,
    };
    store.push_authorization(pushed, NOW).await.unwrap();
    let arrival = |client: &str| Arrival::Pushed {
        handle: "handle".to_owned(),
        client: client.to_owned(),
        expires: NOW + 900,
    };
    let other = store.begin_authorization(arrival("other"), "b", NOW).await;
    assert_eq!(other, Err(StoreError::NotFound));
    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let (store, arrival) = (Arc::clone(&store), arrival("pushing"));
            tokio::spawn(async move {
                let browser = format!("racing {racer}");
                store.begin_authorization(arrival, &browser, NOW).await
            })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.unwrap().is_ok());
    }
    assert_eq!(won, 1);
    let nobody = store.authorization("b", NOW).await;
    assert_eq!(nobody, Err(StoreError::NotFound));
    let consent = Consented {
        browser: "racing".to_owned(),
        code_digest: "c".to_owned(),
        code_expires: NOW + 1,
        tx_code_digest: None,
        max_failures: 1,
    };
    // Nobody has been proved on that page.
    let early = store.consent(consent, NOW).await;
    assert!(early.is_err());
}

pub(super) async fn a_page_opens_a_few_sessions_and_none_beside_an_offer(store: &dyn Store) {
    let begin = async |browser: &str, by_offer: bool| {
        let record = AuthorizationRecord {
            by_offer,
            ..request(browser, by_offer.then_some("offered"))
        };
        let arrival = Arrival::Direct {
            record: Box::new(record),
            most_per_minute: 100,
        };
        let begun = store.begin_authorization(arrival, browser, NOW).await;
        begun.unwrap();
    };
    begin("few", false).await;
    for number in 0..5 {
        let session = session_record(&format!("few {number}"), "few");
        store.enrol("few", session, NOW).await.unwrap();
    }
    let sixth = store.enrol("few", session_record("few 5", "few"), NOW);
    assert_eq!(
        sixth.await,
        Err(StoreError::TooManyAttempts { retry_after: 0 })
    );
    begin("offer", true).await;
    let beside = store.enrol("offer", session_record("beside", "offer"), NOW);
    assert_eq!(beside.await, Err(StoreError::WrongState));
    let late = session_record("late", "few");
    let late = store.enrol("few", late, NOW + 60).await;
    assert_eq!(late, Err(StoreError::Expired));
}

pub(super) async fn an_authorization_code_is_redeemed_once(store: Arc<dyn Store>) {
    agreed(&*store, "ac1").await;
    let racers: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.redeem_authorization(redemption("ac1"), NOW).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.unwrap().is_ok());
    }
    assert_eq!(won, 1);
}

pub(super) async fn a_code_used_twice_takes_its_tokens_away(store: &dyn Store) {
    agreed(store, "ac2").await;
    let granted = store.redeem_authorization(redemption("ac2"), NOW).await;
    assert_eq!(granted.unwrap().binding, binding("ac2"));
    assert!(store.granted_session("access ac2", NOW).await.is_ok());
    let again = store.redeem_authorization(redemption("ac2"), NOW).await;
    assert_eq!(again, Err(StoreError::AlreadyUsed));
    let gone = store.granted_session("access ac2", NOW).await;
    assert_eq!(gone.map(drop), Err(StoreError::NotFound));
    let refreshed = store.refresh(refreshment("ac2", "ac2", "x"), NOW).await;
    assert_eq!(refreshed, Err(StoreError::NotFound));
}

pub(super) async fn a_code_is_bound_to_who_asked(store: &dyn Store) {
    type Change = fn(&mut CodeRedemption);
    let changes: [(&str, Change); 4] = [
        ("ac3", |r| r.binding.client = Some("other".to_owned())),
        ("ac4", |r| r.redirect_uri = None),
        ("ac5", |r| r.code_challenge = "other".to_owned()),
        ("ac6", |r| {
            r.redirect_uri = Some("https://wallet.example/other".to_owned());
        }),
    ];
    for (name, change) in changes {
        agreed(store, name).await;
        let mut wrong = redemption(name);
        change(&mut wrong);
        let refused = store.redeem_authorization(wrong, NOW).await;
        assert_eq!(refused, Err(StoreError::NotFound), "{name}");
        // Somebody else has had the code in hands: it is spent.
        let right = store.redeem_authorization(redemption(name), NOW).await;
        assert_eq!(right, Err(StoreError::NotFound), "{name}");
    }
    agreed(store, "ac7").await;
    let late = store
        .redeem_authorization(redemption("ac7"), NOW + 60)
        .await;
    assert_eq!(late, Err(StoreError::NotFound));
}

fn refreshment(client: &str, old: &str, new: &str) -> Refreshment {
    Refreshment {
        refresh_digest: format!("refresh {old}"),
        binding: binding(client),
        session: session_record(&format!("session of {new}"), "filled in"),
        tokens: tokens(new),
        lifetimes: LIFETIMES,
        evidence: EvidenceDays::default(),
    }
}

/// Fetches what a token stands for, so that there is something to renew.
async fn fetched(store: &dyn Store, name: &str) {
    let nonce = nonce(&format!("c_nonce of {name}"), NOW + 60);
    let reservation = Reservation {
        token_digest: format!("access {name}"),
        configuration: "configuration".to_owned(),
        ticket: Ticket::Nonce(nonce),
        count: 1,
        proposals: (0..100_000).step_by(13).collect(),
        fresh_list: format!("list of {name}"),
    };
    store.reserve(reservation, NOW).await.unwrap();
    let release = Release {
        session: name.to_owned(),
        level: Level::Limited,
        issuances: Vec::new(),
        transaction: None,
        lifetimes: LIFETIMES,
    };
    store.complete_issuance(release, NOW).await.unwrap();
}

pub(super) async fn a_refresh_token_rotates_and_a_second_use_ends_its_line(store: Arc<dyn Store>) {
    agreed(&*store, "rt1").await;
    store
        .redeem_authorization(redemption("rt1"), NOW)
        .await
        .unwrap();
    fetched(&*store, "rt1").await;
    let stolen = store.refresh(refreshment("thief", "rt1", "x"), NOW).await;
    assert_eq!(stolen, Err(StoreError::NotFound));
    let mut unbound = refreshment("rt1", "rt1", "x");
    unbound.binding.jkt = Some("another key".to_owned());
    assert_eq!(store.refresh(unbound, NOW).await, Err(StoreError::NotFound));
    let late = store.refresh(refreshment("rt1", "rt1", "x"), NOW + 10_000);
    assert_eq!(late.await, Err(StoreError::NotFound));

    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let store = Arc::clone(&store);
            let new = format!("rt1 {racer}");
            tokio::spawn(async move { store.refresh(refreshment("rt1", "rt1", &new), NOW).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.unwrap().is_ok());
    }
    assert_eq!(won, 1);
    // The others were second uses: nothing of the line is left.
    for racer in 0..8 {
        let access = format!("access rt1 {racer}");
        let gone = store.granted_session(&access, NOW).await;
        assert_eq!(gone.map(drop), Err(StoreError::NotFound));
    }

    agreed(&*store, "rt2").await;
    store
        .redeem_authorization(redemption("rt2"), NOW)
        .await
        .unwrap();
    fetched(&*store, "rt2").await;
    let granted = store.refresh(refreshment("rt2", "rt2", "rt2b"), NOW).await;
    assert_eq!(granted.unwrap().session, "session of rt2b");
    let (session, _) = store.granted_session("access rt2b", NOW).await.unwrap();
    assert_eq!((&*session.person, &*session.device), ("rt2", "device"));
    assert_eq!(session.recovery_digest, "recovery of rt2");
    let before = store.granted_session("access rt2", NOW).await;
    assert_eq!(before.map(drop), Err(StoreError::NotFound));
    store
        .refresh(refreshment("rt2", "rt2b", "rt2c"), NOW)
        .await
        .unwrap();
}

pub(super) async fn a_single_use_is_one(store: Arc<dyn Store>) {
    let racers: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.spend_once("proof", NOW + 60).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(()) => won += 1,
            other => assert_eq!(other, Err(StoreError::AlreadyUsed)),
        }
    }
    assert_eq!(won, 1);
}

pub(super) async fn a_client_asks_so_often_a_minute(store: &dyn Store) {
    let push = |handle: &str| Pushed {
        handle: handle.to_owned(),
        record: request("eager", None),
        most_per_minute: 2,
    };
    store.push_authorization(push("1"), NOW).await.unwrap();
    store.push_authorization(push("2"), NOW).await.unwrap();
    let third = store.push_authorization(push("3"), NOW).await;
    assert!(matches!(third, Err(StoreError::TooManyAttempts { .. })));
    store.push_authorization(push("3"), NOW + 60).await.unwrap();
}

pub(super) async fn erasure_forgets_codes_and_refresh_tokens(store: &dyn Store) {
    for name in ["er1", "er2"] {
        agreed(store, name).await;
    }
    store
        .redeem_authorization(redemption("er1"), NOW)
        .await
        .unwrap();
    opened(store, "er3", "er3").await;
    for person in ["er1", "er2", "er3"] {
        store.erase(person, NOW).await.unwrap();
    }
    let gone = store.granted_session("access er1", NOW).await;
    assert_eq!(gone.map(drop), Err(StoreError::NotFound));
    let refreshed = store.refresh(refreshment("er1", "er1", "x"), NOW).await;
    assert_eq!(refreshed, Err(StoreError::NotFound));
    let redeemed = store.redeem_authorization(redemption("er2"), NOW).await;
    assert_eq!(redeemed, Err(StoreError::NotFound));
}
