//! What the command line takes.

use std::path::PathBuf;

use clap::{Args as Options, Parser, Subcommand, ValueEnum};
use tessera_verifier::Timestamp;
use tessera_verifier::catalogue::Language;

const EXIT_STATUS: &str = "\
Exit status:
  0  done; for `check`: verified
  1  refused: the reason and its code are printed
  2  the command line is wrong
  3  undetermined: the bundle is too old or lacks the status, so nothing can be said
  4  a file or the network failed";

const EXAMPLES: &str = "\
Example, an internet café:
  tessera-verify keygen --out rp.key
      (register the printed DID with the authority, which gives registration.json)
  tessera-verify bundle fetch https://issuer.example/bundle --root did:key:zDn... --out bundle.jwt
  tessera-verify request --key rp.key --registration registration.json --service internet-cafe --out request.jwt
      (hand request.jwt to the holder's wallet; it answers with presentation.json)
  tessera-verify check --request request.jwt --presentation presentation.json --bundle bundle.jwt --root did:key:zDn...

";

/// Asks for identity credentials and checks what is shown, offline.
#[derive(Parser)]
#[command(name = "tessera-verify", version, arg_required_else_help = true)]
#[command(after_help = EXIT_STATUS, after_long_help = const_format(), max_term_width = 100)]
pub(crate) struct Args {
    /// Print one JSON object, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The language of what is printed for people
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "en",
        env = "TESSERA_LANG"
    )]
    pub(crate) lang: Lang,
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn const_format() -> String {
    format!("{EXAMPLES}{EXIT_STATUS}")
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Lang {
    /// English
    En,
    /// 中文
    Zh,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::Zh => Self::Zh,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make the relying party's key, and print its DID
    Keygen(Keygen),
    /// Make a signed request for a service of the catalogue
    Request(Request),
    /// Check what a wallet answered, and print what was proved
    Check(Check),
    /// Fetch, copy or look at a bundle: the authority's signed offline file
    Bundle {
        #[command(subcommand)]
        command: BundleCommand,
    },
}

#[derive(Options)]
pub(crate) struct Keygen {
    /// Where to write the key: PKCS#8 PEM, readable by you alone. An existing file is never replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Options)]
pub(crate) struct Request {
    /// The relying party's key, from `keygen`
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The registration, from the authority
    #[arg(long, value_name = "FILE")]
    pub(crate) registration: PathBuf,
    /// The service of the catalogue, such as internet-cafe
    #[arg(long, value_name = "ID")]
    pub(crate) service: String,
    /// Where the wallet is to post its answer; without it, the answer is handed over as a file
    #[arg(long, value_name = "URL")]
    pub(crate) response_uri: Option<String>,
    /// Where to write the request; without it, it is printed
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// For how many seconds the request may be answered
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=86_400))]
    pub(crate) ttl: u32,
}

#[derive(Options)]
pub(crate) struct Check {
    /// The request that was answered
    #[arg(long, value_name = "FILE")]
    pub(crate) request: PathBuf,
    /// The wallet's answer: the vp_token as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) presentation: PathBuf,
    /// The authority's bundle
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: PathBuf,
    /// The DID of the authority's root, learned from a source you trust
    #[arg(long, value_name = "DID")]
    pub(crate) root: String,
    /// Check as of this time instead of now, such as 2026-01-15T12:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    pub(crate) now: Option<Timestamp>,
    /// Accept although revocation cannot be told; the output then says that the status is undetermined
    #[arg(long)]
    pub(crate) allow_undetermined: bool,
}

#[derive(Subcommand)]
pub(crate) enum BundleCommand {
    /// Fetch a bundle over https, check it, and keep it
    Fetch(Fetch),
    /// Take a bundle from a file, check it, and keep it
    Copy(Copy),
    /// Check a bundle and say what it holds and how old it is
    Show(Show),
}

#[derive(Options)]
pub(crate) struct Fetch {
    /// Where it is published: https, or http on this machine
    pub(crate) url: String,
    /// The DID of the authority's root
    #[arg(long, value_name = "DID")]
    pub(crate) root: String,
    /// Where to keep it; replaced only by one that is not older
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Options)]
pub(crate) struct Copy {
    /// The bundle's file
    pub(crate) file: PathBuf,
    /// The DID of the authority's root
    #[arg(long, value_name = "DID")]
    pub(crate) root: String,
    /// Where to keep it; replaced only by one that is not older
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Options)]
pub(crate) struct Show {
    /// The bundle's file
    pub(crate) file: PathBuf,
    /// The DID of the authority's root
    #[arg(long, value_name = "DID")]
    pub(crate) root: String,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text)
        .map_err(|_| "not an RFC 3339 time like 2026-01-15T12:00:00Z".to_owned())
}
