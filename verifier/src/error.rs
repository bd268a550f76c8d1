//! One error type for every decision of the verifier, with one stable code per reason.
//!
//! `Display` is a sentence for people; [`Error::code`] is for programs and never changes its spelling. Neither
//! carries personal data: no claim values, no nonces, no keys, only times rounded by their origin and claim names.

mod problem;
mod text;

use crate::claims::AssuranceLevel;
use crate::time::Timestamp;
use alloc::string::String;

/// Declares the enum, its codes and its English sentences in one place, so that they cannot drift apart.
macro_rules! errors {
    ($( $(#[$doc:meta])* $variant:ident $({ $($field:ident : $ty:ty),+ })? = $code:literal, $text:literal; )+) => {
        /// Why something was refused. Every variant has a stable [code](Error::code).
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Error {
            $(
                $(#[$doc])*
                $variant $({ $(
                    #[doc = concat!("`", stringify!($field), "`: see the sentence of this variant.")]
                    $field: $ty,
                )+ })?,
            )+
        }

        impl Error {
            /// Every stable code, in the order of the enum. `docs/ERRORS.md` lists the same.
            pub const CODES: &'static [&'static str] = &[$($code),+];

            /// The stable code of this reason: lower case with underscores, never respelled.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self { $( Self::$variant { .. } => $code, )+ }
            }
        }

        impl core::fmt::Display for Error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self { $( Self::$variant $({ $($field),+ })? => write!(f, $text), )+ }
            }
        }
    };
}

errors! {
    /// The bytes do not follow the grammar they claim to follow.
    Malformed { what: &'static str } = "malformed", "malformed input: {what}";
    /// A size, depth or count is above its bound.
    TooLarge { what: &'static str, limit: usize } = "too_large", "{what} is above the limit of {limit}";
    /// A credential or presentation format that the policy or the program does not know.
    UnsupportedFormat { what: &'static str } = "unsupported_format", "unsupported format: {what}";
    /// A signature or digest algorithm other than the one the key and the policy call for.
    UnsupportedAlgorithm { what: &'static str } = "unsupported_algorithm", "unsupported algorithm: {what}";
    /// A Data Integrity cryptosuite that the policy or the program does not know.
    UnsupportedSuite = "unsupported_suite", "the cryptosuite is not supported or not allowed here";
    /// A JSON-LD context that is neither built in nor listed in the bundle, or that the policy does not accept.
    UnknownContext = "unknown_context", "a JSON-LD context is not among the known ones";
    /// A JSON-LD term without a definition: it would have been dropped from what is signed.
    UndefinedTerm = "undefined_term", "a term has no definition in the contexts and would not be covered by the proof";
    /// Canonicalization would take more work than any honest document needs.
    WorkBudgetExceeded = "work_budget_exceeded", "the document needs more work to canonicalize than is allowed";
    /// The issuer is not in the bundle, not for this time, or not for this assurance level.
    IssuerUntrusted { why: &'static str } = "issuer_untrusted", "the issuer is not trusted: {why}";
    /// The issuer named in the credential is not the controller of the key that signed.
    IssuerKeyMismatch = "issuer_key_mismatch", "the issuer named is not the controller of the signing key";
    /// A signature does not verify.
    InvalidSignature { what: &'static str } = "invalid_signature", "the signature of the {what} does not verify";
    /// A disclosure is altered, repeated, not referenced, or collides with a claim.
    DisclosureInvalid { why: &'static str } = "disclosure_invalid", "a disclosure is invalid: {why}";
    /// The metadata of a credential's type cannot be had, is inconsistent, or the credential breaks it.
    TypeMetadataInvalid { why: &'static str } = "type_metadata_invalid", "the type metadata of the credential: {why}";
    /// A base proof of a selective-disclosure suite was shown instead of a derived one.
    BaseProofRefused = "base_proof_refused", "a base proof is not a presentation; a derived proof is needed";
    /// A proof made for another purpose.
    ProofPurposeMismatch = "proof_purpose_mismatch", "the proof was made for another purpose";
    /// The validity of the credential has not begun.
    NotYetValid { from: Timestamp, now: Timestamp } = "not_yet_valid", "valid only from {from}; the time is {now}";
    /// The validity of the credential is over.
    Expired { until: Timestamp, now: Timestamp } = "expired", "expired at {until}; the time is {now}";
    /// The status list says that the credential is revoked.
    Revoked = "revoked", "the credential has been revoked";
    /// The status of the credential cannot be told from the bundle.
    StatusUndetermined { why: &'static str } = "status_undetermined", "the credential's status cannot be determined: {why}";
    /// The bundle is past its maximum age.
    BundleStale { until: Timestamp, now: Timestamp } = "bundle_stale", "the bundle was good until {until}; the time is {now}";
    /// The bundle is not signed by the expected root.
    BundleUntrusted { why: &'static str } = "bundle_untrusted", "the bundle is not trusted: {why}";
    /// The presentation does not prove possession of the holder's key.
    HolderBindingMissing = "holder_binding_missing", "no proof that the presenter holds the credential's key";
    /// The proof of possession does not belong to this credential or these bytes.
    HolderBindingInvalid { why: &'static str } = "holder_binding_invalid", "the holder's proof of possession is invalid: {why}";
    /// The presentation answers another nonce.
    NonceMismatch = "nonce_mismatch", "the presentation answers another request (nonce)";
    /// The presentation was made for another relying party.
    AudienceMismatch = "audience_mismatch", "the presentation was made for another audience";
    /// The presentation was signed too long ago.
    PresentationTooOld { signed_at: Timestamp, now: Timestamp } = "presentation_too_old", "the presentation was signed at {signed_at}, too long before {now}";
    /// The presentation claims to be signed later than now.
    PresentationFromFuture { signed_at: Timestamp, now: Timestamp } = "presentation_from_future", "the presentation says it was signed at {signed_at}, after {now}";
    /// The presentation request breaks OpenID4VP or our profile of it.
    RequestInvalid { why: &'static str } = "request_invalid", "the request is invalid: {why}";
    /// The transaction data of a request are of a type that is not known, or do not fit their type.
    TransactionDataInvalid { why: &'static str } = "transaction_data_invalid", "the transaction data of the request are invalid: {why}";
    /// The presentation request is past its expiry.
    RequestExpired { until: Timestamp, now: Timestamp } = "request_expired", "the request expired at {until}; the time is {now}";
    /// The requester is not registered for the service it names.
    RequesterUnregistered { why: &'static str } = "requester_unregistered", "the requester is not registered: {why}";
    /// The request asks for more than the service it names may ask.
    OverAsking { beyond: String } = "over_asking", "the request asks beyond its registration: {beyond}";
    /// The presentation lacks something that the request asks for.
    QueryNotSatisfied { why: &'static str } = "query_not_satisfied", "the request is not satisfied: {why}";
    /// The presentation discloses something that was not asked.
    OverDisclosure { beyond: String } = "over_disclosure", "the presentation discloses more than was asked: {beyond}";
    /// The holder did not confirm exactly the transactions that the request asks for.
    TransactionNotConfirmed { why: &'static str } = "transaction_not_confirmed", "the transaction is not confirmed: {why}";
    /// The evidence behind the credential is not what the policy demands.
    EvidenceInsufficient { why: &'static str } = "evidence_insufficient", "the evidence behind the credential is not enough: {why}";
    /// The credential proves less than the service needs.
    AssuranceTooLow { needed: AssuranceLevel, shown: AssuranceLevel } = "assurance_too_low", "the service needs assurance level {needed}; the credential has {shown}";
    /// The credential is of a type that was not asked for.
    WrongCredentialType = "wrong_credential_type", "the credential is of another type than asked";
    /// The status list says that the credential is suspended for now.
    Suspended = "suspended", "the credential is suspended";
    /// The status list is not the one, or not for the purpose, that the credential names.
    StatusListMismatch { why: &'static str } = "status_list_mismatch", "the status list is not the one that the credential names: {why}";
    /// The status list has too few entries to hide a holder among them.
    StatusListTooShort = "status_list_too_short", "the status list has fewer than 131072 entries";
    /// The credential's place is beyond the end of the status list.
    StatusOutOfRange = "status_out_of_range", "the index or the value is beyond the status list";
    /// A member of a credential or presentation breaks the data model.
    MalformedValue { what: &'static str, path: String } = "malformed_value", "the data model is broken at {path}: {what}";
    /// The credential does not match a schema that it names.
    SchemaMismatch { path: String } = "schema_mismatch", "the credential does not match its schema at {path}";
    /// A resource that the credential relies on is not the one whose digest it states.
    DigestMismatch { path: String } = "digest_mismatch", "the resource named at {path} has another digest";
}

impl Error {
    /// Shorthand for [`Error::Malformed`].
    #[must_use]
    pub const fn malformed(what: &'static str) -> Self {
        Self::Malformed { what }
    }

    /// Shorthand for [`Error::TooLarge`].
    #[must_use]
    pub const fn too_large(what: &'static str, limit: usize) -> Self {
        Self::TooLarge { what, limit }
    }
}

impl core::error::Error for Error {}
