//! Status lists as this project publishes them: both encodings of one bit, signed by a did:key.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;

use serde_json::{Value, json};

use super::array::{StatusArray, StatusType};
use super::bits::BitString;
use super::bitstring_list::BitstringStatusList;
use super::entry::Purpose;
use super::token_list::{JWT_TYP, TokenStatusList};
use crate::did;
use crate::error::Error;
use crate::jsonld::ContextStore;
use crate::jws;
use crate::proofs;
use crate::time::Timestamp;

/// A status list whose signature is checked; whether its issuer is trusted is for the bundle to say.
#[derive(Clone)]
pub struct StatusList {
    /// Where credentials say it is.
    pub uri: String,
    /// The DID whose key signed it.
    pub issuer: String,
    /// The statuses.
    pub statuses: Statuses,
    /// From when it holds.
    pub issued_at: Timestamp,
    /// Until when it may be relied on.
    pub valid_until: Timestamp,
}

/// The statuses of either kind of list, shared and never copied.
#[derive(Clone)]
pub enum Statuses {
    /// One bit each, for revocation.
    Bitstring(Arc<BitString>),
    /// One to eight bits each.
    Token(Arc<StatusArray>),
}

impl Statuses {
    /// The number of entries.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        match self {
            Self::Bitstring(bits) => bits.len(),
            Self::Token(statuses) => statuses.len(),
        }
    }

    /// The status at `index`; `None` beyond the end.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<StatusType> {
        match self {
            Self::Bitstring(bits) => bits.get(index).map(|set| u8::from(set).into()),
            Self::Token(statuses) => statuses.get(index),
        }
    }

    /// The memory that they take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Bitstring(bits) => bits.bytes().len(),
            Self::Token(statuses) => statuses.as_bytes().len(),
        }
    }
}

/// An unsigned status list credential (Bitstring Status List §2.2) at `uri`, to be secured with ecdsa-rdfc-2019.
#[must_use]
pub fn status_list_credential(
    uri: &str,
    issuer_did: &str,
    bits: &BitString,
    valid_from: Timestamp,
    valid_until: Timestamp,
) -> Value {
    BitstringStatusList {
        id: None,
        issuer: issuer_did.to_owned(),
        purposes: vec![Purpose::Revocation],
        valid_from: Some(valid_from),
        valid_until: Some(valid_until),
        ttl: None,
        bits: Arc::new(bits.clone()),
    }
    .to_credential(uri)
}

/// An unsigned status list token (Token Status List §5.1) at `uri`, to be signed by the key of `issuer_did`.
///
/// # Errors
/// Those of [`did::resolve`].
pub fn token_status_list(
    uri: &str,
    issuer_did: &str,
    bits: &BitString,
    issued_at: Timestamp,
    expires: Timestamp,
) -> Result<jws::Unsigned, Error> {
    let (did, key) = did::resolve(issuer_did)?;
    let payload = json!({
        "iss": did,
        "sub": uri,
        "iat": issued_at,
        "exp": expires,
        "ttl": expires.unix().saturating_sub(issued_at.unix()).max(1),
        "status_list": StatusArray::from_bits(bits).to_json(),
    });
    Ok(jws::Unsigned::with_key_type(
        key.kind(),
        json!({"typ": JWT_TYP, "kid": did::verification_method(&key)}),
        &payload,
    ))
}

/// Reads a status list token that must be the one at `uri`, signed by the did:key that its `kid` names.
///
/// # Errors
/// `malformed`, `too_large`, `unsupported_format`, `unsupported_algorithm`, `invalid_signature`, `issuer_key_mismatch`.
pub fn read_token(compact: &str, uri: &str) -> Result<StatusList, Error> {
    let mut issuer = String::new();
    let payload = TokenStatusList::open(compact, |header| {
        let kid = header.kid.as_deref();
        let kid = kid.ok_or(Error::malformed("status list token without kid"))?;
        let (did, key) = did::resolve_method(kid)?;
        issuer = did;
        Ok(key)
    })?;
    if payload.get("iss").is_some_and(|iss| iss != issuer.as_str()) {
        return Err(Error::IssuerKeyMismatch);
    }
    let list = TokenStatusList::from_claims(&payload, uri)?;
    // Ours carry an end, so that a bundle cannot keep one for ever.
    let valid_until = list
        .refresh_at(list.issued_at)
        .ok_or(Error::malformed("status list without end"))?;
    Ok(StatusList {
        uri: uri.to_owned(),
        issuer,
        statuses: Statuses::Token(list.statuses),
        issued_at: list.issued_at,
        valid_until,
    })
}

/// Reads a status list credential that must be the one at `uri`. A proof that has an end must hold at `now`; the end of
/// the list itself is left to whoever asks it.
///
/// # Errors
/// `malformed`, `too_large`, `wrong_credential_type`, and those of checking its proof.
pub fn read_bitstring(
    document: &Value,
    uri: &str,
    now: Timestamp,
    contexts: &ContextStore,
) -> Result<StatusList, Error> {
    let malformed = Error::malformed("status list credential");
    let proof = proofs::status_list(document, now, contexts)?;
    let list = BitstringStatusList::read(document)?;
    if !list.purposes.contains(&Purpose::Revocation) {
        return Err(Error::WrongCredentialType);
    }
    if list.id.as_deref() != Some(uri) {
        return Err(Error::malformed("status list credential of another place"));
    }
    Ok(StatusList {
        uri: uri.to_owned(),
        issuer: proof.controller,
        statuses: Statuses::Bitstring(list.bits),
        issued_at: list.valid_from.ok_or(malformed.clone())?,
        valid_until: list.valid_until.ok_or(malformed)?,
    })
}
