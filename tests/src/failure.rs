//! One failure type: what went wrong, in words, with what was being done.

use std::fmt;

/// What the harness could not do. Texts are for the person who reads the test output.
#[derive(Debug)]
pub struct Failure(String);

/// The harness's result.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure said in words.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// Turns any error into a failure that also says what was being done.
    pub fn during<E: fmt::Display>(doing: &str) -> impl FnOnce(E) -> Self + '_ {
        move |error| Self(format!("{doing}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}
