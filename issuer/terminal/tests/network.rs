//! A network that fails in the middle of a session, and a machine that loses its power.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod issuer;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use issuer::{Fate, Issuer, NOW};
use tessera_card::AccessKey;
use tessera_cardsim::{Chip, Csca, Profile};
use tessera_terminal::{
    FileCounter, FileJournal, FileKey, Journal, MemoryCounter, MemoryJournal, Outcome, Pending,
    SessionJob, Station, Step, TerminalError, TerminalKey as _, resume, run_session,
};
use tessera_verifier::Timestamp;

const PHOTO: &[u8] = b"the photograph of the person at the terminal";

struct Desk {
    issuer: Issuer,
    key: FileKey,
    chip: RefCell<Chip>,
    can: String,
    time: Cell<i64>,
}

impl Desk {
    fn new() -> Self {
        let mut rng = rand_core::OsRng;
        let csca = Csca::throwaway(&mut rng, NOW).unwrap();
        let profile = Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], NOW);
        let key = FileKey::generate().unwrap();
        Self {
            issuer: Issuer::new(&key.did(), csca.certificate()),
            chip: RefCell::new(Chip::personalise(&profile, &csca, &mut rng).unwrap()),
            can: profile.can,
            key,
            time: Cell::new(NOW),
        }
    }

    /// Runs `work` at a station whose clock moves on while it waits.
    fn at<T>(&self, journal: &mut dyn Journal, work: impl FnOnce(&mut Station<'_>) -> T) -> T {
        self.counted(&mut MemoryCounter::default(), journal, work)
    }

    fn counted<T>(
        &self,
        counter: &mut dyn tessera_terminal::Counter,
        journal: &mut dyn Journal,
        work: impl FnOnce(&mut Station<'_>) -> T,
    ) -> T {
        let pause = |time: Duration| {
            let seconds = i64::try_from(time.as_secs()).unwrap();
            self.time.set(self.time.get() + seconds);
        };
        work(&mut Station {
            issuer: &self.issuer,
            signer: &self.key,
            counter,
            clock: &|| Timestamp::from_unix(self.time.get()),
            rng: &mut rand_core::OsRng,
            operator: None,
            software: "test",
            journal,
            pause: &pause,
        })
    }

    fn session(&self, station: &mut Station<'_>) -> (Result<Outcome, TerminalError>, Vec<Step>) {
        let job = SessionJob::new(issuer::URL, issuer::SESSION, "in process")
            .access(AccessKey::Can(self.can.clone()));
        let mut steps = Vec::new();
        let chip = &mut *self.chip.borrow_mut();
        let result = run_session(chip, station, &job, PHOTO, &mut |step| steps.push(step));
        (result, steps)
    }
}

#[test]
fn a_session_outlives_an_interruption_wherever_it_falls() {
    use Fate::{AnswerLost, Arrives, Lost};
    let plans: &[&[Fate]] = &[
        // The challenge is asked for again, with a statement of its own.
        &[Lost, Lost],
        &[AnswerLost],
        // The evidence never arrived: it is sent again.
        &[Arrives, Lost],
        &[Arrives, Lost, Lost, Lost, Arrives, Lost],
        // It arrived, and the answer did not: the issuer is asked.
        &[Arrives, AnswerLost],
        &[Arrives, AnswerLost, Lost, AnswerLost, Lost],
    ];
    for plan in plans {
        let desk = Desk::new();
        desk.issuer.fates(plan);
        let mut journal = MemoryJournal::default();
        let (result, steps) = desk.at(&mut journal, |station| desk.session(station));
        assert_eq!(*result.unwrap().tx_code, issuer::TX_CODE, "{plan:?}");
        assert!(steps.contains(&Step::Waiting), "{plan:?}");
        assert_eq!(desk.issuer.statements().len(), 1, "accepted once: {plan:?}");
        assert_eq!(journal.pending().unwrap(), None);
        let pauses = desk.time.get() - NOW;
        assert!((1..60).contains(&pauses), "{pauses} s for {plan:?}");
    }
}

#[test]
fn a_network_that_stays_away_ends_the_session_in_its_time() {
    let desk = Desk::new();
    desk.issuer.fates(&[Fate::Lost; 500]);
    let mut journal = MemoryJournal::default();
    let (result, _) = desk.at(&mut journal, |station| desk.session(station));
    assert_eq!(result.unwrap_err().code(), "issuer_unreachable");
    assert!(desk.time.get() - NOW <= 30, "nobody waits for a challenge");

    let mut fates = vec![Fate::Arrives];
    fates.extend([Fate::Lost; 500_000]);
    let desk = Desk::new();
    desk.issuer.fates(&fates);
    let (result, _) = desk.at(&mut journal, |station| desk.session(station));
    assert_eq!(result.unwrap_err().code(), "session_timed_out");
    let expires = Timestamp::parse_rfc3339("2026-09-21T20:00:00Z").unwrap();
    assert!(desk.time.get() < expires.unix());
    assert_eq!(journal.pending().unwrap(), None, "the end is clear");
}

/// What is on disk while the evidence is on its way: enough to ask, nothing about the person.
#[test]
fn a_power_cut_leaves_nothing_biometric_and_the_next_start_asks() {
    struct Cut<'a>(&'a Issuer);
    impl tessera_terminal::IssuerApi for Cut<'_> {
        fn post(
            &self,
            path: &str,
            body: &[u8],
        ) -> Result<tessera_terminal::Json, tessera_terminal::IssuerError> {
            let answer = self.0.post(path, body);
            if path == "/terminal/evidence" {
                std::panic::panic_any("the power is gone");
            }
            answer
        }
    }

    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut counter = FileCounter::open(&file("counter")).unwrap();
        let mut journal = FileJournal::at(&file("session"));
        desk.counted(&mut counter, &mut journal, |station| {
            let issuer = Cut(&desk.issuer);
            let job = SessionJob::new(issuer::URL, issuer::SESSION, "in process")
                .access(AccessKey::Can(desk.can.clone()));
            let chip = &mut *desk.chip.borrow_mut();
            let mut cut = Station {
                issuer: &issuer,
                signer: station.signer,
                counter: &mut *station.counter,
                clock: station.clock,
                rng: &mut *station.rng,
                operator: None,
                software: "test",
                journal: &mut *station.journal,
                pause: station.pause,
            };
            run_session(chip, &mut cut, &job, PHOTO, &mut |_| {}).map(drop)
        })
    }));
    assert!(cut.is_err());

    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() < 512, "{} holds too much", path.display());
        assert!(!bytes.windows(8).any(|w| PHOTO.windows(8).any(|p| p == w)));
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    names.sort();
    assert_eq!(names, ["counter", "counter.lock", "session"]);

    let mut counter = FileCounter::open(&file("counter")).unwrap();
    let mut journal = FileJournal::at(&file("session"));
    let pending = journal.pending().unwrap().unwrap();
    assert_eq!(
        (&*pending.session, &*pending.issuer),
        (issuer::SESSION, issuer::URL)
    );
    let outcome = desk.counted(&mut counter, &mut journal, resume).unwrap();
    assert_eq!(*outcome.unwrap().tx_code, issuer::TX_CODE);
    assert!(
        desk.counted(&mut counter, &mut journal, resume)
            .unwrap()
            .is_none()
    );
}

#[test]
fn what_cannot_be_resumed_ends_clearly() {
    let desk = Desk::new();
    let pending = |nonce: &str, expires| Pending {
        issuer: issuer::URL.to_owned(),
        session: issuer::SESSION.to_owned(),
        nonce: nonce.to_owned(),
        expires,
    };
    let mut journal = MemoryJournal::default();
    for (kept, code) in [
        (pending("never-answered", NOW + 300), "session_not_accepted"),
        (pending("nonce-1", NOW), "session_timed_out"),
    ] {
        journal.keep(&kept).unwrap();
        let error = desk.at(&mut journal, resume).unwrap_err();
        assert_eq!(error.code(), code);
        assert_eq!(journal.pending().unwrap(), None);
    }
}
