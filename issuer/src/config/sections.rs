//! The sections of the configuration, each with its defaults.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::proofing::machine::{EvidenceDays, Lifetimes};

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

/// Bounds on what a client may send and how long things live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a JSON or form body; a credential request may have [more](super::Config::credential_bytes).
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

/// The card check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// Take SHA-1 in the signatures and digests of old travel documents, and RSA keys of fewer than 2048 bits.
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
    /// Days for which the record of a credential is kept after its validity, at least 1: for as long as the authority may
    /// have to say what it issued.
    pub record_days: i64,
}

impl Issuance {
    /// Seconds for which the record of a credential is kept after its validity: never less than a day, so that a wrong
    /// number does not erase what is valid.
    #[must_use]
    pub fn record_seconds(&self) -> i64 {
        self.record_days.max(1).saturating_mul(86_400)
    }
}

impl Default for Issuance {
    fn default() -> Self {
        Self {
            batch_size: 10,
            limited_days: 90,
            full_days: 365,
            decoys: 4,
            record_days: 365,
        }
    }
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

impl Default for Bundle {
    fn default() -> Self {
        Self {
            max_age_seconds: 86_400,
            registration_days: 365,
        }
    }
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

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            filter: "info".to_owned(),
        }
    }
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
