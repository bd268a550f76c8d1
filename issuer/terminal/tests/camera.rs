//! The camera: a program that takes a photograph or films a moving head, and what becomes of its output.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod issuer;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use issuer::{Fate, Issuer, NOW};
use tessera_card::AccessKey;
use tessera_cardsim::{Chip, Csca, Profile};
use tessera_terminal::camera::{CameraProgram, Film};
use tessera_terminal::{
    FileJournal, FileKey, Journal, MemoryCounter, MemoryJournal, SessionJob, Station,
    TerminalError, TerminalKey as _, run_session,
};
use tessera_verifier::Timestamp;
use tessera_verifier::liveness::{Frame, Movement, encode};
use zeroize::Zeroizing;

const ASKED: [Movement; 2] = [Movement::Up, Movement::Left];

/// Two frames, unsigned, as a camera program writes them.
fn recording() -> Vec<u8> {
    let frame = |at_ms: u32, image: &'static [u8]| Frame { at_ms, image };
    let frames = [frame(0, b"first"), frame(150, b"second")];
    encode("", &frames).unwrap().to_vec()
}

/// A camera program, as a shell script in `folder`.
fn program(folder: &Path, script: &str) -> CameraProgram {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path: PathBuf = folder.join(format!("camera-{number}"));
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    CameraProgram::new(&path)
}

/// A session whose issuer asks for `movements`: the outcome, and the issuer.
fn session(film: Option<&dyn Film>, movements: &[Movement]) -> (Result<(), String>, Issuer) {
    let mut journal = MemoryJournal::default();
    session_with(film, movements, (&[], &mut journal, &|_| {}))
}

/// The same over a network with these fates, with this journal, and with `look` called at every pause.
fn session_with(
    film: Option<&dyn Film>,
    movements: &[Movement],
    (fates, journal, look): (&[Fate], &mut dyn Journal, &dyn Fn(Duration)),
) -> (Result<(), String>, Issuer) {
    let mut rng = rand_core::OsRng;
    let csca = Csca::throwaway(&mut rng, NOW).unwrap();
    let profile = Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], NOW);
    let mut chip = Chip::personalise(&profile, &csca, &mut rng).unwrap();
    let key = FileKey::generate().unwrap();
    let issuer = Issuer::new(&key.did(), csca.certificate());
    issuer.ask_to_move(movements);
    issuer.fates(fates);
    let mut station = Station {
        issuer: &issuer,
        signer: &key,
        counter: &mut MemoryCounter::default(),
        clock: &|| Timestamp::from_unix(NOW),
        rng: &mut rng,
        operator: None,
        software: "test",
        journal,
        pause: look,
    };
    let job = SessionJob::new(issuer::URL, issuer::SESSION, "in process")
        .access(AccessKey::Can(profile.can.clone()))
        .film(film);
    let done = run_session(&mut chip, &mut station, &job, b"photo", &mut |_| {});
    let done = done.map(drop).map_err(|error| error.code().to_owned());
    (done, issuer)
}

#[test]
fn a_person_is_filmed_as_asked_and_the_terminal_signs_the_frames() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("frames"), recording()).unwrap();
    // Fails unless it is called with the movements in their order.
    let camera = program(
        folder.path(),
        "[ \"$*\" = 'up left' ] && cat \"$(dirname \"$0\")/frames\"",
    );
    // The issuer of the test checks chain, signature and digest.
    let (outcome, issuer) = session(Some(&camera), &ASKED);
    assert_eq!(outcome, Ok(()));
    assert_eq!(issuer.filmed(), [b"first".to_vec(), b"second".to_vec()]);
    // Where nothing is asked a photograph is sent, and nobody filmed.
    let (outcome, issuer) = session(Some(&camera), &[]);
    assert_eq!((outcome, issuer.filmed().len()), (Ok(()), 0));
}

#[test]
fn without_frames_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |film: Option<&dyn Film>, movements: &[Movement]| {
        let (outcome, issuer) = session(film, movements);
        assert_eq!(issuer.statements().len(), 0);
        outcome.unwrap_err()
    };
    assert_eq!(refused(None, &ASKED), "camera_needed");
    let broken = program(folder.path(), "exit 1");
    assert_eq!(refused(Some(&broken), &ASKED), "photo_unusable");
    let photo = program(folder.path(), "echo a photograph");
    assert_eq!(refused(Some(&photo), &ASKED), "photo_unusable");
    let endless = [Movement::Up; 9];
    assert_eq!(refused(Some(&photo), &endless), "issuer_answer_invalid");
}

#[test]
fn nothing_of_the_frames_stays_at_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = [[0xA5_u8; 4096], [0x5A; 4096]];
    let frames =
        [(0, &pictures[0]), (150, &pictures[1])].map(|(at_ms, image)| Frame { at_ms, image });
    struct Held(Vec<u8>);
    impl Film for Held {
        fn film(&self, _: &[Movement], _: Duration) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
            Ok(Zeroizing::new(self.0.clone()))
        }
    }
    let film = Held(encode("", &frames).unwrap().to_vec());
    let journal = folder.path().join("pending.json");
    // The network fails after the frames were sent: the journal is what stays.
    let fates = [Fate::Arrives, Fate::AnswerLost, Fate::Arrives];
    let kept = std::cell::RefCell::new(Vec::new());
    let look = |_| {
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            kept.borrow_mut()
                .push(std::fs::read(entry.unwrap().path()).unwrap());
        }
    };
    let mut journal = FileJournal::at(&journal);
    let (outcome, issuer) = session_with(Some(&film), &ASKED, (&fates, &mut journal, &look));
    assert_eq!((outcome, issuer.filmed().len()), (Ok(()), 2));
    let kept = kept.into_inner();
    assert!(
        kept.iter().any(|file| !file.is_empty()),
        "nothing was looked at"
    );
    for file in kept {
        for picture in &pictures {
            for form in [picture[..8].to_vec(), picture_as_text(picture)] {
                assert!(!file.windows(8).any(|window| window == &form[..8]));
            }
        }
    }
}

/// The beginning of a picture in base64url.
fn picture_as_text(picture: &[u8]) -> Vec<u8> {
    tessera_verifier::encoding::base64url(&picture[..9]).into_bytes()
}

#[test]
fn what_a_camera_program_writes_is_bounded_in_size_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let photo = |script: &str| program(folder.path(), script).photo();
    assert_eq!(photo("printf picture").unwrap().as_slice(), b"picture");
    let refused = |taken: Result<_, TerminalError>| taken.map(drop).unwrap_err().to_string();
    assert!(refused(photo("true")).contains("is empty"));
    assert!(refused(photo("printf picture; exit 1")).contains("the camera failed"));
    let large = photo("head -c 9000000 /dev/zero");
    let large = refused(large);
    assert!(
        large.contains("larger") || large.contains("failed"),
        "{large}"
    );
    let begun = std::time::Instant::now();
    let slow = program(folder.path(), "exec sleep 60").film(&ASKED, Duration::from_millis(200));
    assert!(refused(slow).contains("the camera failed"));
    assert!(begun.elapsed() < Duration::from_secs(20));
}
