//! Transaction data: known types alone, whole and well formed (OpenID4VP 1.0 §5.1, §8.4).

use serde_json::{Value, json};
use tessera_verifier::Request;
use tessera_verifier::crypto::sha256;
use tessera_verifier::encoding::base64url;
use tessera_verifier::request::Transaction;

use super::by_did;
use crate::world::Signer;

fn payment() -> Value {
    json!({"type": "urn:tessera:transaction:payment:1", "credential_ids": ["pid"],
        "payee": "SPECIMEN shop", "amount": "12.50", "currency": "EUR"})
}

fn asking(entries: &[Value]) -> Result<Request, tessera_verifier::Error> {
    let encoded: Vec<String> = entries
        .iter()
        .map(|entry| base64url(entry.to_string().as_bytes()))
        .collect();
    Request::for_own(&by_did(&Signer::fresh(), |payload| {
        payload["transaction_data"] = json!(encoded);
    }))
}

#[test]
fn a_known_transaction_is_read_and_hashed_as_it_was_sent() {
    let request = asking(&[payment()]).unwrap();
    let [data] = request.transaction_data() else {
        unreachable!("one")
    };
    assert!(matches!(data.kind(), Transaction::Payment { amount, .. } if amount == "12.50"));
    assert_eq!(data.credential_ids(), ["pid"]);
    assert_eq!(data.hash_algorithms(), ["sha-256"]);
    assert_eq!(data.hash(), base64url(&sha256(data.encoded().as_bytes())));
    let document = json!({"type": "urn:tessera:transaction:document:1", "credential_ids": ["pid"],
        "title": "Lease", "sha256": base64url(&[7; 32]), "transaction_data_hashes_alg": ["sha-512", "sha-256"]});
    let request = asking(&[payment(), document]).unwrap();
    assert_eq!(
        request.transaction_data()[1].kind().type_name(),
        "urn:tessera:transaction:document:1"
    );
}

#[test]
fn an_unknown_transaction_data_type_is_refused() {
    let changed = |name: &str, value: Value| {
        let mut entry = payment();
        entry[name] = value;
        entry
    };
    for entry in [
        changed("type", json!("urn:example:unknown")),
        changed("type", Value::Null),
        changed("credential_ids", json!([])),
        changed("credential_ids", json!(["nobody"])),
        changed("credential_ids", json!("pid")),
        changed("amount", json!(12.5)),
        changed("amount", json!("1,000")),
        changed("amount", json!("-1")),
        changed("amount", json!("1.2.3")),
        changed("currency", json!("euro")),
        changed("payee", json!(" ")),
        changed("payee", json!("x".repeat(257))),
        changed("surcharge", json!("1000.00")),
        changed("transaction_data_hashes_alg", json!(["sha-1"])),
        changed("transaction_data_hashes_alg", json!([])),
        json!([]),
    ] {
        // One entry that is not understood spoils all.
        let refused = asking(&[payment(), entry.clone()]).map(|_| ());
        assert_eq!(
            refused.map_err(|error| error.code()),
            Err("transaction_data_invalid"),
            "{entry}"
        );
    }
    let document = |title: &str, digest: &[u8]| {
        json!({"type": "urn:tessera:transaction:document:1", "credential_ids": ["pid"], "title": title,
            "sha256": base64url(digest)})
    };
    assert!(asking(&[document("Lease", &[7; 32])]).is_ok());
    assert!(asking(&[document(" ", &[7; 32])]).is_err());
    assert!(asking(&[document("Lease", &[7; 31])]).is_err());
    // The bound on an entry is of what was sent: 8 KiB, which hold 6 KiB of JSON.
    let padded = |bytes: usize| {
        let text = format!("{:<bytes$}", payment().to_string());
        Request::for_own(&by_did(&Signer::fresh(), |payload| {
            payload["transaction_data"] = json!([base64url(text.as_bytes())]);
        }))
    };
    assert!(padded(6144).is_ok());
    assert!(padded(6145).is_err());
    assert!(asking(&[]).is_err());
    assert!(asking(&vec![payment(); 9]).is_err());
}
