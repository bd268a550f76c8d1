//! The command line.

mod administer;
mod refusal;
mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use refusal::{Reason, Refusal, prefers_chinese};
pub use run::{Outside, run};

/// Proves a person, issues identity credentials, publishes their status.
#[derive(Debug, Parser)]
#[command(name = "tessera-issuer", version)]
pub struct Cli {
    /// Configuration file (TOML).
    #[arg(
        long,
        global = true,
        env = "TESSERA_ISSUER_CONFIG",
        value_name = "FILE"
    )]
    config: Option<PathBuf>,
    /// Folder of store, keys and register [default: tessera-data].
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// File whose first line is the passphrase of the key file. Otherwise TESSERA_ISSUER_PASSPHRASE, or a prompt.
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run the service.
    Serve {
        /// Address to listen on [default: 127.0.0.1:8080].
        #[arg(long)]
        listen: Option<String>,
        /// URL under which wallets reach the service [default: http://LISTEN].
        #[arg(long)]
        public_url: Option<String>,
        /// Address of the listener for terminals, with mutual TLS.
        #[arg(long)]
        terminal_listen: Option<String>,
    },
    /// Create the key file: a root key and a signing key.
    Init,
    /// The population register.
    Registry {
        #[command(subcommand)]
        action: RegistryAction,
    },
    /// Certificates of the states whose chip cards are trusted.
    Csca {
        #[command(subcommand)]
        action: CscaAction,
    },
    /// Terminals.
    Terminal {
        #[command(subcommand)]
        action: TerminalAction,
    },
    /// The people who work at terminals.
    Operator {
        #[command(subcommand)]
        action: OperatorAction,
    },
    /// Relying parties.
    RelyingParty {
        #[command(subcommand)]
        action: RelyingPartyAction,
    },
    /// Revoke credentials.
    Revoke(Revocation),
    /// What waits for the authority to look before it is issued.
    Review {
        #[command(subcommand)]
        action: ReviewAction,
    },
    /// Forget a person: revoke, empty the store of what is the person's, forget which handle stood for the number.
    Erase(Erasure),
    /// Replace the signing key; credentials of the old one stay good until they expire.
    Rotate,
    /// Begin a new status list with the next issuance: after the store was restored from a backup.
    NewStatusList,
    /// Write the bundle and the status lists to DATA/public.
    Publish,
    /// List issuances, without personal data.
    Issuances {
        /// As a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Print the DID of the root key.
    Root,
    /// Print the OpenAPI description of the service.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum ReviewAction {
    /// List what waits, without personal data.
    List,
    /// Show who waits in a session: personal data.
    Show {
        /// The session.
        session: String,
    },
    /// Take a reviewer's decision, as `tessera-terminal review` signs it.
    Decide {
        /// The statement; `-` reads it from standard input.
        statement: String,
    },
    /// List who decided what, without personal data of the persons decided about.
    Decisions,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Erasure {
    /// The person's number.
    #[arg(long)]
    person: Option<String>,
    /// The handle an earlier erasure printed: to erase again what a restored backup brought back.
    #[arg(long)]
    handle: Option<String>,
}

#[derive(Debug, Subcommand)]
enum RegistryAction {
    /// Replace the register by DIR/persons.json and the portraits beside it.
    Import {
        /// The folder.
        dir: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum CscaAction {
    /// Trust certificates, DER or PEM. Prints their SHA-256: compare it with what the state publishes.
    Add {
        /// The state whose documents they may vouch for, as the MRZ names it: UTO, D.
        #[arg(long)]
        state: String,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Trust the authorities of a master list, DER or PEM, each for its own state. A trusted authority must have
    /// countersigned the list. Prints how many were taken.
    MasterList {
        /// The file.
        file: PathBuf,
    },
    /// Take revocation lists of trusted authorities, DER or PEM; each replaces the authority's older one.
    Crl {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum TerminalAction {
    /// Register a terminal, or replace its registration.
    Add(Terminal),
    /// Issue a certificate to a registered terminal, for the listener with mutual TLS.
    Certify {
        /// Its DID.
        #[arg(long)]
        did: String,
        /// Where to write the certificate, PEM.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write the certificate of the terminals' authority, which terminals trust.
    Authority {
        /// Where to write it, PEM.
        #[arg(long)]
        out: PathBuf,
    },
    /// Retire a terminal: nothing it signs is believed from now on.
    Retire {
        /// Its DID.
        #[arg(long)]
        did: String,
    },
    /// List terminals.
    List,
}

#[derive(Debug, Args)]
struct Terminal {
    /// Its DID, as `tessera-terminal keygen` prints it.
    #[arg(long)]
    did: String,
    /// What to call it.
    #[arg(long)]
    name: String,
    /// The organisation that runs it; its operators are of the same.
    #[arg(long, default_value = "")]
    organisation: String,
    /// Where it stands.
    #[arg(long, default_value = "")]
    place: String,
    /// A card reader it may use, by its full name; may be repeated. Without: any.
    #[arg(long = "reader")]
    readers: Vec<String>,
    /// A security module in it, as the module names itself; may be repeated. Without: none.
    #[arg(long = "sam")]
    sams: Vec<String>,
    /// Operators work at it, and their word is taken.
    #[arg(long)]
    attended: bool,
}

#[derive(Debug, Subcommand)]
enum OperatorAction {
    /// Register an operator, or replace the registration.
    Add {
        /// DID of the key the operator signs with.
        #[arg(long)]
        did: String,
        /// The authority's own staff identifier: no name.
        #[arg(long)]
        staff: String,
        /// The organisation at whose terminals the operator works.
        #[arg(long, default_value = "")]
        organisation: String,
        /// The key is for deciding reviews, and not for standing by at terminals.
        #[arg(long)]
        reviewer: bool,
    },
    /// Retire an operator: the operator's word is not taken from now on.
    Retire {
        /// The operator's DID.
        #[arg(long)]
        did: String,
    },
    /// List operators.
    List,
}

#[derive(Debug, Subcommand)]
enum RelyingPartyAction {
    /// Register a relying party for services of the catalogue.
    Add(Registration),
}

#[derive(Debug, Args)]
struct Registration {
    /// DID of the key that signs its requests.
    #[arg(long)]
    did: String,
    /// Name shown to holders, English.
    #[arg(long)]
    name_en: String,
    /// Name shown to holders, Chinese.
    #[arg(long)]
    name_zh: String,
    /// A service it may ask for; may be repeated.
    #[arg(long = "service", required = true)]
    services: Vec<String>,
    /// Where to write the registration for the relying party.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(skip)]
struct Revocation {
    #[command(flatten)]
    what: Revoked,
    /// With --terminal: only credentials valid from this day on, YYYY-MM-DD.
    #[arg(long, requires = "terminal", value_parser = day)]
    since: Option<i64>,
    /// Why; kept with the record, not published.
    #[arg(long, default_value = "unspecified")]
    reason: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Revoked {
    /// Every live credential of the person with this number.
    #[arg(long)]
    person: Option<String>,
    /// One credential, by its issuance id.
    #[arg(long)]
    credential: Option<String>,
    /// Every live credential that rests on the word of the terminal with this DID; the terminal is retired.
    #[arg(long)]
    terminal: Option<String>,
}

/// Midnight of a day, Unix seconds.
fn day(text: &str) -> Result<i64, String> {
    tessera_verifier::Timestamp::parse_date(text)
        .map(|midnight| midnight.unix())
        .map_err(|_| "not a day as YYYY-MM-DD".to_owned())
}
