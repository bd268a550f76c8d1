//! The credential that is shown around: all of ours in one, with both scripts.

use serde_json::{Map, Value, json};
use tessera_tests::keys::Key;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::crypto::Signature;
use tessera_verifier::did;
use tessera_verifier::time::Timestamp;

use crate::matrix::Stop;

/// A moment within the validity of everything here.
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";
/// The verifier's nonce.
pub(crate) const NONCE: &str = "n-0S6_WzA2Mj";
/// The verifier's name.
pub(crate) const AUDIENCE: &str =
    "decentralized_identifier:did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";

/// [`NOW`] as a time.
pub(crate) fn now() -> Result<Timestamp, Stop> {
    Timestamp::parse_rfc3339(NOW).map_err(Stop::fail)
}

/// A fresh key.
pub(crate) fn key() -> Result<Key, Stop> {
    Key::generate().map_err(Stop::fail)
}

/// Signs with a key of ours.
pub(crate) fn sign(key: &Key, message: &[u8]) -> Result<Signature, Stop> {
    key.sign(message).map_err(Stop::fail)
}

/// The claims about the person.
pub(crate) fn claims() -> Map<String, Value> {
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
pub(crate) fn credential(issuer: &str, holder: &Key, id: Option<&str>) -> Value {
    let mut subject = claims();
    subject.insert(
        "id".to_owned(),
        Value::from(did::did_key(holder.public_key())),
    );
    let mut credential = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://tessera.example/contexts/identity/v1"],
        "type": ["VerifiableCredential", "IdentityCredential", "LimitedIdentityCredential"],
        "issuer": issuer,
        "validFrom": "2026-11-01T00:00:00Z",
        "validUntil": "2027-11-01T00:00:00Z",
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
pub(crate) const MANDATORY: [&str; 5] = [
    "/issuer",
    "/validFrom",
    "/validUntil",
    "/credentialStatus",
    "/credentialSubject/id",
];
