//! Wallet attestation as client authentication (draft-ietf-oauth-attestation-based-client-auth-07, OpenID4VCI appendix E).
//!
//! An attester says of a key that it belongs to an instance of a wallet ([`prepare`]); the instance proves with each
//! request that it has the key ([`prepare_pop`]). [`verify`] checks both, but for what needs memory: whether `jti` is new
//! and `challenge` ours is for the caller.

use alloc::borrow::ToOwned;
use alloc::string::String;

use serde_json::{Value, json};

use super::trusted::{self, Exp, SKEW, Trusted, text};
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;

/// The header that carries the attestation (§6.1).
pub const HEADER: &str = "OAuth-Client-Attestation";
/// The header that carries the proof of possession (§6.1).
pub const POP_HEADER: &str = "OAuth-Client-Attestation-PoP";
/// The header in which a server offers a challenge (§8.1).
pub const CHALLENGE_HEADER: &str = "OAuth-Client-Attestation-Challenge";
/// The name of the method in metadata (§13.4).
pub const METHOD: &str = "attest_jwt_client_auth";

const TYP: &str = "oauth-client-attestation+jwt";
const POP_TYP: &str = "oauth-client-attestation-pop+jwt";
/// Seconds for which a proof of possession is fresh.
const POP_MAX_AGE: i64 = 300;
/// A `jti` need not be remembered longer than this many seconds.
pub const LIFETIME: i64 = POP_MAX_AGE + 2 * SKEW;
const LIMITS: Limits = Limits {
    bytes: 32 * 1024,
    depth: 12,
};

/// An attestation that `instance` belongs to the client `client_id`, to be signed by the attester, whom `header` names
/// (`kid` or `x5c`).
#[must_use]
pub fn prepare(
    header: Value,
    client_id: &str,
    instance: &PublicKey,
    times: (Timestamp, Timestamp),
) -> jws::Unsigned {
    prepare_by(None, header, client_id, instance, times)
}

/// Like [`prepare`], saying who attests: earlier drafts demand `iss`.
#[must_use]
pub fn prepare_by(
    attester: Option<&str>,
    mut header: Value,
    client_id: &str,
    instance: &PublicKey,
    (iat, exp): (Timestamp, Timestamp),
) -> jws::Unsigned {
    if let Some(members) = header.as_object_mut() {
        members.insert("typ".to_owned(), json!(TYP));
    }
    let mut payload = json!({
        "sub": client_id, "iat": iat.unix(), "exp": exp.unix(), "cnf": {"jwk": instance.to_jwk()},
    });
    if let (Some(attester), Some(members)) = (attester, payload.as_object_mut()) {
        members.insert("iss".to_owned(), json!(attester));
    }
    jws::Unsigned::new(header, &payload)
}

/// What a proof of possession is to say (§5.2).
#[derive(Debug, Clone, Copy)]
pub struct PopClaims<'a> {
    /// The attested client.
    pub client_id: &'a str,
    /// The authorization server's identifier.
    pub audience: &'a str,
    /// Random.
    pub jti: &'a str,
    /// When it is made.
    pub iat: Timestamp,
    /// The server's challenge.
    pub challenge: Option<&'a str>,
}

/// A proof of possession, to be signed by the attested key.
#[must_use]
pub fn prepare_pop(claims: &PopClaims<'_>) -> jws::Unsigned {
    let mut payload = json!({
        "iss": claims.client_id, "aud": claims.audience, "jti": claims.jti, "iat": claims.iat.unix(),
        // Earlier drafts demand an end.
        "exp": claims.iat.add_seconds(POP_MAX_AGE).unix(),
    });
    if let (Some(challenge), Some(members)) = (claims.challenge, payload.as_object_mut()) {
        members.insert("challenge".to_owned(), json!(challenge));
    }
    jws::Unsigned::new(json!({"typ": POP_TYP}), &payload)
}

/// The client an attestation authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedClient {
    /// Its `client_id`.
    pub client_id: String,
    /// The key of this instance.
    pub key: PublicKey,
    /// Identifies the proof of possession: accept it once.
    pub jti: String,
    /// The server's challenge that it answers, if it does.
    pub challenge: Option<String>,
}

impl VerifiedClient {
    /// What the store remembers the proof by: key and `jti` together, so that nobody can use up another's identifiers.
    #[must_use]
    pub fn once(&self) -> String {
        let text = alloc::format!("{}:{}", self.key.thumbprint(), self.jti);
        crate::encoding::base64url(&crate::crypto::sha256(text.as_bytes()))
    }
}

/// Checks an attestation by somebody trusted, and the proof of possession beside it, made for `audience` (§7.1).
///
/// # Errors
/// `too_large`; `malformed`, also without `sub`, `exp`, `cnf` or `jti`; `unsupported_format` (typ);
/// `unsupported_algorithm`; `issuer_untrusted`; `invalid_signature`, also where another key than the attested one signed
/// the proof; `expired`; `not_yet_valid`; `audience_mismatch`; `holder_binding_invalid` for a proof of another client;
/// `presentation_too_old`; `presentation_from_future`.
pub fn verify(
    attestation: &str,
    pop: &str,
    audience: &str,
    trusted: &Trusted<'_>,
    now: Timestamp,
) -> Result<VerifiedClient, Error> {
    let statement = trusted.verify(attestation, LIMITS, TYP, now)?.payload;
    trusted::unexpired(&statement, now, Exp::Required)?;
    let client_id = text(&statement, "sub")
        .ok_or(Error::malformed("client attestation without sub"))?
        .to_owned();
    let key = statement
        .get("cnf")
        .and_then(|cnf| cnf.get("jwk"))
        .ok_or(Error::malformed("client attestation without cnf"))?;
    let key = PublicKey::from_jwk(key)?;
    let pop = jws::parse(pop, LIMITS)?.verify(&key, POP_TYP)?;
    if text(&pop, "aud") != Some(audience) {
        return Err(Error::AudienceMismatch);
    }
    // Earlier drafts carried `iss`; where it is there it must be the client.
    if pop.get("iss").is_some_and(|iss| *iss != *client_id) {
        return Err(Error::HolderBindingInvalid {
            why: "the proof of possession is another client's",
        });
    }
    let jti = text(&pop, "jti").ok_or(Error::malformed("proof of possession without jti"))?;
    let iat = pop
        .get("iat")
        .and_then(Value::as_i64)
        .map(Timestamp::from_unix)
        .ok_or(Error::malformed("proof of possession without iat"))?;
    super::proof::fresh(iat, now, POP_MAX_AGE)?;
    trusted::unexpired(&pop, now, Exp::Optional)?;
    Ok(VerifiedClient {
        jti: jti.to_owned(),
        challenge: text(&pop, "challenge").map(str::to_owned),
        client_id,
        key,
    })
}
