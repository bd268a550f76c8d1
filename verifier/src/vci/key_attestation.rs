//! Key attestations (OpenID4VCI appendix D): somebody trusted says how well keys are kept. They stand alone as the proof
//! type `attestation` (appendix F.3) or in the header `key_attestation` of a `jwt` proof (appendix F.1).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::metadata::KeyAttestationsRequired;
use super::trusted::{self, Exp, Trusted, text, texts};
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;

const TYP: &str = "key-attestation+jwt";
/// Keys of one attestation at most.
pub const KEYS_MAX: usize = 128;
/// Bytes of one attestation at most: [`KEYS_MAX`] P-256 keys are 22 KiB of it, which leaves 10 KiB for the attester's
/// certificates and whatever else it says. It bounds [`super::proof::BYTES_MAX`], for it may stand in a proof's header.
pub const BYTES_MAX: usize = 32 * 1024;
const LIMITS: Limits = Limits {
    bytes: BYTES_MAX,
    depth: 12,
};

/// What an attestation says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyAttestation {
    /// The keys.
    pub keys: Vec<PublicKey>,
    /// Attack potential resistance of their storage, such as `iso_18045_high`.
    pub key_storage: Vec<String>,
    /// Attack potential resistance of the user authentication before they sign.
    pub user_authentication: Vec<String>,
    /// The issuer's `c_nonce` that it answers, if it does. Whether that is the right one is for the caller to say.
    pub nonce: Option<String>,
}

impl KeyAttestation {
    /// Whether it says what is required: one of each list that is not empty.
    #[must_use]
    pub fn satisfies(&self, required: &KeyAttestationsRequired) -> bool {
        let one_of = |wanted: &[String], said: &[String]| {
            wanted.is_empty() || said.iter().any(|level| wanted.contains(level))
        };
        one_of(&required.key_storage, &self.key_storage)
            && one_of(&required.user_authentication, &self.user_authentication)
    }
}

/// An attestation, to be signed by the attester, whom `header` names (`kid` or `x5c`).
#[must_use]
pub fn prepare(
    mut header: Value,
    said: &KeyAttestation,
    (iat, exp): (Timestamp, Timestamp),
) -> jws::Unsigned {
    if let Some(members) = header.as_object_mut() {
        members.insert("typ".to_owned(), json!(TYP));
    }
    let keys: Vec<Value> = said.keys.iter().map(PublicKey::to_jwk).collect();
    let mut payload = json!({"iat": iat.unix(), "exp": exp.unix(), "attested_keys": keys});
    if let Some(members) = payload.as_object_mut() {
        for (name, list) in [
            ("key_storage", &said.key_storage),
            ("user_authentication", &said.user_authentication),
        ] {
            if !list.is_empty() {
                members.insert(name.to_owned(), json!(list));
            }
        }
        if let Some(nonce) = &said.nonce {
            members.insert("nonce".to_owned(), json!(nonce));
        }
    }
    jws::Unsigned::new(header, &payload)
}

/// Checks an attestation by somebody trusted.
///
/// # Errors
/// `too_large`, also beyond [`KEYS_MAX`] keys; `malformed`, also without `iat` or `exp` or with a key twice;
/// `unsupported_format` (typ); `unsupported_algorithm`; `issuer_untrusted`; `invalid_signature`; `expired`;
/// `not_yet_valid`.
pub fn verify(
    compact: &str,
    trusted: &Trusted<'_>,
    now: Timestamp,
) -> Result<KeyAttestation, Error> {
    let said = trusted.verify(compact, LIMITS, TYP, now)?.payload;
    if said.get("iat").is_none() {
        return Err(Error::malformed("key attestation without iat"));
    }
    // Appendix D.1 leaves `exp` open beside the `attestation` proof type; here an attestation without an end is none.
    trusted::unexpired(&said, now, Exp::Required)?;
    let malformed = Error::malformed("attested_keys");
    let attested = said
        .get("attested_keys")
        .and_then(Value::as_array)
        .ok_or(malformed.clone())?;
    if attested.len() > KEYS_MAX {
        return Err(Error::too_large("attested_keys", KEYS_MAX));
    }
    let mut keys: Vec<PublicKey> = Vec::with_capacity(attested.len());
    for jwk in attested {
        let key = PublicKey::from_jwk(jwk)?;
        if keys.contains(&key) {
            return Err(malformed);
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(malformed);
    }
    Ok(KeyAttestation {
        keys,
        key_storage: texts(&said, "key_storage")?,
        user_authentication: texts(&said, "user_authentication")?,
        nonce: text(&said, "nonce").map(str::to_owned),
    })
}
