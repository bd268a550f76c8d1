//! What a station is made of: its keys and their PINs, its way to the issuer, its counter and journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tessera_terminal::key::{self, TerminalKey};
use tessera_terminal::{
    FileCounter, FileJournal, HttpIssuer, KeyPlace, Protection, Station, TerminalError, measure,
};
use tessera_verifier::time::Timestamp;
use zeroize::Zeroizing;

use super::{DeskArgs, StationArgs};

/// What a station is made of, opened before a person is asked for anything.
pub(super) struct Opened {
    key: Arc<dyn TerminalKey>,
    issuer: HttpIssuer,
    counter: FileCounter,
    pub(super) journal: FileJournal,
    software: String,
}

impl Opened {
    pub(super) fn of(args: &StationArgs) -> Result<Self, TerminalError> {
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

    pub(super) fn station<'a>(&'a mut self, rng: &'a mut rand_core::OsRng) -> Station<'a> {
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

pub(super) fn operator(args: &DeskArgs) -> Result<Option<Box<dyn TerminalKey>>, TerminalError> {
    args.operator.as_deref().map(operator_key).transpose()
}

pub(super) fn operator_key(text: &str) -> Result<Box<dyn TerminalKey>, TerminalError> {
    let place = KeyPlace::parse(text)?;
    let key = key::open(&place, &mut || pin_of(&place, true, false))?;
    warn_of(&*key);
    Ok(key)
}

/// A key in a file is announced whenever it is used.
pub(super) fn warn_of(key: &dyn TerminalKey) {
    if key.protection() == Protection::File {
        eprintln!(
            "Warning: this key is in a file, which can be copied. For development only; in service keep it in a TPM or token."
        );
    }
}

/// The PIN of a key whose place names no source: from the environment, else from whoever sits here. A terminal's key in a
/// TPM may do without.
pub(super) fn pin_of(
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

pub(super) fn measured() -> Result<String, TerminalError> {
    let program =
        std::env::current_exe().map_err(|error| TerminalError::Measurement(error.to_string()))?;
    measure(&program)
}

/// The clock of this machine. Before 1970 it is wrong anyway: the issuer will say so.
pub(super) fn now() -> Timestamp {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}
