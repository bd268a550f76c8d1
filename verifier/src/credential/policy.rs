//! What is accepted, and what is at hand to check it with.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::lists::StatusLists;
use super::schemas::Schemas;
use crate::data_integrity::{Binding, Suite};
use crate::did::Documents;
use crate::jsonld::ContextStore;
use crate::key::KeyType;
use crate::policy::StaleStatus;
use crate::vc_jose_cose::{self, KeySource};
use crate::vcdm::Resources;

/// What a credential must be to be accepted. Suites and algorithms are chosen here and never by a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialPolicy {
    /// The suites of embedded proofs.
    pub suites: Vec<Suite>,
    /// The kinds of key that may have signed an envelope.
    pub algorithms: Vec<KeyType>,
    /// Whether the issuer must control the key that signed. [`Binding::Unbound`] is for published test vectors only.
    pub binding: Binding,
    /// The issuers that are trusted; `None` leaves that to the caller, by
    /// [`issuer`](super::VerifiedCredential::issuer).
    pub issuers: Option<Vec<String>>,
    /// The values of `@context` that are accepted, each as a whole, and no other context anywhere inside (Data Integrity
    /// §4.6). Most suites sign what terms mean: whoever shows a credential can give its claims each other's names in a
    /// context of their own, and the proof still holds. `None` leaves that to the caller, who then must look at the
    /// contexts before reading any claim by its name.
    pub contexts: Option<Vec<Value>>,
    /// What to do when a status cannot be told; `None` looks at no status at all.
    pub status: Option<StaleStatus>,
    /// Who, besides the issuer of a credential, may say what its status is.
    pub status_issuers: Vec<String>,
    /// Whether a `credentialSchema` that is not at hand is refused; one that is at hand must match in any case.
    pub require_schemas: bool,
    /// Whether credentials of version 1.1 are accepted.
    pub accept_version_1: bool,
    /// Seconds by which clocks may differ.
    pub clock_skew: i64,
}

impl CredentialPolicy {
    /// Every suite and algorithm, bound to the issuer, any context that is at hand, either version, a minute of skew, and no acceptance without a
    /// known status.
    #[must_use]
    pub fn new() -> Self {
        Self {
            suites: Suite::ALL.to_vec(),
            algorithms: [
                KeyType::P256,
                KeyType::P384,
                KeyType::P521,
                KeyType::Ed25519,
            ]
            .to_vec(),
            binding: Binding::Issuer,
            issuers: None,
            contexts: None,
            status: Some(StaleStatus::Refuse),
            status_issuers: Vec::new(),
            require_schemas: false,
            accept_version_1: true,
            clock_skew: 60,
        }
    }
}

impl Default for CredentialPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// What a presentation must be to be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PresentationPolicy {
    /// What each credential in it must be.
    pub credential: CredentialPolicy,
    /// The nonce that it must answer.
    pub challenge: Option<String>,
    /// The audience that it must be made for.
    pub domain: Option<String>,
    /// Whether one without a proof is accepted, where no challenge asks for one. It proves nothing of who shows it.
    pub accept_unsecured: bool,
}

/// What is at hand. Nothing else is looked up.
#[derive(Clone, Copy)]
pub struct Materials<'a> {
    /// JSON-LD contexts.
    pub contexts: &'a ContextStore,
    /// Status lists.
    pub lists: &'a StatusLists,
    /// Schemas of credentials.
    pub schemas: &'a Schemas,
    /// Digests of resources that credentials name.
    pub resources: &'a Resources,
    /// Controlled identifier documents for embedded proofs.
    pub documents: Option<&'a Documents>,
    /// The keys of envelopes; did:key and did:jwk by default.
    pub keys: KeySource<'a>,
}

impl<'a> Materials<'a> {
    /// Contexts, and nothing else but what says itself what it is: did:key, did:jwk, the built-in contexts.
    #[must_use]
    pub fn new(contexts: &'a ContextStore) -> Self {
        static LISTS: StatusLists = StatusLists::new();
        static SCHEMAS: Schemas = Schemas::new();
        static RESOURCES: Resources = Resources::new();
        Self {
            contexts,
            lists: &LISTS,
            schemas: &SCHEMAS,
            resources: &RESOURCES,
            documents: None,
            keys: &vc_jose_cose::by_did,
        }
    }
}
