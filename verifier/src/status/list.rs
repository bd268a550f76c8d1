//! Status lists as signed documents.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::sync::Arc;

use serde_json::{Value, json};

use super::BitString;
use crate::claims::CREDENTIALS_V2;
use crate::did;
use crate::error::Error;
use crate::json::Limits;
use crate::jsonld::ContextStore;
use crate::jws;
use crate::proofs;
use crate::time::Timestamp;

const TOKEN_TYP: &str = "statuslist+jwt";

/// A status list whose signature is checked; whether its issuer is trusted is for the bundle to say.
#[derive(Clone)]
pub struct StatusList {
    /// Where credentials say it is.
    pub uri: String,
    /// The DID whose key signed it.
    pub issuer: String,
    /// The bits: set means revoked.
    pub bits: Arc<BitString>,
    /// From when it holds.
    pub issued_at: Timestamp,
    /// Until when it may be relied on.
    pub valid_until: Timestamp,
}

/// Where a credential says its status is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatusReference {
    pub(crate) uri: String,
    pub(crate) index: usize,
}

impl StatusReference {
    /// From the `status` claim of an SD-JWT VC (Token Status List §6.2).
    pub(crate) fn from_claim(status: &Value) -> Option<Self> {
        let list = status.get("status_list")?;
        let index = usize::try_from(list.get("idx")?.as_u64()?).ok()?;
        Some(Self {
            uri: list.get("uri")?.as_str()?.to_owned(),
            index,
        })
    }

    /// From `credentialStatus` (Bitstring Status List §2.1): exactly one entry, for revocation.
    pub(crate) fn from_entry(entry: &Value) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        if text("type") != Some("BitstringStatusListEntry")
            || text("statusPurpose") != Some("revocation")
        {
            return None;
        }
        let index = text("statusListIndex")?;
        // A canonical decimal, so that one index has one spelling.
        let number: usize = index.parse().ok()?;
        (number.to_string() == index)
            .then(|| {
                Some(Self {
                    uri: text("statusListCredential")?.to_owned(),
                    index: number,
                })
            })
            .flatten()
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
    json!({
        "@context": [CREDENTIALS_V2],
        "id": uri,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer_did,
        "validFrom": valid_from.to_rfc3339(),
        "validUntil": valid_until.to_rfc3339(),
        "credentialSubject": {
            "id": format!("{uri}#list"),
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": bits.encode_bitstring(),
        },
    })
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
        "status_list": {"bits": 1, "lst": bits.encode_token()},
    });
    Ok(jws::Unsigned::new(
        json!({"typ": TOKEN_TYP, "kid": did::verification_method(&key)}),
        &payload,
    ))
}

/// Reads a status list token that must be the one at `uri`.
///
/// # Errors
/// `malformed`, `too_large`, `unsupported_format`, `unsupported_algorithm`, `invalid_signature`, `issuer_key_mismatch`.
pub fn read_token(compact: &str, uri: &str) -> Result<StatusList, Error> {
    let jws = jws::parse(
        compact,
        Limits {
            bytes: 32 * 1024 * 1024,
            depth: 8,
        },
    )?;
    let kid = jws
        .header()
        .kid
        .clone()
        .ok_or(Error::malformed("status list token without kid"))?;
    let (issuer, key) = did::resolve_method(&kid)?;
    let payload = jws.verify(&key, TOKEN_TYP)?;
    if payload.get("iss").is_some_and(|iss| iss != issuer.as_str()) {
        return Err(Error::IssuerKeyMismatch);
    }
    // §8.3: `sub` binds the token to its place.
    if payload.get("sub").and_then(Value::as_str) != Some(uri) {
        return Err(Error::malformed("status list token of another place"));
    }
    let time = |name: &str| {
        payload
            .get(name)
            .map(|value| {
                let seconds = value.as_i64();
                seconds.ok_or(Error::malformed("time of a status list"))
            })
            .transpose()
            .map(|seconds| seconds.map(Timestamp::from_unix))
    };
    let issued_at = time("iat")?.ok_or(Error::malformed("status list token without iat"))?;
    let fresh_until = match payload.get("ttl") {
        None => None,
        Some(ttl) => {
            let seconds = ttl
                .as_i64()
                .filter(|ttl| *ttl > 0)
                .ok_or(Error::malformed("ttl of a status list"))?;
            Some(issued_at.add_seconds(seconds))
        }
    };
    let valid_until = match (time("exp")?, fresh_until) {
        (Some(expires), Some(fresh)) => expires.min(fresh),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return Err(Error::malformed("status list without end")),
    };
    let list = payload
        .get("status_list")
        .ok_or(Error::malformed("status list token"))?;
    if list.get("bits").and_then(Value::as_u64) != Some(1) {
        return Err(Error::UnsupportedFormat {
            what: "status list with more than one bit",
        });
    }
    let lst = list
        .get("lst")
        .and_then(Value::as_str)
        .ok_or(Error::malformed("status list token"))?;
    let bits = Arc::new(BitString::decode_token(lst)?);
    Ok(StatusList {
        uri: uri.to_owned(),
        issuer,
        bits,
        issued_at,
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
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let malformed = Error::malformed("status list credential");
    let proof = proofs::status_list(document, now, contexts)?;
    let is_list = document
        .get("type")
        .and_then(Value::as_array)
        .is_some_and(|types| {
            types
                .iter()
                .any(|name| name == "BitstringStatusListCredential")
        });
    let subject = document.get("credentialSubject").ok_or(malformed.clone())?;
    if !is_list
        || text(subject, "type").as_deref() != Some("BitstringStatusList")
        || text(subject, "statusPurpose").as_deref() != Some("revocation")
    {
        return Err(Error::WrongCredentialType);
    }
    if text(document, "id").as_deref() != Some(uri) {
        return Err(Error::malformed("status list credential of another place"));
    }
    let time = |name| {
        text(document, name)
            .ok_or(malformed.clone())
            .and_then(|time| Timestamp::parse_rfc3339(&time))
    };
    let encoded = text(subject, "encodedList").ok_or(malformed.clone())?;
    Ok(StatusList {
        uri: uri.to_owned(),
        issuer: proof.controller,
        bits: Arc::new(BitString::decode_bitstring(&encoded)?),
        issued_at: time("validFrom")?,
        valid_until: time("validUntil")?,
    })
}
