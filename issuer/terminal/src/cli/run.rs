//! What each command does.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tessera_terminal::camera::{CameraProgram, Film, MAX_PHOTO, bounded};
use tessera_terminal::key::{self, TerminalKey};
use tessera_terminal::{
    FileCounter, FileJournal, HttpIssuer, Journal as _, KeyPlace, Language, Outcome, Protection,
    Station, TerminalError, explain, measure, resume,
};
use tessera_terminal::{SessionJob, SignedIn, instruct, kiosk, movements, run_sam_session};
#[cfg(feature = "pcsc")]
use tessera_terminal::{Step, reader, run_session};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::liveness::Movement;
use tessera_verifier::terminal::{self, ReviewStatement};
use tessera_verifier::time::Timestamp;
use zeroize::Zeroizing;

use super::{Cli, Command, DeskArgs, KioskArgs, ReviewArgs, SessionArgs, StationArgs};

type Printed = Result<Zeroizing<String>, TerminalError>;

/// Runs the command.
pub(super) fn run(cli: Cli) -> ExitCode {
    let language = Language::of(&cli.lang);
    // Only a session has a person before the screen; everything else speaks to those who run the terminal.
    let person = matches!(cli.command, Command::Session(_));
    let (json, result) = match cli.command {
        Command::Keygen {
            place,
            operator,
            json,
        } => (json, keygen(&place, operator, json)),
        Command::Readers { json } => (json, readers(json)),
        Command::Measure => (false, measured().map(Zeroizing::new)),
        Command::Kiosk(args) => (false, serve(&args)),
        Command::Session(args) => (args.json, session(&args, language)),
        Command::Review(args) => (false, review(&args)),
        Command::Resume { station, json } => (json, take_up(&station, language, json)),
    };
    match result {
        Ok(text) if text.is_empty() => ExitCode::SUCCESS,
        Ok(text) => match writeln!(std::io::stdout(), "{}", *text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            if json {
                let error = json!({"error": {"code": error.code(), "message": error.to_string()}});
                println!("{error}");
            }
            if person {
                eprintln!("{}", explain(error.code(), language));
            }
            eprintln!("{}: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}

fn keygen(place: &str, operator: bool, json: bool) -> Printed {
    let place = KeyPlace::parse(place)?;
    let made = key::generate(
        &place,
        operator,
        &mut || pin_of(&place, operator, true),
        &mut rand_core::OsRng,
    )?;
    warn_of(&*made);
    if operator {
        eprintln!(
            "Register the operator at the issuer: tessera-issuer operator add --did DID --staff ID"
        );
    } else {
        eprintln!(
            "Register the terminal at the issuer: tessera-issuer terminal add --did DID --name NAME"
        );
    }
    Ok(Zeroizing::new(if json {
        json!({"did": made.did(), "protection": made.protection().as_str()}).to_string()
    } else {
        made.did()
    }))
}

/// A key in a file is announced whenever it is used.
fn warn_of(key: &dyn TerminalKey) {
    if key.protection() == Protection::File {
        eprintln!(
            "Warning: this key is in a file, which can be copied. For development only; in service keep it in a TPM or token."
        );
    }
}

/// The PIN of a key whose place names no source: from the environment, else from whoever sits here. A terminal's key in a
/// TPM may do without.
fn pin_of(
    place: &KeyPlace,
    operator: bool,
    fresh: bool,
) -> Result<Zeroizing<String>, TerminalError> {
    let name = match operator {
        true => "TESSERA_OPERATOR_PIN",
        false => "TESSERA_TERMINAL_PIN",
    };
    if let Ok(pin) = std::env::var(name) {
        return Ok(Zeroizing::new(pin));
    }
    if !operator && matches!(place, KeyPlace::Tpm { .. }) {
        return Ok(Zeroizing::new(String::new()));
    }
    let asked = |prompt| {
        rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(|_| TerminalError::Pin("no PIN: name a pin-source, set TESSERA_TERMINAL_PIN or TESSERA_OPERATOR_PIN, or use a screen"))
    };
    let first = asked("PIN: ")?;
    if fresh && matches!(place, KeyPlace::File(_)) && *first != *asked("Once more: ")? {
        return Err(TerminalError::Pin("the two differ"));
    }
    Ok(first)
}

fn measured() -> Result<String, TerminalError> {
    let program =
        std::env::current_exe().map_err(|error| TerminalError::Measurement(error.to_string()))?;
    measure(&program)
}

/// What a station is made of, opened before a person is asked for anything.
struct Opened {
    key: Arc<dyn TerminalKey>,
    issuer: HttpIssuer,
    counter: FileCounter,
    journal: FileJournal,
    software: String,
}

impl Opened {
    fn of(args: &StationArgs) -> Result<Self, TerminalError> {
        let place = KeyPlace::parse(&args.key)?;
        let key = key::open(&place, &mut || pin_of(&place, false, false))?;
        warn_of(&*key);
        let key: Arc<dyn TerminalKey> = Arc::from(key);
        let issuer = match (&args.terminal_url, &args.ca, &args.certificate) {
            (Some(url), Some(authority), Some(certificate)) => {
                HttpIssuer::mutual(url, (authority, certificate), Arc::clone(&key))?
            }
            _ => HttpIssuer::new(&args.issuer, args.ca.as_deref())?,
        };
        let beside = match (&args.state, place.beside()) {
            (Some(folder), file) => folder.join(file.file_name().unwrap_or(file.as_os_str())),
            (None, file) => file,
        };
        Ok(Self {
            key,
            issuer,
            counter: FileCounter::open(&with(&beside, ".counter"))?,
            journal: FileJournal::at(&with(&beside, ".session")),
            software: measured()?,
        })
    }

    fn station<'a>(&'a mut self, rng: &'a mut rand_core::OsRng) -> Station<'a> {
        Station {
            issuer: &self.issuer,
            signer: &*self.key,
            counter: &mut self.counter,
            clock: &now,
            rng,
            operator: None,
            software: &self.software,
            journal: &mut self.journal,
            pause: &std::thread::sleep,
        }
    }
}

fn with(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(extension);
    PathBuf::from(name)
}

fn operator(args: &DeskArgs) -> Result<Option<Box<dyn TerminalKey>>, TerminalError> {
    args.operator.as_deref().map(operator_key).transpose()
}

fn operator_key(text: &str) -> Result<Box<dyn TerminalKey>, TerminalError> {
    let place = KeyPlace::parse(text)?;
    let key = key::open(&place, &mut || pin_of(&place, true, false))?;
    warn_of(&*key);
    Ok(key)
}

/// A decision, signed by whoever decides.
fn review(args: &ReviewArgs) -> Printed {
    let key = operator_key(&args.operator)?;
    let statement = ReviewStatement {
        iss: key.did(),
        aud: args.issuer.trim_end_matches('/').to_owned(),
        session: args.session.clone(),
        approve: args.approve,
        iat: now().unix(),
    };
    terminal::prepare(key.public_key(), &statement)
        .sign(&*key)
        .map(Zeroizing::new)
        .map_err(|_| TerminalError::Signing)
}

fn take_up(args: &StationArgs, language: Language, json: bool) -> Printed {
    let mut opened = Opened::of(args)?;
    match resume(&mut opened.station(&mut rand_core::OsRng))? {
        Some(outcome) => Ok(confirmed(outcome, language, json)),
        None => Ok(Zeroizing::new(if json {
            json!({"state": "nothing_pending"}).to_string()
        } else {
            language
                .pick("Nothing was pending.", "没有未完成的会话。")
                .to_owned()
        })),
    }
}

fn confirmed(outcome: Outcome, language: Language, json: bool) -> Zeroizing<String> {
    if json {
        return Zeroizing::new(
            json!({"state": "confirmed", "tx_code": *outcome.tx_code}).to_string(),
        );
    }
    eprintln!(
        "{}",
        language.pick(
            "Confirmed. Type this code into the wallet:",
            "核验通过,请在钱包中输入此代码:"
        )
    );
    outcome.tx_code
}

#[cfg(feature = "pcsc")]
fn readers(json: bool) -> Printed {
    let names = reader::readers()?;
    Ok(Zeroizing::new(if json {
        let list: Vec<_> = names
            .iter()
            .map(|name| json!({"name": name, "virtual": reader::is_virtual(name)}))
            .collect();
        json!(list).to_string()
    } else if names.is_empty() {
        "no card reader is connected".to_owned()
    } else {
        let lines: Vec<_> = names
            .iter()
            .map(|name| match reader::is_virtual(name) {
                true => format!("{name}  (virtual: for tests only)"),
                false => name.clone(),
            })
            .collect();
        lines.join("\n")
    }))
}

#[cfg(feature = "pcsc")]
fn found(args: &DeskArgs) -> Result<reader::Reader, TerminalError> {
    reader::Reader::find(&reader::Choice {
        name: args.reader.as_deref(),
        allow_virtual: args.allow_virtual_reader,
    })
}

fn session(args: &SessionArgs, language: Language) -> Printed {
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

/// The terminal's keys and its operator's, opened before any reader: without them no card is to be waited for.
struct Manned {
    opened: Opened,
    operator: Option<Box<dyn TerminalKey>>,
}

fn serve(args: &KioskArgs) -> Printed {
    let manned = Manned {
        opened: Opened::of(&args.station)?,
        operator: operator(&args.desk)?,
    };
    match args.sam_reader()? {
        Some(reader) => serve_residents(reader, args, manned),
        None => serve_chips(args, manned),
    }
}

/// Resident cards. The line is opened anew for each: what was left of an exchange that failed ends with its visit.
fn serve_residents(
    reader: tessera_terminal::sam::SamReader,
    args: &KioskArgs,
    manned: Manned,
) -> Printed {
    let name = reader.name().to_owned();
    drop(reader);
    let wait = Duration::from_secs(args.desk.wait);
    let slot = |left: &mut dyn FnMut(Duration)| {
        let gone = || TerminalError::Reader("no reader is named".to_owned());
        let mut reader = args.sam_reader()?.ok_or_else(gone)?;
        reader.wait_for_card(wait, &mut |time| {
            countdown(time.as_secs());
            left(time);
        })?;
        Ok(Box::new(reader) as Box<dyn tessera_card::sam::SamTransport>)
    };
    visits(args, manned, name, kiosk::Slot::Resident(Box::new(slot)))
}

#[cfg(feature = "pcsc")]
fn serve_chips(args: &KioskArgs, manned: Manned) -> Printed {
    let reader = found(&args.desk)?;
    let wait = Duration::from_secs(args.desk.wait);
    let slot = |left: &mut dyn FnMut(Duration)| {
        let card = reader.wait_for_card(wait, &mut |time| {
            countdown(time.as_secs());
            left(time);
        })?;
        Ok(Box::new(card) as Box<dyn tessera_card::Transceiver>)
    };
    visits(
        args,
        manned,
        reader.name(),
        kiosk::Slot::Chip(Box::new(slot)),
    )
}

/// One person after the other.
fn visits(args: &KioskArgs, manned: Manned, reader: String, slot: kiosk::Slot<'_>) -> Printed {
    let Manned {
        mut opened,
        operator,
    } = manned;
    let mut rng = rand_core::OsRng;
    let mut station = opened.station(&mut rng);
    // A session that a power cut ended: the person is gone, so its code is shown to nobody.
    if let Err(error) = resume(&mut station) {
        eprintln!("{}: {error}", error.code());
    }
    let mut console = super::console::Machine::new();
    let mut camera = || photograph(&args.desk);
    let film = args.desk.camera.as_deref().map(CameraProgram::new);
    let mut desk = kiosk::Desk {
        issuer: args.station.issuer.clone(),
        reader,
        slot,
        camera: &mut camera,
        film: film.as_ref().map(|film| film as _),
        operator: operator.as_deref(),
        patience: Duration::from_secs(args.patience),
    };
    let mut left = args.visits;
    while left != Some(0) {
        let end = kiosk::visit(&mut console, &mut desk, &mut station);
        if end == kiosk::End::Idle && !std::io::stdin().is_terminal() {
            break;
        }
        left = left.map(|left| left - 1);
    }
    Ok(Zeroizing::default())
}

#[cfg(not(feature = "pcsc"))]
fn readers(_json: bool) -> Printed {
    Err(without_readers())
}

#[cfg(not(feature = "pcsc"))]
fn chip_session(_args: &SessionArgs, _language: Language) -> Printed {
    Err(without_readers())
}

#[cfg(not(feature = "pcsc"))]
fn serve_chips(_args: &KioskArgs, _manned: Manned) -> Printed {
    Err(without_readers())
}

#[cfg(not(feature = "pcsc"))]
fn without_readers() -> TerminalError {
    TerminalError::Reader("this program was built without card readers (feature pcsc)".to_owned())
}

/// On one line of the screen, and only where there is a screen.
fn countdown(seconds: u64) {
    let mut screen = std::io::stderr();
    if screen.is_terminal() {
        // Nothing depends on whether the display could be written.
        let _ = write!(screen, "\r{seconds:4} s \r");
        let _ = screen.flush();
    }
}

/// The photograph from the camera program or the file.
fn photograph(args: &DeskArgs) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
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

/// The clock of this machine. Before 1970 it is wrong anyway: the issuer will say so.
fn now() -> Timestamp {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}
