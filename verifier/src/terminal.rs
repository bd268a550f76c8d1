//! What a terminal states to the issuer, signed by the terminal's own key.
//!
//! A statement is a JWT whose `kid` is the verification method of the signer's DID and whose type says which statement it
//! is. Whether that terminal is registered, and whether nonce and counter are fresh, is for the issuer to say.
//!
//! An operator who stands by signs as well, with a key of their own: an [`OperatorStatement`] inside the terminal's.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroize as _;

use crate::crypto::sha256;
use crate::did;
use crate::encoding::base64url;
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::key::PublicKey;
use crate::liveness::LivenessChallenge;
use crate::time::Timestamp;

/// Seconds for which a statement is fresh.
const MAX_AGE: i64 = 300;
/// Seconds by which clocks may differ.
const SKEW: i64 = 60;

/// Asks for a nonce: the payload of `POST /terminal/challenge`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeStatement {
    /// The terminal's DID.
    pub iss: String,
    /// The issuer's URL.
    pub aud: String,
    /// The session it is for.
    pub session: String,
    /// When it was made, in seconds since the epoch.
    pub iat: i64,
    /// Unique for this terminal.
    pub jti: String,
}

/// Vouches for what was read: the payload of `POST /terminal/evidence`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceStatement {
    /// The terminal's DID.
    pub iss: String,
    /// The issuer's URL.
    pub aud: String,
    /// The session it is for.
    pub session: String,
    /// The issuer's nonce.
    pub nonce: String,
    /// When it was made, in seconds since the epoch.
    pub iat: i64,
    /// Rises with every statement of this terminal.
    pub counter: u64,
    /// The reader's name.
    pub reader: String,
    /// The security module the card was read through, as the module names itself; absent for a chip that was read
    /// directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sam: Option<String>,
    /// Whether an operator compared face and card. Then `approval` is there.
    pub attended: bool,
    /// A signed [`OperatorStatement`] over the same session, nonce and digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    /// base64url of the [`evidence_digest`].
    pub digest: String,
    /// What the terminal's own face comparison found, where it made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<FaceFinding>,
    /// What the terminal's own liveness check found.
    #[serde(default)]
    pub liveness: LivenessFinding,
    /// base64url of SHA-256 over the terminal's program. The terminal's own word: it tells an old release from a new one,
    /// not an honest machine from a taken-over one.
    pub software: String,
}

/// A face comparison made at the terminal, in ten-thousandths of the cosine similarity: whole numbers have one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceFinding {
    /// Similarity of the live face and the card's portrait.
    pub score: i32,
    /// The least similarity the terminal accepts.
    pub threshold: i32,
}

/// The result of a liveness check made at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LivenessFinding {
    /// None was made.
    #[default]
    NotChecked,
    /// A live person.
    Passed,
    /// Not a live person.
    Failed,
}

/// An operator's word that the person at the terminal is the person of the card: signed with the operator's own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorStatement {
    /// The operator's DID.
    pub iss: String,
    /// The issuer's URL.
    pub aud: String,
    /// DID of the terminal the operator stands at.
    pub terminal: String,
    /// The session it is for.
    pub session: String,
    /// The issuer's nonce.
    pub nonce: String,
    /// When it was made, in seconds since the epoch.
    pub iat: i64,
    /// The digest of the evidence that the terminal's statement covers.
    pub digest: String,
}

/// A reviewer's decision on an enrolment that waits for one: signed with the reviewer's own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewStatement {
    /// The reviewer's DID.
    pub iss: String,
    /// The issuer's URL.
    pub aud: String,
    /// The session that waits.
    pub session: String,
    /// Whether credentials are to be issued.
    pub approve: bool,
    /// When it was made, in seconds since the epoch.
    pub iat: i64,
}

/// Asks what became of an upload whose answer was lost: the payload of `POST /terminal/resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeStatement {
    /// The terminal's DID.
    pub iss: String,
    /// The issuer's URL.
    pub aud: String,
    /// The session it is for.
    pub session: String,
    /// The nonce of the challenge that was being answered.
    pub nonce: String,
    /// When it was made, in seconds since the epoch.
    pub iat: i64,
    /// Rises with every statement of this terminal.
    pub counter: u64,
}

/// Carries one message of chip authentication (Doc 9303-11 §6.2) from the chip to the issuer: the payload of
/// `POST /terminal/chip-authentication`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayStatement {
    /// The terminal's DID.
    pub iss: String,
    /// The issuer's URL.
    pub aud: String,
    /// The session it is for.
    pub session: String,
    /// The issuer's nonce, which the evidence will answer too.
    pub nonce: String,
    /// When it was made, in seconds since the epoch.
    pub iat: i64,
    /// Zero with the chip's DG14; then one more with each answer of the chip.
    pub round: u8,
    /// base64url of DG14, or of the chip's answer.
    pub message: String,
}

/// A kind of terminal statement.
pub trait Statement: Serialize + DeserializeOwned {
    /// The type of its JWT: one kind is never taken for another.
    const TYP: &'static str;

    /// `iss`, `aud` and `iat`.
    fn envelope(&self) -> (&str, &str, i64);
}

impl Statement for ChallengeStatement {
    const TYP: &'static str = "tessera-terminal-challenge+jwt";

    fn envelope(&self) -> (&str, &str, i64) {
        (&self.iss, &self.aud, self.iat)
    }
}

impl Statement for EvidenceStatement {
    const TYP: &'static str = "tessera-terminal+jwt";

    fn envelope(&self) -> (&str, &str, i64) {
        (&self.iss, &self.aud, self.iat)
    }
}

impl Statement for OperatorStatement {
    const TYP: &'static str = "tessera-operator+jwt";

    fn envelope(&self) -> (&str, &str, i64) {
        (&self.iss, &self.aud, self.iat)
    }
}

impl Statement for ReviewStatement {
    const TYP: &'static str = "tessera-review+jwt";

    fn envelope(&self) -> (&str, &str, i64) {
        (&self.iss, &self.aud, self.iat)
    }
}

impl Statement for RelayStatement {
    const TYP: &'static str = "tessera-terminal-relay+jwt";

    fn envelope(&self) -> (&str, &str, i64) {
        (&self.iss, &self.aud, self.iat)
    }
}

impl Statement for ResumeStatement {
    const TYP: &'static str = "tessera-terminal-resume+jwt";

    fn envelope(&self) -> (&str, &str, i64) {
        (&self.iss, &self.aud, self.iat)
    }
}

/// A statement to be signed by `key`, whose did:key must be the statement's `iss`.
#[must_use]
pub fn prepare<S: Statement>(key: &PublicKey, statement: &S) -> jws::Unsigned {
    jws::Unsigned::new(
        json!({"typ": S::TYP, "kid": did::verification_method(key)}),
        &json!(statement),
    )
}

/// Checks signature, issuer–key binding, audience and time of a statement.
///
/// # Errors
/// `malformed`, `unsupported_format`, `unsupported_algorithm`, `invalid_signature`, `issuer_key_mismatch`,
/// `audience_mismatch`, `presentation_too_old`, `presentation_from_future`.
pub fn verify<S: Statement>(compact: &str, aud: &str, now: Timestamp) -> Result<S, Error> {
    let unverified = jws::parse(
        compact,
        Limits {
            bytes: 16 * 1024,
            depth: 8,
        },
    )?;
    let kid = unverified
        .header()
        .kid
        .clone()
        .ok_or(Error::malformed("statement without kid"))?;
    let (did, key) = did::resolve_method(&kid)?;
    let payload = unverified.verify(&key, S::TYP)?;
    let statement: S =
        serde_json::from_value(payload).map_err(|_| Error::malformed("terminal statement"))?;
    let (iss, audience, iat) = statement.envelope();
    if iss != did {
        return Err(Error::IssuerKeyMismatch);
    }
    if audience != aud {
        return Err(Error::AudienceMismatch);
    }
    let signed_at = Timestamp::from_unix(iat);
    if signed_at > now.add_seconds(SKEW) {
        return Err(Error::PresentationFromFuture { signed_at, now });
    }
    if signed_at < now.add_seconds(-MAX_AGE - SKEW) {
        return Err(Error::PresentationTooOld { signed_at, now });
    }
    Ok(statement)
}

/// Body of `POST /terminal/challenge` and `POST /terminal/resume`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChallengeRequest {
    /// A signed [`ChallengeStatement`] or [`ResumeStatement`].
    pub statement: String,
}

/// Answer to `POST /terminal/challenge`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChallengeResponse {
    /// Usable once.
    pub nonce: String,
    /// RFC 3339.
    pub expires_at: String,
    /// The head movements the live frames must show, where the issuer demands liveness; the nonce begins their chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<LivenessChallenge>,
}

/// Body of `POST /terminal/chip-authentication`.
#[derive(Clone, Serialize, Deserialize)]
pub struct RelayRequest {
    /// A signed [`RelayStatement`].
    pub statement: String,
}

/// Answer to `POST /terminal/chip-authentication`.
#[derive(Clone, Serialize, Deserialize)]
pub struct RelayResponse {
    /// base64url of the next message for the chip; absent once the chip has proved its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Body of `POST /terminal/evidence`: either a chip or a record. Personal data: no `Debug`; wiped when dropped.
#[derive(Clone, Serialize, Deserialize)]
pub struct EvidenceRequest {
    /// A signed [`EvidenceStatement`].
    pub statement: String,
    /// What the chip of a travel document gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chip: Option<ChipFiles>,
    /// What the security module read from a resident card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordFiles>,
    /// The live photograph, JPEG, base64url; empty where there are frames.
    pub photo: String,
    /// The answer to the liveness challenge, as [`crate::liveness::encode`] makes it, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<String>,
}

impl Drop for EvidenceRequest {
    fn drop(&mut self) {
        self.photo.zeroize();
        self.frames.zeroize();
    }
}

/// The chip's elementary files as read, each base64url. Personal data: no `Debug`; wiped when dropped.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ChipFiles {
    /// EF.COM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub com: Option<String>,
    /// EF.SOD.
    pub sod: String,
    /// DG1.
    pub dg1: String,
    /// DG2.
    pub dg2: String,
    /// DG14.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dg14: Option<String>,
    /// DG15.
    pub dg15: String,
    /// The Active Authentication signature over [`aa_challenge`].
    pub aa_signature: String,
}

impl Drop for ChipFiles {
    fn drop(&mut self) {
        let required = [&mut self.sod, &mut self.dg1, &mut self.dg2, &mut self.dg15];
        for file in required {
            file.zeroize();
        }
        self.aa_signature.zeroize();
        self.com.zeroize();
        self.dg14.zeroize();
    }
}

/// What a security module gave of a resident card, each base64url. Nothing in it is signed by the card. Personal data: no
/// `Debug`; wiped when dropped.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct RecordFiles {
    /// The text, 256 octets.
    pub text: String,
    /// The photograph in its proprietary coding, 1024 octets.
    pub photo: String,
}

impl Drop for RecordFiles {
    fn drop(&mut self) {
        self.text.zeroize();
        self.photo.zeroize();
    }
}

/// Answer to `POST /terminal/evidence` and, where the evidence had been accepted, to `POST /terminal/resume`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EvidenceResponse {
    /// `card_checked`.
    pub state: String,
    /// To be shown to the person at the terminal.
    pub tx_code: crate::vci::Secret,
}

/// The raw bytes that an evidence statement covers; what was not read is empty.
#[derive(Clone, Copy, Default)]
pub struct EvidenceParts<'a> {
    /// EF.COM.
    pub com: &'a [u8],
    /// EF.SOD.
    pub sod: &'a [u8],
    /// DG1.
    pub dg1: &'a [u8],
    /// DG2.
    pub dg2: &'a [u8],
    /// DG14.
    pub dg14: &'a [u8],
    /// DG15.
    pub dg15: &'a [u8],
    /// The Active Authentication signature.
    pub aa_signature: &'a [u8],
    /// The text of a resident card.
    pub record: &'a [u8],
    /// The coded photograph of a resident card.
    pub record_photo: &'a [u8],
    /// The live photograph; empty where there are frames.
    pub photo: &'a [u8],
    /// The answer to the liveness challenge.
    pub frames: &'a [u8],
}

/// base64url of SHA-256 over each part in order, preceded by its length in four bytes, big-endian.
#[must_use]
pub fn evidence_digest(parts: &EvidenceParts<'_>) -> String {
    let parts = [
        parts.com,
        parts.sod,
        parts.dg1,
        parts.dg2,
        parts.dg14,
        parts.dg15,
        parts.aa_signature,
        parts.record,
        parts.record_photo,
        parts.photo,
        parts.frames,
    ];
    // The parts hold a portrait and a photograph: the copy is wiped, and sized once so that none is left behind by growth.
    let size = parts.iter().map(|part| part.len() + 4).sum();
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(size));
    for part in parts {
        // A part above 4 GiB cannot arrive; saturating keeps this total.
        bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    base64url(&sha256(&bytes))
}

/// The challenge for Active Authentication (Doc 9303-11 §6.1): eight bytes bound to nonce, terminal and session.
#[must_use]
pub fn aa_challenge(nonce: &str, terminal_did: &str, session: &str) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = sha256(format!("{nonce}{terminal_did}{session}").as_bytes());
    [a, b, c, d, e, f, g, h]
}
