//! The document of a did:key (did:key "Document Creation Algorithm").

use alloc::format;
use alloc::vec;

use serde_json::{Value, json};

use super::{did_key, multikey, x25519};
use crate::encoding::{multibase_base58, uvarint};
use crate::key::{KeyType, PublicKey};

/// Multicodec `x25519-pub`.
const X25519_PUB: u64 = 0xec;

/// The DID document of a key's did:key: one Multikey for every purpose of a proof and, for an Ed25519 key,
/// the X25519 key derived from it for key agreement.
#[must_use]
pub fn document(key: &PublicKey) -> Value {
    let (did, name) = (did_key(key), multikey(key));
    let method = format!("{did}#{name}");
    let mut methods = vec![json!({
        "id": method,
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": name,
    })];
    let mut document = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "authentication": [method],
        "assertionMethod": [method],
        "capabilityDelegation": [method],
        "capabilityInvocation": [method],
    });
    let bytes = key.to_compressed();
    let encryption = match (key.kind(), <&[u8; 32]>::try_from(bytes.as_slice())) {
        (KeyType::Ed25519, Ok(bytes)) => Some(x25519::from_ed25519(bytes)),
        _ => None,
    };
    if let Some(members) = document.as_object_mut() {
        if let Some(bytes) = encryption {
            let name = multibase_base58(&[uvarint(X25519_PUB).as_slice(), &bytes].concat());
            let method = format!("{did}#{name}");
            methods.push(json!({
                "id": method,
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": name,
            }));
            members.insert("keyAgreement".into(), json!([method]));
        }
        members.insert("verificationMethod".into(), Value::Array(methods));
    }
    document
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::did::resolve;

    /// The Ed25519 and X25519 example of the did:key specification.
    #[test]
    fn an_ed25519_key_comes_with_the_published_x25519_key() {
        for (did, agreement) in [
            (
                "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
                "z6LShs9GGnqk85isEBzzshkuVWrVKsRp24GnDuHk8QWkARMW",
            ),
            (
                "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
                "z6LSj72tK8brWgZja8NLRwPigth2T9QRiG1uH9oKZuKjdh9p",
            ),
        ] {
            let (_, key) = resolve(did).unwrap();
            let document = document(&key);
            assert_eq!(document["id"], did);
            assert_eq!(
                document["keyAgreement"],
                json!([format!("{did}#{agreement}")])
            );
            assert_eq!(
                document["verificationMethod"][1]["publicKeyMultibase"],
                agreement
            );
        }
    }

    #[test]
    fn other_keys_agree_on_nothing() {
        let (did, key) =
            resolve("did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv").unwrap();
        let document = document(&key);
        assert!(document.get("keyAgreement").is_none());
        assert_eq!(
            document["assertionMethod"][0],
            document["verificationMethod"][0]["id"]
        );
        assert_eq!(document["verificationMethod"][0]["controller"], did);
    }
}
