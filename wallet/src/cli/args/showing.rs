//! Arguments of the commands that show credentials.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tessera_verifier::claims::Format;

#[derive(Args)]
pub(crate) struct Present {
    /// File with the request, - for standard input, or an openid4vp:// or https:// link
    #[arg(value_name = "REQUEST")]
    pub(crate) request: String,
    #[command(flatten)]
    pub(crate) answering: Answering,
    /// Write the presentation to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Let the request lead to services on this machine (loopback addresses)
    #[arg(long)]
    pub(crate) local: bool,
}

/// How a request is answered, whichever way it came.

#[derive(Args)]
pub(crate) struct Answering {
    /// Say yes without being asked (for scripts)
    #[arg(long)]
    pub(crate) yes: bool,
    /// Say no without being asked, and let the requester be told that nothing is shown
    #[arg(long, conflicts_with = "yes")]
    pub(crate) decline: bool,
    /// Credential format [default: the first the request accepts]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<FormatName>,
    /// Show what the requester would like and does not need, too
    #[arg(long)]
    pub(crate) optional: bool,
    /// Show every credential that fits where several may be shown, not one
    #[arg(long)]
    pub(crate) several: bool,
    /// What to do with a requester that no authority has registered [default: as `tessera settings` says]
    #[arg(long, value_name = "WHAT")]
    pub(crate) unregistered: Option<UnregisteredName>,
    /// Certificate, PEM or DER, of an authority whose certificates name requesters; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) requester_anchor: Vec<PathBuf>,
    /// DID document of a requester whose DID does not say its key itself (did:web); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) did_document: Vec<PathBuf>,
    /// DID whose verifier attestations are believed; may be repeated
    #[arg(long, value_name = "DID")]
    pub(crate) trust_attester: Vec<String>,
    /// Answer only requests that keep to HAIP 1.0
    #[arg(long)]
    pub(crate) haip: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum UnregisteredName {
    Refuse,
    Ask,
}

#[derive(Args)]
pub(crate) struct DcApi {
    /// File with the request, or - for standard input
    #[arg(value_name = "REQUEST")]
    pub(crate) request: PathBuf,
    /// Origin of the page that asks, as the platform authenticated it
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: String,
    #[command(flatten)]
    pub(crate) answering: Answering,
    /// Write the response to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FormatName {
    #[value(name = "sd_jwt")]
    SdJwt,
    #[value(name = "ldp")]
    Ldp,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::SdJwt => Self::SdJwt,
            FormatName::Ldp => Self::LdpVc,
        }
    }
}
