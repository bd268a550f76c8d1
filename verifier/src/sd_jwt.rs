//! SD-JWT (RFC 9901) and the parts of SD-JWT VC that concern a credential of ours.
//!
//! | flow | calls |
//! |---|---|
//! | issue | [`prepare`], or [`prepare_claims`] for any SD-JWT → sign → [`Unsigned::attach`] |
//! | receive | [`verify_issued`] |
//! | present | [`parse`] → [`SdJwt::select`] → [`SdJwt::prepare_key_binding`] → sign → [`UnsignedPresentation::attach`] |
//! | verify | [`parse`] → [`SdJwt::verify_issuer`] → [`IssuerVerified::verify_key_binding`] |

mod disclosure;
mod frame;
mod hash;
mod issue;
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
use crate::jws;
use crate::key::KeyType;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The media type that issuer-signed JWTs carry (SD-JWT VC §3.2.1).
pub const TYP: &str = "dc+sd-jwt";
/// Its name in older drafts, accepted only where the policy says so.
pub const TYP_OLD: &str = "vc+sd-jwt";
/// The greatest number of disclosures read.
pub const MAX_DISCLOSURES: usize = 256;

/// A parsed SD-JWT with or without key binding, none of it checked.
#[derive(Clone)]
pub struct SdJwt {
    jws: jws::Unverified,
    disclosures: Vec<Disclosure>,
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
    let mut parts = hashed.split('~');
    let issuer_jwt = parts.next().unwrap_or_default();
    // One copy of the text, for the signature and for `sd_hash`.
    let hashed_text: Arc<str> = text.get(..=hashed.len()).unwrap_or_default().into();
    let jws = jws::parse_shared(hashed_text.clone(), issuer_jwt.len(), limits, allowed)?;
    let algorithm = HashAlgorithm::of(jws.payload_unverified())?;
    let mut disclosures = Vec::new();
    for encoded in parts {
        if disclosures.len() == MAX_DISCLOSURES {
            return Err(Error::too_large("number of disclosures", MAX_DISCLOSURES));
        }
        disclosures.push(Disclosure::parse_with(encoded, algorithm)?);
    }
    Ok(SdJwt {
        issuer_jwt: issuer_jwt.len(),
        jws,
        disclosures,
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

    /// The issuer-signed JWT, parsed and unverified.
    #[must_use]
    pub fn jws(&self) -> &jws::Unverified {
        &self.jws
    }

    /// The disclosures as sent.
    #[must_use]
    pub fn disclosures(&self) -> &[Disclosure] {
        &self.disclosures
    }

    /// The key binding JWT, if there is one.
    #[must_use]
    pub fn key_binding(&self) -> Option<&str> {
        self.key_binding.as_deref()
    }
}
