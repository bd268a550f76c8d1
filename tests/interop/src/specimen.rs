//! The credential that is shown around: all of ours in one, with both scripts.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::keys::Key;
use serde_json::{Map, Value, json};
use tessera_verifier::crypto::{LocalSigner, Signature};
use tessera_verifier::did;
use tessera_verifier::key::KeyType;
use tessera_verifier::time::Timestamp;

use crate::matrix::Stop;

/// The verifier's nonce.
pub const NONCE: &str = "n-0S6_WzA2Mj";
/// The verifier's name.
pub const AUDIENCE: &str =
    "decentralized_identifier:did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";

/// The time. Some peers have a clock of their own and no argument for it, so that a time of ours would fall behind.
///
/// # Errors
/// When the system's clock is out of all bounds.
pub fn now() -> Result<Timestamp, Stop> {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = i64::try_from(elapsed.map_err(Stop::fail)?.as_secs()).map_err(Stop::fail)?;
    Ok(Timestamp::from_unix(seconds))
}

/// [`now`] as XML Schema and RFC 3339 write it.
///
/// # Errors
/// As [`now`].
pub fn now_text() -> Result<String, Stop> {
    Ok(now()?.to_rfc3339())
}

/// A fresh P-256 key.
///
/// # Errors
/// When the system gives no randomness.
pub fn key() -> Result<Key, Stop> {
    Key::generate(KeyType::P256)
}

/// Signs with a key of ours.
pub fn sign(key: &Key, message: &[u8]) -> Result<Signature, Stop> {
    key.sign(message).map_err(Stop::fail)
}

/// The claims about the person.
#[must_use]
pub fn claims() -> Map<String, Value> {
    let claims = json!({
        "family_name": "SPECIMEN",
        "given_name": "ERIKA",
        "name_native": "样本·艾丽卡",
        "birthdate": "1990-01-15",
        "age_equal_or_over": {"12": true, "18": true, "21": true, "60": false, "65": false},
        "sex": "female",
        "nationalities": ["UTO", "XXA"],
        "personal_administrative_number": "UTO-1990-0001",
        "resident_address": "1 Specimen Street, \"Old Quarter\"\\Utopia",
        "issuing_authority": "Specimen Authority",
        "issuing_country": "UTO",
    });
    match claims {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The W3C form: `id` is the credential's own identifier, for judges who need one.
#[must_use]
pub fn credential(issuer: &str, holder: &Key, id: Option<&str>) -> Value {
    let mut subject = claims();
    subject.insert(
        "id".to_owned(),
        Value::from(did::did_key(holder.public_key())),
    );
    let mut credential = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://tessera.example/contexts/identity/v1"],
        "type": ["VerifiableCredential", "IdentityCredential", "LimitedIdentityCredential"],
        "issuer": issuer,
        "validFrom": day(-30),
        "validUntil": day(365),
        "credentialStatus": {
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "94567",
            "statusListCredential": "https://issuer.example/status/1"
        },
        "credentialSubject": subject,
    });
    if let Some(id) = id {
        credential["id"] = Value::from(id);
        credential["credentialStatus"]["id"] = Value::from(format!("{id}#status"));
        // The only other nodes without a name.
        if let Value::Object(members) = &mut credential["credentialSubject"] {
            members.remove("age_equal_or_over");
        }
    }
    credential
}

/// What the issuer always shows.
pub const MANDATORY: [&str; 5] = [
    "/issuer",
    "/validFrom",
    "/validUntil",
    "/credentialStatus",
    "/credentialSubject/id",
];

/// Midnight some days from now, as a credential's validity is written.
#[must_use]
pub fn day(days: i64) -> String {
    let midnight = now().map(|now| now.add_seconds(days * 86_400).start_of_day());
    midnight.map_or_else(|_| String::new(), |time| time.to_rfc3339())
}
