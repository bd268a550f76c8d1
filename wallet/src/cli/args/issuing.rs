//! Arguments of the commands that deal with issuers.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tessera_verifier::claims::AssuranceLevel;

#[derive(Args)]
pub(crate) struct Enrol {
    #[command(flatten)]
    pub(crate) issuer: IssuerAndPerson,
    /// Photo of your face, JPEG or PNG, at most 8 MiB
    #[arg(long, value_name = "FILE", required_unless_present = "camera")]
    pub(crate) photo: Option<PathBuf>,
    /// Program that films you, with its arguments, where the issuer wants to see your head move: the movements (left,
    /// right, up) are added to them, and it writes the images to its standard output
    #[arg(long, value_name = "COMMAND", conflicts_with = "photo")]
    pub(crate) camera: Option<String>,
}

#[derive(Args)]
pub(crate) struct IssuerAndPerson {
    /// Address of the issuing authority
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    /// Your personal administrative number
    #[arg(long, value_name = "N")]
    pub(crate) number: String,
    /// The district you live in, where the authority asks for it
    #[arg(long, value_name = "CODE")]
    pub(crate) district: Option<String>,
    /// Root identity (DID) of the authority, when you know it; otherwise the first one seen is kept
    #[arg(long, value_name = "DID")]
    pub(crate) root: Option<String>,
}

#[derive(Args)]
pub(crate) struct Receive {
    /// The offer link
    #[arg(value_name = "OFFER", required_unless_present = "issuer")]
    pub(crate) offer: Option<String>,
    /// Ask this issuer without an offer: you agree in a browser
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "offer",
        requires = "configuration"
    )]
    pub(crate) issuer: Option<String>,
    /// What to ask for, by its name in the issuer's metadata; may be given several times
    #[arg(long, value_name = "ID", requires = "issuer")]
    pub(crate) configuration: Vec<String>,
    /// Transaction code shown by the issuer or the terminal (asked for when missing)
    #[arg(long, value_name = "CODE")]
    pub(crate) tx_code: Option<String>,
    /// Root identity (DID) of the authority, when you know it; otherwise you are asked whether to trust an issuer met
    /// for the first time
    #[arg(long, value_name = "DID")]
    pub(crate) root: Option<String>,
    /// Trust an issuer met for the first time without being asked (for scripts)
    #[arg(long)]
    pub(crate) yes: bool,
    /// Let the offer lead to services on this machine (loopback addresses)
    #[arg(long)]
    pub(crate) local: bool,
    /// Where you agree in a browser: do not wait for it, but read the address it comes back with from standard input
    #[arg(long)]
    pub(crate) paste: bool,
}

#[derive(Args)]
pub(crate) struct Upgrade {
    /// Address of the issuing authority
    #[arg(long, value_name = "URL", required_unless_present = "resume")]
    pub(crate) issuer: Option<String>,
    /// Your personal administrative number
    #[arg(long, value_name = "N", required_unless_present = "resume")]
    pub(crate) number: Option<String>,
    /// The district you live in, where the authority asks for it
    #[arg(long, value_name = "CODE")]
    pub(crate) district: Option<String>,
    /// Root identity (DID) of the authority, when you know it; otherwise the first one seen is kept
    #[arg(long, value_name = "DID")]
    pub(crate) root: Option<String>,
    /// Print the session number and stop; go on later with --resume
    #[arg(long, conflicts_with = "resume")]
    pub(crate) no_wait: bool,
    /// Go on with the session that waits
    #[arg(long, conflicts_with_all = ["issuer", "number", "restart"])]
    pub(crate) resume: bool,
    /// Forget a session that waits and start a new one
    #[arg(long)]
    pub(crate) restart: bool,
    /// Transaction code shown at the terminal (asked for when missing)
    #[arg(long, value_name = "CODE")]
    pub(crate) tx_code: Option<String>,
}

#[derive(Args)]
pub(crate) struct Refresh {
    /// Address of the issuing authority [default: that of each credential in force]
    #[arg(long, value_name = "URL", requires = "number")]
    pub(crate) issuer: Option<String>,
    /// Your personal administrative number [default: as the credential says]
    #[arg(long, value_name = "N", requires = "issuer")]
    pub(crate) number: Option<String>,
    /// Root identity (DID) of the authority, when you know it; otherwise the first one seen is kept
    #[arg(long, value_name = "DID", requires = "issuer")]
    pub(crate) root: Option<String>,
    /// Only what runs low or ends soon, by your settings
    #[arg(long, conflicts_with = "issuer")]
    pub(crate) due: bool,
    /// Level to renew [default with --issuer: full]
    #[arg(long, value_name = "LEVEL", requires = "issuer")]
    pub(crate) level: Option<LevelName>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LevelName {
    Limited,
    Full,
}

impl From<LevelName> for AssuranceLevel {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Limited => Self::Limited,
            LevelName::Full => Self::Full,
        }
    }
}

#[derive(Args)]
pub(crate) struct Lost {
    /// Address of the issuing authority
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    /// Your personal administrative number
    #[arg(long, value_name = "N")]
    pub(crate) number: String,
    /// The recovery code (asked for when missing)
    #[arg(long, value_name = "CODE")]
    pub(crate) recovery_code: Option<String>,
}

#[derive(Args)]
pub(crate) struct Rollout {
    /// Address of the issuing authority
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
}
