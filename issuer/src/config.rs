//! Configuration: defaults that just work, then a TOML file, then the environment, then flags; later ones win.
//!
//! An environment variable names a member by its path: `TESSERA_ISSUER_FACE__THRESHOLD=0.5` is `face.threshold`.

mod wallets;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::proofing::machine::{EvidenceDays, Lifetimes};
use crate::rollout::Rollout;

pub use wallets::{Profile, RegisteredClient, Wallets};

/// Prefix of the environment variables read.
pub const ENVIRONMENT_PREFIX: &str = "TESSERA_ISSUER_";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the store, the key file, the register and the admin socket.
    pub data: PathBuf,
    /// Address to listen on.
    pub listen: String,
    /// The credential issuer identifier: the URL under which wallets reach the service. Default: from `listen`.
    pub public_url: Option<String>,
    /// File whose first line is the passphrase of the key file.
    pub passphrase_file: Option<PathBuf>,
    /// Who issues.
    pub authority: Authority,
    /// Sizes, times and counts.
    pub limits: Limits,
    /// The face check.
    pub face: Face,
    /// Terminals.
    pub terminals: Terminals,
    /// The card check.
    pub card: Card,
    /// How far a session may go, and for how long.
    pub assurance: Assurance,
    /// Which districts, from when, how many a day.
    pub rollout: Rollout,
    /// What a person has to show beside a photo.
    pub proofing: Proofing,
    /// Credentials.
    pub issuance: Issuance,
    /// A profile to be followed exactly.
    pub profile: Profile,
    /// What is asked of wallets.
    pub wallets: Wallets,
    /// The bundle for relying parties.
    pub bundle: Bundle,
    /// Logs.
    pub log: Log,
}

/// The issuing authority, as it appears in credentials and bundles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Authority {
    /// Short identifier.
    pub id: String,
    /// Name, English.
    pub name_en: String,
    /// Name, Chinese.
    pub name_zh: String,
    /// ISO 3166-1 country code.
    pub country: String,
}

/// Bounds on what a client may send and how long things live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a JSON or form body.
    pub body_bytes: usize,
    /// Bytes of a photo.
    pub photo_bytes: usize,
    /// Bytes of terminal evidence.
    pub evidence_bytes: usize,
    /// Nesting of JSON.
    pub json_depth: usize,
    /// Seconds one request may take.
    pub request_seconds: u64,
    /// Seconds a nonce lives.
    pub nonce_seconds: i64,
    /// Seconds an access token lives.
    pub token_seconds: i64,
    /// Wrong transaction codes before the offer is burnt.
    pub tx_code_attempts: u32,
    /// Requests worked on at once; beyond it `busy`.
    pub concurrent_requests: usize,
}

/// The face check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Face {
    /// Least similarity. Uncalibrated.
    pub threshold: f32,
    /// Checks run at once (0: one per processor).
    pub workers: usize,
    /// Checks that may wait; beyond it `busy`.
    pub queue: usize,
    /// Attempts per session.
    pub attempts: u32,
    /// Failures one person's number may collect in a day.
    pub failures_per_day: u32,
    /// Seconds to wait after the second failure of a session; doubled by each further one.
    pub backoff_seconds: i64,
    /// Whether every photo must be judged by the presentation-attack detector. Without `pad_model`, nobody passes then.
    pub pad_required: bool,
    /// Least score of the detector, 0 to 1.
    pub least_pad_score: f32,
    /// The networks of the detector: their scores are averaged.
    pub pad_model: Vec<PadNetwork>,
}

/// One network of a presentation-attack detector (ONNX, of the MiniFASNet family).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PadNetwork {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 it must have, in hexadecimal.
    pub sha256: String,
    /// Side of its input in pixels.
    pub side: usize,
    /// Width of its crop in widths of the face.
    pub scale: f32,
    /// Which output means *live*, counted from 0.
    pub live_class: usize,
}

/// What a person has to show beside a photo, and how long frames are remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proofing {
    /// At which level the answer to a liveness challenge is demanded.
    pub liveness: Demand,
    /// Head movements in a challenge, 1 to 8.
    pub liveness_movements: usize,
    /// Seconds from the drawing of a challenge in which it can be answered.
    pub liveness_seconds: i64,
    /// Challenges drawn for one person's number in a day.
    pub liveness_draws_per_day: u32,
    /// Seconds for which the keyed digests of frames are kept.
    pub frame_digest_seconds: i64,
    /// Seconds for which the keyed perceptual hashes of frames are kept.
    pub frame_hash_seconds: i64,
}

/// At which levels something is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Demand {
    /// At none.
    Off,
    /// At the limited level.
    Limited,
    /// At the full level.
    Full,
    /// At both.
    Required,
}

/// Terminals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terminals {
    /// Address of the listener for terminals, with mutual TLS. Without one, terminals are served where wallets are, and
    /// only while that is plain HTTP on this machine: for development.
    pub listen: Option<String>,
    /// Host names and addresses under which terminals reach it.
    pub names: Vec<String>,
    /// Days for which a terminal's certificate is good.
    pub certificate_days: i64,
    /// Releases of the terminal program that are believed: base64url of the SHA-256 of the program file, as
    /// `tessera-terminal measure` prints it. None listed: any.
    pub software: Vec<String>,
}

/// The card check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// Take SHA-1 in the signatures and digests of old travel documents.
    pub legacy_sha1: bool,
    /// Demand of every travel document a revocation list of its signer's authority that is not overdue.
    pub current_revocation_list: bool,
    /// The program that turns the coded photograph of a resident card into JPEG or PNG. Without it resident cards are
    /// refused.
    pub photo_decoder: Option<PathBuf>,
    /// Seconds it may take.
    pub photo_decoder_seconds: u64,
}

impl Card {
    /// As the check of chips takes it.
    #[must_use]
    pub fn policy(&self) -> tessera_card::Policy {
        tessera_card::Policy {
            legacy_sha1: self.legacy_sha1,
            current_revocation_list: self.current_revocation_list,
        }
    }
}

/// How far a session may go, and for how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assurance {
    /// Whether somebody of the authority looks at every full enrolment before it is issued: see `review`.
    pub review: bool,
    /// Seconds a session may stay in each state.
    pub lifetimes: Lifetimes,
    /// Days for which evidence counts.
    pub evidence_days: EvidenceDays,
    /// Wrong recovery codes a day, for one person's number.
    pub recovery_attempts_per_day: u32,
}

impl Default for Assurance {
    fn default() -> Self {
        Self {
            review: false,
            lifetimes: Lifetimes::default(),
            evidence_days: EvidenceDays::default(),
            recovery_attempts_per_day: 10,
        }
    }
}

/// Credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issuance {
    /// Most one-time credentials in one response, each to its own key.
    pub batch_size: usize,
    /// Days a limited credential is valid.
    pub limited_days: i64,
    /// Days a full credential is valid.
    pub full_days: i64,
    /// Decoy digests added to each SD-JWT.
    pub decoys: usize,
}

/// The bundle for relying parties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bundle {
    /// Seconds after which a bundle is stale.
    pub max_age_seconds: i64,
    /// Days a relying party's registration lasts.
    pub registration_days: i64,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `pretty` or `json`.
    pub format: LogFormat,
    /// A tracing filter, such as `info` or `tessera_issuer=debug`.
    pub filter: String,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("tessera-data"),
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            passphrase_file: None,
            authority: Authority::default(),
            limits: Limits::default(),
            face: Face::default(),
            terminals: Terminals::default(),
            card: Card::default(),
            assurance: Assurance::default(),
            rollout: Rollout::default(),
            proofing: Proofing::default(),
            issuance: Issuance::default(),
            profile: Profile::default(),
            wallets: Wallets::default(),
            bundle: Bundle::default(),
            log: Log::default(),
        }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self {
            id: "specimen-authority".to_owned(),
            name_en: "Specimen Identity Authority".to_owned(),
            name_zh: "样本身份机构".to_owned(),
            country: "UT".to_owned(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 128 * 1024,
            photo_bytes: 8 * 1024 * 1024,
            evidence_bytes: 12 * 1024 * 1024,
            json_depth: 16,
            request_seconds: 30,
            nonce_seconds: 300,
            token_seconds: 600,
            tx_code_attempts: 5,
            concurrent_requests: 1024,
        }
    }
}

impl Default for Face {
    fn default() -> Self {
        Self {
            threshold: 0.45,
            workers: 0,
            queue: 64,
            attempts: 5,
            failures_per_day: 20,
            backoff_seconds: 2,
            pad_required: false,
            least_pad_score: 0.5,
            pad_model: Vec::new(),
        }
    }
}

impl Default for Proofing {
    fn default() -> Self {
        Self {
            liveness: Demand::Off,
            liveness_movements: 3,
            liveness_seconds: 90,
            liveness_draws_per_day: 60,
            frame_digest_seconds: 7 * 86_400,
            frame_hash_seconds: 3600,
        }
    }
}

impl Default for Terminals {
    fn default() -> Self {
        Self {
            listen: None,
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            certificate_days: 365,
            software: Vec::new(),
        }
    }
}

impl Default for Card {
    fn default() -> Self {
        Self {
            legacy_sha1: false,
            current_revocation_list: false,
            photo_decoder: None,
            photo_decoder_seconds: 5,
        }
    }
}

impl Default for Issuance {
    fn default() -> Self {
        Self {
            batch_size: 10,
            limited_days: 90,
            full_days: 365,
            decoys: 4,
        }
    }
}

impl Default for Bundle {
    fn default() -> Self {
        Self {
            max_age_seconds: 86_400,
            registration_days: 365,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            filter: "info".to_owned(),
        }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Not TOML, an unknown member, or a value of the wrong kind.
    #[error("configuration: {0}")]
    Invalid(String),
}

impl Config {
    /// Reads defaults, the file if one is named, and the environment.
    ///
    /// # Errors
    /// [`ConfigError`]: an unknown member is an error, so that a misspelt limit is not silently the default.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| ConfigError::Unreadable {
                    path: path.to_owned(),
                    error,
                })?
                .parse::<toml::Table>()
                .map_err(invalid)?,
            None => toml::Table::new(),
        };
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX)
                && !RESERVED.contains(&path)
            {
                set(&mut table, &path.to_lowercase(), &value)?;
            }
        }
        table.try_into().map_err(invalid)
    }

    /// Whether terminals are served over plain HTTP where wallets are: only on a development machine, where the public
    /// URL is plain HTTP to this machine, and only where no listener for terminals is configured.
    #[must_use]
    pub fn terminals_in_the_clear(&self) -> bool {
        let url = self.issuer_url();
        let Some(authority) = url.strip_prefix("http://") else {
            return false;
        };
        let authority = authority.split('/').next().unwrap_or_default();
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _port)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        loopback && self.terminals.listen.is_none()
    }

    /// The credential issuer identifier, without a final slash.
    #[must_use]
    pub fn issuer_url(&self) -> String {
        self.public_url.as_deref().map_or_else(
            || format!("http://{}", self.listen),
            |url| url.trim_end_matches('/').to_owned(),
        )
    }
}

/// Variables with a meaning of their own.
const RESERVED: [&str; 2] = ["PASSPHRASE", "CONFIG"];

fn set(table: &mut toml::Table, path: &str, value: &str) -> Result<(), ConfigError> {
    match path.split_once("__") {
        Some((section, rest)) => {
            let entry = table
                .entry(section)
                .or_insert_with(|| toml::Table::new().into());
            match entry {
                toml::Value::Table(inner) => set(inner, rest, value),
                _ => Err(invalid(format!("{section} is not a section"))),
            }
        }
        None => {
            // A number or truth value where it reads as one, else text.
            let parsed = format!("x = {value}")
                .parse::<toml::Table>()
                .ok()
                .and_then(|mut one| one.remove("x"))
                .filter(|v| v.is_integer() || v.is_float() || v.is_bool());
            table.insert(
                path.to_owned(),
                parsed.unwrap_or_else(|| value.to_owned().into()),
            );
            Ok(())
        }
    }
}

fn invalid(error: impl std::fmt::Display) -> ConfigError {
    ConfigError::Invalid(error.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |&(k, v): &(&str, &str)| (k.to_owned(), v.to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("issuer.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\n[face]\nthreshold = 0.5\n").unwrap();
        let variables = env(&[
            ("TESSERA_ISSUER_FACE__THRESHOLD", "0.6"),
            ("TESSERA_ISSUER_PUBLIC_URL", "https://issuer.example/"),
            ("TESSERA_ISSUER_PASSPHRASE", "not a member"),
            ("HOME", "elsewhere"),
        ]);
        let config = Config::load(Some(&file), variables).unwrap();
        assert_eq!(config.listen, "127.0.0.1:1");
        assert!((config.face.threshold - 0.6).abs() < 1e-6);
        assert_eq!(config.issuer_url(), "https://issuer.example");
        assert_eq!(config.issuance.batch_size, 10);
    }

    #[test]
    fn terminals_are_in_the_clear_on_this_machine_only() {
        let clear = |url: &str, listen: Option<&str>| {
            let mut config = Config {
                public_url: Some(url.to_owned()),
                ..Config::default()
            };
            config.terminals.listen = listen.map(str::to_owned);
            config.terminals_in_the_clear()
        };
        assert!(Config::default().terminals_in_the_clear());
        for url in [
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
            "http://localhost",
        ] {
            assert!(clear(url, None), "{url}");
            assert!(!clear(url, Some("127.0.0.1:8443")), "{url}");
        }
        for url in [
            "https://issuer.example",
            "https://127.0.0.1",
            "http://issuer.example",
            "http://127.0.0.1.issuer.example",
            "http://10.0.0.1:8080",
        ] {
            assert!(!clear(url, None), "{url}");
        }
    }

    #[test]
    fn a_misspelt_member_is_refused() {
        let variables = env(&[("TESSERA_ISSUER_FACE__TRESHOLD", "0.6")]);
        assert!(Config::load(None, variables).is_err());
    }
}
