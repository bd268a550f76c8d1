//! The command line: what can be typed, and the help text.

mod issuing;
mod showing;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tessera_wallet::messages::Language;

pub(crate) use issuing::{Enrol, Lost, Receive, Refresh, Rollout, Upgrade};
pub(crate) use showing::{Answering, DcApi, Present, UnregisteredName};

const EXAMPLES: &str = "\
Examples:
  tessera init
  tessera enrol --issuer https://issuer.example --number 110101199003070011 --photo me.jpg
  tessera list
  tessera present request.jwt --out presentation.json
  tessera upgrade --issuer https://issuer.example --number 110101199003070011

The passphrase is asked for; scripts set TESSERA_PASSPHRASE or --passphrase-file.
Progress and questions go to standard error, results to standard output.
Errors read `error[code]: sentence`; the codes are stable.
Exit status: 0 done, 1 refused or failed, 2 wrong usage.";

/// Receives, keeps and shows identity credentials.
#[derive(Parser)]
#[command(name = "tessera", version, about, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Folder of the wallet [default: tessera in the user's data folder]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "TESSERA_STORE",
        hide_env_values = true
    )]
    pub(crate) store: Option<PathBuf>,
    /// Read the passphrase from the first line of this file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Print results as JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Description of a development attester that vouches for this wallet to issuers
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TESSERA_ATTESTER",
        hide_env_values = true
    )]
    pub(crate) attester: Option<PathBuf>,
    /// Certificate (DER or PEM) of an authority whose issuers you accept; may be given several times
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) anchor: Vec<PathBuf>,
    /// Certificates (PEM) of the authorities that name servers in your network, instead of the public ones
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TESSERA_TLS_AUTHORITY",
        hide_env_values = true
    )]
    pub(crate) tls_authority: Option<PathBuf>,
    /// Language of messages
    #[arg(
        long,
        global = true,
        value_name = "LANG",
        default_value = "en",
        env = "TESSERA_LANG",
        hide_env_values = true
    )]
    pub(crate) lang: Lang,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Lang {
    En,
    Zh,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::English,
            Lang::Zh => Self::Chinese,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new wallet, protected by a passphrase
    Init,
    /// Prove who you are with a photo of your face; get the limited-function credential
    #[command(after_help = "\
Example:
  tessera enrol --issuer https://issuer.example --number 110101199003070011 --photo me.jpg

The photo is sent for the face check and kept by nobody. Enrolling again replaces the credentials
on your other device.")]
    Enrol(Enrol),
    /// Take up a credential offer (openid-credential-offer://…)
    #[command(after_help = "\
Examples:
  tessera receive 'openid-credential-offer://?credential_offer=…' --tx-code 493536
  tessera receive --issuer https://issuer.example --configuration identity_limited_sd_jwt

Where the issuer wants you to agree in a browser, the link is printed, and the wallet waits on this
machine for the browser to come back. Credentials of issuers in no register are kept apart and shown
with what could be authenticated about who signed them.")]
    Receive(Receive),
    /// Get the full-function credential: start a session, show its number at a terminal with your card
    #[command(after_help = "\
Examples:
  tessera upgrade --issuer https://issuer.example --number 110101199003070011
  tessera upgrade --issuer https://issuer.example --number 110101199003070011 --no-wait
  tessera upgrade --resume --tx-code 493536")]
    Upgrade(Upgrade),
    /// Ask for the credentials that the authority wanted to look at first
    Collect,
    /// Renew what this device holds, without another check, while the last one is young enough
    Refresh(Refresh),
    /// Report a lost phone, from any device, with the recovery code you wrote down
    #[command(after_help = "\
Example:
  tessera lost --issuer https://issuer.example --number 110101199003070011 --recovery-code 7KQ2-…")]
    Lost(Lost),
    /// The districts where an issuing authority takes applications, and from which day
    Rollout(Rollout),
    /// List the credentials in the wallet
    List,
    /// Show one credential: its claims, validity and what is left of it
    Show(Show),
    /// Show a requester what it asks for, and nothing else
    #[command(after_help = "\
Examples:
  tessera present request.jwt --out presentation.json
  tessera present https://bank.example/request/17
  cat request.jwt | tessera present - --yes --json

The requester's name comes from the authority's register, never from the request. Requests for more
than the register allows are refused, and requests of unregistered parties unless you say
`--unregistered ask`. Each one-time credential is shown once.")]
    Present(Present),
    /// Answer a request of the Digital Credentials API, as a platform hands it over
    #[command(after_help = "\
Example:
  tessera dc-api --origin https://bank.example request.json --out response.json

REQUEST is the entry that the page handed to the browser, {\"protocol\": …, \"data\": …}, or an object
whose `requests` has such entries: the first that this wallet knows is answered. The platform
vouches for the origin. The response is {\"protocol\": …, \"data\": …}.")]
    DcApi(DcApi),
    /// What was received, shown and refused; names of claims, never their values
    #[command(after_help = "\
Examples:
  tessera history --json
  tessera history --csv > history.csv")]
    History(History),
    /// Write a backup of the wallet to one encrypted file, with a passphrase of its own
    #[command(after_help = "\
Examples:
  tessera backup wallet.tessera-backup
  tessera backup --move wallet.tessera-backup

One-time credentials stay out of a backup: on two devices they would be shown twice, and places you
visit could recognise you. The restored wallet gets new ones with `tessera refresh`, which ends
those of the old device. With --move they go into the file and leave this wallet.")]
    Backup(Backup),
    /// Make a wallet of a backup
    #[command(after_help = "\
Example:
  tessera --store new-wallet restore wallet.tessera-backup")]
    Restore(Restore),
    /// When new one-time credentials are asked for, and how strict the wallet is
    #[command(after_help = "\
Examples:
  tessera settings
  tessera settings --reissue-below 5 --automatic off")]
    Settings(Settings),
    /// Change the passphrase of the wallet
    Passphrase(NewPassphrase),
    /// Delete a credential, or the wallet with everything in it
    #[command(after_help = "\
Examples:
  tessera delete limited-3fa9
  tessera delete --all")]
    Delete(Delete),
    /// Age of the register of requesters and trusted issuers; `refresh` fetches the newest
    Bundle(Bundle),
}

#[derive(Args)]
pub(crate) struct Settings {
    /// Get new one-time credentials when fewer than this are left in a format
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10))]
    pub(crate) reissue_below: Option<u32>,
    /// Get new ones when the validity ends within so many days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=365))]
    pub(crate) reissue_days: Option<u32>,
    /// Get them when the wallet is used, without being told to
    #[arg(long, value_name = "ON|OFF")]
    pub(crate) automatic: Option<Switch>,
    /// Follow the High Assurance Interoperability Profile 1.0 exactly
    #[arg(long, value_name = "ON|OFF")]
    pub(crate) haip: Option<Switch>,
    /// What to do with requesters that are in no register: refuse them, or ask you
    #[arg(long, value_name = "WHAT")]
    pub(crate) unregistered: Option<Unregistered>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unregistered {
    Refuse,
    Ask,
}

#[derive(Args)]
pub(crate) struct History {
    /// Print a table for a spreadsheet (RFC 4180)
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}

#[derive(Args)]
pub(crate) struct Backup {
    /// The file to make
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Move everything into the file, one-time credentials too, and empty this wallet
    #[arg(long = "move")]
    pub(crate) moves: bool,
    #[command(flatten)]
    pub(crate) passphrase: BackupPassphrase,
}

#[derive(Args)]
pub(crate) struct BackupPassphrase {
    /// Read the passphrase of the backup from the first line of this file (asked for when missing; scripts may set
    /// TESSERA_BACKUP_PASSPHRASE)
    #[arg(long, value_name = "FILE")]
    pub(crate) backup_passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: BackupPassphrase,
}

#[derive(Args)]
pub(crate) struct NewPassphrase {
    /// Read the new passphrase from the first line of this file (asked for when missing; scripts may set
    /// TESSERA_NEW_PASSPHRASE)
    #[arg(long, value_name = "FILE")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Delete {
    /// Id of the credential, as `tessera list` prints it
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub(crate) id: Option<String>,
    /// Delete the wallet: credentials, keys and history
    #[arg(long, conflicts_with = "id")]
    pub(crate) all: bool,
    /// Say yes without being asked (for scripts)
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct Show {
    /// Id of the credential, as `tessera list` prints it
    pub(crate) id: String,
}

#[derive(Args)]
pub(crate) struct Bundle {
    #[command(subcommand)]
    pub(crate) action: Option<BundleAction>,
}

#[derive(Subcommand)]
pub(crate) enum BundleAction {
    /// Fetch the newest bundle from each issuer the wallet knows
    Refresh,
}
