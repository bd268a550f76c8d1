//! Visits at the kiosk, each a file of `tests/kiosk`: what the screen shows and, after `<<`, what is typed. A line of `====`
//! is an emptied screen; what stands after the last one is what the next person sees.
//!
//! `TESSERA_BLESS=1 cargo test` writes the files anew; read the difference before you commit it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod issuer;

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use issuer::{Fate, Issuer, NOW};
use tessera_card::sam::SamTransport;
use tessera_card::{Transceiver, TransportError};
use tessera_cardsim::sam::{SamCard, SamHolder, SamReader};
use tessera_cardsim::{Chip, Csca, Fault, Profile};
use tessera_terminal::camera::Film;
use tessera_terminal::kiosk::{Console, Desk, End, Slot, visit};
use tessera_terminal::{
    FileKey, MemoryCounter, MemoryJournal, Station, TerminalError, TerminalKey,
};
use tessera_verifier::Timestamp;
use tessera_verifier::liveness::{Frame, Movement, encode};
use zeroize::Zeroizing;

/// Writes down what happens.
struct Script {
    typed: VecDeque<String>,
    transcript: String,
}

impl Console for Script {
    fn clear(&mut self) {
        self.transcript.push_str("====\n");
    }

    fn show(&mut self, line: &str) {
        self.transcript.push_str(line);
        self.transcript.push('\n');
    }

    fn ask(&mut self, prompt: &str, _patience: Duration) -> Option<Zeroizing<String>> {
        let answer = self.typed.pop_front();
        let shown = answer.as_deref().unwrap_or("(nothing is typed)");
        self.transcript.push_str(&format!("{prompt}<<{shown}\n"));
        answer.map(Zeroizing::new)
    }
}

struct Case {
    fates: &'static [Fate],
    fault: Option<Fault>,
    card: bool,
    attended: bool,
    /// A resident card on a reader with a security module; `false` when it is lifted as soon as it was found.
    resident: Option<bool>,
    moving: bool,
}

const GOOD: Case = Case {
    fates: &[],
    fault: None,
    card: true,
    attended: false,
    resident: None,
    moving: false,
};

/// Films two frames at once.
struct Frames;

impl Film for Frames {
    fn film(&self, _: &[Movement], _: Duration) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        let frame = |at_ms| Frame {
            at_ms,
            image: b"frame",
        };
        Ok(encode("", &[frame(1), frame(2)]).unwrap())
    }
}

/// A reader without a line between.
struct Direct(SamReader);

impl SamTransport for Direct {
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok(self.0.answer(command))
    }
}

fn resident_holder() -> SamHolder {
    SamHolder {
        name: "样本".to_owned(),
        sex: "2".to_owned(),
        birth: "19860514".to_owned(),
        number: "999999198605140140".to_owned(),
        from: "20200101".to_owned(),
        until: "长期".to_owned(),
    }
}

/// Plays a file: what is typed is taken from it, and the transcript must be the file.
fn play(name: &str, case: &Case) -> (End, Option<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/kiosk")
        .join(name);
    let written = std::fs::read_to_string(&path).unwrap();
    let typed = written.lines().filter_map(|line| line.split_once("<<"));
    let mut console = Script {
        typed: typed
            .map(|(_, typed)| typed.to_owned())
            .filter(|typed| typed != "(nothing is typed)")
            .collect(),
        transcript: String::new(),
    };

    let mut rng = rand_core::OsRng;
    let csca = Csca::throwaway(&mut rng, NOW).unwrap();
    let mut profile = Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], NOW);
    profile.can = "123456".to_owned();
    if let Some(fault) = case.fault {
        profile = profile.with(fault);
    }
    let key = FileKey::generate().unwrap();
    let operator = FileKey::generate().unwrap();
    let issuer = Issuer::new(&key.did(), csca.certificate());
    issuer.fates(case.fates);
    if case.moving {
        issuer.ask_to_move(&[Movement::Right, Movement::Up]);
    }
    let slot = |_: &mut dyn FnMut(Duration)| -> Result<Box<dyn Transceiver>, TerminalError> {
        if !case.card {
            return Err(TerminalError::NoCard(60));
        }
        let chip = Chip::personalise(&profile, &csca, &mut rand_core::OsRng).unwrap();
        Ok(Box::new(chip))
    };
    let sam_slot = |_: &mut dyn FnMut(Duration)| -> Result<Box<dyn SamTransport>, TerminalError> {
        if !case.card {
            return Err(TerminalError::NoCard(60));
        }
        let card = SamCard::resident(&resident_holder(), &[7; 1024]);
        let stays = case.resident == Some(true);
        Ok(Box::new(Direct(SamReader::new(stays.then_some(card)))))
    };
    let mut camera = || Ok(Zeroizing::new(b"photo".to_vec()));
    let mut desk = Desk {
        issuer: issuer::URL.to_owned(),
        reader: "in process".to_owned(),
        slot: match case.resident {
            Some(_) => Slot::Resident(Box::new(sam_slot)),
            None => Slot::Chip(Box::new(slot)),
        },
        camera: &mut camera,
        film: case.moving.then_some(&Frames as &dyn Film),
        operator: case.attended.then_some(&operator as &dyn TerminalKey),
        patience: Duration::from_secs(90),
    };
    let time = std::cell::Cell::new(NOW);
    let mut station = Station {
        issuer: &issuer,
        signer: &key,
        counter: &mut MemoryCounter::default(),
        clock: &|| Timestamp::from_unix(time.get()),
        rng: &mut rng,
        operator: None,
        software: "test",
        journal: &mut MemoryJournal::default(),
        pause: &|pause| time.set(time.get() + i64::try_from(pause.as_secs()).unwrap()),
    };
    let end = visit(&mut console, &mut desk, &mut station);
    if std::env::var_os("TESSERA_BLESS").is_some() {
        std::fs::write(&path, &console.transcript).unwrap();
    } else {
        assert_eq!(console.transcript, written, "{}", path.display());
    }
    let last = console.transcript.rsplit("====\n").next();
    assert_eq!(last, Some(""), "the next person sees nothing of this one");
    let confirmed = issuer.operator().map(|did| match did == operator.did() {
        true => "the operator".to_owned(),
        false => did,
    });
    (end, confirmed)
}

#[test]
fn a_person_is_led_to_a_code_in_both_languages() {
    assert_eq!(play("english.txt", &GOOD), (End::Confirmed, None));
    assert_eq!(play("chinese.txt", &GOOD), (End::Confirmed, None));
    let moving = Case {
        moving: true,
        ..GOOD
    };
    assert_eq!(play("moving.txt", &moving), (End::Confirmed, None));
    assert_eq!(play("moving-chinese.txt", &moving), (End::Confirmed, None));
}

#[test]
fn an_operator_compares_and_says_so() {
    let attended = Case {
        attended: true,
        ..GOOD
    };
    let (end, operator) = play("attended.txt", &attended);
    assert_eq!(
        (end, operator.as_deref()),
        (End::Confirmed, Some("the operator"))
    );
    assert_eq!(play("declined.txt", &attended), (End::Ended, None));
}

/// Nobody is asked for a number: three steps, in both languages, and a clear end where there is no card.
#[test]
fn a_resident_card_at_the_kiosk() {
    let resident = Case {
        resident: Some(true),
        ..GOOD
    };
    assert_eq!(play("resident.txt", &resident), (End::Confirmed, None));
    assert_eq!(
        play("resident-chinese.txt", &resident),
        (End::Confirmed, None)
    );
    let attended = Case {
        attended: true,
        ..resident
    };
    let (end, operator) = play("resident-attended.txt", &attended);
    assert_eq!(
        (end, operator.as_deref()),
        (End::Confirmed, Some("the operator"))
    );
    let lifted = Case {
        resident: Some(false),
        ..GOOD
    };
    assert_eq!(play("resident-lifted.txt", &lifted).0, End::Ended);
    let empty = Case {
        card: false,
        ..resident
    };
    assert_eq!(play("resident-no-card.txt", &empty).0, End::Ended);
}

#[test]
fn what_goes_wrong_ends_in_a_sentence_and_an_empty_screen() {
    let interrupted = Case {
        fates: &[Fate::Arrives, Fate::AnswerLost, Fate::Lost],
        ..GOOD
    };
    assert_eq!(play("interrupted.txt", &interrupted).0, End::Confirmed);
    let offline = Case {
        fates: &[Fate::Lost; 64],
        ..GOOD
    };
    assert_eq!(play("offline.txt", &offline).0, End::Ended);
    let cloned = Case {
        fault: Some(Fault::Cloned),
        ..GOOD
    };
    assert_eq!(play("cloned.txt", &cloned).0, End::Ended);
    let empty = Case {
        card: false,
        ..GOOD
    };
    assert_eq!(play("no-card.txt", &empty).0, End::Ended);
    assert_eq!(play("wrong-number.txt", &GOOD).0, End::Ended);
    assert_eq!(play("mistyped.txt", &GOOD).0, End::Ended);
    assert_eq!(play("given-up.txt", &GOOD).0, End::Ended);
    assert_eq!(play("left.txt", &GOOD).0, End::Ended);
    assert_eq!(play("nobody.txt", &GOOD).0, End::Idle);
}
