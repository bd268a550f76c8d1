//! Opening a bundle.

use crate::table::Table;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Authority, Inner, IssuingAuthority, Registrar, RelyingParty, StatusListEntry, StatusListFormat,
    TYP, TrustedIssuer, TypeEntry,
};
use crate::did;
use crate::encoding::from_base64;
use crate::error::Error;
use crate::json::Limits;
use crate::jsonld::{BUILTIN_CONTEXTS, ContextStore, document_to_rdf};
use crate::jws;
use crate::key::PublicKey;
use crate::request::CLIENT_ID_PREFIX;
use crate::sd_jwt::{TypeDocuments, TypeMetadata};
use crate::status::{BitString, StatusArray, StatusList, read_bitstring, read_token};
use crate::time::Timestamp;
use crate::x509::TrustAnchor;

/// The most bytes of all status lists of a bundle together, 64 MiB: lists of zeros compress a thousandfold.
const MAX_TOTAL_BYTES: usize = 4 * StatusArray::MAX_BYTES;

/// The most types of a bundle.
const MAX_TYPES: usize = 256;

/// The most registrars of a bundle.
const MAX_REGISTRARS: usize = 256;
/// The most certification authorities of a bundle.
const MAX_ANCHORS: usize = 256;

#[derive(Deserialize)]
struct Payload {
    iss: String,
    iat: Timestamp,
    exp: Timestamp,
    authority: Authority,
    issuers: Vec<TrustedIssuer>,
    #[serde(default)]
    status_lists: Vec<StatusListEntry>,
    #[serde(default)]
    contexts: BTreeMap<String, Value>,
    #[serde(default)]
    types: Vec<TypeEntry>,
    #[serde(default)]
    relying_parties: Vec<RelyingParty>,
    #[serde(default)]
    registrars: Vec<Registrar>,
    #[serde(default)]
    access_anchors: Vec<String>,
    #[serde(default)]
    issuing_authorities: Vec<IssuingAuthority>,
}

pub(super) fn open(bytes: &[u8], root_did: &str) -> Result<Inner, Error> {
    let untrusted = |why| Error::BundleUntrusted { why };
    let (root, key) = did::resolve(root_did)?;
    let compact = core::str::from_utf8(bytes).map_err(|_| Error::malformed("bundle"))?;
    let payload = jws::open(compact.trim_end(), Limits::BUNDLE, TYP, |header| {
        let kid = header.kid.as_deref().ok_or(untrusted("no kid"))?;
        if did::resolve_method(kid)?.0 != root {
            return Err(untrusted("signed by another root"));
        }
        Ok(key)
    })
    .map_err(|error| match error {
        Error::InvalidSignature { .. } => untrusted("signature"),
        Error::UnsupportedFormat { .. } => untrusted("not a bundle"),
        other => other,
    })?;
    let payload: Payload =
        serde_json::from_value(payload).map_err(|_| Error::malformed("bundle"))?;
    if payload.iss != root {
        return Err(untrusted("issued by another root"));
    }
    if payload.exp <= payload.iat {
        return Err(Error::malformed("bundle without a life"));
    }
    let (by_did, keys) = index_issuers(&payload.issuers)?;
    let contexts = read_contexts(&payload.contexts)?;
    let (documents, types) = read_types(&payload.types)?;
    let issuer = |did: &str| {
        by_did
            .get(did)
            .and_then(|index: &usize| payload.issuers.get(*index))
    };
    let mut lists = Table::default();
    let mut left = MAX_TOTAL_BYTES;
    for entry in &payload.status_lists {
        let list = read_list(entry, payload.iat, &contexts)?;
        left = left
            .checked_sub(list.statuses.bytes())
            .ok_or(Error::too_large("status lists", MAX_TOTAL_BYTES))?;
        // Fewer would not hide a holder in a crowd, in whichever encoding (Bitstring Status List §2.2).
        if list.statuses.len() < BitString::MIN_ENTRIES {
            return Err(Error::StatusListTooShort);
        }
        let trusted = issuer(&list.issuer).is_some_and(|issuer| issuer.trusted_at(list.issued_at));
        if !trusted {
            return Err(Error::IssuerUntrusted {
                why: "it signed a status list without being listed for that time",
            });
        }
        if lists
            .insert((entry.format, entry.uri.clone()), list)
            .is_some()
        {
            return Err(Error::malformed("status list given twice"));
        }
    }
    let mut relying_parties = Table::default();
    for party in payload.relying_parties {
        let did = party
            .client_id
            .strip_prefix(CLIENT_ID_PREFIX)
            .unwrap_or(&party.client_id)
            .to_owned();
        if relying_parties.insert(did, party).is_some() {
            return Err(Error::malformed("relying party given twice"));
        }
    }
    check_registrars(&payload.registrars)?;
    let access_anchors = read_anchors(&payload.access_anchors)?;
    let issuing_authorities = read_authorities(payload.issuing_authorities)?;
    Ok(Inner {
        root,
        authority: payload.authority,
        issued_at: payload.iat,
        expires: payload.exp,
        issuers: payload.issuers,
        by_did,
        keys,
        lists,
        relying_parties,
        registrars: payload.registrars,
        access_anchors,
        issuing_authorities,
        contexts,
        documents,
        types,
    })
}

/// Every DID must be one whose signature can be checked.
fn check_registrars(registrars: &[Registrar]) -> Result<(), Error> {
    if registrars.len() > MAX_REGISTRARS {
        return Err(Error::too_large("registrars of the bundle", MAX_REGISTRARS));
    }
    for registrar in registrars {
        if did::resolve(&registrar.did)?.0 != registrar.did {
            return Err(Error::malformed("registrar of the bundle"));
        }
    }
    Ok(())
}

fn read_anchors(anchors: &[String]) -> Result<Vec<TrustAnchor>, Error> {
    if anchors.len() > MAX_ANCHORS {
        return Err(Error::too_large(
            "access anchors of the bundle",
            MAX_ANCHORS,
        ));
    }
    let read = |text: &String| TrustAnchor::from_certificate(&from_base64(text)?);
    anchors.iter().map(read).collect()
}

/// Each certificate once: what is said of an authority is said in one place.
fn read_authorities(
    authorities: Vec<IssuingAuthority>,
) -> Result<Vec<(IssuingAuthority, TrustAnchor)>, Error> {
    if authorities.len() > MAX_ANCHORS {
        return Err(Error::too_large(
            "issuing authorities of the bundle",
            MAX_ANCHORS,
        ));
    }
    let mut read: Vec<(IssuingAuthority, TrustAnchor)> = Vec::with_capacity(authorities.len());
    for authority in authorities {
        let anchor = TrustAnchor::from_certificate(&from_base64(&authority.certificate)?)?;
        let again = |(other, _): &(IssuingAuthority, _)| other.certificate == authority.certificate;
        if read.iter().any(again) {
            return Err(Error::malformed("issuing authority given twice"));
        }
        read.push((authority, anchor));
    }
    Ok(read)
}

/// Each must be processed as a context without an error, and none may pass for one that is built in.
fn read_contexts(contexts: &BTreeMap<String, Value>) -> Result<Arc<ContextStore>, Error> {
    const BAD: Error = Error::malformed("context in the bundle");
    if contexts.is_empty() {
        return Ok(ContextStore::builtin());
    }
    for (url, document) in contexts {
        let known = BUILTIN_CONTEXTS.iter().find(|(known, _)| known == url);
        let same = |(_, text): &(&str, &str)| {
            serde_json::from_str::<Value>(text).is_ok_and(|known| known == *document)
        };
        if !known.is_none_or(same) {
            return Err(BAD);
        }
    }
    let documents = contexts.iter().map(|(url, document)| (&**url, document));
    let store = ContextStore::with_documents(documents).map_err(|_| BAD)?;
    for url in contexts.keys() {
        // A node that says something: in safe mode one that says nothing is an error of its own.
        let node = json!({"@context": url, "@id": "urn:node", "@type": "urn:type"});
        document_to_rdf(&node, &store).map_err(|_| BAD)?;
    }
    Ok(Arc::new(store))
}

/// Every type with all that it inherits, whose documents are here too and have the digests that are stated of them.
fn read_types(
    entries: &[TypeEntry],
) -> Result<(TypeDocuments, Table<String, TypeMetadata>), Error> {
    if entries.len() > MAX_TYPES {
        return Err(Error::too_large("types of the bundle", MAX_TYPES));
    }
    let mut documents = TypeDocuments::new();
    let mut types = Table::default();
    for entry in entries {
        documents.insert(&entry.vct, entry.document.as_bytes());
    }
    for TypeEntry { vct, .. } in entries {
        let metadata = TypeMetadata::resolve(vct, None, &documents)?;
        if types.insert(vct.clone(), metadata).is_some() {
            return Err(Error::malformed("type given twice"));
        }
    }
    Ok((documents, types))
}

/// Every DID must be one we can check signatures of, and be listed once.
fn index_issuers(
    issuers: &[TrustedIssuer],
) -> Result<(Table<String, usize>, Vec<PublicKey>), Error> {
    let mut by_did = Table::default();
    let mut keys = Vec::with_capacity(issuers.len());
    for (index, issuer) in issuers.iter().enumerate() {
        let (did, key) = did::resolve(&issuer.did)?;
        keys.push(key);
        if did != issuer.did || by_did.insert(did, index).is_some() {
            return Err(Error::malformed("issuer of the bundle"));
        }
    }
    Ok((by_did, keys))
}

/// At the time of the bundle: opening it needs no clock.
fn read_list(
    entry: &StatusListEntry,
    at: Timestamp,
    contexts: &ContextStore,
) -> Result<StatusList, Error> {
    match (entry.format, &entry.value) {
        (StatusListFormat::Token, Value::String(jwt)) => read_token(jwt, &entry.uri),
        (StatusListFormat::Bitstring, document @ Value::Object(_)) => {
            read_bitstring(document, &entry.uri, at, contexts)
        }
        _ => Err(Error::malformed("status list of the bundle")),
    }
}
