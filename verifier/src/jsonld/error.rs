//! What can go wrong with a JSON-LD document.

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonLdError {
    /// An error of JSON-LD 1.1 API §9.6, by its code there.
    Invalid(&'static str),
    /// A context URL that is not in the store; nothing is fetched.
    UnknownContext,
    /// Safe mode: part of the document has no meaning in RDF and would not be signed.
    Dropped(&'static str),
    /// The document nests deeper, is larger, or needs more context processing than is allowed.
    TooLarge,
}

impl core::fmt::Display for JsonLdError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Invalid(code) => write!(f, "not valid JSON-LD: {code}"),
            Self::UnknownContext => f.write_str("the document names a context that is not known"),
            Self::Dropped(what) => write!(f, "part of the document would not be signed: {what}"),
            Self::TooLarge => f.write_str("the document exceeds a processing limit"),
        }
    }
}

impl core::error::Error for JsonLdError {}
