//! Token requests and responses (RFC 6749 §4.1.3, §5.1 and §6, OpenID4VCI §6).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::authorization::OPENID_CREDENTIAL;
use super::{AuthorizationDetail, PRE_AUTHORIZED_CODE, Secret, form::Form};
use crate::error::Error;

/// The grant type of the authorization code flow.
pub const AUTHORIZATION_CODE: &str = "authorization_code";
/// The grant type of refreshing.
pub const REFRESH_TOKEN: &str = "refresh_token";

/// What a token is asked for with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Grant {
    /// OpenID4VCI §6.1.
    PreAuthorizedCode {
        /// The code of the offer.
        code: Secret,
        /// The transaction code that reached the holder another way.
        tx_code: Option<Secret>,
    },
    /// RFC 6749 §4.1.3.
    AuthorizationCode {
        /// The code of the authorization response.
        code: Secret,
        /// The redirect URI of the authorization request.
        redirect_uri: Option<String>,
        /// The PKCE verifier (RFC 7636 §4.5).
        code_verifier: Option<Secret>,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// The token.
        refresh_token: Secret,
    },
}

/// A token request, form-encoded on the wire.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// With what.
    pub grant: Grant,
    /// Who asks; may be missing where an attestation says it, or in the pre-authorized code flow.
    pub client_id: Option<String>,
    /// What is asked for, where the offer or the authorization leaves a choice.
    pub authorization_details: Vec<AuthorizationDetail>,
}

impl TokenRequest {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `malformed` naming the parameter that is missing or wrong, `unsupported_format` for another grant type.
    pub fn from_form(form: &Form) -> Result<Self, Error> {
        let secret = |name| form.get(name).map(Secret::from);
        let required = |name| secret(name).ok_or(Error::malformed(name));
        let grant = match form.get("grant_type") {
            Some(PRE_AUTHORIZED_CODE) => Grant::PreAuthorizedCode {
                code: required("pre-authorized_code")?,
                tx_code: secret("tx_code"),
            },
            Some(AUTHORIZATION_CODE) => Grant::AuthorizationCode {
                code: required("code")?,
                redirect_uri: form.get("redirect_uri").map(str::to_owned),
                code_verifier: secret("code_verifier"),
            },
            Some(REFRESH_TOKEN) => Grant::RefreshToken {
                refresh_token: required("refresh_token")?,
            },
            Some(_) => return Err(Error::UnsupportedFormat { what: "grant_type" }),
            None => return Err(Error::malformed("grant_type")),
        };
        Ok(Self {
            grant,
            client_id: form.get("client_id").map(str::to_owned),
            authorization_details: form
                .get("authorization_details")
                .map(AuthorizationDetail::read_all)
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// The parameters.
    #[must_use]
    pub fn to_form(&self) -> Form {
        let mut form = Form::default();
        match &self.grant {
            Grant::PreAuthorizedCode { code, tx_code } => {
                form.push("grant_type", PRE_AUTHORIZED_CODE);
                form.push("pre-authorized_code", code.expose());
                if let Some(tx_code) = tx_code {
                    form.push("tx_code", tx_code.expose());
                }
            }
            Grant::AuthorizationCode {
                code,
                redirect_uri,
                code_verifier,
            } => {
                form.push("grant_type", AUTHORIZATION_CODE);
                form.push("code", code.expose());
                if let Some(uri) = redirect_uri {
                    form.push("redirect_uri", uri);
                }
                if let Some(verifier) = code_verifier {
                    form.push("code_verifier", verifier.expose());
                }
            }
            Grant::RefreshToken { refresh_token } => {
                form.push("grant_type", REFRESH_TOKEN);
                form.push("refresh_token", refresh_token.expose());
            }
        }
        if let Some(client) = &self.client_id {
            form.push("client_id", client);
        }
        if !self.authorization_details.is_empty() {
            // A list of serialisable structs with text keys always serialises.
            let details = serde_json::to_string(&self.authorization_details).unwrap_or_default();
            form.push("authorization_details", &details);
        }
        form
    }
}

/// Token response (RFC 6749 §5.1, OpenID4VCI §6.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The token for the credential endpoint.
    pub access_token: Secret,
    /// `Bearer`, or `DPoP` where the token is bound to a key (RFC 9449 §5).
    pub token_type: String,
    /// Seconds until it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// For another access token later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// What was granted, where that is not what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What was granted, by the names under which to request it.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "granted"
    )]
    pub authorization_details: Vec<AuthorizationDetail>,
}

/// The credentials among what was granted. Servers grant other things beside them (RFC 9396 §7), and one known
/// implementation of OpenID4VCI leaves out the `type` that says which these are: a configuration tells them apart.
fn granted<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<AuthorizationDetail>, D::Error> {
    let details: Vec<Value> = Option::deserialize(from)?.unwrap_or_default();
    let credential = |mut detail: Value| {
        let members = detail.as_object_mut()?;
        members
            .entry("type")
            .or_insert_with(|| OPENID_CREDENTIAL.into());
        let detail: AuthorizationDetail = serde_json::from_value(detail).ok()?;
        (detail.kind == OPENID_CREDENTIAL).then_some(detail)
    };
    Ok(details.into_iter().filter_map(credential).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloc::{format, vec};

    #[test]
    fn every_grant_survives_its_form() {
        for grant in [
            Grant::PreAuthorizedCode {
                code: "c&de".into(),
                tx_code: Some("123456".into()),
            },
            Grant::AuthorizationCode {
                code: "code".into(),
                redirect_uri: Some("wallet://cb".into()),
                code_verifier: Some("verifier".into()),
            },
            Grant::RefreshToken {
                refresh_token: "again".into(),
            },
        ] {
            let request = TokenRequest {
                grant,
                client_id: Some("wallet".into()),
                authorization_details: vec![AuthorizationDetail::new("one")],
            };
            let text = request.to_form().encode();
            let form = Form::parse(text.as_bytes()).unwrap();
            let back = TokenRequest::from_form(&form).unwrap();
            assert_eq!(*back.to_form().encode(), *text);
        }
    }

    #[test]
    fn of_what_a_token_grants_the_credentials_are_read() {
        let granted = |details: &str| {
            let answer = format!(
                r#"{{"access_token":"t","token_type":"Bearer","authorization_details":{details}}}"#
            );
            let answer: TokenResponse = serde_json::from_str(&answer).unwrap();
            let details = answer.authorization_details.into_iter();
            details
                .map(|detail| detail.credential_configuration_id)
                .collect::<Vec<_>>()
        };
        let of_type = r#"{"type":"openid_credential","credential_configuration_id":"one","credential_identifiers":["a"]}"#;
        let without = r#"{"credential_configuration_id":"two","credential_identifiers":["b"]}"#;
        let other = r#"{"type":"payment","credential_configuration_id":"three"}"#;
        assert_eq!(
            granted(&format!("[{of_type},{without},{other},7]")),
            ["one", "two"]
        );
        assert!(granted("null").is_empty());
    }

    #[test]
    fn a_request_without_its_code_is_refused() {
        for (form, why) in [
            ("", "malformed"),
            ("grant_type=password", "unsupported_format"),
            ("grant_type=authorization_code", "malformed"),
            ("grant_type=refresh_token", "malformed"),
        ] {
            let form = Form::parse(form.as_bytes()).unwrap();
            assert_eq!(TokenRequest::from_form(&form).unwrap_err().code(), why);
        }
    }
}
