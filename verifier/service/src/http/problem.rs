//! How a failure looks on the wire: the one place where error bodies are made.
//!
//! Everywhere a problem document (RFC 9457) with our `code`. Where wallets call, the same members stand beside an
//! `error` as OAuth has it.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tessera_verifier::catalogue::Language;
use utoipa::ToSchema;

use crate::failure::Failure;

/// A refusal as a body.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:tessera:problem:{code}`.
    #[serde(rename = "type")]
    kind: String,
    /// A sentence for people, in English or Chinese (`Accept-Language`).
    title: Cow<'static, str>,
    /// The HTTP status.
    status: u16,
    /// What exactly, where that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
    /// The stable reason code.
    code: &'static str,
    /// At which stage of the decision, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    /// OAuth's code, where wallets call.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// A failure in the form of its endpoint. Kept in the response's extensions, so that the outer layer can log its code
/// and render it in the client's language.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) failure: Failure,
    oauth: bool,
}

impl Refused {
    /// Where a wallet calls.
    pub(super) fn wallet(failure: Failure) -> Self {
        Self {
            failure,
            oauth: true,
        }
    }

    /// The response in this language.
    pub(super) fn render(&self, language: Language) -> Response {
        let failure = &self.failure;
        let status = failure.status();
        let problem = Problem {
            kind: format!("urn:tessera:problem:{}", failure.code()),
            title: failure.text(language),
            status,
            detail: failure.detail(),
            code: failure.code(),
            stage: failure.stage().map(|stage| stage.as_str()),
            error: self.oauth.then_some(match status {
                500.. => "server_error",
                _ => "invalid_request",
            }),
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let media_type = match self.oauth {
            true => "application/json",
            false => "application/problem+json",
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(match language {
                Language::En => "en",
                Language::Zh => "zh",
            }),
        );
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750 §3.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            oauth: false,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.render(Language::En)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        Refused::from(self).into_response()
    }
}
