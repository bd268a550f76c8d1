//! Credential offers (OpenID4VCI §4.1).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

use super::form::{Form, percent};
use super::{Secret, read};
use crate::error::Error;

/// The grant type of the pre-authorized code flow.
pub const PRE_AUTHORIZED_CODE: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
const SCHEME: &str = "openid-credential-offer://?credential_offer=";
/// What wallets are invoked by (OpenID4VCI §4.1, HAIP 1.0 §4.2).
const SCHEMES: [&str; 2] = ["openid-credential-offer://", "haip-vci://"];
const URI_MAX: usize = 16 * 1024;

/// A credential offer by value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CredentialOffer {
    /// The issuer's identifier: an https URL.
    pub credential_issuer: String,
    /// What is offered.
    pub credential_configuration_ids: Vec<String>,
    /// How to get it.
    #[serde(default)]
    pub grants: Grants,
}

/// What an offer's URI holds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum OfferLink {
    /// The offer.
    ByValue(CredentialOffer),
    /// Where it is (§4.1.3): an `https` URL, or `http` for development; unchecked, and not to be fetched without care.
    ByReference(String),
}

/// The grants of an offer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Grants {
    /// The authorization code flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_code: Option<AuthorizationCode>,
    /// The pre-authorized code flow.
    #[serde(
        default,
        rename = "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        skip_serializing_if = "Option::is_none"
    )]
    pub pre_authorized_code: Option<PreAuthorizedCode>,
}

/// The authorization code grant.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// Goes into the authorization request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_state: Option<Secret>,
    /// Which of the issuer's authorization servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_server: Option<String>,
}

/// The pre-authorized code grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PreAuthorizedCode {
    /// The code, usable once.
    #[serde(rename = "pre-authorized_code")]
    pub code: Secret,
    /// Present when a transaction code is needed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<TxCode>,
    /// Which of the issuer's authorization servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_server: Option<String>,
}

/// What the transaction code looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxCode {
    /// `numeric` or `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_mode: Option<String>,
    /// Its number of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Where the holder finds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl CredentialOffer {
    /// `openid-credential-offer://?credential_offer=…`.
    #[must_use]
    pub fn to_uri(&self) -> String {
        let json = serde_json::json!(self).to_string();
        format!("{SCHEME}{}", percent(&json))
    }

    /// Reads an offer by value from its URI; one by reference is refused here, see [`OfferLink::from_uri`].
    ///
    /// # Errors
    /// `malformed`, `too_large`.
    pub fn from_uri(uri: &str) -> Result<Self, Error> {
        match OfferLink::from_uri(uri)? {
            OfferLink::ByValue(offer) => Ok(offer),
            OfferLink::ByReference(_) => Err(Error::malformed("credential offer URI")),
        }
    }

    /// Reads an offer that was fetched (§4.1.3).
    ///
    /// # Errors
    /// `malformed`, also without anything offered; `too_large`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > URI_MAX {
            return Err(Error::too_large("credential offer", URI_MAX));
        }
        let offer: Self = read(bytes)?;
        match offer.credential_configuration_ids.is_empty() {
            true => Err(Error::malformed("credential offer")),
            false => Ok(offer),
        }
    }
}

impl OfferLink {
    /// Reads the URI of an offer: `openid-credential-offer://`, `haip-vci://` or a wallet's own `https` link, with exactly
    /// one of `credential_offer` and `credential_offer_uri` (§4.1).
    ///
    /// # Errors
    /// `malformed`, `too_large`.
    pub fn from_uri(uri: &str) -> Result<Self, Error> {
        if uri.len() > URI_MAX {
            return Err(Error::too_large("credential offer", URI_MAX));
        }
        let malformed = Error::malformed("credential offer URI");
        let (base, query) = uri.split_once('?').ok_or(malformed.clone())?;
        let ours = SCHEMES.iter().any(|scheme| base.starts_with(scheme));
        if !(ours || base.starts_with("https://")) || query.contains('#') {
            return Err(malformed);
        }
        let form = Form::parse(query.as_bytes())?;
        match (
            form.get("credential_offer"),
            form.get("credential_offer_uri"),
        ) {
            (Some(json), None) => CredentialOffer::from_json(json.as_bytes()).map(Self::ByValue),
            (None, Some(at)) if at.starts_with("https://") || at.starts_with("http://") => {
                Ok(Self::ByReference(at.to_owned()))
            }
            _ => Err(malformed),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn an_offer_survives_its_uri() {
        let offer = CredentialOffer {
            credential_issuer: "https://issuer.example/中".into(),
            credential_configuration_ids: vec!["identity_limited_sd_jwt".into()],
            grants: Grants {
                authorization_code: Some(AuthorizationCode {
                    issuer_state: Some("state".into()),
                    authorization_server: None,
                }),
                pre_authorized_code: Some(PreAuthorizedCode {
                    code: "a+b&c".into(),
                    tx_code: None,
                    authorization_server: None,
                }),
            },
        };
        let back = CredentialOffer::from_uri(&offer.to_uri()).unwrap();
        assert_eq!(back.credential_issuer, offer.credential_issuer);
        let grants = back.grants;
        assert_eq!(grants.pre_authorized_code.unwrap().code.expose(), "a+b&c");
        let state = grants.authorization_code.unwrap().issuer_state;
        assert_eq!(state.unwrap().expose(), "state");
    }

    #[test]
    fn an_offer_by_reference_is_named_and_not_fetched() {
        let uri =
            "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example%2Fo";
        match OfferLink::from_uri(uri).unwrap() {
            OfferLink::ByReference(at) => assert_eq!(at, "https://issuer.example/o"),
            OfferLink::ByValue(_) => unreachable!(),
        }
        for bad in [
            "openid-credential-offer://?credential_offer_uri=file%3A%2F%2F%2Fetc%2Fpasswd",
            "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fa&credential_offer=%7B%7D",
            "javascript:alert(1)?credential_offer_uri=https%3A%2F%2Fa",
        ] {
            assert!(OfferLink::from_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_text_of_an_offer_panics() {
        for uri in [
            "",
            SCHEME,
            "openid-credential-offer://?credential_offer=%",
            "openid-credential-offer://?credential_offer=%zz",
            "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fx",
            "openid-credential-offer://?credential_offer=%e9%",
        ] {
            assert!(CredentialOffer::from_uri(uri).is_err(), "{uri}");
        }
    }
}
