//! Status list tokens (Token Status List §5): JWT and CWT.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;

use serde_json::{Value, json};

use super::array::{StatusArray, StatusType};
use crate::cbor;
use crate::cose;
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::key::{KeyType, PublicKey};
use crate::time::Timestamp;
use crate::vcdm::is_url;

pub(super) const JWT_TYP: &str = "statuslist+jwt";
const CWT_TYP: &str = "statuslist+cwt";

/// As long as the longest list in base64url twice over.
const JSON_LIMITS: Limits = Limits {
    bytes: 48 * 1024 * 1024,
    depth: 8,
};
const CBOR_LIMITS: cbor::Limits = cbor::Limits {
    bytes: 20 * 1024 * 1024,
    depth: 8,
    items: 256,
};

/// Labels of CWT claims (RFC 8392 §4, Token Status List §5.2).
mod label {
    pub(super) const SUB: i64 = 2;
    pub(super) const EXP: i64 = 4;
    pub(super) const IAT: i64 = 6;
    pub(super) const STATUS_LIST: i64 = 65_533;
    pub(super) const TTL: i64 = 65_534;
}

/// What a status list token says. Cheap to clone: the statuses are shared.
///
/// # Example
/// ```
/// use tessera_verifier::Timestamp;
/// use tessera_verifier::status::{EntryBits, StatusArray, StatusType, TokenStatusList};
///
/// let mut statuses = StatusArray::new(1000, EntryBits::Two)?;
/// statuses.set(7, StatusType::Suspended)?;
/// let issued_at = Timestamp::parse_rfc3339("2026-01-15T00:00:00Z")?;
/// let list = TokenStatusList {
///     sub: "https://issuer.example/status/1".to_owned(),
///     issued_at,
///     expires: Some(issued_at.add_seconds(86_400)),
///     ttl: Some(3600),
///     aggregation_uri: None,
///     statuses: statuses.into(),
/// };
/// assert_eq!(list.status(7, issued_at)?, StatusType::Suspended);
/// assert_eq!(list.status(7, issued_at.add_seconds(86_400)).unwrap_err().code(), "status_undetermined");
/// # Ok::<(), tessera_verifier::Error>(())
/// ```
#[derive(Clone)]
pub struct TokenStatusList {
    /// The URI of the list.
    pub sub: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ceases to hold.
    pub expires: Option<Timestamp>,
    /// Seconds for which it may be kept before a fresh copy should be looked for; positive.
    pub ttl: Option<u64>,
    /// Where all lists of the issuer are listed.
    pub aggregation_uri: Option<String>,
    /// The statuses.
    pub statuses: Arc<StatusArray>,
}

impl TokenStatusList {
    /// The token as a JWT (§5.1), to be signed by a key of this kind under this `kid`.
    #[must_use]
    pub fn prepare_jwt(&self, kind: KeyType, kid: &str) -> jws::Unsigned {
        let mut list = self.statuses.to_json();
        let mut payload = json!({"sub": self.sub, "iat": self.issued_at});
        // Members of a `json!` object are made by naming them.
        if let Some(uri) = &self.aggregation_uri {
            list["aggregation_uri"] = json!(uri);
        }
        if let Some(expires) = self.expires {
            payload["exp"] = json!(expires);
        }
        if let Some(ttl) = self.ttl {
            payload["ttl"] = json!(ttl);
        }
        payload["status_list"] = list;
        jws::Unsigned::with_key_type(kind, json!({"typ": JWT_TYP, "kid": kid}), &payload)
    }

    /// The token as a CWT (§5.2), to be signed by a key of this kind under this `kid`.
    ///
    /// # Errors
    /// `unsupported_algorithm` for keys that sign no COSE message.
    pub fn prepare_cwt(&self, kind: KeyType, kid: &[u8]) -> Result<cose::Unsigned, Error> {
        let number = |label| cbor::Value::Integer(label);
        let text = |text: &str| cbor::Value::Text(text.to_owned());
        let mut list = self.statuses.to_cbor();
        if let (cbor::Value::Map(members), Some(uri)) = (&mut list, &self.aggregation_uri) {
            members.push((text("aggregation_uri"), text(uri)));
        }
        let mut claims = vec![
            (number(label::SUB), text(&self.sub)),
            (number(label::IAT), number(self.issued_at.unix())),
        ];
        if let Some(expires) = self.expires {
            claims.push((number(label::EXP), number(expires.unix())));
        }
        if let Some(ttl) = self.ttl {
            let ttl = i64::try_from(ttl).unwrap_or(i64::MAX);
            claims.push((number(label::TTL), number(ttl)));
        }
        claims.push((number(label::STATUS_LIST), list));
        let header = cose::Protected {
            typ: Some("application/statuslist+cwt"),
            kid: Some(kid),
            ..cose::Protected::default()
        };
        cose::Unsigned::new(kind, &header, cbor::Value::Map(claims).to_vec())
    }

    /// Reads a JWT that must be signed by `key` and be the list at `uri` (§8.3 steps 3 and 4). The signature is checked
    /// before anything of the payload is parsed.
    ///
    /// # Errors
    /// `malformed`, `too_large`, `unsupported_format`, `unsupported_algorithm`, `invalid_signature`.
    pub fn verify_jwt(compact: &str, uri: &str, key: &PublicKey) -> Result<Self, Error> {
        Self::open_jwt(compact, uri, |_| Ok(key.clone()))
    }

    /// As [`verify_jwt`](Self::verify_jwt), with the key that `key` finds by the header.
    ///
    /// # Errors
    /// Those of [`verify_jwt`](Self::verify_jwt) and of `key`.
    pub fn open_jwt(
        compact: &str,
        uri: &str,
        key: impl FnOnce(&jws::Header) -> Result<PublicKey, Error>,
    ) -> Result<Self, Error> {
        Self::from_claims(&Self::open(compact, key)?, uri)
    }

    /// The claims of a JWT, its signature checked.
    pub(super) fn open(
        compact: &str,
        key: impl FnOnce(&jws::Header) -> Result<PublicKey, Error>,
    ) -> Result<Value, Error> {
        jws::open_with(compact, JSON_LIMITS, KINDS, JWT_TYP, key)
    }

    /// From the claims of a JWT whose signature was checked.
    pub(super) fn from_claims(payload: &Value, uri: &str) -> Result<Self, Error> {
        let number = |name: &str| match payload.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or(TIME),
        };
        let list = payload.get("status_list").ok_or(MALFORMED)?;
        let aggregation_uri = match list.get("aggregation_uri") {
            None => None,
            Some(Value::String(uri)) => Some(uri.as_str()),
            Some(_) => return Err(MALFORMED),
        };
        let claims = Claims {
            sub: payload.get("sub").and_then(Value::as_str),
            iat: number("iat")?,
            exp: number("exp")?,
            ttl: number("ttl")?,
            aggregation_uri,
        };
        claims.with(uri, || StatusArray::from_json(list))
    }

    /// Reads a CWT, tagged or not, that must be signed by `key` and be the list at `uri` (§8.3 steps 3 and 4).
    ///
    /// # Errors
    /// Those of [`verify_jwt`](Self::verify_jwt).
    pub fn verify_cwt(bytes: &[u8], uri: &str, key: &PublicKey) -> Result<Self, Error> {
        let message = cose::parse(bytes, CBOR_LIMITS, &[key.kind()])?;
        let payload = message.verify(key, &[CWT_TYP])?;
        let payload = cbor::parse(&payload, CBOR_LIMITS)?;
        let number = |label| match payload.at(label) {
            None => Ok(None),
            Some(value) => value.as_integer().map(Some).ok_or(TIME),
        };
        let list = payload.at(label::STATUS_LIST).ok_or(MALFORMED)?;
        let aggregation_uri = match list.member("aggregation_uri") {
            None => None,
            Some(uri) => Some(uri.as_text().ok_or(MALFORMED)?),
        };
        let claims = Claims {
            sub: payload.at(label::SUB).and_then(cbor::Value::as_text),
            iat: number(label::IAT)?,
            exp: number(label::EXP)?,
            ttl: number(label::TTL)?,
            aggregation_uri,
        };
        claims.with(uri, || StatusArray::from_cbor(list))
    }

    /// The status at `index` at the time `now` (§8.3 steps 4 to 7).
    ///
    /// # Errors
    /// `status_undetermined` when the list has expired or is from the future, `status_out_of_range` beyond its end.
    pub fn status(&self, index: usize, now: Timestamp) -> Result<StatusType, Error> {
        let status = self.statuses.get(index).ok_or(Error::StatusOutOfRange)?;
        let undetermined = |why| Err(Error::StatusUndetermined { why });
        if self.expires.is_some_and(|expires| now >= expires) {
            return undetermined("the status list is past its end");
        }
        if now < self.issued_at {
            return undetermined("the status list is from the future");
        }
        Ok(status)
    }

    /// When a fresh copy should be looked for: at the end of `ttl` after `received_at`, or at its expiry.
    #[must_use]
    pub fn refresh_at(&self, received_at: Timestamp) -> Option<Timestamp> {
        let seconds = self.ttl.map(|ttl| i64::try_from(ttl).unwrap_or(i64::MAX));
        let stale = seconds.map(|seconds| received_at.add_seconds(seconds));
        [stale, self.expires].into_iter().flatten().min()
    }
}

const MALFORMED: Error = Error::malformed("status list token");
const TIME: Error = Error::malformed("time of a status list");
/// Signatures only: whoever can check a MAC can make one.
const KINDS: &[KeyType] = &[
    KeyType::P256,
    KeyType::P384,
    KeyType::P521,
    KeyType::Ed25519,
];

/// The claims of either encoding.
struct Claims<'a> {
    sub: Option<&'a str>,
    iat: Option<i64>,
    exp: Option<i64>,
    ttl: Option<i64>,
    aggregation_uri: Option<&'a str>,
}

impl Claims<'_> {
    /// Everything else first: unpacking is what costs.
    fn with(
        self,
        uri: &str,
        statuses: impl FnOnce() -> Result<StatusArray, Error>,
    ) -> Result<TokenStatusList, Error> {
        // §8.3 step 4a: `sub` binds the token to its place.
        if self.sub != Some(uri) {
            return Err(Error::malformed("status list token of another place"));
        }
        let issued_at = self
            .iat
            .ok_or(Error::malformed("status list token without iat"))?;
        let ttl = match self.ttl.map(u64::try_from) {
            None => None,
            Some(Ok(ttl)) if ttl > 0 => Some(ttl),
            Some(_) => return Err(Error::malformed("ttl of a status list")),
        };
        if self.aggregation_uri.is_some_and(|uri| !is_url(uri)) {
            return Err(MALFORMED);
        }
        Ok(TokenStatusList {
            sub: uri.to_owned(),
            issued_at: Timestamp::from_unix(issued_at),
            expires: self.exp.map(Timestamp::from_unix),
            ttl,
            aggregation_uri: self.aggregation_uri.map(str::to_owned),
            statuses: Arc::new(statuses()?),
        })
    }
}
