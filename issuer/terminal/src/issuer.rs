//! The seam to the issuer: two POSTs. HTTP in the field, a closure in tests.

/// An answer of the issuer.
pub type Json = serde_json::Value;

/// The issuer's terminal API, as far as the terminal uses it.
pub trait IssuerApi {
    /// Posts a JSON body to `path` (`/terminal/challenge` or `/terminal/evidence`) and returns the
    /// JSON of a 2xx answer. Implementations follow no redirects and keep no copy of `body`: it holds
    /// a photograph.
    ///
    /// # Errors
    /// [`IssuerError::Refused`] with the issuer's own code for any other status,
    /// [`IssuerError::Unreachable`] when there was no answer.
    fn post(&self, path: &str, body: &[u8]) -> Result<Json, IssuerError>;
}

/// Why the issuer gave no answer to go on with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The issuer said no; `code` is the stable code of its problem document (RFC 9457).
    #[error("the issuer refused ({status} {code})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The issuer's code, `[a-z0-9_]` only, at most 64 octets.
        code: String,
    },
    /// No connection, no answer in time, or an answer that is not one.
    #[error("the issuer cannot be reached: {0}")]
    Unreachable(String),
}

impl IssuerError {
    /// A refusal from a problem document. A code that is not one becomes `issuer_refused`: it is
    /// shown to people and written to logs.
    #[must_use]
    pub fn refused(status: u16, problem: &Json) -> Self {
        let code = problem
            .get("code")
            .and_then(Json::as_str)
            .filter(|code| {
                !code.is_empty()
                    && code.len() <= 64
                    && code
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            })
            .unwrap_or("issuer_refused")
            .to_owned();
        Self::Refused { status, code }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Unreachable(_) => "issuer_unreachable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_codes_pass_as_codes() {
        let code = |problem: Json| IssuerError::refused(422, &problem).code().to_owned();
        assert_eq!(
            code(json!({"code": "active_auth_failed"})),
            "active_auth_failed"
        );
        for bad in [
            json!({}),
            json!({"code": 3}),
            json!({"code": ""}),
            json!({"code": "a\u{1b}[2J"}),
            json!({"code": "a".repeat(65)}),
        ] {
            assert_eq!(code(bad), "issuer_refused");
        }
    }
}
