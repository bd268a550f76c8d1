//! One session through the real smart-card daemon and its virtual reader, with the simulated chip in
//! it and an issuer that verifies the raw chip data. Where daemon or reader are not installed the
//! test says `skipped: ...`.
#![cfg(all(target_os = "linux", feature = "pcsc"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod issuer;

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use issuer::{Issuer, NOW};
use tessera_card::AccessKey;
use tessera_cardsim::{Chip, Csca, Profile, vpcd};
use tessera_terminal::reader::{Choice, Reader};
use tessera_terminal::{
    FileKey, MemoryCounter, MemoryJournal, SessionJob, Station, TerminalError, TerminalKey as _,
    run_session,
};
use tessera_verifier::Timestamp;

const VIRTUAL_READER: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 35_963);
const DAEMON: &str = "/usr/sbin/pcscd";
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";

/// The daemon: one that ran already, or our own, which ends with this value.
struct Daemon {
    own: Option<Child>,
    _turn: File,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(own) = &mut self.own {
            let _ = own.kill();
            let _ = own.wait();
            let _ = std::fs::remove_file("/run/pcscd/pcscd.comm");
            let _ = std::fs::remove_file("/run/pcscd/pcscd.pid");
        }
    }
}

fn daemon() -> Result<Daemon, String> {
    for (file, package) in [(DAEMON, "pcscd"), (DRIVER, "vsmartcard-vpcd")] {
        if !Path::new(file).exists() {
            return Err(format!("{package} is not installed"));
        }
    }
    // There is one virtual reader per machine: whoever uses it holds this lock.
    let turn = File::create(std::env::temp_dir().join("tessera-virtual-reader.lock")).unwrap();
    turn.lock().unwrap();
    if has_virtual_reader() {
        return Ok(Daemon {
            own: None,
            _turn: turn,
        });
    }
    let own = Command::new(DAEMON)
        .arg("--foreground")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("pcscd does not start: {error}"))?;
    let daemon = Daemon {
        own: Some(own),
        _turn: turn,
    };
    let until = Instant::now() + Duration::from_secs(20);
    while !has_virtual_reader() {
        if Instant::now() > until {
            return Err(
                "pcscd shows no virtual reader (is this user allowed to run it?)".to_owned(),
            );
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(daemon)
}

fn has_virtual_reader() -> bool {
    tessera_terminal::reader::readers().is_ok_and(|names| {
        names
            .iter()
            .any(|name| tessera_terminal::reader::is_virtual(name))
    })
}

#[test]
fn a_session_through_the_smart_card_daemon() {
    let _daemon = match daemon() {
        Ok(daemon) => daemon,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let refused = Reader::find(&Choice {
        name: Some("Virtual PCD 00 00"),
        allow_virtual: false,
    });
    assert!(matches!(refused, Err(TerminalError::VirtualReader(_))));
    let reader = Reader::find(&Choice {
        name: Some("Virtual PCD 00 00"),
        allow_virtual: true,
    })
    .unwrap();

    let mut rng = rand_core::OsRng;
    let csca = Csca::throwaway(&mut rng, NOW).unwrap();
    let portrait = [[0xFF, 0xD8, 0xFF].as_slice(), &[7; 3000], &[0xFF, 0xD9]].concat();
    let profile = Profile::specimen(&portrait, NOW);
    let mut chip = Chip::personalise(&profile, &csca, &mut rng).unwrap();

    let nobody = reader.wait_for_card(Duration::from_millis(10), &mut |_| {});
    assert!(
        matches!(nobody, Err(TerminalError::NoCard(_))),
        "the reader is empty"
    );
    std::thread::spawn(move || vpcd::serve(&mut chip, VIRTUAL_READER));
    let mut card = reader
        .wait_for_card(Duration::from_secs(10), &mut |_| {})
        .unwrap();

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
    let job = SessionJob::new(issuer::URL, issuer::SESSION, &reader.name());
    let wrong = SessionJob::new(issuer::URL, issuer::SESSION, &reader.name())
        .access(AccessKey::Can("000000".to_owned()));
    let error = run_session(&mut card, &mut station, &wrong, b"photo", &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "card_access_denied");

    let job = job.access(AccessKey::Can(profile.can.clone()));
    let begun = Instant::now();
    let outcome = run_session(&mut card, &mut station, &job, b"photo", &mut |_| {}).unwrap();
    println!("one session over PC/SC: {} ms", begun.elapsed().as_millis());
    assert_eq!(*outcome.tx_code, issuer::TX_CODE);
    assert_eq!(issuer.statements(), [(1, reader.name())]);
}
