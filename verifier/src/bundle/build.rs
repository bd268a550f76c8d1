//! Making a bundle.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{
    Authority, IssuingAuthority, Registrar, RelyingParty, StatusListEntry, TYP, TrustedIssuer,
    TypeEntry,
};
use crate::did;
use crate::encoding::base64;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;

/// Collects what goes into a bundle.
#[derive(Clone)]
pub struct BundleBuilder {
    authority: Authority,
    issued_at: Timestamp,
    max_age: i64,
    issuers: Vec<TrustedIssuer>,
    status_lists: Vec<StatusListEntry>,
    contexts: BTreeMap<String, Value>,
    types: Vec<TypeEntry>,
    relying_parties: Vec<RelyingParty>,
    registrars: Vec<Registrar>,
    access_anchors: Vec<String>,
    issuing_authorities: Vec<IssuingAuthority>,
}

impl BundleBuilder {
    /// An empty bundle of `authority` that becomes stale `max_age` seconds after `issued_at`.
    #[must_use]
    pub fn new(authority: Authority, issued_at: Timestamp, max_age: i64) -> Self {
        Self {
            authority,
            issued_at,
            max_age,
            issuers: Vec::new(),
            status_lists: Vec::new(),
            contexts: BTreeMap::new(),
            types: Vec::new(),
            relying_parties: Vec::new(),
            registrars: Vec::new(),
            access_anchors: Vec::new(),
            issuing_authorities: Vec::new(),
        }
    }

    /// Lists an issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: TrustedIssuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Adds a signed status list.
    #[must_use]
    pub fn status_list(mut self, list: StatusListEntry) -> Self {
        self.status_lists.push(list);
        self
    }

    /// Adds a JSON-LD context document under its URL.
    #[must_use]
    pub fn context(mut self, url: &str, document: Value) -> Self {
        self.contexts.insert(url.to_owned(), document);
        self
    }

    /// Adds the metadata of an SD-JWT VC type.
    #[must_use]
    pub fn type_metadata(mut self, entry: TypeEntry) -> Self {
        self.types.push(entry);
        self
    }

    /// Registers a relying party.
    #[must_use]
    pub fn relying_party(mut self, party: RelyingParty) -> Self {
        self.relying_parties.push(party);
        self
    }

    /// Lists a registrar: its certificates say what a relying party may ask.
    #[must_use]
    pub fn registrar(mut self, registrar: Registrar) -> Self {
        self.registrars.push(registrar);
        self
    }

    /// Lists a certification authority, by its certificate in DER, whose certificates say who a relying party is.
    #[must_use]
    pub fn access_anchor(mut self, der: &[u8]) -> Self {
        self.access_anchors.push(base64(der));
        self
    }

    /// Lists a certification authority whose certificates say which key signs for an issuer.
    #[must_use]
    pub fn issuing_authority(mut self, authority: IssuingAuthority) -> Self {
        self.issuing_authorities.push(authority);
        self
    }

    /// The bundle, to be signed by the root key.
    #[must_use]
    pub fn build(self, root_key: &PublicKey) -> jws::Unsigned {
        let mut payload = json!({
            "iss": did::did_key(root_key),
            "iat": self.issued_at,
            "exp": self.issued_at.add_seconds(self.max_age),
            "authority": self.authority,
            "issuers": self.issuers,
            "status_lists": self.status_lists,
            "contexts": self.contexts,
            "types": self.types,
            "relying_parties": self.relying_parties,
        });
        if let Some(members) = payload.as_object_mut() {
            if !self.registrars.is_empty() {
                members.insert("registrars".to_owned(), json!(self.registrars));
            }
            if !self.access_anchors.is_empty() {
                members.insert("access_anchors".to_owned(), json!(self.access_anchors));
            }
            if !self.issuing_authorities.is_empty() {
                let authorities = json!(self.issuing_authorities);
                members.insert("issuing_authorities".to_owned(), authorities);
            }
        }
        jws::Unsigned::new(
            json!({"typ": TYP, "kid": did::verification_method(root_key)}),
            &payload,
        )
    }
}
