//! Controlled identifier documents that are at hand (Controlled Identifiers 1.0 §2, DID Core §5): those
//! of did:web, of controllers named by https URLs, and of any method that somebody else has resolved.
//! Nothing is ever fetched.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::from_multikey;
use crate::data_integrity::ProofPurpose;
use crate::error::Error;
use crate::key::PublicKey;
use crate::table::Table;
use crate::time::Timestamp;

/// How many verification methods a document may have.
const MAX_METHODS: usize = 64;
/// How many documents may be at hand.
const MAX_DOCUMENTS: usize = 100_000;
const MALFORMED: Error = Error::malformed("controlled identifier document");
const BAD_METHOD: Error = Error::malformed("verification method");

/// Documents by the DID or URL that each describes.
///
/// # Example
/// ```
/// use tessera_verifier::data_integrity::ProofPurpose;
/// use tessera_verifier::{Timestamp, did::Documents};
///
/// let mut documents = Documents::new();
/// documents.insert(&serde_json::json!({
///     "@context": "https://www.w3.org/ns/cid/v1",
///     "id": "did:web:issuer.example",
///     "verificationMethod": [{
///         "id": "did:web:issuer.example#key-1",
///         "type": "Multikey",
///         "controller": "did:web:issuer.example",
///         "publicKeyMultibase": "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
///     }],
///     "assertionMethod": ["#key-1"]
/// }))?;
/// let now = Timestamp::from_unix(1_768_500_000);
/// let key = |purpose| documents.key("did:web:issuer.example#key-1", purpose, now);
/// assert!(key(ProofPurpose::AssertionMethod).is_ok());
/// assert!(key(ProofPurpose::Authentication).is_err());
/// # Ok::<(), tessera_verifier::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Documents {
    by_id: Table<String, Vec<Method>>,
}

/// A verification method of a document, and what for.
#[derive(Clone, Debug)]
struct Method {
    id: String,
    /// `None` for types of method that this crate does not know.
    key: Option<PublicKey>,
    revoked: Option<Timestamp>,
    expires: Option<Timestamp>,
    purposes: Vec<ProofPurpose>,
}

impl Documents {
    /// No documents.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document under its own `id`: whoever hands it in vouches that it is the one that the
    /// DID or URL leads to. A document that is there already is replaced.
    ///
    /// # Errors
    /// `malformed` for a document without an absolute `id`, with two methods of one name, with a
    /// method that another controls or that holds a private key, or with a relationship to a method
    /// that is not there; `too_large` above 64 methods.
    pub fn insert(&mut self, document: &Value) -> Result<(), Error> {
        let id = string(document, "id")?.ok_or(MALFORMED)?;
        if !["did:", "https://"].iter().any(|s| id.starts_with(s)) || id.contains(['#', '?']) {
            return Err(MALFORMED);
        }
        let mut methods = Vec::new();
        for method in list(document, "verificationMethod")? {
            add(&mut methods, Method::read(method, id)?)?;
        }
        for purpose in ProofPurpose::ALL {
            for entry in list(document, purpose.as_str())? {
                let name = match entry {
                    Value::String(name) => absolute(name, id),
                    embedded => {
                        let method = Method::read(embedded, id)?;
                        let name = method.id.clone();
                        add(&mut methods, method)?;
                        name
                    }
                };
                // A reference to another document's method would have to be followed there.
                match methods.iter_mut().find(|method| method.id == name) {
                    Some(method) => method.purposes.push(*purpose),
                    None => return Err(MALFORMED),
                }
            }
        }
        if self.by_id.len() >= MAX_DOCUMENTS && !self.by_id.contains_key(id) {
            return Err(Error::too_large(
                "controlled identifier documents",
                MAX_DOCUMENTS,
            ));
        }
        self.by_id.insert(id.to_owned(), methods);
        Ok(())
    }

    /// The controller and the key of a verification method, if it may be used for `purpose` at `now`
    /// (Controlled Identifiers §3.3).
    ///
    /// # Errors
    /// `issuer_untrusted` when the document is not at hand or the method is revoked, `malformed` when
    /// the document has no such method, `unsupported_algorithm` for a type of method that is not
    /// known, `proof_purpose_mismatch` when the document does not list it for the purpose, `expired`.
    pub fn key(
        &self,
        method: &str,
        purpose: ProofPurpose,
        now: Timestamp,
    ) -> Result<(String, PublicKey), Error> {
        let (id, _) = method.split_once('#').ok_or(BAD_METHOD)?;
        let methods = self.by_id.get(id).ok_or(Error::IssuerUntrusted {
            why: "the document of the key's controller is not at hand",
        })?;
        let method = methods
            .iter()
            .find(|known| known.id == method)
            .ok_or(BAD_METHOD)?;
        if !method.purposes.contains(&purpose) {
            return Err(Error::ProofPurposeMismatch);
        }
        if method.revoked.is_some_and(|revoked| now >= revoked) {
            return Err(Error::IssuerUntrusted {
                why: "the signing key is revoked",
            });
        }
        if let Some(until) = method.expires
            && now >= until
        {
            return Err(Error::Expired { until, now });
        }
        let key = method.key.clone().ok_or(Error::UnsupportedAlgorithm {
            what: "type of verification method",
        })?;
        Ok((id.to_owned(), key))
    }
}

impl Method {
    /// A method of the document `document_id`.
    fn read(method: &Value, document_id: &str) -> Result<Self, Error> {
        let id = absolute(string(method, "id")?.ok_or(BAD_METHOD)?, document_id);
        let names_it = id
            .split_once('#')
            .is_some_and(|(base, name)| base == document_id && !name.is_empty());
        // Who controls a method is for its own document to say: a document that lists a method of
        // somebody else's must not make signatures in that other name.
        if !names_it || string(method, "controller")? != Some(document_id) {
            return Err(BAD_METHOD);
        }
        if [
            "secretKeyMultibase",
            "secretKeyJwk",
            "privateKeyMultibase",
            "privateKeyJwk",
        ]
        .iter()
        .any(|name| method.get(name).is_some())
        {
            return Err(Error::malformed("verification method with a private key"));
        }
        let time = |name| {
            string(method, name)?
                .map(Timestamp::parse_rfc3339)
                .transpose()
        };
        let key = match string(method, "type")?.ok_or(BAD_METHOD)? {
            "Multikey" | "Ed25519VerificationKey2020" => {
                let text = string(method, "publicKeyMultibase")?.ok_or(BAD_METHOD)?;
                known(from_multikey(text))?
            }
            "JsonWebKey" | "JsonWebKey2020" => {
                let jwk = method.get("publicKeyJwk").ok_or(BAD_METHOD)?;
                known(super::signature_key(jwk))?
            }
            _ => None,
        };
        Ok(Self {
            id,
            key,
            revoked: time("revoked")?,
            expires: time("expires")?,
            purposes: Vec::new(),
        })
    }
}

/// A document may list keys of kinds that are of no use here; only using them is an error.
fn known(key: Result<PublicKey, Error>) -> Result<Option<PublicKey>, Error> {
    match key {
        Ok(key) => Ok(Some(key)),
        Err(Error::UnsupportedAlgorithm { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn add(methods: &mut Vec<Method>, method: Method) -> Result<(), Error> {
    if methods.len() >= MAX_METHODS {
        return Err(Error::too_large("verification methods", MAX_METHODS));
    }
    if methods.iter().any(|known| known.id == method.id) {
        return Err(MALFORMED);
    }
    methods.push(method);
    Ok(())
}

/// A reference within the document may be a fragment alone.
fn absolute(id: &str, document_id: &str) -> String {
    match id.starts_with('#') {
        true => format!("{document_id}{id}"),
        false => id.to_owned(),
    }
}

fn string<'a>(object: &'a Value, name: &str) -> Result<Option<&'a str>, Error> {
    let members: &Map<String, Value> = object.as_object().ok_or(MALFORMED)?;
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(MALFORMED),
    }
}

/// A member that is a list, or the one item of one.
fn list<'a>(document: &'a Value, name: &str) -> Result<&'a [Value], Error> {
    match document.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(item @ (Value::Object(_) | Value::String(_))) => Ok(core::slice::from_ref(item)),
        Some(_) => Err(MALFORMED),
    }
}
