//! DPoP (RFC 9449): tokens bound to a key of the wallet.
//!
//! [`prepare`] makes a proof, [`verify`] checks one but for what needs memory: whether its `jti` is new and its `nonce`
//! ours is for the caller, who must remember a `jti` for [`LIFETIME`] seconds.

use alloc::borrow::ToOwned;
use alloc::string::String;

use serde_json::{Value, json};

use super::trusted::{SKEW, text};
use crate::crypto::sha256;
use crate::encoding::base64url;
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;

const TYP: &str = "dpop+jwt";
/// Seconds for which a proof is fresh.
const MAX_AGE: i64 = 300;
/// Seconds after which a proof is refused for its age, whatever the clocks: a `jti` need not be remembered longer.
pub const LIFETIME: i64 = MAX_AGE + 2 * SKEW;
const LIMITS: Limits = Limits {
    bytes: 8 * 1024,
    depth: 8,
};

/// What a proof is to say (RFC 9449 §4.2).
#[derive(Debug, Clone, Copy)]
pub struct Claims<'a> {
    /// The HTTP method.
    pub htm: &'a str,
    /// The URI of the request; its query and fragment are left out.
    pub htu: &'a str,
    /// Random, at least 96 bits.
    pub jti: &'a str,
    /// When it is made.
    pub iat: Timestamp,
    /// The nonce of the server's last `DPoP-Nonce`.
    pub nonce: Option<&'a str>,
    /// The access token that goes along, if one does.
    pub access_token: Option<&'a str>,
}

/// A proof, to be signed by `key`.
#[must_use]
pub fn prepare(key: &PublicKey, claims: &Claims<'_>) -> jws::Unsigned {
    let mut payload = json!({
        "htm": claims.htm, "htu": without_query(claims.htu), "jti": claims.jti, "iat": claims.iat.unix(),
    });
    if let Some(members) = payload.as_object_mut() {
        if let Some(nonce) = claims.nonce {
            members.insert("nonce".to_owned(), json!(nonce));
        }
        if let Some(token) = claims.access_token {
            members.insert("ath".to_owned(), json!(ath(token)));
        }
    }
    jws::Unsigned::new(json!({"typ": TYP, "jwk": key.to_jwk()}), &payload)
}

/// The request that a proof must be for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The HTTP method.
    pub htm: &'a str,
    /// The URI of the endpoint.
    pub htu: &'a str,
    /// The access token presented, at a resource. Where there is none (the token endpoint), `ath` is not looked at.
    pub access_token: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// What a proof proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedDpop {
    /// The key whose possession is proved.
    pub key: PublicKey,
    /// The proof's identifier: accept it once.
    pub jti: String,
    /// The server's nonce that it answers, if it does.
    pub nonce: Option<String>,
    /// When it was made.
    pub iat: Timestamp,
}

impl VerifiedDpop {
    /// What the store remembers the proof by: key and `jti` together, so that nobody can use up another's identifiers.
    #[must_use]
    pub fn once(&self) -> String {
        base64url(&sha256(
            alloc::format!("{}:{}", self.key.thumbprint(), self.jti).as_bytes(),
        ))
    }
}

/// Checks a proof (RFC 9449 §4.3), all but the uniqueness of `jti` and the value of `nonce`.
///
/// # Errors
/// `too_large`, `malformed` (also for a private key in the header), `unsupported_format` (typ), `unsupported_algorithm`
/// (also `none` and symmetric ones), `invalid_signature`, `audience_mismatch` for another method or URI,
/// `holder_binding_invalid` for another access token, `presentation_too_old`, `presentation_from_future`.
pub fn verify(compact: &str, expected: &Expected<'_>) -> Result<VerifiedDpop, Error> {
    let unverified = jws::parse(compact, LIMITS)?;
    let key = unverified
        .header()
        .jwk
        .clone()
        .ok_or(Error::HolderBindingMissing)?;
    let payload = unverified.verify(&key, TYP)?;
    let member = |name| text(&payload, name);
    let jti = member("jti").ok_or(Error::malformed("DPoP proof without jti"))?;
    let htu = payload.get("htu").and_then(Value::as_str);
    if member("htm") != Some(expected.htm) || !htu.is_some_and(|htu| same_uri(htu, expected.htu)) {
        return Err(Error::AudienceMismatch);
    }
    if let Some(token) = expected.access_token
        && member("ath") != Some(&*ath(token))
    {
        return Err(Error::HolderBindingInvalid {
            why: "the DPoP proof is for another access token",
        });
    }
    let iat = payload
        .get("iat")
        .and_then(Value::as_i64)
        .map(Timestamp::from_unix)
        .ok_or(Error::malformed("DPoP proof without iat"))?;
    super::proof::fresh(iat, expected.now, MAX_AGE)?;
    Ok(VerifiedDpop {
        jti: jti.to_owned(),
        nonce: member("nonce").map(str::to_owned),
        key,
        iat,
    })
}

/// The digest of an access token (RFC 9449 §4.2).
#[must_use]
pub fn ath(access_token: &str) -> String {
    base64url(&sha256(access_token.as_bytes()))
}

fn without_query(uri: &str) -> &str {
    uri.split(['?', '#']).next().unwrap_or_default()
}

/// RFC 9449 §4.3: query and fragment do not count; scheme and host ignore case, and a default port may be written.
fn same_uri(one: &str, other: &str) -> bool {
    fn parts(uri: &str) -> Option<(&str, &str, &str)> {
        let (scheme, rest) = without_query(uri).split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let default = match scheme.eq_ignore_ascii_case("https") {
            true => ":443",
            false => ":80",
        };
        let authority = authority.strip_suffix(default).unwrap_or(authority);
        Some((scheme, authority, if path.is_empty() { "/" } else { path }))
    }
    match (parts(one), parts(other)) {
        (Some(one), Some(other)) => {
            one.0.eq_ignore_ascii_case(other.0)
                && one.1.eq_ignore_ascii_case(other.1)
                && one.2 == other.2
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::same_uri;

    #[test]
    fn uris_compare_without_query_case_of_host_and_default_port() {
        let ours = "https://issuer.example/token";
        for same in [
            ours,
            "HTTPS://Issuer.Example/token",
            "https://issuer.example:443/token?x#y",
        ] {
            assert!(same_uri(same, ours), "{same}");
        }
        for other in [
            "http://issuer.example/token",
            "https://issuer.example/Token",
            "https://issuer.example/token/",
            "https://issuer.example:8443/token",
            "https://issuer.example.evil/token",
            "issuer.example/token",
            "",
        ] {
            assert!(!same_uri(other, ours), "{other}");
        }
    }
}
