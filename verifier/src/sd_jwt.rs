//! SD-JWT (RFC 9901) and the parts of SD-JWT VC that concern a credential of ours.
//!
//! | flow | calls |
//! |---|---|
//! | issue | [`prepare`] → sign → [`Unsigned::attach`] |
//! | receive | [`verify_issued`] |
//! | present | [`parse`] → [`SdJwt::select`] → [`SdJwt::prepare_key_binding`] → sign → [`UnsignedPresentation::attach`] |
//! | verify | [`parse`] → [`SdJwt::verify_issuer`] → [`IssuerVerified::verify_key_binding`] |

mod disclosure;
mod issue;
mod present;
mod process;
mod verify;

pub use disclosure::Disclosure;
pub use issue::{IssueInput, Unsigned, prepare};
pub use present::{Selection, UnsignedPresentation};
pub(crate) use verify::fresh;
pub use verify::{IssuerVerified, KeyBindingExpectation, verify_issued};

use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
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
    issuer_jwt: String,
    jws: jws::Unverified,
    disclosures: Vec<Disclosure>,
    key_binding: Option<String>,
    /// Everything up to and including the last tilde: what `sd_hash` covers (RFC 9901 §4.3.1).
    hashed: String,
}

/// Parses `<issuer JWT>~<disclosure>~…~[<key binding JWT>]` (RFC 9901 §4).
///
/// # Errors
/// `malformed`, `too_large`, `unsupported_algorithm`, and `disclosure_invalid` for a disclosure that breaks its grammar
/// or is there twice.
pub fn parse(text: &str) -> Result<SdJwt, Error> {
    let limits = Limits::MESSAGE;
    if text.len() > limits.bytes {
        return Err(Error::too_large("SD-JWT", limits.bytes));
    }
    let (hashed, key_binding) = text
        .rsplit_once('~')
        .ok_or(Error::malformed("SD-JWT without tilde"))?;
    let mut parts = hashed.split('~');
    let issuer_jwt = parts.next().unwrap_or_default();
    let mut disclosures = Vec::new();
    for encoded in parts {
        if disclosures.len() == MAX_DISCLOSURES {
            return Err(Error::too_large("number of disclosures", MAX_DISCLOSURES));
        }
        disclosures.push(Disclosure::parse(encoded)?);
    }
    Ok(SdJwt {
        issuer_jwt: issuer_jwt.to_owned(),
        jws: jws::parse(issuer_jwt, limits)?,
        disclosures,
        key_binding: (!key_binding.is_empty()).then(|| key_binding.to_owned()),
        hashed: format!("{hashed}~"),
    })
}

impl SdJwt {
    /// The issuer-signed JWT as text.
    #[must_use]
    pub fn issuer_jwt(&self) -> &str {
        &self.issuer_jwt
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
