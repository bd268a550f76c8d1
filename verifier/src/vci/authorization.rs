//! The authorization code flow: requests, pushed or not, and what they ask for (OpenID4VCI §5, RFC 9126, RFC 9396).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Secret, form::Form};
use crate::error::Error;
use crate::json::{self, Limits};

/// The `type` of [`AuthorizationDetail`].
pub const OPENID_CREDENTIAL: &str = "openid_credential";
/// Details of one request at most.
const DETAILS_MAX: usize = 16;
/// Characters of one parameter at most.
const PARAMETER_MAX: usize = 2048;

/// One wish (OpenID4VCI §5.1.1), and in a token response what it was granted as (§6.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationDetail {
    /// [`OPENID_CREDENTIAL`].
    #[serde(rename = "type")]
    pub kind: String,
    /// Which of the configurations.
    pub credential_configuration_id: String,
    /// Where it is for; needed where the authorization server serves several issuers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<String>,
    /// Which claims (appendix B.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Value>,
    /// By what names to request the credentials; in token responses only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credential_identifiers: Vec<String>,
}

impl AuthorizationDetail {
    /// A wish for a configuration.
    #[must_use]
    pub fn new(configuration: &str) -> Self {
        Self {
            kind: OPENID_CREDENTIAL.to_owned(),
            credential_configuration_id: configuration.to_owned(),
            locations: Vec::new(),
            claims: None,
            credential_identifiers: Vec::new(),
        }
    }

    /// Reads the parameter `authorization_details`.
    ///
    /// # Errors
    /// `malformed`, also for a `type` other than [`OPENID_CREDENTIAL`]; `too_large`.
    pub fn read_all(text: &str) -> Result<Vec<Self>, Error> {
        let limits = Limits {
            bytes: 16 * 1024,
            depth: 12,
        };
        let malformed = || Error::malformed("authorization_details");
        let details: Vec<Self> = serde_json::from_value(json::parse(text.as_bytes(), limits)?)
            .map_err(|_| malformed())?;
        if details.len() > DETAILS_MAX {
            return Err(Error::too_large("authorization_details", DETAILS_MAX));
        }
        match !details.is_empty() && details.iter().all(|one| one.kind == OPENID_CREDENTIAL) {
            true => Ok(details),
            false => Err(malformed()),
        }
    }
}

/// An authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID4VCI §5.1), as it is pushed (RFC 9126 §2.1) or put in a
/// link. Always with PKCE and `S256`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// The `S256` challenge.
    pub code_challenge: String,
    /// Comes back with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What is asked for, by scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What is asked for, by configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<AuthorizationDetail>,
    /// From the offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_state: Option<Secret>,
    /// Thumbprint of the DPoP key that the code shall be bound to (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
}

impl AuthorizationRequest {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// `malformed` naming the parameter that is missing or wrong; `unsupported_format` for another `response_type`,
    /// `unsupported_algorithm` for another `code_challenge_method`; `too_large`.
    pub fn from_form(form: &Form) -> Result<Self, Error> {
        let optional = |name| match form.get(name) {
            Some(text) if text.len() > PARAMETER_MAX => {
                Err(Error::too_large("authorization request", PARAMETER_MAX))
            }
            text => Ok(text.map(str::to_owned)),
        };
        let required = |name| optional(name)?.ok_or(Error::malformed(name));
        // A mistake in one that is needed to answer at all comes first.
        let (client_id, redirect_uri) = (required("client_id")?, required("redirect_uri")?);
        if required("response_type")? != "code" {
            return Err(Error::UnsupportedFormat {
                what: "response_type",
            });
        }
        let code_challenge = required("code_challenge")?;
        if required("code_challenge_method")? != super::pkce::S256 {
            return Err(Error::UnsupportedAlgorithm {
                what: "code_challenge_method",
            });
        }
        if !super::pkce::is_challenge(&code_challenge) {
            return Err(Error::malformed("code_challenge"));
        }
        Ok(Self {
            client_id,
            redirect_uri,
            code_challenge,
            state: optional("state")?,
            scope: optional("scope")?,
            authorization_details: form
                .get("authorization_details")
                .map(AuthorizationDetail::read_all)
                .transpose()?
                .unwrap_or_default(),
            issuer_state: optional("issuer_state")?.map(Secret::from),
            dpop_jkt: optional("dpop_jkt")?,
        })
    }

    /// The parameters, to be pushed or put in a link.
    #[must_use]
    pub fn to_form(&self) -> Form {
        let mut form = Form::default();
        form.push("response_type", "code");
        form.push("client_id", &self.client_id);
        form.push("redirect_uri", &self.redirect_uri);
        form.push("code_challenge", &self.code_challenge);
        form.push("code_challenge_method", super::pkce::S256);
        let issuer_state = self.issuer_state.as_ref().map(Secret::expose);
        for (name, value) in [
            ("state", self.state.as_deref()),
            ("scope", self.scope.as_deref()),
            ("issuer_state", issuer_state),
            ("dpop_jkt", self.dpop_jkt.as_deref()),
        ] {
            if let Some(value) = value {
                form.push(name, value);
            }
        }
        if !self.authorization_details.is_empty() {
            // A list of serialisable structs with text keys always serialises.
            let details = serde_json::to_string(&self.authorization_details).unwrap_or_default();
            form.push("authorization_details", &details);
        }
        form
    }
}

/// Answer to a pushed request (RFC 9126 §2.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PushedResponse {
    /// Stands for the request in the link.
    pub request_uri: Secret,
    /// Seconds until it is forgotten.
    pub expires_in: u64,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloc::vec;

    fn request() -> AuthorizationRequest {
        AuthorizationRequest {
            client_id: "wallet".into(),
            redirect_uri: "https://wallet.example/cb".into(),
            code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
            state: Some("s t&te".into()),
            scope: None,
            authorization_details: vec![AuthorizationDetail::new("identity_limited_sd_jwt")],
            issuer_state: Some("secret".into()),
            dpop_jkt: None,
        }
    }

    #[test]
    fn a_request_survives_its_form() {
        let form = Form::parse(request().to_form().encode().as_bytes()).unwrap();
        let back = AuthorizationRequest::from_form(&form).unwrap();
        assert_eq!(back.state, request().state);
        assert_eq!(back.authorization_details, request().authorization_details);
        assert_eq!(back.issuer_state.unwrap().expose(), "secret");
    }

    #[test]
    fn each_mistake_is_named() {
        let good = (*request().to_form().encode()).clone();
        for (from, to, why) in [
            (
                "response_type=code",
                "response_type=token",
                "unsupported_format",
            ),
            ("=S256", "=plain", "unsupported_algorithm"),
            ("code_challenge=E9", "code_challenge=", "malformed"),
            ("redirect_uri=", "other=", "malformed"),
            ("openid_credential", "payment", "malformed"),
        ] {
            assert!(good.contains(from), "{from}");
            let form = Form::parse(good.replacen(from, to, 1).as_bytes()).unwrap();
            let error = AuthorizationRequest::from_form(&form).unwrap_err();
            assert_eq!(error.code(), why, "{from}");
        }
        for hostile in ["[]", "{}", "[{}]", "[1]", "not json"] {
            assert!(AuthorizationDetail::read_all(hostile).is_err(), "{hostile}");
        }
    }
}
