//! One person's card, for a session that their wallet has started; and the equipment of a desk.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use tessera_terminal::camera::{CameraProgram, Film, MAX_PHOTO, bounded};
use tessera_terminal::{
    Journal as _, Language, SessionJob, SignedIn, TerminalError, instruct, movements,
    run_sam_session,
};
#[cfg(feature = "pcsc")]
use tessera_terminal::{Step, reader, run_session};
use tessera_verifier::liveness::Movement;
use zeroize::Zeroizing;

#[cfg(not(feature = "pcsc"))]
use super::run::without_readers;
use super::run::{Printed, confirmed};
use super::station::{Opened, operator};
use super::{DeskArgs, SessionArgs};

pub(super) fn session(args: &SessionArgs, language: Language) -> Printed {
    match args.access.sam_reader()? {
        Some(reader) => record_session(reader, args, language),
        None => chip_session(args, language),
    }
}

/// A resident card on a reader with a security module.
fn record_session(
    mut reader: tessera_terminal::sam::SamReader,
    args: &SessionArgs,
    language: Language,
) -> Printed {
    let mut opened = Opened::of(&args.station)?;
    let mut operator = operator(&args.desk)?.map(SignedIn);
    let photo = photograph(&args.desk)?;
    opened.journal.forget()?;
    let film = Prompted::of(&args.desk, language);
    let job = SessionJob::new(&args.station.issuer, &args.session, reader.name())
        .film(film.as_ref().map(|film| film as _));
    eprintln!(
        "{}",
        language.pick("Put the card on the reader.", "请将证件放在读卡器上。")
    );
    let patience = Duration::from_secs(args.desk.wait);
    reader.wait_for_card(patience, &mut |left| countdown(left.as_secs()))?;
    let mut rng = rand_core::OsRng;
    let mut station = opened.station(&mut rng);
    station.operator = operator.as_mut().map(|operator| operator as _);
    let outcome = run_sam_session(&mut reader, &mut station, &job, &photo, &mut |step| {
        eprintln!("{}", instruct(step, language));
    })?;
    Ok(confirmed(outcome, language, args.json))
}

#[cfg(feature = "pcsc")]
fn chip_session(args: &SessionArgs, language: Language) -> Printed {
    // Everything that can be wrong on this machine comes before the person is asked for the card.
    let mut opened = Opened::of(&args.station)?;
    let mut operator = operator(&args.desk)?.map(SignedIn);
    let photo = photograph(&args.desk)?;
    let reader = found(&args.desk)?;
    opened.journal.forget()?;
    let film = Prompted::of(&args.desk, language);
    let job = SessionJob::new(&args.station.issuer, &args.session, &reader.name())
        .film(film.as_ref().map(|film| film as _))
        .access(args.access.key())
        .protocols(args.access.protocols());
    eprintln!(
        "{}",
        language.pick("Put the card on the reader.", "请将证件放在读卡器上。")
    );
    let patience = Duration::from_secs(args.desk.wait);
    let mut card = reader.wait_for_card(patience, &mut |left| countdown(left.as_secs()))?;
    let mut rng = rand_core::OsRng;
    let mut station = opened.station(&mut rng);
    station.operator = operator.as_mut().map(|operator| operator as _);
    let outcome = run_session(&mut card, &mut station, &job, &photo, &mut |step: Step| {
        eprintln!("{}", instruct(step, language));
    })?;
    drop(card);
    Ok(confirmed(outcome, language, args.json))
}

#[cfg(not(feature = "pcsc"))]
fn chip_session(_args: &SessionArgs, _language: Language) -> Printed {
    Err(without_readers())
}

#[cfg(feature = "pcsc")]
pub(super) fn found(args: &DeskArgs) -> Result<reader::Reader, TerminalError> {
    reader::Reader::find(&reader::Choice {
        name: args.reader.as_deref(),
        allow_virtual: args.allow_virtual_reader,
    })
}

/// On one line of the screen, and only where there is a screen.
pub(super) fn countdown(seconds: u64) {
    let mut screen = std::io::stderr();
    if screen.is_terminal() {
        // Nothing depends on whether the display could be written.
        let _ = write!(screen, "\r{seconds:4} s \r");
        let _ = screen.flush();
    }
}

/// The photograph from the camera program or the file.
pub(super) fn photograph(args: &DeskArgs) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
    if let Some(program) = &args.camera {
        return CameraProgram::new(program).photo();
    }
    let path = args.photo.as_deref().unwrap_or(Path::new("-"));
    if path.as_os_str() == "-" {
        return bounded(std::io::stdin().lock(), MAX_PHOTO);
    }
    let file =
        std::fs::File::open(path).map_err(|error| TerminalError::Photo(error.to_string()))?;
    bounded(file, MAX_PHOTO)
}

/// Says on standard error how to move, and films.
struct Prompted {
    program: CameraProgram,
    language: Language,
}

impl Prompted {
    fn of(args: &DeskArgs, language: Language) -> Option<Self> {
        args.camera.as_deref().map(|program| Self {
            program: CameraProgram::new(program),
            language,
        })
    }
}

impl Film for Prompted {
    fn film(
        &self,
        asked: &[Movement],
        patience: Duration,
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        eprintln!("{}", movements(asked, self.language));
        self.program.film(asked, patience)
    }
}
