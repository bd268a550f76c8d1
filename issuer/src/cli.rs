//! The command line.

mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Relying parties.
    RelyingParty {
        #[command(subcommand)]
        action: RelyingPartyAction,
    },
    /// Revoke credentials.
    Revoke(Revocation),
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
}

#[derive(Debug, Subcommand)]
enum TerminalAction {
    /// Register a terminal.
    Add {
        /// Its DID.
        #[arg(long)]
        did: String,
        /// What to call it.
        #[arg(long)]
        name: String,
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
    /// Every live credential of the person with this number.
    #[arg(
        long,
        conflicts_with = "credential",
        required_unless_present = "credential"
    )]
    person: Option<String>,
    /// One credential, by its issuance id.
    #[arg(long)]
    credential: Option<String>,
    /// Why; kept with the record, not published.
    #[arg(long, default_value = "unspecified")]
    reason: String,
}
