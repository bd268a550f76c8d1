//! Credential offers (OpenID4VCI §4.1).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

use super::{Secret, read};
use crate::error::Error;

/// The grant type of the pre-authorized code flow.
pub const PRE_AUTHORIZED_CODE: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
const SCHEME: &str = "openid-credential-offer://?credential_offer=";
const URI_MAX: usize = 16 * 1024;

/// A credential offer by value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CredentialOffer {
    /// The issuer's identifier: an https URL.
    pub credential_issuer: String,
    /// What is offered.
    pub credential_configuration_ids: Vec<String>,
    /// How to get it.
    pub grants: Grants,
}

/// The grants of an offer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grants {
    /// The pre-authorized code flow.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:pre-authorized_code")]
    pub pre_authorized_code: PreAuthorizedCode,
}

/// The pre-authorized code grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PreAuthorizedCode {
    /// The code, usable once.
    #[serde(rename = "pre-authorized_code")]
    pub code: Secret,
    /// Present when a transaction code is needed too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<TxCode>,
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
        let mut uri = SCHEME.to_owned();
        for byte in json.bytes() {
            // RFC 3986 §2.3: all but the unreserved characters.
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                uri.push_str(&format!("%{byte:02X}"));
            }
        }
        uri
    }

    /// Reads an offer by value from its URI. Offers by reference would need the network and are refused.
    ///
    /// # Errors
    /// `malformed`, `too_large`.
    pub fn from_uri(uri: &str) -> Result<Self, Error> {
        if uri.len() > URI_MAX {
            return Err(Error::too_large("credential offer", URI_MAX));
        }
        let malformed = Error::malformed("credential offer URI");
        let query = uri.strip_prefix(SCHEME).ok_or(malformed.clone())?;
        let mut bytes = Vec::with_capacity(query.len());
        let mut rest = query.as_bytes();
        while let [first, after @ ..] = rest {
            (rest, _) = match (first, after) {
                (b'%', [high, low, after @ ..]) => {
                    let digit = |byte: &u8| {
                        char::from(*byte)
                            .to_digit(16)
                            .and_then(|digit| u8::try_from(digit).ok())
                    };
                    let byte = digit(high)
                        .zip(digit(low))
                        .map(|(high, low)| high << 4 | low);
                    (after, bytes.push(byte.ok_or(malformed.clone())?))
                }
                (b'%' | b'&' | b'#', _) => return Err(malformed),
                // application/x-www-form-urlencoded writes a space as a plus sign.
                (b'+', after) => (after, bytes.push(b' ')),
                (byte, after) => (after, bytes.push(*byte)),
            };
        }
        read(&bytes)
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
                pre_authorized_code: PreAuthorizedCode {
                    code: "a+b&c".into(),
                    tx_code: None,
                },
            },
        };
        let back = CredentialOffer::from_uri(&offer.to_uri()).unwrap();
        assert_eq!(back.credential_issuer, offer.credential_issuer);
        assert_eq!(back.grants.pre_authorized_code.code.expose(), "a+b&c");
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
