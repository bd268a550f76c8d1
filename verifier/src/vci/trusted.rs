//! Statements of third parties about wallets and keys: who may make them, and until when they hold.

use alloc::vec::Vec;

use serde_json::Value;

use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::key::{KeyType, PublicKey};
use crate::time::Timestamp;
use crate::x509::{self, ChainPolicy, TrustAnchor, ValidatedChain};

/// Seconds by which clocks may differ.
pub(crate) const SKEW: i64 = 60;

/// Whose signatures are believed: single keys, and whoever a certification authority vouches for.
#[derive(Clone, Copy, Default)]
pub struct Trusted<'a> {
    /// Keys.
    pub keys: &'a [PublicKey],
    /// Roots of `x5c` chains.
    pub anchors: &'a [TrustAnchor],
}

/// A statement by somebody who is trusted to make it.
pub(crate) struct Signed {
    pub(crate) payload: Value,
    /// The certificates it was signed under, if under any.
    pub(crate) chain: Option<ValidatedChain>,
}

impl Trusted<'_> {
    /// Reads and checks an ES256 JWT of this type. `x5c` is validated against the anchors; without it one of the keys
    /// must have signed, whatever `kid` or `jwk` say: a message does not choose who is trusted.
    pub(crate) fn verify(
        &self,
        compact: &str,
        limits: Limits,
        typ: &str,
        now: Timestamp,
    ) -> Result<Signed, Error> {
        let unverified = jws::parse(compact, limits)?;
        let certificates: Vec<Vec<u8>> = jws::certificates(unverified.header())?;
        if !certificates.is_empty() {
            let policy = ChainPolicy { now, purposes: &[] };
            let chain = x509::validate(&certificates, self.anchors, &policy)?;
            let payload = unverified.verify(chain.key(), typ)?;
            return Ok(Signed {
                payload,
                chain: Some(chain),
            });
        }
        let mut refusal = Error::IssuerUntrusted {
            why: "nobody who may say so is configured",
        };
        for key in self.keys.iter().filter(|key| key.kind() == KeyType::P256) {
            match unverified.clone().verify(key, typ) {
                Ok(payload) => {
                    return Ok(Signed {
                        payload,
                        chain: None,
                    });
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

/// Whether a statement must say when it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exp {
    Required,
    Optional,
}

/// Checks `iat` (where there is one), `nbf` and `exp` (RFC 7519 §4.1).
pub(crate) fn unexpired(payload: &Value, now: Timestamp, exp: Exp) -> Result<(), Error> {
    let time = |name: &str| match payload.get(name) {
        None => Ok(None),
        // RFC 7519 §2: a NumericDate may have a fraction.
        Some(value) => value
            .as_i64()
            .or_else(|| value.as_f64().and_then(whole))
            .map(|unix| Some(Timestamp::from_unix(unix)))
            .ok_or(Error::malformed("time of a JWT")),
    };
    for name in ["iat", "nbf"] {
        if let Some(from) = time(name)?
            && from > now.add_seconds(SKEW)
        {
            return Err(Error::NotYetValid { from, now });
        }
    }
    match time("exp")? {
        Some(until) if now >= until => Err(Error::Expired { until, now }),
        None if exp == Exp::Required => Err(Error::malformed("JWT without exp")),
        _ => Ok(()),
    }
}

fn whole(seconds: f64) -> Option<i64> {
    // Beyond 2^53 a float does not count in seconds.
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds")]
    (seconds.abs() < 9e15).then_some(seconds as i64)
}

/// A member that is a text of bounded length.
pub(crate) fn text<'v>(payload: &'v Value, name: &str) -> Option<&'v str> {
    payload
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty() && text.len() <= 512)
}

/// A member that is an array of texts; none where it is missing.
pub(crate) fn texts(payload: &Value, name: &str) -> Result<Vec<alloc::string::String>, Error> {
    use alloc::borrow::ToOwned;
    let malformed = Error::malformed("list of a JWT");
    match payload.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) if items.len() <= 16 => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or(malformed.clone()))
            .collect(),
        Some(_) => Err(malformed),
    }
}
