//! The suite every backend must pass. Call [`all`] with a fresh, empty store.
//!
//! It asserts what the trait promises: single use under races, refusals that change nothing, retirement in the same
//! transaction, indices without collision. That an acknowledged step survives `kill -9` needs a process to kill and is
//! tested beside each backend.

#![expect(clippy::unwrap_used, reason = "a test suite: a failed step ends it")]

mod authorization;
mod holder;
mod issuance;
mod liveness;
mod revocation;
mod sweep;

use std::sync::Arc;

use super::{
    AttemptLimits, ChallengeRecord, CodeDigests, FreshNonce, IssuanceRecord, IssuanceState, Level,
    OperatorRecord, Proof, Proved, Redemption, Release, RelyingPartyRecord, Reservation,
    SessionRecord, SessionState, StatementUse, Store, StoreError, TerminalRegistration, Ticket,
    Tokens, Wish,
};
use crate::proofing::machine::{Event, Lifetimes};

const NOW: i64 = 1_800_000_000;
const LIMITS: AttemptLimits = AttemptLimits {
    per_session: 3,
    per_person_per_day: 4,
};

/// Short ones, so that the tests reach their ends.
const LIFETIMES: Lifetimes = Lifetimes {
    started: 600,
    face_checked: 600,
    limited_issued: 600,
    card_checked: 600,
    face_matched_to_card: 600,
    in_review: 600,
    approved: 600,
    full_issued: 600,
};
/// How long the records of credentials are kept after their validity.
const KEEP: i64 = 365 * 86_400;
const PHONE: Event = Event::FaceMatchedRegister;
const TERMINAL: Event = Event::CardFoundGenuine;

/// Runs every test of the suite against `store`, which must be empty.
///
/// # Panics
/// Where the backend breaks a promise.
pub async fn all(store: Arc<dyn Store>) {
    nonces_are_single_use(&*store).await;
    attempts_are_limited(&*store).await;
    a_code_is_redeemed_once(Arc::clone(&store)).await;
    wrong_transaction_codes_burn_the_code(&*store).await;
    a_terminal_counter_must_rise(&*store).await;
    issuance::indices_never_collide(Arc::clone(&store)).await;
    issuance::a_configuration_is_used_once_and_refusals_change_nothing(&*store).await;
    issuance::a_new_set_retires_the_old_in_one_step(&*store).await;
    issuance::unacknowledged_intents_are_retired(&*store).await;
    revocation::is_found_in_the_list(&*store).await;
    revocation::of_a_person_ends_open_sessions(&*store).await;
    revocation::of_a_terminal_reaches_everything_on_its_word(&*store).await;
    issuance::a_closed_list_is_used_no_further(&*store).await;
    issuance::a_list_is_closed_at_half(&*store).await;
    holder::a_day_has_as_many_places_as_it_has(Arc::clone(&store)).await;
    holder::a_step_is_taken_in_its_state_only(&*store).await;
    holder::a_review_is_waited_for(&*store).await;
    holder::a_device_renews_on_young_evidence(&*store).await;
    holder::a_loss_is_reported_with_the_right_code_only(&*store).await;
    holder::a_person_is_forgotten_but_the_status_is_not(&*store).await;
    authorization::a_pushed_request_is_opened_once(Arc::clone(&store)).await;
    authorization::a_page_opens_a_few_sessions_and_none_beside_an_offer(&*store).await;
    authorization::an_authorization_code_is_redeemed_once(Arc::clone(&store)).await;
    authorization::a_code_used_twice_takes_its_tokens_away(&*store).await;
    authorization::a_code_is_bound_to_who_asked(&*store).await;
    authorization::a_refresh_token_rotates_and_a_second_use_ends_its_line(Arc::clone(&store)).await;
    authorization::a_single_use_is_one(Arc::clone(&store)).await;
    authorization::a_client_asks_so_often_a_minute(&*store).await;
    authorization::erasure_forgets_codes_and_refresh_tokens(&*store).await;
    relying_parties_and_terminals_are_kept(&*store).await;
    liveness::a_challenge_is_drawn_and_answered_once(&*store).await;
    liveness::frames_are_remembered_for_their_time(&*store).await;
    sweep::what_expired_is_swept(Arc::clone(&store)).await;
    sweep::records_are_kept_for_their_time(&*store).await;
}

/// A session of `person` in state [`SessionState::Started`], with secrets derived from `id`.
#[must_use]
pub fn session_record(id: &str, person: &str) -> SessionRecord {
    SessionRecord {
        id: id.to_owned(),
        token_digest: format!("token of {id}"),
        code_digests: CodeDigests {
            limited: format!("code of {id}"),
            full: format!("full code of {id}"),
        },
        recovery_digest: format!("recovery of {id}"),
        district: None,
        nonce: format!("nonce of {id}"),
        person: person.to_owned(),
        level: Level::Limited,
        device: "device".to_owned(),
        state: SessionState::Started,
        created: NOW,
        expires: NOW + 600,
        attempts: 0,
        next_attempt: 0,
        proved: None,
        tx_code_digest: None,
        tx_code_failures: 0,
        code_spent: false,
    }
}

/// Walks a fresh session to the point where its token is granted; the token digest is `grant of {id}`.
pub async fn granted(store: &dyn Store, id: &str, person: &str) {
    proved(store, id, person).await;
    store.redeem_code(redemption(id, "tx"), NOW).await.unwrap();
}

async fn proved(store: &dyn Store, id: &str, person: &str) {
    opened(store, id, person).await;
    store.prove(face_proof(id), NOW).await.unwrap();
}

/// What a card check of that day proves.
#[must_use]
pub fn card_proved(day: i64) -> Proved {
    Proved::Card {
        day,
        terminal: "did:t".to_owned(),
        attended: true,
        document_country: "UTO".to_owned(),
        method: super::CardMethod::ActiveAuthentication,
        liveness: false,
    }
}

/// The face check of a session, passed; the transaction code digest is `tx`.
fn face_proof(id: &str) -> Proof {
    Proof {
        session: id.to_owned(),
        proved: Proved::Face {
            day: NOW,
            liveness: false,
        },
        tx_code_digest: "tx".to_owned(),
        lifetimes: LIFETIMES,
        review: false,
        place: None,
    }
}

fn release(session: &str, ids: &[String]) -> Release {
    Release {
        session: session.to_owned(),
        level: Level::Limited,
        issuances: ids.to_vec(),
        transaction: None,
        lifetimes: LIFETIMES,
    }
}

/// A nonce that nobody used yet.
#[must_use]
pub fn nonce(id: &str, expires: i64) -> FreshNonce {
    FreshNonce {
        id: id.to_owned(),
        expires,
    }
}

async fn opened(store: &dyn Store, id: &str, person: &str) {
    opened_as(store, id, person, Level::Limited).await;
}

async fn opened_as(store: &dyn Store, id: &str, person: &str, level: Level) {
    let nonce = nonce(&format!("device nonce of {id}"), NOW + 60);
    let record = SessionRecord {
        level,
        ..session_record(id, person)
    };
    store.open_session(record, nonce, NOW).await.unwrap();
}

fn redemption(id: &str, tx_code: &str) -> Redemption {
    Redemption {
        code_digest: format!("code of {id}"),
        tx_code_digest: tx_code.to_owned(),
        tokens: Tokens {
            access: format!("grant of {id}"),
            expires: NOW + 300,
            expires_in_review: NOW + 900,
            refresh: None,
        },
        max_failures: 3,
        ..Redemption::default()
    }
}

fn reservation(id: &str, configuration: &str) -> Reservation {
    let nonce = nonce(&format!("c_nonce {id} {configuration}"), NOW + 60);
    Reservation {
        token_digest: format!("grant of {id}"),
        configuration: configuration.to_owned(),
        ticket: Ticket::Nonce(nonce),
        count: 2,
        proposals: (0..256).collect(),
        fresh_list: "list".to_owned(),
    }
}

/// Reserves, records and acknowledges a set of two credentials; returns their ids.
pub async fn issued(store: &dyn Store, session: &str, configuration: &str) -> Vec<String> {
    let ids = intended(store, session, configuration).await;
    let record = store.session(session).await.unwrap();
    let release = Release {
        level: record.state.earns().unwrap(),
        ..release(session, &ids)
    };
    store.complete_issuance(release, NOW).await.unwrap();
    ids
}

async fn intended(store: &dyn Store, session: &str, configuration: &str) -> Vec<String> {
    let wanted = reservation(session, configuration);
    let reserved = store.reserve(wanted, NOW).await.unwrap();
    let record = store.session(session).await.unwrap();
    let level = record.state.earns().unwrap();
    let (set, person) = (record.set(level), record.person);
    let terminal = record
        .proved
        .as_ref()
        .and_then(Proved::terminal)
        .map(str::to_owned);
    let records: Vec<IssuanceRecord> = reserved
        .indices
        .iter()
        .map(|&index| IssuanceRecord {
            id: format!("{session}-{configuration}-{index}"),
            set: set.clone(),
            person: person.clone(),
            configuration: configuration.to_owned(),
            level,
            list: reserved.list.clone(),
            index,
            valid_from: NOW,
            valid_until: NOW,
            issuer: "did".to_owned(),
            terminal: terminal.clone(),
            digest: "digest".to_owned(),
            state: IssuanceState::Intended,
            revoked: None,
        })
        .collect();
    let ids = records.iter().map(|record| record.id.clone()).collect();
    store.record_intent(records).await.unwrap();
    ids
}

async fn nonces_are_single_use(store: &dyn Store) {
    let open = |id: &'static str, once: &'static str, at| {
        store.open_session(session_record(id, "n"), nonce(once, NOW + 60), at)
    };
    open("n1", "once", NOW).await.unwrap();
    assert_eq!(open("n2", "once", NOW).await, Err(StoreError::NonceUnknown));
    assert_eq!(store.session("n2").await, Err(StoreError::NotFound));
    // Used or not, it is remembered until it is too old, also by the sweep, and then it is too old.
    store.sweep(NOW + 59, KEEP).await.unwrap();
    assert_eq!(
        open("n2", "once", NOW + 59).await,
        Err(StoreError::NonceUnknown)
    );
    assert_eq!(
        open("n3", "late", NOW + 60).await,
        Err(StoreError::NonceUnknown)
    );
}

async fn attempts_are_limited(store: &dyn Store) {
    opened(store, "a1", "a").await;
    for _ in 0..3 {
        store.begin_attempt("a1", PHONE, NOW, LIMITS).await.unwrap();
        store.fail_attempt("a1", 0).await.unwrap();
    }
    assert_eq!(
        store.begin_attempt("a1", PHONE, NOW, LIMITS).await,
        Err(StoreError::TooManyAttempts { retry_after: 0 })
    );
    // A new session does not reset what the person's number has collected.
    opened(store, "a2", "a").await;
    store.begin_attempt("a2", PHONE, NOW, LIMITS).await.unwrap();
    // An attempt under way counts already; one that ended otherwise than in a mismatch does not.
    opened(store, "a4", "a").await;
    assert!(matches!(
        store.begin_attempt("a4", PHONE, NOW, LIMITS).await,
        Err(StoreError::TooManyAttempts { retry_after }) if retry_after > 1
    ));
    store.forgive_attempt("a2", PHONE, NOW).await.unwrap();
    store.begin_attempt("a4", PHONE, NOW, LIMITS).await.unwrap();
    store.fail_attempt("a4", 0).await.unwrap();
    store.fail_attempt("a2", NOW + 5).await.unwrap();
    assert!(matches!(
        store.begin_attempt("a2", PHONE, NOW + 4, LIMITS).await,
        Err(StoreError::TooManyAttempts { retry_after: 1 })
    ));
    assert!(matches!(
        store.begin_attempt("a2", PHONE, NOW + 5, LIMITS).await,
        Err(StoreError::TooManyAttempts { retry_after }) if retry_after > 1
    ));
    // The other level has a count of its own.
    let full = SessionRecord {
        level: Level::Full,
        ..session_record("a5", "a")
    };
    let once = nonce("full", NOW + 60);
    store.open_session(full, once, NOW).await.unwrap();
    store
        .begin_attempt("a5", TERMINAL, NOW, LIMITS)
        .await
        .unwrap();
    opened(store, "a3", "a3").await;
    assert_eq!(
        store.begin_attempt("a3", PHONE, NOW + 600, LIMITS).await,
        Err(StoreError::Expired)
    );
}

async fn a_code_is_redeemed_once(store: Arc<dyn Store>) {
    opened(&*store, "c0", "c0").await;
    assert_eq!(
        store.redeem_code(redemption("c0", "tx"), NOW).await,
        Err(StoreError::NotFound),
        "no code before approval"
    );
    proved(&*store, "c1", "c").await;
    assert_eq!(
        store.redeem_code(redemption("c1", "tx"), NOW + 600).await,
        Err(StoreError::Expired)
    );
    let more = Redemption {
        wish: Some(Wish {
            configurations: Vec::new(),
            by_identifier: true,
            level: Level::Full,
        }),
        ..redemption("c1", "tx")
    };
    assert_eq!(
        store.redeem_code(more, NOW).await,
        Err(StoreError::WrongState),
        "more is asked for than is offered"
    );
    let racers: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.redeem_code(redemption("c1", "tx"), NOW).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(grant) => {
                assert_eq!(grant.expires, NOW + 300);
                won += 1;
            }
            other => assert_eq!(other, Err(StoreError::AlreadyUsed)),
        }
    }
    assert_eq!(won, 1);
    let (session, grant) = store.granted_session("grant of c1", NOW).await.unwrap();
    assert_eq!((&*session.id, grant.level), ("c1", Level::Limited));
    assert_eq!(
        store.granted_session("grant of c1", NOW + 300).await,
        Err(StoreError::Expired)
    );
}

async fn wrong_transaction_codes_burn_the_code(store: &dyn Store) {
    proved(store, "w1", "w").await;
    for _ in 0..3 {
        assert_eq!(
            store.redeem_code(redemption("w1", "guess"), NOW).await,
            Err(StoreError::WrongTxCode)
        );
    }
    assert_eq!(
        store.redeem_code(redemption("w1", "tx"), NOW).await,
        Err(StoreError::AlreadyUsed)
    );
}

fn registration(did: &str) -> TerminalRegistration {
    TerminalRegistration {
        did: did.to_owned(),
        name: "Desk".to_owned(),
        ..TerminalRegistration::default()
    }
}

async fn a_terminal_counter_must_rise(store: &dyn Store) {
    let challenge = |nonce: &str, terminal: &str| ChallengeRecord {
        nonce: nonce.to_owned(),
        terminal: terminal.to_owned(),
        session: "t1".to_owned(),
        expires: NOW + 60,
    };
    let answer = |nonce: &str, counter| StatementUse {
        nonce: nonce.to_owned(),
        terminal: "did:t".to_owned(),
        session: "t1".to_owned(),
        counter,
    };
    opened_as(store, "t1", "t", Level::Full).await;
    assert_eq!(
        store
            .open_challenge(challenge("q0", "did:t"), "j0", NOW)
            .await,
        Err(StoreError::TerminalUnknown)
    );
    store.put_terminal(registration("did:t")).await.unwrap();
    for (nonce, statement) in [("q1", "j1"), ("q2", "j2"), ("q3", "j3")] {
        let opened = store.open_challenge(challenge(nonce, "did:t"), statement, NOW);
        opened.await.unwrap();
    }
    assert_eq!(
        store
            .open_challenge(challenge("q4", "did:t"), "j1", NOW)
            .await,
        Err(StoreError::AlreadyUsed)
    );
    store.accept_statement(answer("q1", 7), NOW).await.unwrap();
    assert_eq!(
        store.accept_statement(answer("q1", 8), NOW).await,
        Err(StoreError::NotFound)
    );
    assert_eq!(
        store.accept_statement(answer("q2", 7), NOW).await,
        Err(StoreError::CounterReplayed)
    );
    // What was answered can be asked about, by this terminal and with a counter of its own.
    let resume = |statement: StatementUse| {
        let renew = Box::new(|_: &str| "renewed".to_owned());
        store.resume_statement(statement, renew, NOW)
    };
    assert_eq!(
        resume(answer("q1", 7)).await,
        Err(StoreError::CounterReplayed)
    );
    assert_eq!(resume(answer("q1", 8)).await.unwrap().tx_code_digest, None);
    assert_eq!(
        resume(answer("q1", 8)).await,
        Err(StoreError::CounterReplayed)
    );
    // Registering again does not make old counters good.
    store.put_terminal(registration("did:t")).await.unwrap();
    let other = StatementUse {
        session: "another".to_owned(),
        ..answer("q3", 9)
    };
    assert_eq!(
        store.accept_statement(other, NOW).await,
        Err(StoreError::NotFound)
    );
    assert_eq!(
        store.accept_statement(answer("q3", 9), NOW + 60).await,
        Err(StoreError::NotFound)
    );
    store.retire_terminal("did:t").await.unwrap();
    assert_eq!(
        store.accept_statement(answer("q3", 10), NOW).await,
        Err(StoreError::TerminalRetired)
    );
}

async fn live(store: &dyn Store, person: &str) -> usize {
    let all = store.issuances().await.unwrap();
    all.iter()
        .filter(|record| record.person == person && record.revoked.is_none())
        .count()
}

async fn relying_parties_and_terminals_are_kept(store: &dyn Store) {
    let party = RelyingPartyRecord {
        did: "did:party".to_owned(),
        name_en: "Specimen Café".to_owned(),
        name_zh: "样本网吧".to_owned(),
        services: vec!["internet-cafe".to_owned()],
        not_after: NOW,
    };
    store.put_relying_party(party.clone()).await.unwrap();
    assert_eq!(store.relying_parties().await.unwrap(), [party]);
    let terminals = store.terminals().await.unwrap();
    let desk = terminals.iter().find(|t| t.registration.did == "did:t");
    assert!(desk.is_some_and(|desk| desk.retired && desk.counter == 8));
    let operator = OperatorRecord {
        did: "did:operator".to_owned(),
        staff: "S-0001".to_owned(),
        organisation: "Town hall".to_owned(),
        reviewer: false,
        retired: true,
    };
    store.put_operator(operator.clone()).await.unwrap();
    assert_eq!(store.operator("did:operator").await, Ok(operator.clone()));
    assert_eq!(store.operators().await, Ok(vec![operator]));
    assert_eq!(store.operator("did:t").await, Err(StoreError::NotFound));
    assert_eq!(
        store.retire_terminal("did:nobody").await,
        Err(StoreError::TerminalUnknown)
    );
    store.ready().await.unwrap();
}
