//! The command line: what people see goes to standard error, the result to standard output.

mod console;
mod run;
mod serve;
mod session;
mod station;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
#[cfg(feature = "pcsc")]
use tessera_card::AccessKey;
use tessera_terminal::TerminalError;
use tessera_terminal::sam::{self, SamReader};

#[derive(Parser)]
#[command(
    name = "tessera-terminal",
    version,
    about = "Reads a physical card beside a live photograph and hands both, signed, to the issuer"
)]
struct Cli {
    /// Language of messages: en or zh
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
    /// Make a key and print the name to register at the issuer
    Keygen {
        /// Where: a file, or `pkcs11:token=T;object=O?module-path=LIB`, or `tpm:FILE`
        #[arg(
            long = "key",
            alias = "out",
            value_name = "KEY",
            default_value = "terminal.key"
        )]
        place: String,
        /// An operator's key: a file is sealed with a PIN (asked for, or TESSERA_OPERATOR_PIN)
        #[arg(long)]
        operator: bool,
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
    /// Print the measurement of this program, as statements carry it
    Measure,
    /// Serve one person after the other, on this screen and keyboard
    Kiosk(Box<KioskArgs>),
    /// Read one person's card for a session that their wallet has started
    Session(Box<SessionArgs>),
    /// Decide on an enrolment that waits for a review: prints the statement for `tessera-issuer review decide`
    Review(ReviewArgs),
    /// After a power cut: ask what became of the evidence sent last, and show its code
    Resume {
        #[command(flatten)]
        station: StationArgs,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Who this terminal is, and how it reaches the issuer.
#[derive(Args)]
struct StationArgs {
    /// The issuer's public URL
    #[arg(long)]
    issuer: String,
    /// The address of the issuer's listener for terminals, where it has one
    #[arg(long, value_name = "URL", requires = "certificate")]
    terminal_url: Option<String>,
    /// This terminal's certificate, PEM, as the issuer made it at registration
    #[arg(long, value_name = "FILE", requires = "terminal_url", requires = "ca")]
    certificate: Option<PathBuf>,
    /// Certificate authorities to trust for the issuer's address, PEM, instead of the public ones; with --certificate, the
    /// terminals' authority
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// This terminal's key: a file, `pkcs11:...` or `tpm:...`. PINs come from its pin-source or TESSERA_TERMINAL_PIN
    #[arg(long, value_name = "KEY", default_value = "terminal.key")]
    key: String,
    /// Folder of the counter and of an interrupted session [default: beside the key]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// The equipment beside the terminal.
#[derive(Args)]
struct DeskArgs {
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
    /// The key of the operator who stands by: a file, `pkcs11:...` or `tpm:...`. The PIN comes from its pin-source,
    /// TESSERA_OPERATOR_PIN or a prompt
    #[arg(long, value_name = "KEY")]
    operator: Option<String>,
    /// The live photograph, JPEG or PNG; `-` for standard input
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "camera",
        conflicts_with = "camera"
    )]
    photo: Option<PathBuf>,
    /// A program that writes the photograph to its standard output; called with `left`, `right` and `up` as arguments
    /// where the issuer asks for head movements, the frames of a person who makes them
    #[arg(long, value_name = "PROGRAM")]
    camera: Option<PathBuf>,
}

#[derive(Args)]
struct ReviewArgs {
    /// The issuer's public URL
    #[arg(long)]
    issuer: String,
    /// The reviewer's key: a file, `pkcs11:...` or `tpm:...`. The PIN comes from its pin-source, TESSERA_OPERATOR_PIN or a
    /// prompt
    #[arg(long, value_name = "KEY")]
    operator: String,
    /// The session, as `tessera-issuer review list` names it
    #[arg(long)]
    session: String,
    /// Let the credentials be issued
    #[arg(long, required_unless_present = "refuse", conflicts_with = "refuse")]
    approve: bool,
    /// Issue nothing
    #[arg(long)]
    refuse: bool,
}

#[derive(Args)]
struct KioskArgs {
    #[command(flatten)]
    station: StationArgs,
    #[command(flatten)]
    desk: DeskArgs,
    /// Seconds without a key typed after which a session ends
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(5..=3600))]
    patience: u64,
    /// End after so many visits
    #[arg(long)]
    visits: Option<u32>,
    /// Read resident cards, on a reader with a security module at this serial line
    #[arg(long, value_name = "DEVICE", conflicts_with_all = ["reader", "sam_tcp"])]
    sam_serial: Option<PathBuf>,
    /// Read resident cards, on a reader with a security module at this address
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "reader")]
    sam_tcp: Option<String>,
}

impl KioskArgs {
    fn sam_reader(&self) -> Result<Option<SamReader>, TerminalError> {
        sam_reader(self.sam_serial.as_deref(), self.sam_tcp.as_deref())
    }
}

/// The reader with a security module, where one is named.
fn sam_reader(
    serial: Option<&Path>,
    tcp: Option<&str>,
) -> Result<Option<SamReader>, TerminalError> {
    match (serial, tcp) {
        (Some(device), _) => SamReader::serial(device, sam::PATIENCE).map(Some),
        (None, Some(address)) => SamReader::tcp(address, sam::PATIENCE).map(Some),
        (None, None) => Ok(None),
    }
}

#[derive(Args)]
struct SessionArgs {
    #[command(flatten)]
    station: StationArgs,
    #[command(flatten)]
    desk: DeskArgs,
    /// The session, as the wallet shows it
    #[arg(long)]
    session: String,
    #[command(flatten)]
    access: Access,
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
    /// Also open chips from before PACE, by basic access control
    #[arg(long, requires = "mrz_number")]
    allow_bac: bool,
    /// A resident card, on a reader with a security module at this serial line
    #[arg(long, value_name = "DEVICE", conflicts_with_all = ["can", "mrz_number"])]
    sam_serial: Option<PathBuf>,
    /// A resident card, on a reader with a security module at this address
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["can", "mrz_number", "sam_serial"])]
    sam_tcp: Option<String>,
}

impl Access {
    fn sam_reader(&self) -> Result<Option<SamReader>, TerminalError> {
        sam_reader(self.sam_serial.as_deref(), self.sam_tcp.as_deref())
    }
}

#[cfg(feature = "pcsc")]
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

    fn protocols(&self) -> tessera_card::Access {
        match self.allow_bac {
            true => tessera_card::Access::PaceOrBac,
            false => tessera_card::Access::PaceOnly,
        }
    }
}

/// Parses the command line and runs the command: 0 done, 1 refused or failed, 2 wrong command line (clap).
pub(crate) fn main() -> ExitCode {
    run::run(Cli::parse())
}
