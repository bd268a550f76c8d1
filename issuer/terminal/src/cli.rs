//! The command line: what people see goes to standard error, the result to standard output.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tessera_card::AccessKey;
#[cfg(feature = "pcsc")]
use tessera_terminal::reader;
use tessera_terminal::{
    FileCounter, FileKey, HttpIssuer, Language, SessionJob, SignedIn, Station, Step, TerminalError,
    TerminalKey as _, explain, instruct, measure, run_session,
};
use tessera_verifier::time::Timestamp;
use zeroize::{Zeroize, Zeroizing};

/// Largest photograph: what the issuer accepts.
const MAX_PHOTO: u64 = 8 * 1024 * 1024;

#[derive(Parser)]
#[command(
    name = "tessera-terminal",
    version,
    about = "Reads a physical card beside a live photograph and hands both, signed, to the issuer"
)]
struct Cli {
    /// Language of the display: en or zh
    #[arg(
        long,
        global = true,
        env = "LANG",
        default_value = "en",
        hide_env_values = true,
        hide_env = true
    )]
    lang: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make this terminal's key and print the name to register at the issuer
    Keygen {
        /// The key file to write (development and pilots; in service the key belongs in a TPM or token)
        #[arg(long, default_value = "terminal.key")]
        out: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the card readers
    Readers {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Read one person's card for a session that their wallet has started
    Session(Box<SessionArgs>),
}

#[derive(Args)]
struct SessionArgs {
    /// The issuer's URL
    #[arg(long)]
    issuer: String,
    /// The session, as the wallet shows it
    #[arg(long)]
    session: String,
    /// The live photograph, JPEG or PNG; `-` for standard input
    #[arg(long)]
    photo: PathBuf,
    /// This terminal's key file; the counter is kept beside it
    #[arg(long, default_value = "terminal.key")]
    key: PathBuf,
    /// Certificate authorities to trust for the issuer's address, PEM, instead of the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
    /// Part of the reader's name, where there are several
    #[arg(long)]
    reader: Option<String>,
    /// Use the virtual reader of a development machine. For tests only: whoever can reach this
    /// machine over the network can pretend to be a card in it
    #[arg(long)]
    allow_virtual_reader: bool,
    /// Seconds to wait for the card
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
    /// The key file of the operator who stands by and has compared face and card
    #[arg(long, value_name = "FILE")]
    operator: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(required = true, multiple = true)]
struct Access {
    /// The six-digit card access number printed on the card
    #[arg(long, conflicts_with_all = ["mrz_number", "birth", "expiry"])]
    can: Option<String>,
    /// Document number from the machine readable lines
    #[arg(long, requires = "birth", requires = "expiry")]
    mrz_number: Option<String>,
    /// Date of birth, YYMMDD
    #[arg(long, requires = "mrz_number")]
    birth: Option<String>,
    /// Date of expiry, YYMMDD
    #[arg(long, requires = "mrz_number")]
    expiry: Option<String>,
}

impl Access {
    /// Clap has made sure that one form is complete.
    fn key(&self) -> AccessKey {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        match &self.can {
            Some(can) => AccessKey::Can(can.clone()),
            None => AccessKey::Mrz {
                document_number: text(&self.mrz_number),
                birth: text(&self.birth),
                expiry: text(&self.expiry),
            },
        }
    }
}

/// Runs the program: 0 done, 1 refused or failed, 2 wrong command line (clap).
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let language = Language::of(&cli.lang);
    let (json, result) = match cli.command {
        Command::Keygen { out, json } => (json, keygen(&out, json)),
        Command::Readers { json } => (json, readers(json)),
        Command::Session(args) => (args.json, session(&args, language)),
    };
    match result {
        Ok(text) => match writeln!(std::io::stdout(), "{}", *text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            if json {
                let error = json!({"error": {"code": error.code(), "message": error.to_string()}});
                println!("{error}");
            }
            eprintln!("{}", explain(error.code(), language));
            eprintln!("  {} ({error})", error.code());
            ExitCode::FAILURE
        }
    }
}

type Printed = Result<Zeroizing<String>, TerminalError>;

fn keygen(out: &Path, json: bool) -> Printed {
    let key = FileKey::generate()?;
    key.save_new(out)?;
    eprintln!(
        "The key is in {} for development and pilots: a file can be copied. In service, keep it in a TPM or token.",
        out.display()
    );
    eprintln!(
        "Register the terminal at the issuer: tessera-issuer terminal add --did DID --name NAME"
    );
    Ok(Zeroizing::new(if json {
        json!({"did": key.did(), "file": out}).to_string()
    } else {
        key.did()
    }))
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
fn session(args: &SessionArgs, language: Language) -> Printed {
    // Everything that can be wrong on this machine comes before the person is asked for the card.
    let key = FileKey::load(&args.key)?;
    let mut counter_path = args.key.clone().into_os_string();
    counter_path.push(".counter");
    let mut counter = FileCounter::open(Path::new(&counter_path))?;
    let issuer = HttpIssuer::new(&args.issuer, args.ca.as_deref())?;
    let photo = photo(&args.photo)?;
    let reader = reader::Reader::find(&reader::Choice {
        name: args.reader.as_deref(),
        allow_virtual: args.allow_virtual_reader,
    })?;

    let job =
        SessionJob::new(&args.issuer, &args.session, &reader.name()).access(args.access.key());
    let software = measure(
        &std::env::current_exe().map_err(|error| TerminalError::Measurement(error.to_string()))?,
    )?;
    let mut operator = args
        .operator
        .as_deref()
        .map(FileKey::load)
        .transpose()?
        .map(SignedIn);
    eprintln!(
        "{}",
        language.pick("Put the card on the reader.", "请将证件放在读卡器上。")
    );
    let patience = std::time::Duration::from_secs(args.wait);
    let mut card = reader.wait_for_card(patience, &mut |left| countdown(left.as_secs()))?;

    let mut station = Station {
        issuer: &issuer,
        signer: &key,
        counter: &mut counter,
        clock: &now,
        rng: &mut rand_core::OsRng,
        operator: operator.as_mut().map(|operator| operator as _),
        software: &software,
    };
    let outcome = run_session(&mut card, &mut station, &job, &photo, &mut |step: Step| {
        eprintln!("{}", instruct(step, language));
    })?;
    drop(card);

    Ok(if args.json {
        Zeroizing::new(json!({"state": "card_checked", "tx_code": *outcome.tx_code}).to_string())
    } else {
        eprintln!(
            "{}",
            language.pick(
                "Confirmed. Type this code into the wallet:",
                "核验通过,请在钱包中输入此代码:"
            )
        );
        outcome.tx_code
    })
}

#[cfg(not(feature = "pcsc"))]
fn readers(_json: bool) -> Printed {
    Err(without_readers())
}

#[cfg(not(feature = "pcsc"))]
fn session(_args: &SessionArgs, _language: Language) -> Printed {
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

/// Reads the photograph into one buffer of its size, so that no copies stay behind.
fn photo(path: &Path) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
    let failed = |what: String| TerminalError::Photo(what);
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PHOTO as usize + 1));
    let read = if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(MAX_PHOTO + 1)
            .read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_PHOTO + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(0) => Err(failed("is empty".to_owned())),
        Ok(length) if length as u64 > MAX_PHOTO => {
            bytes.zeroize();
            Err(failed(format!("is larger than {MAX_PHOTO} bytes")))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The clock of this machine. Before 1970 it is wrong anyway: the issuer will say so.
fn now() -> Timestamp {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}
