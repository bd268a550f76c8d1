//! Requests read strictly, refusals answered in one shape.

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tessera_verifier::Error;
use tessera_verifier::data_integrity::PrepareError;
use tessera_verifier::json::{Limits, parse_object};

/// The longest request read, in bytes.
pub const MAX_BODY: usize = 2 * 1024 * 1024;

/// Why a request is answered with an error.
#[derive(Debug, Clone)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Refusal {
    /// A request that is not understood: 400.
    #[must_use]
    pub fn bad_request(detail: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "request_invalid",
            detail: detail.to_owned(),
        }
    }

    /// Nothing is at this path: 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            detail: "nothing is here".to_owned(),
        }
    }

    /// The program itself failed: 500.
    #[must_use]
    pub fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal",
            detail: "the server failed".to_owned(),
        }
    }

    /// The stable code of the reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// The older suites demand exactly 400 for whatever is refused; the newer accept it.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: error.code(),
            detail: error.to_string(),
        }
    }
}

impl From<PrepareError> for Refusal {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Refused(error) => error.into(),
            _ => Self::internal(),
        }
    }
}

/// The problem type of a code (Data Integrity §4.7, VCDM 2.0 §7.2, Bitstring Status List §3.5).
fn problem_type(code: &str) -> &'static str {
    match code {
        "undefined_term" => "https://w3id.org/security#DATA_LOSS_DETECTION_ERROR",
        "malformed" | "request_invalid" => {
            "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
        }
        "status_undetermined" => {
            "https://www.w3.org/ns/credentials/status-list#STATUS_RETRIEVAL_ERROR"
        }
        "invalid_signature" => "https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR",
        "internal" | "not_found" => "about:blank",
        _ => "https://w3id.org/security#PROOF_VERIFICATION_ERROR",
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = json!({
            "type": problem_type(self.code),
            "title": self.detail,
            "code": self.code,
        });
        // VC-API 1.0 calls the list `problemDetails`; the suites of the years before look for the other members.
        let body = json!({
            "type": problem_type(self.code),
            "title": self.detail,
            "status": self.status.as_u16(),
            "code": self.code,
            "verified": false,
            "checks": [{"check": ["proof", "credentialStatus"], "error": problem}],
            "errors": [problem],
            "problemDetails": [problem],
        });
        (self.status, Json(body)).into_response()
    }
}

/// The members of a request's JSON object.
///
/// # Errors
/// 400 unless the body is one strict JSON object of bounded size and depth.
pub fn object(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    let limits = Limits {
        bytes: MAX_BODY,
        depth: 64,
    };
    Ok(parse_object(body, limits)?)
}

/// A member that must be an object.
///
/// # Errors
/// 400 when it is missing or something else.
pub fn required<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a Value, Refusal> {
    members
        .get(name)
        .filter(|value| value.is_object())
        .ok_or_else(|| Refusal::bad_request(&format!("`{name}` must be an object")))
}

/// The member `options`: absent and null are no options.
///
/// # Errors
/// 400 when it is something else than an object.
pub fn options(members: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    match members.get("options") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(options)) => Ok(options.clone()),
        Some(_) => Err(Refusal::bad_request("`options` must be an object")),
    }
}

/// A text among the options.
///
/// # Errors
/// 400 when it is something else than a string.
pub fn text<'a>(options: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match options.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::bad_request(&format!(
            "option `{name}` must be a string"
        ))),
    }
}

/// A list of texts among the options: absent is empty.
///
/// # Errors
/// 400 when it is something else than an array of strings.
pub fn texts(options: &Map<String, Value>, name: &str) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::bad_request(&format!("option `{name}` must be an array of strings"));
    match options.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        Some(_) => Err(wrong()),
    }
}
