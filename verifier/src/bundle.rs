//! What a relying party carries offline, in one signed file: trust anchors, status lists, contexts, types, relying parties.
//!
//! A compact JWS of type `tessera-bundle+jwt` by the authority's root key. Everything in it is checked and decoded when
//! it is opened, once; a [`Bundle`] is then shared and only read.

mod build;
mod open;
mod signer;

pub use build::BundleBuilder;
pub use signer::CredentialSigner;

use crate::table::Table;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalogue::LocalizedText;
use crate::claims::AssuranceLevel;
use crate::error::Error;
use crate::jsonld::ContextStore;
use crate::key::PublicKey;
use crate::request::CLIENT_ID_PREFIX;
use crate::sd_jwt::{TypeDocuments, TypeMetadata};
use crate::status::StatusList;
use crate::time::Timestamp;
use crate::x509::TrustAnchor;

/// The type of a bundle's JWS.
pub const TYP: &str = "tessera-bundle+jwt";

/// The authority that publishes a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// A stable identifier.
    pub id: String,
    /// Its name, for people.
    pub name: LocalizedText,
}

/// A key of the authority that may sign credentials and status lists. A rotated key stays listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedIssuer {
    /// Its DID: the did:key of the signing key.
    pub did: String,
    /// From when it is trusted.
    pub not_before: Timestamp,
    /// Until when it is trusted, `null` for no end. For a retired key this is when the last credential that it signed
    /// expires, not when it was retired: credentials must lie within the window both when issued and when checked.
    pub not_after: Option<Timestamp>,
    /// The levels for which it may issue.
    pub assurance_levels: Vec<AssuranceLevel>,
}

impl TrustedIssuer {
    /// Whether the window contains `at`.
    #[must_use]
    pub fn trusted_at(&self, at: Timestamp) -> bool {
        self.not_before <= at && self.not_after.is_none_or(|until| at < until)
    }
}

/// A certification authority of the keys of issuers: credentials by a key that it has certified carry the certificate
/// (`x5c`; SD-JWT VC §3.5, HAIP 1.0 §6.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuingAuthority {
    /// Its certificate, DER in base64.
    pub certificate: String,
    /// The issuers whose keys it certifies, as `iss` and the alternative names of certificates have them: URIs. Of anybody
    /// else it may say what it likes. An issuer with a DID is listed beside it, as every [`TrustedIssuer`] is.
    pub issuers: Vec<String>,
    /// From when it is trusted.
    pub not_before: Timestamp,
    /// Until when it is trusted, `null` for no end: credentials must lie within the window both when issued and when
    /// checked.
    pub not_after: Option<Timestamp>,
    /// The levels for which the issuers may issue by these keys.
    pub assurance_levels: Vec<AssuranceLevel>,
}

impl IssuingAuthority {
    /// Whether the window contains `at`.
    #[must_use]
    pub fn trusted_at(&self, at: Timestamp) -> bool {
        self.not_before <= at && self.not_after.is_none_or(|until| at < until)
    }
}

/// A registered relying party; also the content of its registration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelyingParty {
    /// Its client identifier, `decentralized_identifier:did:…`.
    pub client_id: String,
    /// Its name, for holders.
    pub name: LocalizedText,
    /// The services it may name.
    pub services: Vec<String>,
    /// When the registration ends.
    #[serde(default)]
    pub not_after: Option<Timestamp>,
}

/// A party besides the root that may certify relying parties and attest verifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registrar {
    /// Its DID: a did:key or did:jwk.
    pub did: String,
    /// From when its certificates are believed.
    pub not_before: Timestamp,
    /// Until when, `null` for no end.
    pub not_after: Option<Timestamp>,
}

/// The encoding of a status list inside a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusListFormat {
    /// A Bitstring Status List credential: an object.
    Bitstring,
    /// A Token Status List: a JWT.
    Token,
}

/// A signed status list as it travels in a bundle.
#[derive(Clone, Serialize, Deserialize)]
pub struct StatusListEntry {
    /// Where credentials say the list is.
    pub uri: String,
    /// Its encoding.
    pub format: StatusListFormat,
    /// The signed list.
    pub value: Value,
}

/// The metadata of a type as it travels in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeEntry {
    /// The type.
    pub vct: String,
    /// Its document, as text: digests are over the very octets.
    pub document: String,
}

/// An opened bundle: verified, decoded, cheap to clone.
#[derive(Clone)]
pub struct Bundle(Arc<Inner>);

struct Inner {
    root: String,
    authority: Authority,
    issued_at: Timestamp,
    expires: Timestamp,
    issuers: Vec<TrustedIssuer>,
    by_did: Table<String, usize>,
    /// The key of each issuer, in the same order: decoded once.
    keys: Vec<PublicKey>,
    lists: Table<(StatusListFormat, String), StatusList>,
    relying_parties: Table<String, RelyingParty>,
    registrars: Vec<Registrar>,
    access_anchors: Vec<TrustAnchor>,
    issuing_authorities: Vec<(IssuingAuthority, TrustAnchor)>,
    contexts: Arc<ContextStore>,
    documents: TypeDocuments,
    /// Each document's type, with all that it inherits.
    types: Table<String, TypeMetadata>,
}

impl Bundle {
    /// Opens a bundle that must be signed by `root_did`.
    ///
    /// A stale bundle opens: what to do with it is for the [policy](crate::policy) to say.
    ///
    /// # Errors
    /// `bundle_untrusted` for another root or a bad signature; `malformed`, `too_large`; and the errors of its status
    /// lists: they must be signed by listed issuers.
    pub fn open(bytes: &[u8], root_did: &str) -> Result<Self, Error> {
        open::open(bytes, root_did).map(|inner| Self(Arc::new(inner)))
    }

    /// The DID of the root that signed it.
    #[must_use]
    pub fn root_did(&self) -> &str {
        &self.0.root
    }

    /// Who publishes it.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// When it was made.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.0.issued_at
    }

    /// When it becomes stale.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.0.expires
    }

    /// Its greatest age in seconds.
    #[must_use]
    pub fn max_age(&self) -> i64 {
        self.0.expires.unix() - self.0.issued_at.unix()
    }

    /// Its age in seconds at `now`; negative for a bundle from the future.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> i64 {
        now.unix() - self.0.issued_at.unix()
    }

    /// Whether it is past its greatest age.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now >= self.0.expires
    }

    /// Every trusted issuer.
    #[must_use]
    pub fn issuers(&self) -> &[TrustedIssuer] {
        &self.0.issuers
    }

    /// The trusted issuer with this DID.
    #[must_use]
    pub fn issuer(&self, did: &str) -> Option<&TrustedIssuer> {
        self.0
            .by_did
            .get(did)
            .and_then(|index| self.0.issuers.get(*index))
    }

    /// The key of the trusted issuer whose verification method has exactly this DID URL, and its DID: what
    /// [`did::resolve_method`](crate::did::resolve_method) gives, decoded when the bundle was opened.
    #[must_use]
    pub fn issuer_key(&self, method: &str) -> Option<(&str, &PublicKey)> {
        let (did, fragment) = method.split_once('#')?;
        let index = *self.0.by_did.get(did)?;
        let expected = match did.strip_prefix("did:key:") {
            Some(name) => name,
            None => did.starts_with("did:jwk:").then_some("0")?,
        };
        let issuer = self.0.issuers.get(index)?;
        let key = self.0.keys.get(index)?;
        (fragment == expected).then_some((issuer.did.as_str(), key))
    }

    /// The registered relying party with this client identifier, with or without its prefix.
    #[must_use]
    pub fn relying_party(&self, client_id: &str) -> Option<&RelyingParty> {
        self.0.relying_parties.get(
            client_id
                .strip_prefix(CLIENT_ID_PREFIX)
                .unwrap_or(client_id),
        )
    }

    /// Every registered relying party, in no order.
    pub fn relying_parties(&self) -> impl Iterator<Item = &RelyingParty> {
        self.0.relying_parties.values()
    }

    /// Whether this DID may certify relying parties at `now` ([`Registration`](crate::request::Registration)) and attest
    /// verifiers: the root's, or a registrar's.
    #[must_use]
    pub fn registers(&self, did: &str, now: Timestamp) -> bool {
        did == self.0.root
            || self.0.registrars.iter().any(|registrar| {
                registrar.did == did
                    && registrar.not_before <= now
                    && registrar.not_after.is_none_or(|until| now < until)
            })
    }

    /// The authorities whose certificates say who a relying party is (client identifiers `x509_san_dns` and
    /// `x509_hash`). What it may ask, they do not say.
    #[must_use]
    pub fn access_anchors(&self) -> &[TrustAnchor] {
        &self.0.access_anchors
    }

    /// The authorities whose certificates say which key signs for an issuer.
    pub fn issuing_authorities(&self) -> impl Iterator<Item = &IssuingAuthority> {
        self.0.issuing_authorities.iter().map(|(said, _)| said)
    }

    /// The status list at `uri` in the encoding `format`.
    #[must_use]
    pub fn status_list(&self, format: StatusListFormat, uri: &str) -> Option<&StatusList> {
        // The key is owned by the map; a lookup by borrowed parts would need a second map.
        self.0.lists.get(&(format, uri.to_owned()))
    }

    /// Every status list, in no order.
    pub fn status_lists(&self) -> impl Iterator<Item = &StatusList> {
        self.0.lists.values()
    }

    /// The metadata of an SD-JWT VC type (SD-JWT VC §4), with all that it inherits.
    #[must_use]
    pub fn type_metadata(&self, vct: &str) -> Option<&TypeMetadata> {
        self.0.types.get(vct)
    }

    /// The metadata of a credential's type, held against the digest that the credential states (`vct#integrity`, §6).
    ///
    /// # Errors
    /// `type_metadata_invalid` for another digest; `malformed` for one that is no text.
    pub(crate) fn type_of(&self, payload: &Value) -> Result<Option<&TypeMetadata>, Error> {
        let vct = payload.get("vct").and_then(Value::as_str);
        let Some((vct, metadata)) = vct.and_then(|vct| Some((vct, self.type_metadata(vct)?)))
        else {
            return Ok(None);
        };
        if let Some(integrity) = payload.get("vct#integrity") {
            let integrity = integrity.as_str();
            let integrity = integrity.ok_or(Error::malformed("vct#integrity"))?;
            self.0.documents.check_integrity(vct, integrity)?;
        }
        Ok(Some(metadata))
    }

    /// The built-in JSON-LD contexts and those of this bundle.
    #[must_use]
    pub fn contexts(&self) -> &Arc<ContextStore> {
        &self.0.contexts
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle")
            .field("root", &self.0.root)
            .field("issued_at", &self.0.issued_at)
            .field("expires", &self.0.expires)
            .finish_non_exhaustive()
    }
}
