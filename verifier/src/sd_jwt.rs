//! SD-JWT (RFC 9901) and the parts of SD-JWT VC that concern a credential of ours.
//!
//! | flow | calls |
//! |---|---|
//! | issue | [`prepare`], or [`prepare_claims`] for any SD-JWT → sign → [`Unsigned::attach`] |
//! | receive | [`verify_issued`] |
//! | present | [`parse`] → [`SdJwt::select`] → [`SdJwt::prepare_key_binding`] → sign → [`UnsignedPresentation::attach`] |
//! | verify | [`parse`] → [`SdJwt::verify_issuer`] → [`IssuerVerified::verify_key_binding`] |

mod choose;
mod disclosure;
mod display;
mod frame;
mod hash;
mod issue;
mod parts;
mod present;
mod process;
mod salts;
mod serialization;
mod type_metadata;
mod verify;

pub use disclosure::Disclosure;
pub use frame::{Frame, parse_path};
pub use hash::HashAlgorithm;
pub use issue::{ClaimsInput, IssueInput, Unsigned, prepare, prepare_claims};
pub use present::{Selection, UnsignedPresentation};
pub use salts::Salts;
pub use serialization::{from_json, to_json};
pub use type_metadata::{SelectiveDisclosure, TypeDocuments, TypeMetadata};
pub(crate) use verify::fresh;
pub use verify::{IssuerVerified, KeyBindingExpectation, verify_issued};

use crate::error::Error;
use crate::json::Limits;
use crate::json::flat::{Flat, Node};
use crate::jws;
use crate::key::KeyType;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use hash::Digest;
use parts::Parts;
use serde_json::Value;

/// The media type that issuer-signed JWTs carry (SD-JWT VC §3.2.1).
pub const TYP: &str = "dc+sd-jwt";
/// Its name in older drafts, accepted only where the policy says so.
pub const TYP_OLD: &str = "vc+sd-jwt";
/// The greatest number of disclosures read.
pub const MAX_DISCLOSURES: usize = 256;

/// A parsed SD-JWT with or without key binding, none of it checked.
#[derive(Clone)]
pub struct SdJwt {
    jws: jws::Unverified<Flat>,
    parts: Parts,
    key_binding: Option<String>,
    algorithm: HashAlgorithm,
    allowed: Vec<KeyType>,
    /// Everything up to and including the last tilde: what `sd_hash` covers (RFC 9901 §4.3.1).
    hashed: Arc<str>,
    /// The length of the issuer-signed JWT, with which that begins.
    issuer_jwt: usize,
}

/// Parses `<issuer JWT>~<disclosure>~…~[<key binding JWT>]` (RFC 9901 §4) with ES256 and SHA-256, the
/// algorithms of this project's own credentials.
///
/// # Errors
/// Those of [`parse_with`], and `unsupported_algorithm` for another `_sd_alg`.
pub fn parse(text: &str) -> Result<SdJwt, Error> {
    let parsed = parse_with(text, &[KeyType::P256])?;
    match parsed.algorithm {
        HashAlgorithm::Sha256 => Ok(parsed),
        _ => Err(Error::UnsupportedAlgorithm { what: "_sd_alg" }),
    }
}

/// Parses an SD-JWT in the compact serialization whose issuer, and whose holder where there is a key binding, sign with
/// one of the kinds of key `allowed`.
///
/// # Errors
/// `malformed`, `too_large`, `unsupported_algorithm` (also for an `_sd_alg` that is not known), and `disclosure_invalid`
/// for a disclosure that breaks its grammar.
pub fn parse_with(text: &str, allowed: &[KeyType]) -> Result<SdJwt, Error> {
    let limits = Limits::MESSAGE;
    if text.len() > limits.bytes {
        return Err(Error::too_large("SD-JWT", limits.bytes));
    }
    let (hashed, key_binding) = text
        .rsplit_once('~')
        .ok_or(Error::malformed("SD-JWT without tilde"))?;
    let issuer_jwt = hashed.find('~').unwrap_or(hashed.len());
    // One copy of the text, for the signature and for `sd_hash`.
    let hashed_text: Arc<str> = text.get(..=hashed.len()).unwrap_or_default().into();
    let jws = jws::parse_shared(hashed_text.clone(), issuer_jwt, allowed, |payload| {
        Flat::parse(payload, limits)
    })?;
    let payload = jws.payload_unverified().object()?;
    let algorithm = HashAlgorithm::of(payload)?;
    let parts = Parts::parse(&hashed_text, issuer_jwt.saturating_add(1))?;
    Ok(SdJwt {
        issuer_jwt,
        jws,
        parts,
        key_binding: (!key_binding.is_empty()).then(|| key_binding.to_owned()),
        algorithm,
        allowed: allowed.to_vec(),
        hashed: hashed_text,
    })
}

impl SdJwt {
    /// The issuer-signed JWT as text.
    #[must_use]
    pub fn issuer_jwt(&self) -> &str {
        self.hashed.get(..self.issuer_jwt).unwrap_or_default()
    }

    /// The header of the issuer-signed JWT, unverified.
    #[must_use]
    pub fn header(&self) -> &jws::Header {
        self.jws.header()
    }

    /// The certificates of the issuer's header (`x5c`), the leaf first; none where it has none. Unproven.
    ///
    /// # Errors
    /// `malformed`, `too_large`.
    pub fn certificates(&self) -> Result<Vec<Vec<u8>>, Error> {
        jws::certificates(self.header())
    }

    /// The payload of the issuer-signed JWT, with its digests, unverified.
    #[must_use]
    pub fn payload_unverified(&self) -> Value {
        self.payload().map_or(Value::Null, Node::to_value)
    }

    pub(crate) fn payload(&self) -> Result<Node<'_>, Error> {
        self.jws.payload_unverified().object()
    }

    /// The disclosures as sent.
    #[must_use]
    pub fn disclosures(&self) -> Vec<Disclosure> {
        self.parts.to_disclosures(&self.hashed, self.algorithm)
    }

    fn digest(&self, index: usize) -> Option<Digest> {
        let encoded = self.parts.encoded_at(&self.hashed, index)?;
        Some(self.algorithm.digest(encoded.as_bytes()))
    }

    fn digests(&self) -> impl Iterator<Item = Digest> {
        self.parts.digests(&self.hashed, self.algorithm)
    }

    /// The key binding JWT, if there is one.
    #[must_use]
    pub fn key_binding(&self) -> Option<&str> {
        self.key_binding.as_deref()
    }
}
