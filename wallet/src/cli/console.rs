//! The person's end: where the wallet lies, the passphrase, questions, progress and results.

use std::cell::Cell;
use std::io::{ErrorKind, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tessera_verifier::time::Timestamp;
use tessera_verifier::x509::TrustAnchor;
use tessera_wallet::Error;
use tessera_wallet::client::{Attester, Client, FileAttester, MAX_ATTESTER};
use tessera_wallet::http::{Authorities, Bounds, HttpTransport};
use tessera_wallet::messages::{self, Language};
use tessera_wallet::secret::Passphrase;
use tessera_wallet::store::{Settings, Store};
use tessera_wallet::{Clock, Surroundings};
use zeroize::Zeroizing;

use super::args::Global;
use super::describe;

/// Everything a command needs of its surroundings: the real clock, randomness and network are made here.
pub(crate) struct Console {
    global: Global,
    language: Language,
    transport: HttpTransport,
    rng: SystemRandom,
    clock: SystemClock,
    beside_error: Cell<Map<String, Value>>,
    /// Whether standard error did not take all that was said, and standard output all that was printed.
    unheard: Cell<bool>,
    unprinted: Cell<bool>,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_secs());
        Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

impl Console {
    /// The console, and what is wrong with the file of authorities; no command runs then.
    pub(crate) fn new(global: Global) -> (Self, Result<(), Error>) {
        let (transport, usable) = match global.tls_authority.as_deref().map(authorities) {
            None => (HttpTransport::new(), Ok(())),
            Some(Ok(named)) => (HttpTransport::trusting(Bounds::default(), named), Ok(())),
            Some(Err(error)) => (HttpTransport::new(), Err(error)),
        };
        let console = Self {
            language: global.lang.into(),
            global,
            transport,
            rng: SystemRandom::new(),
            clock: SystemClock,
            beside_error: Cell::default(),
            unheard: Cell::default(),
            unprinted: Cell::default(),
        };
        (console, usable)
    }

    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            transport: &self.transport,
            rng: &self.rng,
            clock: &self.clock,
        }
    }

    /// Who vouches for this wallet, and whom the holder accepts.
    pub(crate) fn identity(&self) -> Result<Identity, Error> {
        let attester = match &self.global.attester {
            Some(path) => Some(FileAttester::from_json(&read_file(path, MAX_ATTESTER)?)?),
            None => None,
        };
        let anchors = self.global.anchor.iter().map(|path| anchor(path));
        Ok(Identity {
            attester,
            anchors: anchors.collect::<Result<_, Error>>()?,
        })
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The wallet's folder: `--store`, or `tessera` in the user's data folder (XDG Base Directory). Without a home there is
    /// none: a wallet must not come to lie wherever the command happens to be run.
    pub(crate) fn folder(&self) -> Result<PathBuf, Error> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(named) = &self.global.store {
            return Ok(named.clone());
        }
        let data = set("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".local/share")));
        Ok(data.ok_or(Error::StoreUnnamed)?.join("tessera"))
    }

    /// Opens the wallet, asking for the passphrase when no file or variable gives it.
    pub(crate) fn open(&self) -> Result<Store, Error> {
        let folder = self.folder()?;
        if !Store::exists(&folder)? {
            return Err(Error::StoreMissing);
        }
        let store = Store::open(&folder, &self.passphrase()?)?;
        if store.is_moving() {
            self.warning("label_moving", &[]);
        }
        Ok(store)
    }

    /// The passphrase of an existing wallet.
    pub(crate) fn passphrase(&self) -> Result<Passphrase, Error> {
        self.existing(&Which::WALLET, self.global.passphrase_file.as_deref())
    }

    /// The passphrase for a new wallet: typed twice when typed.
    pub(crate) fn new_passphrase(&self) -> Result<Passphrase, Error> {
        self.fresh(&Which::WALLET, self.global.passphrase_file.as_deref())
    }

    /// A passphrase that opens something: from its file, its variable, or the person.
    pub(crate) fn existing(&self, which: &Which, file: Option<&Path>) -> Result<Passphrase, Error> {
        match given(which, file)? {
            Some(passphrase) => Ok(passphrase),
            None => self.ask_secret(which.label).and_then(Passphrase::new),
        }
    }

    /// A passphrase to be set: typed twice when typed, with a word of advice when it is short.
    pub(crate) fn fresh(&self, which: &Which, file: Option<&Path>) -> Result<Passphrase, Error> {
        let passphrase = match given(which, file)? {
            Some(passphrase) => passphrase,
            None => self.ask_twice(which.label)?,
        };
        if passphrase.is_short() {
            self.warning("label_short_passphrase", &[]);
        }
        Ok(passphrase)
    }

    fn ask_twice(&self, label: &str) -> Result<Passphrase, Error> {
        loop {
            let first = Zeroizing::new(self.ask_secret(label)?);
            let second = Zeroizing::new(self.ask_secret("label_passphrase_again")?);
            if first == second {
                return Passphrase::new(first.as_str());
            }
            self.progress("label_passphrases_differ", &[]);
        }
    }

    fn ask_secret(&self, label: &str) -> Result<String, Error> {
        if !std::io::stdin().is_terminal() {
            return Err(Error::PassphraseNeeded);
        }
        self.say(&format!("{} ", self.text(label, &[]).trim_end()));
        rpassword::read_password().map_err(|_| Error::PassphraseNeeded)
    }

    /// Asks for one line; `None` when nobody is there, or could not read what is asked and about what.
    pub(crate) fn ask(&self, label: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        self.say(&format!("{} ", self.text(label, &[]).trim_end()));
        if self.unheard.get() {
            return None;
        }
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).ok()?;
        Some(line.trim().to_owned())
    }

    /// Whether the person says yes to a question; no when nobody is there.
    pub(crate) fn agrees(&self, label: &str) -> bool {
        matches!(
            self.ask(label).as_deref(),
            Some("y" | "Y" | "yes" | "Yes" | "是")
        )
    }

    /// A message in the person's language.
    pub(crate) fn text(&self, code: &str, arguments: &[&str]) -> String {
        messages::fill(code, self.language, arguments)
    }

    /// A progress line on standard error.
    pub(crate) fn progress(&self, code: &str, arguments: &[&str]) {
        self.say(&format!("{}\n", self.text(code, arguments)));
    }

    /// Writes to standard error. Nobody need be listening: what is to be stored must not be lost for that.
    pub(crate) fn say(&self, text: &str) {
        let mut to = std::io::stderr().lock();
        let said = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        if said.is_err() {
            self.unheard.set(true);
        }
    }

    /// A warning on standard error.
    pub(crate) fn warning(&self, code: &str, arguments: &[&str]) {
        let (label, text) = (self.text("label_warning", &[]), self.text(code, arguments));
        self.say(&format!("{label}: {text}\n"));
    }

    /// A result: the JSON with `--json`, else the lines.
    pub(crate) fn result(&self, value: &Value, lines: &str) {
        if self.global.json {
            self.print(&format!("{value:#}\n"));
        } else {
            self.print(lines);
        }
    }

    /// What a command that fails has to say besides: members beside `error`. `response` is printed without `--json`, too.
    pub(crate) fn beside_error(&self, name: &str, value: Value) {
        let mut beside = self.beside_error.take();
        beside.insert(name.to_owned(), value);
        self.beside_error.set(beside);
    }

    /// `error[code]: sentence` and a hint on standard error; with `--json` also as an object on standard output.
    pub(crate) fn error(&self, error: &Error) {
        let sentence = sentence(error, self.language);
        let hint = error.hint(self.language);
        let label = self.text("label_error", &[]);
        self.say(&format!("{label}[{}]: {sentence}\n", error.code()));
        if let Some(hint) = hint {
            self.say(&format!("  {}: {hint}\n", self.text("label_hint", &[])));
        }
        let beside = self.beside_error.take();
        if self.global.json {
            let mut value = beside;
            let error = json!({"code": error.code(), "message": sentence, "hint": hint});
            value.insert("error".to_owned(), error);
            self.print(&format!("{:#}\n", Value::Object(value)));
        } else if let Some(response) = beside.get("response") {
            self.print(&format!("{response}\n"));
        }
    }

    /// Writes to standard output; a reader that went away (`tessera list | head`) is no error.
    fn print(&self, text: &str) {
        let mut to = std::io::stdout().lock();
        match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => self.unprinted.set(true),
            _ => {}
        }
    }

    /// Whether standard output took all that was printed.
    pub(crate) fn printed_all(&self) -> bool {
        !self.unprinted.get()
    }
}

/// Who vouches for this wallet, and whom the holder accepts.
pub(crate) struct Identity {
    attester: Option<FileAttester>,
    anchors: Vec<TrustAnchor>,
}

impl Identity {
    /// What the wallet brings to an issuance; `foreign` takes issuers that are in no bundle.
    pub(crate) fn client(&self, settings: &Settings, foreign: bool) -> Client<'_> {
        Client {
            attester: self
                .attester
                .as_ref()
                .map(|attester| attester as &dyn Attester),
            haip: settings.haip,
            foreign,
            anchors: &self.anchors,
        }
    }
}

/// Largest certificate file, in bytes.
const MAX_CERTIFICATE: usize = 64 * 1024;

/// Largest file of authorities, in bytes: the public ones of an operating system fit.
const MAX_AUTHORITIES: usize = 1024 * 1024;

fn authorities(path: &Path) -> Result<Authorities, Error> {
    let pem = read_file(path, MAX_AUTHORITIES)?;
    Authorities::from_pem(&pem).ok_or_else(|| unreadable(path))
}

/// Reads a certificate in DER, or the first one in PEM (RFC 7468 §5).
pub(crate) fn anchor(path: &Path) -> Result<TrustAnchor, Error> {
    let bytes = read_file(path, MAX_CERTIFICATE)?;
    let der = match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains(BEGIN) => {
            let inner = text
                .split(BEGIN)
                .nth(1)
                .and_then(|rest| rest.split(END).next());
            let base64: String = inner.unwrap_or_default().split_whitespace().collect();
            STANDARD.decode(base64).map_err(|_| unreadable(path))?
        }
        _ => bytes,
    };
    Ok(TrustAnchor::from_certificate(&der)?)
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// One of the passphrases a command may need: what it is called on the screen, and the variable scripts set.
pub(crate) struct Which {
    label: &'static str,
    variable: &'static str,
}

impl Which {
    /// Of the wallet.
    pub(crate) const WALLET: Self = Self {
        label: "label_passphrase",
        variable: "TESSERA_PASSPHRASE",
    };
    /// Of the wallet, from now on.
    pub(crate) const NEW: Self = Self {
        label: "label_new_passphrase",
        variable: "TESSERA_NEW_PASSPHRASE",
    };
    /// Of a backup.
    pub(crate) const BACKUP: Self = Self {
        label: "label_backup_passphrase",
        variable: "TESSERA_BACKUP_PASSPHRASE",
    };
}

/// A passphrase from its file or variable.
fn given(which: &Which, file: Option<&Path>) -> Result<Option<Passphrase>, Error> {
    if let Some(path) = file {
        let bytes = Zeroizing::new(read_file(path, Passphrase::MAX_BYTES + 2)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::PassphraseUnusable)?;
        return Passphrase::new(text.lines().next().unwrap_or("")).map(Some);
    }
    match std::env::var(which.variable) {
        Ok(text) => Passphrase::new(text).map(Some),
        Err(_) => Ok(None),
    }
}

/// What an error says. Some name claims in the words of a requester, who must not write on the person's terminal.
fn sentence(error: &Error, language: Language) -> String {
    describe::printable(&error.sentence(language))
}

/// Reads a file of at most `most` bytes.
pub(crate) fn read_file(path: &Path, most: usize) -> Result<Vec<u8>, Error> {
    let file = std::fs::File::open(path).map_err(|_| unreadable(path))?;
    let length = file.metadata().map_or(0, |found| found.len());
    // The size from the start: growing would leave copies of a photograph or a passphrase behind. Reading to the end
    // needs a little room beyond it.
    let expected = usize::try_from(length).unwrap_or(most).min(most) + SPARE;
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected));
    match read_into(&mut bytes, file, most) {
        true => Ok(std::mem::take(&mut *bytes)),
        false => Err(unreadable(path)),
    }
}

/// Reads a stream of at most `most` bytes; an error names it as `-`.
pub(crate) fn read_bounded(from: impl std::io::Read, most: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Zeroizing::default();
    match read_into(&mut bytes, from, most) {
        true => Ok(std::mem::take(&mut *bytes)),
        false => Err(unreadable(Path::new("-"))),
    }
}

fn unreadable(path: &Path) -> Error {
    Error::FileUnreadable {
        file: path.display().to_string(),
    }
}

/// Bytes of room beyond a file's length that let a read find its end without growing the buffer.
const SPARE: usize = 64;

/// Whether all of it could be read and was no more than `most` bytes.
fn read_into(bytes: &mut Vec<u8>, from: impl std::io::Read, most: usize) -> bool {
    let read = from.take(most as u64 + 1).read_to_end(bytes);
    read.is_ok() && bytes.len() <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_with_a_requesters_words_do_not_write_on_the_terminal() {
        let hostile = "a\u{1b}[2J\r\u{202e}b";
        for error in [
            Error::QueryNotSatisfied {
                missing: hostile.to_owned(),
            },
            Error::Check(tessera_verifier::Error::OverAsking {
                beyond: hostile.to_owned(),
            }),
        ] {
            let shown = sentence(&error, Language::English);
            assert!(shown.contains("[2J"), "{shown:?}");
            assert!(!shown.contains(['\u{1b}', '\r', '\u{202e}']), "{shown:?}");
        }
    }

    #[test]
    fn a_file_is_read_into_one_buffer_that_does_not_grow() -> Result<(), Box<dyn std::error::Error>>
    {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("photo");
        std::fs::write(&path, vec![7; 100_000])?;
        let bytes = read_file(&path, 200_000)?;
        assert_eq!((bytes.len(), bytes.capacity()), (100_000, 100_000 + SPARE));
        assert!(read_file(&path, 99_999).is_err());
        Ok(())
    }
}
