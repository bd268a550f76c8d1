//! The problem types of the standards (VCDM 2.0 §7.2, Bitstring Status List 1.0 §3.5), for answers in RFC 9457.

use super::Error;

impl Error {
    /// The `type` of a problem details object that says the same; `None` where the standards have no such type.
    ///
    /// # Example
    /// ```
    /// use tessera_verifier::Error;
    ///
    /// let range = "https://www.w3.org/TR/vc-data-model#RANGE_ERROR";
    /// assert_eq!(Error::StatusOutOfRange.problem_type(), Some(range));
    /// assert_eq!(Error::Revoked.problem_type(), None);
    /// ```
    #[must_use]
    pub fn problem_type(&self) -> Option<&'static str> {
        Some(match self {
            Self::Malformed { .. } => "https://www.w3.org/TR/vc-data-model#PARSING_ERROR",
            Self::InvalidSignature { .. } => {
                "https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR"
            }
            Self::MalformedValue { .. } | Self::UndefinedTerm | Self::UnknownContext => {
                "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
            }
            Self::StatusOutOfRange => "https://www.w3.org/TR/vc-data-model#RANGE_ERROR",
            Self::StatusUndetermined { .. } => {
                "https://www.w3.org/ns/credentials/status-list#STATUS_RETRIEVAL_ERROR"
            }
            Self::StatusListMismatch { .. } => {
                "https://www.w3.org/ns/credentials/status-list#STATUS_VERIFICATION_ERROR"
            }
            Self::StatusListTooShort => {
                "https://www.w3.org/ns/credentials/status-list#STATUS_LIST_LENGTH_ERROR"
            }
            _ => return None,
        })
    }
}
