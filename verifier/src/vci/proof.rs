//! The `jwt` key proof (OpenID4VCI appendix F.1).

use alloc::borrow::ToOwned;
use alloc::string::String;
use serde_json::json;

use crate::error::Error;
use crate::json::Limits;
use crate::jws::{self, Header};
use crate::key::PublicKey;
use crate::time::Timestamp;
use crate::vci::key_attestation;

/// Bytes of a key proof at most. Its header may carry the largest [key attestation](super::key_attestation::BYTES_MAX) and
/// 4 KiB besides; in base64url that is a third more, and 8 KiB are left for payload and signature.
pub const BYTES_MAX: usize = HEADER_BYTES / 3 * 4 + 8 * 1024;
/// Of which the header, decoded.
const HEADER_BYTES: usize = key_attestation::BYTES_MAX + 4 * 1024;
/// Bytes of a proof that carries no attestation.
const PLAIN_BYTES: usize = 24 * 1024;

const TYP: &str = "openid4vci-proof+jwt";
/// Seconds for which a proof is fresh.
const MAX_AGE: i64 = 300;
/// Seconds by which clocks may differ.
const SKEW: i64 = 60;

/// What a key proof proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedProof {
    /// The key whose possession is proved.
    pub key: PublicKey,
    /// The nonce it answers. Whether that is the right one, and unused, is for the caller to say.
    pub nonce: String,
    /// When it was made.
    pub iat: Timestamp,
    /// The `key_attestation` of its header, as sent and unchecked: see [`super::key_attestation`].
    pub key_attestation: Option<String>,
}

/// A key proof for the issuer `aud`, to be signed by `holder_key`. An empty `nonce` is left out.
#[must_use]
pub fn prepare(
    holder_key: &PublicKey,
    aud: &str,
    nonce: &str,
    iat: Timestamp,
    client: Option<&str>,
) -> jws::Unsigned {
    let mut payload = claims(aud, nonce, iat);
    if let (Some(client), Some(members)) = (client, payload.as_object_mut()) {
        members.insert("iss".to_owned(), json!(client));
    }
    jws::Unsigned::new(json!({"typ": TYP, "jwk": holder_key.to_jwk()}), &payload)
}

/// Appendix F.1: an issuer without a nonce endpoint gets no nonce.
fn claims(aud: &str, nonce: &str, iat: Timestamp) -> serde_json::Value {
    match nonce {
        "" => json!({"aud": aud, "iat": iat.unix()}),
        nonce => json!({"aud": aud, "nonce": nonce, "iat": iat.unix()}),
    }
}

/// Like [`prepare`], with an attestation of the key beside it (appendix D).
#[must_use]
pub fn prepare_attested(
    holder_key: &PublicKey,
    aud: &str,
    nonce: &str,
    iat: Timestamp,
    key_attestation: &str,
) -> jws::Unsigned {
    let payload = claims(aud, nonce, iat);
    let header =
        json!({"typ": TYP, "jwk": holder_key.to_jwk(), "key_attestation": key_attestation});
    jws::Unsigned::new(header, &payload)
}

/// Checks a key proof.
///
/// # Errors
/// `malformed`, `unsupported_format` (typ), `unsupported_algorithm`, `invalid_signature`, `audience_mismatch`,
/// `nonce_mismatch` when there is no nonce, `presentation_too_old` and `presentation_from_future`.
pub fn verify(compact: &str, aud: &str, now: Timestamp) -> Result<VerifiedProof, Error> {
    let limits = limits(BYTES_MAX);
    let unverified = jws::parse_long_header(compact, limits, HEADER_BYTES)?;
    verified(unverified, TYP, aud, now)
}

fn limits(bytes: usize) -> Limits {
    Limits { bytes, depth: 8 }
}

/// A JWT that proves possession of the key in its own header.
pub(crate) fn verify_typed(
    compact: &str,
    typ: &str,
    aud: &str,
    now: Timestamp,
) -> Result<VerifiedProof, Error> {
    verified(jws::parse(compact, limits(PLAIN_BYTES))?, typ, aud, now)
}

fn verified(
    unverified: jws::Unverified,
    typ: &str,
    aud: &str,
    now: Timestamp,
) -> Result<VerifiedProof, Error> {
    let key = proof_key(unverified.header())?;
    let key_attestation = match unverified.header().member("key_attestation") {
        None => None,
        Some(serde_json::Value::String(compact)) => Some(compact),
        Some(_) => return Err(Error::malformed("key_attestation")),
    };
    let payload = unverified.verify(&key, typ)?;
    if payload.get("aud").and_then(|value| value.as_str()) != Some(aud) {
        return Err(Error::AudienceMismatch);
    }
    let iat = payload
        .get("iat")
        .and_then(|value| value.as_i64())
        .ok_or(Error::malformed("proof without iat"))?;
    let iat = Timestamp::from_unix(iat);
    fresh(iat, now, MAX_AGE)?;
    let nonce = payload
        .get("nonce")
        .and_then(|value| value.as_str())
        .ok_or(Error::NonceMismatch)?;
    Ok(VerifiedProof {
        key,
        nonce: nonce.to_owned(),
        iat,
        key_attestation,
    })
}

/// Refuses what was signed more than `max_age` seconds ago or, but for a difference of clocks, later than now.
pub(crate) fn fresh(iat: Timestamp, now: Timestamp, max_age: i64) -> Result<(), Error> {
    if iat > now.add_seconds(SKEW) {
        return Err(Error::PresentationFromFuture {
            signed_at: iat,
            now,
        });
    }
    if iat < now.add_seconds(-max_age - SKEW) {
        return Err(Error::PresentationTooOld {
            signed_at: iat,
            now,
        });
    }
    Ok(())
}

/// Appendix F.1: `jwk` and `kid` exclude each other, and here the key itself is wanted.
fn proof_key(header: &Header) -> Result<PublicKey, Error> {
    match (&header.jwk, &header.kid) {
        (Some(key), None) => Ok(key.clone()),
        _ => Err(Error::HolderBindingMissing),
    }
}
