//! How a failure looks on the wire: the one place where error bodies are made.
//!
//! Everywhere a problem document (RFC 9457) with our `code`. On the OAuth and OpenID4VCI endpoints the same members
//! stand beside the protocol's `error`, so that the reason survives the protocol.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::{Code, Failure};
use crate::rollout::Opening;

/// A refusal as a body.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:tessera:problem:{code}`.
    #[serde(rename = "type")]
    kind: String,
    /// A sentence for people, in English or Chinese (`Accept-Language`).
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What exactly, where that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
    /// The stable reason code.
    code: &'static str,
    /// Where and from when it would not have been refused (`district_not_open`).
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    openings: Vec<Opening>,
    /// The protocol's own code, on OAuth and OpenID4VCI endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// The protocol's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'static str>,
}

/// Which protocol's error form the endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RFC 9457 only.
    Problem,
    /// RFC 6749 §5.2 as well.
    Token,
    /// OpenID4VCI 1.0 §8.3.1.2 as well.
    Credential,
    /// OpenID4VCI 1.0 §11.3 as well.
    Notification,
    /// A page, which is in the person's language already.
    Page,
}

/// A failure in the form of its endpoint. Kept in the response's extensions, so that the outer layer can log its code
/// and render it in the client's language.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) failure: Failure,
    form: Form,
}

impl Refusal {
    pub(super) fn token(failure: Failure) -> Self {
        Self {
            failure,
            form: Form::Token,
        }
    }

    pub(super) fn credential(failure: Failure) -> Self {
        Self {
            failure,
            form: Form::Credential,
        }
    }

    /// The same, told on a page: for the log.
    pub(super) fn on_page(self) -> Self {
        Self {
            form: Form::Page,
            ..self
        }
    }

    /// Whether the answer is written in the person's language already.
    pub(super) fn is_page(&self) -> bool {
        self.form == Form::Page
    }

    pub(super) fn notification(failure: Failure) -> Self {
        Self {
            failure,
            form: Form::Notification,
        }
    }

    /// At a resource a bad DPoP proof means that the request is not authenticated (RFC 9449 §7.1), elsewhere that it is
    /// wrong.
    fn status(&self) -> u16 {
        match (self.form, self.failure.code) {
            (
                Form::Credential | Form::Notification,
                Code::InvalidDpopProof | Code::UseDpopNonce,
            ) => 401,
            (_, code) => code.status(),
        }
    }

    /// The challenge of a 401 (RFC 6750 §3, RFC 9449 §7.1).
    fn challenge(&self) -> &'static str {
        match self.failure.code {
            Code::UseDpopNonce => "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"",
            Code::InvalidDpopProof => "DPoP error=\"invalid_dpop_proof\", algs=\"ES256\"",
            _ => "Bearer error=\"invalid_token\", DPoP algs=\"ES256\"",
        }
    }

    /// The response in the language asked for.
    pub(super) fn render(&self, chinese: bool) -> Response {
        let code = self.failure.code;
        let protocol = self.protocol_error();
        let title = if chinese {
            code.chinese()
        } else {
            code.english()
        };
        let problem = Problem {
            kind: format!("urn:tessera:problem:{}", code.as_str()),
            title,
            status: self.status(),
            detail: self.failure.detail,
            code: code.as_str(),
            openings: self.failure.openings.clone(),
            error: protocol,
            // RFC 6749 §5.2 allows ASCII only.
            error_description: protocol.map(|_| self.failure.detail.unwrap_or(code.english())),
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let media_type = match self.form {
            Form::Problem | Form::Page => "application/problem+json",
            Form::Token | Form::Credential | Form::Notification => "application/json",
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(if chinese { "zh" } else { "en" }),
        );
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(self.challenge());
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some((name, value)) = &self.failure.header
            && let Ok(value) = HeaderValue::from_str(value)
        {
            headers.insert(*name, value);
        }
        if let Some(seconds) = self.failure.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self.clone());
        response
    }

    /// The protocol's own code, where the form has one.
    pub(super) fn protocol_error(&self) -> Option<&'static str> {
        match self.form {
            Form::Problem | Form::Page => None,
            Form::Token => Some(match self.failure.code {
                Code::InvalidGrant | Code::NothingHeld | Code::EvidenceTooOld => "invalid_grant",
                Code::UnsupportedGrantType => "unsupported_grant_type",
                Code::InvalidClient => "invalid_client",
                Code::InvalidClientAttestation => "invalid_client_attestation",
                Code::UseAttestationChallenge => "use_attestation_challenge",
                Code::InvalidScope => "invalid_scope",
                Code::InvalidAuthorizationDetails => "invalid_authorization_details",
                Code::InvalidDpopProof => "invalid_dpop_proof",
                Code::UseDpopNonce => "use_dpop_nonce",
                Code::Internal | Code::Busy | Code::Timeout => "server_error",
                _ => "invalid_request",
            }),
            Form::Notification => Some(match self.failure.code {
                Code::InvalidToken | Code::Unauthorized => "invalid_token",
                Code::InvalidDpopProof => "invalid_dpop_proof",
                Code::UseDpopNonce => "use_dpop_nonce",
                Code::InvalidNotificationId => "invalid_notification_id",
                Code::Internal | Code::Busy | Code::Timeout => "server_error",
                _ => "invalid_notification_request",
            }),
            Form::Credential => Some(match self.failure.code {
                Code::InvalidToken | Code::Unauthorized => "invalid_token",
                Code::UnknownConfiguration => "unknown_credential_configuration",
                Code::UnknownIdentifier => "unknown_credential_identifier",
                Code::InvalidDpopProof => "invalid_dpop_proof",
                Code::UseDpopNonce => "use_dpop_nonce",
                Code::InvalidProof
                | Code::BatchTooLarge
                | Code::DuplicateKey
                | Code::InvalidKeyAttestation => "invalid_proof",
                Code::InvalidNonce | Code::NonceMismatch => "invalid_nonce",
                Code::InvalidEncryption | Code::RequestNotEncrypted => {
                    "invalid_encryption_parameters"
                }
                Code::InvalidTransactionId => "invalid_transaction_id",
                Code::RequestDenied
                | Code::SessionExpired
                | Code::WrongState
                | Code::EvidenceTooOld => "credential_request_denied",
                Code::Internal | Code::Busy | Code::Timeout => "server_error",
                _ => "invalid_credential_request",
            }),
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            form: Form::Problem,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.render(false)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        Refusal::from(self).render(false)
    }
}
