//! Random lives: any order of steps, duplicates, races, crashes between steps, expiry — on the real store, with a clock
//! in memory. Whatever happens, the promises of `proofing::machine` hold; they are computed here from what the store
//! acknowledged, not from what it keeps.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use tessera_issuer::proofing::machine::{Event, EvidenceDays, Lifetimes, SessionState};
use tessera_issuer::store::{
    CodeDigests, IssuanceRecord, IssuanceState, Level, LossReport, Place, Proof, Proved,
    Redemption, Release, Renewal, Reservation, RevocationTarget, SessionRecord, SledStore, Store,
    StoreError, Ticket, Tokens, suite,
};

const START: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
const PER_DAY: u32 = 3;
const EVIDENCE: EvidenceDays = EvidenceDays {
    limited: 3,
    full: 2,
};
const LIFETIMES: Lifetimes = Lifetimes {
    started: 1000,
    face_checked: 1000,
    limited_issued: 2000,
    card_checked: 300,
    face_matched_to_card: 1000,
    in_review: DAY,
    approved: DAY,
    full_issued: 1000,
};

/// One thing somebody does. Numbers pick among what there is.
#[derive(Debug, Clone)]
enum Act {
    Open {
        person: u8,
        device: u8,
        full: bool,
    },
    MatchRegister(u8),
    ReadCard(u8),
    MatchCard {
        session: u8,
        review: bool,
    },
    Redeem(u8),
    Decide {
        session: u8,
        approve: bool,
    },
    /// Reserve and record an intent for a level, whether or not it is earned.
    Intend {
        session: u8,
        full: bool,
    },
    Release(u8),
    Renew {
        person: u8,
        device: u8,
        full: bool,
    },
    Lose {
        session: u8,
        guess: bool,
    },
    Revoke(u8),
    Wait(i64),
    Sweep,
    /// The process dies between two steps, and starts again.
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    let number = any::<u8>;
    prop_oneof![
        4 => (0..3_u8, 0..2_u8, any::<bool>())
            .prop_map(|(person, device, full)| Act::Open { person, device, full }),
        5 => number().prop_map(Act::MatchRegister),
        5 => number().prop_map(Act::ReadCard),
        6 => (number(), prop::bool::weighted(0.3))
            .prop_map(|(session, review)| Act::MatchCard { session, review }),
        6 => number().prop_map(Act::Redeem),
        2 => (number(), any::<bool>()).prop_map(|(session, approve)| Act::Decide { session, approve }),
        7 => (number(), any::<bool>()).prop_map(|(session, full)| Act::Intend { session, full }),
        7 => number().prop_map(Act::Release),
        3 => (0..3_u8, 0..2_u8, any::<bool>())
            .prop_map(|(person, device, full)| Act::Renew { person, device, full }),
        1 => (number(), any::<bool>()).prop_map(|(session, guess)| Act::Lose { session, guess }),
        1 => (0..3_u8).prop_map(Act::Revoke),
        2 => prop_oneof![Just(100_i64), Just(400), Just(1500), Just(DAY)].prop_map(Act::Wait),
        1 => Just(Act::Sweep),
        1 => Just(Act::Crash),
    ]
}

/// An intent that nobody has acknowledged yet.
#[derive(Clone)]
struct Pending {
    session: String,
    level: Level,
    id: String,
}

/// What the store has said yes to.
struct World {
    folder: tempfile::TempDir,
    store: Option<Arc<SledStore>>,
    now: i64,
    next: u32,
    sessions: Vec<String>,
    persons: BTreeMap<String, String>,
    /// Sessions in which the card of the session's person was read, then its face matched, both acknowledged.
    read: BTreeSet<String>,
    carded: BTreeMap<String, i64>,
    pending: Vec<Pending>,
    released: BTreeMap<String, (String, Level)>,
    revoked: BTreeSet<String>,
    places: BTreeMap<i64, u32>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Some(Arc::new(SledStore::open(folder.path()).unwrap()));
        Self {
            folder,
            store,
            now: START,
            next: 0,
            sessions: Vec::new(),
            persons: BTreeMap::new(),
            read: BTreeSet::new(),
            carded: BTreeMap::new(),
            pending: Vec::new(),
            released: BTreeMap::new(),
            revoked: BTreeSet::new(),
            places: BTreeMap::new(),
        }
    }

    fn store(&self) -> Arc<SledStore> {
        Arc::clone(self.store.as_ref().unwrap())
    }

    fn pick(&self, number: u8) -> Option<String> {
        let place = usize::from(number) % self.sessions.len().max(1);
        self.sessions.get(place).cloned()
    }

    fn fresh(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}{}", self.next)
    }

    fn record(&mut self, person: u8, device: u8, full: bool) -> SessionRecord {
        let id = self.fresh("s");
        SessionRecord {
            level: if full { Level::Full } else { Level::Limited },
            person: format!("person{person}"),
            device: format!("device{device}"),
            created: self.now,
            expires: self.now + LIFETIMES.started,
            ..suite::session_record(&id, "")
        }
    }

    async fn holds(&self, person: &str) -> bool {
        let records = self.store().issuances().await.unwrap();
        records
            .iter()
            .any(|r| r.person == person && r.revoked.is_none() && r.state == IssuanceState::Issued)
    }

    /// Does it; a refusal of the store is an answer like another.
    async fn act(&mut self, act: &Act) {
        let (store, now) = (self.store(), self.now);
        match act {
            Act::Open {
                person,
                device,
                full,
            } => {
                let record = self.record(*person, *device, *full);
                let id = record.id.clone();
                self.persons.insert(id.clone(), record.person.clone());
                let nonce = suite::nonce(&self.fresh("nonce"), now + 60);
                store.open_session(record, nonce, now).await.unwrap();
                self.sessions.push(id);
            }
            Act::MatchRegister(number) => {
                let Some(session) = self.pick(*number) else {
                    return;
                };
                let proved = Proved::Face {
                    day: now - now.rem_euclid(DAY),
                    liveness: false,
                };
                self.prove(&session, proved, false).await;
            }
            Act::ReadCard(number) => {
                let Some(session) = self.pick(*number) else {
                    return;
                };
                let step = Event::CardFoundGenuine;
                if store.advance(&session, step, now, LIFETIMES).await.is_ok() {
                    self.read.insert(session);
                }
            }
            Act::MatchCard { session, review } => {
                let Some(session) = self.pick(*session) else {
                    return;
                };
                let day = now - now.rem_euclid(DAY);
                if self.prove(&session, suite::card_proved(day), *review).await {
                    assert!(self.read.contains(&session), "a face matched no card");
                    self.carded.insert(session, day);
                }
            }
            Act::Redeem(number) => {
                let Some(session) = self.pick(*number) else {
                    return;
                };
                let Ok(record) = store.session(&session).await else {
                    return;
                };
                let Some(level) = record.state.offers() else {
                    return;
                };
                let redemption = |max_failures| Redemption {
                    code_digest: record.code_digests.of(level).to_owned(),
                    tx_code_digest: "tx".to_owned(),
                    tokens: Tokens {
                        access: format!("grant of {session}"),
                        expires: now + 5000,
                        expires_in_review: now + 2 * DAY,
                        refresh: None,
                    },
                    max_failures,
                    ..Redemption::default()
                };
                // Twice at once: at most one succeeds.
                let (one, two) = tokio::join!(
                    store.redeem_code(redemption(3), now),
                    store.redeem_code(redemption(3), now)
                );
                assert!(one.is_err() || two.is_err(), "a code was redeemed twice");
            }
            Act::Decide { session, approve } => {
                let Some(session) = self.pick(*session) else {
                    return;
                };
                let step = if *approve {
                    Event::ReviewApproved
                } else {
                    Event::ReviewRefused
                };
                let _decided = store.advance(&session, step, now, LIFETIMES).await;
            }
            Act::Intend { session, full } => {
                let Some(session) = self.pick(*session) else {
                    return;
                };
                self.intend(&session, if *full { Level::Full } else { Level::Limited })
                    .await;
            }
            Act::Release(number) => self.release(usize::from(*number)).await,
            Act::Renew {
                person,
                device,
                full,
            } => self.renew(*person, *device, *full).await,
            Act::Lose { session, guess } => {
                let Some(session) = self.pick(*session) else {
                    return;
                };
                let code = if *guess {
                    "guess".to_owned()
                } else {
                    format!("recovery of {session}")
                };
                let report = LossReport {
                    person: self.persons[&session].clone(),
                    recovery_digest: code,
                    most_per_day: 5,
                };
                let person = report.person.clone();
                if store.report_lost(report, now).await.is_ok() {
                    assert!(!guess, "a guess was believed");
                    assert!(!self.holds(&person).await, "reported lost and still good");
                }
            }
            Act::Revoke(person) => {
                let person = format!("person{person}");
                let target = RevocationTarget::Person(person.clone());
                store.revoke(target, "test", now).await.unwrap();
                assert!(!self.holds(&person).await);
            }
            Act::Wait(seconds) => self.now += seconds,
            Act::Sweep => while store.sweep(now, 10_000 * DAY).await.unwrap() > 0 {},
            Act::Crash => {
                drop(store);
                drop(self.store.take());
                let again = SledStore::open(self.folder.path()).unwrap();
                again.retire_unacknowledged().await.unwrap();
                self.store = Some(Arc::new(again));
                // Nobody will acknowledge these any more; somebody may still try.
            }
        }
    }

    async fn prove(&mut self, session: &str, proved: Proved, review: bool) -> bool {
        let (store, now) = (self.store(), self.now);
        let person = self.persons[session].clone();
        let day = now.div_euclid(DAY);
        let before = store.session(session).await;
        let takes =
            before.is_ok_and(|record| record.proved.is_none()) && !self.holds(&person).await;
        let proof = Proof {
            session: session.to_owned(),
            proved,
            tx_code_digest: "tx".to_owned(),
            lifetimes: LIFETIMES,
            review,
            place: Some(Place {
                district: "north".to_owned(),
                day,
                per_day: PER_DAY,
            }),
        };
        // The same request twice at once: it is one step, or none.
        let (one, two) = tokio::join!(store.prove(proof.clone(), now), store.prove(proof, now));
        assert!(one.is_err() || two.is_err(), "a step was taken twice");
        let taken = one.is_ok() || two.is_ok();
        if taken && takes {
            *self.places.entry(day).or_default() += 1;
        }
        taken
    }

    async fn intend(&mut self, session: &str, level: Level) {
        let (store, now) = (self.store(), self.now);
        let id = self.fresh("i");
        let nonce = suite::nonce(&self.fresh("nonce"), now + 60);
        let wanted = Reservation {
            token_digest: format!("grant of {session}"),
            configuration: id.clone(),
            ticket: Ticket::Nonce(nonce),
            count: 1,
            proposals: (self.next * 8..self.next * 8 + 8).collect(),
            fresh_list: "list".to_owned(),
        };
        let Ok(reserved) = store.reserve(wanted, now).await else {
            return;
        };
        let record = IssuanceRecord {
            id: id.clone(),
            set: format!("{session}.{}", level.as_str()),
            person: self.persons[session].clone(),
            configuration: "configuration".to_owned(),
            level,
            list: reserved.list,
            index: reserved.indices[0],
            valid_from: now,
            valid_until: now,
            issuer: "did".to_owned(),
            digest: "digest".to_owned(),
            state: IssuanceState::Intended,
            terminal: None,
            revoked: None,
        };
        store.record_intent(vec![record]).await.unwrap();
        self.pending.push(Pending {
            session: session.to_owned(),
            level,
            id,
        });
    }

    async fn release(&mut self, number: usize) {
        if self.pending.is_empty() {
            return;
        }
        let (store, now) = (self.store(), self.now);
        let release = |pending: &Pending| Release {
            session: pending.session.clone(),
            level: pending.level,
            issuances: vec![pending.id.clone()],
            transaction: None,
            lifetimes: LIFETIMES,
        };
        // One, and whatever else is under way, at the same time.
        let one = self.pending.swap_remove(number % self.pending.len());
        let two = self.pending.last().cloned().unwrap_or(one.clone());
        let (first, second) = tokio::join!(
            store.complete_issuance(release(&one), now),
            store.complete_issuance(release(&two), now)
        );
        if one.id == two.id {
            assert!(first.is_err() || second.is_err(), "acknowledged twice");
        }
        for (pending, outcome) in [(one, first), (two, second)] {
            if outcome.is_ok() {
                self.pending.retain(|other| other.id != pending.id);
                self.released
                    .insert(pending.id, (pending.session, pending.level));
            }
        }
    }

    async fn renew(&mut self, person: u8, device: u8, full: bool) {
        let (store, now) = (self.store(), self.now);
        let session = self.record(person, device, full);
        let (id, person, level) = (session.id.clone(), session.person.clone(), session.level);
        let nonce = suite::nonce(&self.fresh("nonce"), now + 60);
        let live = self.live(&person).await;
        let renewal = Renewal {
            session,
            nonce,
            tx_code_digest: "tx".to_owned(),
            lifetimes: LIFETIMES,
            evidence: EVIDENCE,
        };
        match store.renew(renewal, now).await {
            Ok(record) => {
                // It rests on the set that is live, whose evidence is young enough, and is not more than that.
                let (set, held) = live.expect("a renewal of nothing");
                assert!(level == Level::Limited || held == Level::Full);
                if let Some(day) = self.carded.get(&set).copied() {
                    if level == Level::Full {
                        assert!(now < day + EVIDENCE.full * DAY, "the evidence is too old");
                    }
                    self.carded.insert(id.clone(), day);
                } else {
                    assert_eq!(level, Level::Limited);
                }
                assert_eq!(record.state.earns(), Some(level));
                self.persons.insert(id.clone(), person);
                self.sessions.push(id);
            }
            Err(error) => assert!(matches!(
                error,
                StoreError::NotFound | StoreError::EvidenceTooOld | StoreError::WrongState
            )),
        }
    }

    /// The session and level of what a person holds.
    async fn live(&self, person: &str) -> Option<(String, Level)> {
        let records = self.store().issuances().await.unwrap();
        let live = records.iter().find(|r| {
            r.person == person && r.revoked.is_none() && r.state == IssuanceState::Issued
        });
        live.map(|r| (r.set.split('.').next().unwrap().to_owned(), r.level))
    }

    async fn check(&mut self) {
        let records = self.store().issuances().await.unwrap();
        let mut sets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut indices = BTreeSet::new();
        for record in &records {
            assert!(
                indices.insert((&record.list, record.index)),
                "an index twice"
            );
            let session = record.set.split('.').next().unwrap();
            if record.state == IssuanceState::Issued {
                assert!(
                    self.released.contains_key(&record.id),
                    "issued, not acknowledged"
                );
                if record.level == Level::Full {
                    assert!(self.carded.contains_key(session), "full without a card");
                }
                if record.revoked.is_none() {
                    sets.entry(&record.person).or_default().insert(&record.set);
                }
            }
            if record.revoked.is_some() {
                self.revoked.insert(record.id.clone());
            } else {
                assert!(!self.revoked.contains(&record.id), "it came back");
            }
        }
        for (person, live) in sets {
            assert!(live.len() <= 1, "{person} holds {live:?}");
        }
        for (id, (session, level)) in &self.released {
            let kept = records.iter().find(|record| &record.id == id);
            let kept = kept.expect("an acknowledged credential was lost");
            assert_eq!(kept.state, IssuanceState::Issued);
            assert_eq!(
                (kept.set.clone(), kept.level),
                (format!("{session}.{}", level.as_str()), *level)
            );
        }
        for (day, taken) in &self.places {
            assert!(*taken <= PER_DAY, "day {day}: {taken} places");
        }
        for session in &self.sessions {
            if let Ok(record) = self.store().session(session).await {
                assert!(
                    record.state.offers() != Some(Level::Full) || self.carded.contains_key(session)
                );
                assert!(record.state != SessionState::CardChecked || self.read.contains(session));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_promises_hold(acts in prop::collection::vec(act(), 1..70)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for act in &acts {
                world.act(act).await;
                world.check().await;
            }
            world.act(&Act::Crash).await;
            world.check().await;
        });
    }
}

/// The walk does reach what it is about: a fixed life through every kind of step.
#[test]
fn the_walk_can_reach_a_full_credential_and_its_renewal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut world = World::new();
        let life = [
            Act::Open {
                person: 0,
                device: 0,
                full: true,
            },
            Act::MatchRegister(0),
            Act::Redeem(0),
            Act::Intend {
                session: 0,
                full: false,
            },
            Act::Release(0),
            Act::ReadCard(0),
            Act::MatchCard {
                session: 0,
                review: true,
            },
            Act::Redeem(0),
            Act::Intend {
                session: 0,
                full: true,
            },
            Act::Crash,
            Act::Release(0),
            Act::Decide {
                session: 0,
                approve: true,
            },
            Act::Intend {
                session: 0,
                full: true,
            },
            Act::Release(0),
            Act::Renew {
                person: 0,
                device: 0,
                full: true,
            },
            Act::Redeem(1),
            Act::Intend {
                session: 1,
                full: true,
            },
            Act::Release(0),
        ];
        for act in &life {
            world.act(act).await;
            world.check().await;
        }
        let levels: Vec<Level> = world.released.values().map(|(_, level)| *level).collect();
        let full = levels.iter().filter(|level| **level == Level::Full);
        assert_eq!((levels.len(), full.count()), (3, 2));
        assert_eq!(
            world.live("person0").await,
            Some(("s9".to_owned(), Level::Full))
        );
        assert_eq!(world.revoked.len(), 3);
    });
}

/// So that `CodeDigests` of the suite stay what the walk redeems.
#[test]
fn the_suites_sessions_have_a_code_for_each_level() {
    let CodeDigests { limited, full } = suite::session_record("s", "p").code_digests;
    assert_ne!(limited, full);
}
