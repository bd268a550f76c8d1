//! Whole sessions with the chip in process, and what goes wrong in them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod issuer;

use issuer::{Issuer, NOW};
use tessera_card::{Access, AccessKey};
use tessera_cardsim::sam::{SamCard, SamHolder, SamReader};
use tessera_cardsim::{Chip, ChipAuth, Cipher, Csca, Curve, Fault, Profile};
use tessera_terminal::{
    Counter, FileKey, MemoryCounter, MemoryJournal, Outcome, SessionJob, Station, Step,
    TerminalError, TerminalKey as _, run_sam_session, run_session,
};
use tessera_verifier::Timestamp;

struct Case {
    profile: Profile,
    access: Option<AccessKey>,
    protocols: Access,
    session: &'static str,
    counter: Box<dyn Counter>,
    trusted: bool,
}

impl Case {
    fn new() -> Self {
        Self {
            profile: Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], NOW),
            access: None,
            protocols: Access::PaceOnly,
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
            .access(self.access.unwrap_or(can))
            .protocols(self.protocols);
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
    let old = |protocols: Access, lines: bool| {
        let mut case = Case::new();
        case.profile.pace = false;
        case.protocols = protocols;
        let holder = case.profile.holder.clone();
        case.access = lines.then_some(AccessKey::Mrz {
            document_number: holder.document_number,
            birth: holder.birth,
            expiry: holder.expiry,
        });
        case
    };
    let result = old(Access::PaceOrBac, true).run().0;
    assert_eq!(*result.unwrap().tx_code, issuer::TX_CODE);
    assert_eq!(old(Access::PaceOrBac, false).code(), "card_mrz_needed");
    // By policy only.
    assert_eq!(old(Access::PaceOnly, true).code(), "card_pace_missing");
}

/// A chip without active authentication proves its key to the issuer, through this terminal.
#[test]
fn a_chip_that_only_agrees_keys() {
    let case = |fault: Option<Fault>| {
        let mut case = Case::with(Fault::NoActiveAuth);
        case.profile.chip_auth = Some(ChipAuth {
            curve: Curve::Brainpool384,
            cipher: Cipher::Aes256,
            key_id: Some(3),
        });
        case.profile.faults.extend(fault);
        case
    };
    let (result, steps, accepted) = case(None).run();
    assert_eq!(*result.unwrap().tx_code, issuer::TX_CODE);
    assert_eq!(accepted, 1);
    assert!(steps.contains(&Step::Proving));
    let copy = case(Some(Fault::ClonedChipAuth)).code();
    assert_eq!(copy, "chip_auth_failed");
    // Neither proof.
    assert_eq!(Case::with(Fault::NoActiveAuth).code(), "chip_auth_missing");
}

/// An issuer, or whoever speaks in its name, gets nothing but chip authentication out of the chip.
#[test]
fn a_relay_passes_on_nothing_else() {
    struct Curious(std::cell::Cell<u32>, &'static str);
    impl tessera_terminal::IssuerApi for Curious {
        fn post(
            &self,
            path: &str,
            _body: &[u8],
        ) -> Result<tessera_terminal::Json, tessera_terminal::IssuerError> {
            self.0.set(self.0.get() + 1);
            Ok(match path {
                "/terminal/challenge" => {
                    serde_json::json!({"nonce": "n", "expires_at": "2030-01-01T00:00:00Z"})
                }
                _ => serde_json::json!({"command": self.1}),
            })
        }
    }
    // READ BINARY under the channel; the same template again and again; something that is no text.
    for (command, code, calls) in [
        ("AACwAAAI", "malformed", 2),
        ("AAAiQaQ", "card_protocol", 4),
        ("!", "issuer_answer_invalid", 2),
    ] {
        let mut rng = rand_core::OsRng;
        let csca = Csca::throwaway(&mut rng, NOW).unwrap();
        let mut profile = Case::with(Fault::NoActiveAuth).profile;
        profile.chip_auth = Some(ChipAuth {
            curve: Curve::P256,
            cipher: Cipher::Aes128,
            key_id: None,
        });
        let mut chip = Chip::personalise(&profile, &csca, &mut rng).unwrap();
        let key = FileKey::generate().unwrap();
        let issuer = Curious(std::cell::Cell::new(0), command);
        let mut station = Station {
            issuer: &issuer,
            signer: &key,
            counter: &mut MemoryCounter::default(),
            clock: &|| Timestamp::from_unix(NOW),
            rng: &mut rng,
            operator: None,
            software: "test",
            journal: &mut MemoryJournal::default(),
            pause: &|_| {},
        };
        let job = SessionJob::new(issuer::URL, issuer::SESSION, "in process")
            .access(AccessKey::Can(profile.can.clone()));
        let refusal = run_session(&mut chip, &mut station, &job, b"photo", &mut |_| {});
        assert_eq!(refusal.unwrap_err().code(), code, "{command}");
        assert_eq!(issuer.0.get(), calls, "{command}");
    }
}

/// The record of a resident card, on this terminal's word.
#[test]
fn a_resident_card_through_a_security_module() {
    struct Direct(SamReader);
    impl tessera_card::sam::SamTransport for Direct {
        fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, tessera_card::TransportError> {
            Ok(self.0.answer(command))
        }
    }
    let holder = SamHolder {
        name: "样本".to_owned(),
        sex: "2".to_owned(),
        birth: "19860514".to_owned(),
        number: "999999198605140140".to_owned(),
        from: "20200101".to_owned(),
        until: "长期".to_owned(),
    };
    let mut rng = rand_core::OsRng;
    let csca = Csca::throwaway(&mut rng, NOW).unwrap();
    let key = FileKey::generate().unwrap();
    let issuer = Issuer::new(&key.did(), csca.certificate());
    let mut station = Station {
        issuer: &issuer,
        signer: &key,
        counter: &mut MemoryCounter::default(),
        clock: &|| Timestamp::from_unix(NOW),
        rng: &mut rng,
        operator: None,
        software: "test",
        journal: &mut MemoryJournal::default(),
        pause: &|_| {},
    };
    let job = SessionJob::new(issuer::URL, issuer::SESSION, "SAM");
    let mut reader = Direct(SamReader::new(Some(SamCard::resident(&holder, b"coded"))));
    let outcome = run_sam_session(&mut reader, &mut station, &job, b"photo", &mut |_| {});
    assert_eq!(*outcome.unwrap().tx_code, issuer::TX_CODE);
    let module = SamReader::PRINTED.to_owned();
    assert_eq!(issuer.statements(), [(1, module)]);
    let refusal = run_sam_session(
        &mut Direct(SamReader::new(None)),
        &mut station,
        &job,
        b"photo",
        &mut |_| {},
    );
    assert_eq!(refusal.unwrap_err().code(), "sam_refused");
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
