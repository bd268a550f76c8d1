//! Whole sessions with the chip in process, and what goes wrong in them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod issuer;

use issuer::{Issuer, NOW};
use tessera_card::AccessKey;
use tessera_cardsim::{Chip, Csca, Fault, Profile};
use tessera_terminal::{
    Counter, FileKey, MemoryCounter, MemoryJournal, Outcome, SessionJob, Station, Step,
    TerminalError, TerminalKey as _, run_session,
};
use tessera_verifier::Timestamp;

struct Case {
    profile: Profile,
    access: Option<AccessKey>,
    session: &'static str,
    counter: Box<dyn Counter>,
    trusted: bool,
}

impl Case {
    fn new() -> Self {
        Self {
            profile: Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], NOW),
            access: None,
            session: issuer::SESSION,
            counter: Box::new(MemoryCounter::default()),
            trusted: true,
        }
    }

    fn run(mut self) -> (Result<Outcome, TerminalError>, Vec<Step>, usize) {
        let mut rng = rand_core::OsRng;
        let csca = Csca::throwaway(&mut rng, NOW).unwrap();
        let mut chip = Chip::personalise(&self.profile, &csca, &mut rng).unwrap();
        let key = FileKey::generate().unwrap();
        let other = Csca::throwaway(&mut rng, NOW).unwrap();
        let anchor = if self.trusted {
            csca.certificate()
        } else {
            other.certificate()
        };
        let issuer = Issuer::new(&key.did(), anchor);
        let mut station = Station {
            issuer: &issuer,
            signer: &key,
            counter: &mut *self.counter,
            clock: &|| Timestamp::from_unix(NOW),
            rng: &mut rng,
            operator: None,
            software: "test",
            journal: &mut MemoryJournal::default(),
            pause: &|_| {},
        };
        let can = AccessKey::Can(self.profile.can.clone());
        let job = SessionJob::new(issuer::URL, self.session, "in process")
            .access(self.access.unwrap_or(can));
        let mut steps = Vec::new();
        let result = run_session(&mut chip, &mut station, &job, b"photo", &mut |step| {
            steps.push(step)
        });
        (result, steps, issuer.statements().len())
    }

    fn code(self) -> String {
        let (result, _, accepted) = self.run();
        assert_eq!(accepted, 0);
        result.unwrap_err().code().to_owned()
    }

    fn with(fault: Fault) -> Self {
        let mut case = Self::new();
        case.profile = case.profile.with(fault);
        case
    }
}

#[test]
fn a_session_ends_with_the_code_for_the_person() {
    let (result, steps, accepted) = Case::new().run();
    assert_eq!(*result.unwrap().tx_code, issuer::TX_CODE);
    assert_eq!(
        steps,
        [Step::Challenging, Step::Reading, Step::Read, Step::Checking]
    );
    assert_eq!(accepted, 1);
}

#[test]
fn a_chip_without_pace_opens_with_the_printed_lines() {
    let mut case = Case::new();
    case.profile.pace = false;
    let holder = case.profile.holder.clone();
    case.access = Some(AccessKey::Mrz {
        document_number: holder.document_number,
        birth: holder.birth,
        expiry: holder.expiry,
    });
    assert_eq!(*case.run().0.unwrap().tx_code, issuer::TX_CODE);

    let mut case = Case::new();
    case.profile.pace = false;
    assert_eq!(case.code(), "card_mrz_needed");
}

#[test]
fn what_the_chip_and_the_issuer_refuse_keeps_its_code() {
    assert_eq!(Case::with(Fault::Cloned).code(), "active_auth_failed");
    assert_eq!(Case::with(Fault::EditedDg1).code(), "dg_hash_mismatch");
    assert_eq!(Case::with(Fault::FlippedMac).code(), "secure_messaging");
    let mut case = Case::new();
    case.trusted = false;
    assert_eq!(case.code(), "csca_unknown");
    let mut case = Case::new();
    case.access = Some(AccessKey::Can("654321".to_owned()));
    assert_eq!(case.code(), "card_access_denied");
    let mut case = Case::new();
    case.session = "another";
    assert_eq!(case.code(), "terminal_unknown");
}

#[test]
fn nothing_is_sent_when_the_counter_cannot_rise() {
    struct Stuck;
    impl Counter for Stuck {
        fn next(&mut self) -> Result<u64, TerminalError> {
            Err(TerminalError::Counter("the disk is full".to_owned()))
        }
    }
    let mut case = Case::new();
    case.counter = Box::new(Stuck);
    assert_eq!(case.code(), "counter_not_durable");
}
