//! The context documents a verifier carries.

use alloc::sync::Arc;

use serde_json::Value;

use super::JsonLdError;
use super::cache::ContextCache;
use super::context::{Context, fresh_number};
use crate::table::{Lazy, Table};

macro_rules! builtin {
    ($($url:literal => $file:literal,)*) => {
        &[$(($url, include_str!(concat!("../../../schemas/contexts/", $file)))),*]
    };
}

/// URL and text of every built-in context, byte for byte as published.
pub const BUILTIN_CONTEXTS: &[(&str, &str)] = builtin! {
    "https://www.w3.org/2018/credentials/v1" => "credentials-v1.jsonld",
    "https://www.w3.org/ns/credentials/v2" => "credentials-v2.jsonld",
    "https://www.w3.org/ns/credentials/examples/v2" => "credentials-examples-v2.jsonld",
    "https://w3id.org/security/data-integrity/v1" => "data-integrity-v1.jsonld",
    "https://w3id.org/security/data-integrity/v2" => "data-integrity-v2.jsonld",
    "https://w3id.org/security/multikey/v1" => "multikey-v1.jsonld",
    "https://w3id.org/security/suites/ed25519-2020/v1" => "ed25519-signature-2020-v1.jsonld",
    "https://www.w3.org/ns/did/v1" => "did-v1.jsonld",
    "https://www.w3.org/ns/credentials/undefined-terms/v2" => "undefined-terms-v2.jsonld",
    "https://www.w3.org/ns/credentials/status/v1" => "vc-bitstring-status-list-v1.jsonld",
    "https://w3id.org/citizenship/v4rc1" => "citizenship-v4rc1.jsonld",
    "https://w3id.org/vdl/v1" => "vdl-v1.jsonld",
    "https://w3id.org/vdl/aamva/v1" => "vdl-aamva-v1.jsonld",
    "https://tessera.example/contexts/identity/v1" => "tessera-identity-v1.jsonld",
};

/// A context document of the store.
pub(crate) struct ContextDocument {
    pub(crate) number: usize,
    /// The value of the document's `@context`.
    pub(crate) context: Value,
}

/// The contexts that documents may name by URL. Everything else is refused; nothing is fetched.
///
/// Contexts are processed when first needed and kept, so that a store is worth sharing: it is
/// `Send + Sync` and reading it takes no lock.
///
/// # Example
/// ```
/// use tessera_verifier::jsonld::{ContextStore, JsonLdError, document_to_rdf};
///
/// let store = ContextStore::builtin();
/// let document = serde_json::json!({
///     "@context": "https://www.w3.org/ns/credentials/v2",
///     "type": "VerifiableCredential",
///     "surname": "SPECIMEN",
/// });
/// // `surname` is not a term of that context: it would not be signed.
/// assert!(matches!(document_to_rdf(&document, &store), Err(JsonLdError::Dropped(_))));
/// ```
pub struct ContextStore {
    documents: Table<Arc<str>, ContextDocument>,
    pub(crate) cache: ContextCache,
    initial: Arc<Context>,
}

impl ContextStore {
    /// The built-in contexts, shared by the whole process.
    #[must_use]
    pub fn builtin() -> Arc<Self> {
        static BUILTIN: Lazy<Arc<ContextStore>> =
            Lazy::new(|| Arc::new(ContextStore::empty().with_builtin()));
        Arc::clone(&BUILTIN)
    }

    /// The built-in contexts and further documents, given as URL and whole document. A built-in
    /// context cannot be replaced: documents under its URL are ignored.
    ///
    /// # Errors
    /// `invalid remote context` when a document is not an object with `@context`.
    pub fn with_documents<'a>(
        documents: impl IntoIterator<Item = (&'a str, &'a Value)>,
    ) -> Result<Self, JsonLdError> {
        let mut store = Self::empty().with_builtin();
        for (url, document) in documents {
            let context = document
                .get("@context")
                .ok_or(JsonLdError::Invalid("invalid remote context"))?;
            store.insert(url, context.clone());
        }
        Ok(store)
    }

    fn empty() -> Self {
        Self {
            documents: Table::default(),
            cache: ContextCache::new(),
            initial: Arc::new(Context {
                number: fresh_number(),
                ..Context::default()
            }),
        }
    }

    fn with_builtin(mut self) -> Self {
        for (url, text) in BUILTIN_CONTEXTS {
            // A test asserts that each of them parses and has a context.
            let document: Value = serde_json::from_str(text).unwrap_or_default();
            if let Some(context) = document.get("@context") {
                self.insert(url, context.clone());
            }
        }
        self
    }

    fn insert(&mut self, url: &str, context: Value) {
        self.documents
            .entry(url.into())
            .or_insert_with(|| ContextDocument {
                number: fresh_number(),
                context,
            });
    }

    /// Whether `url` names a context of this store.
    #[must_use]
    pub fn contains(&self, url: &str) -> bool {
        self.documents.contains_key(url)
    }

    pub(crate) fn document(&self, url: &str) -> Result<&ContextDocument, JsonLdError> {
        self.documents.get(url).ok_or(JsonLdError::UnknownContext)
    }

    /// The context that documents without a base IRI start from.
    pub(crate) fn initial(&self) -> &Arc<Context> {
        &self.initial
    }
}
