//! Arbitrary and mutated bytes: an error, never a panic, and never a verdict that something is signed.

use proptest::prelude::*;
use tessera_verifier::cbor;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::KeyType;
use tessera_verifier::sd_jwt::{self, from_json, parse_path};
use tessera_verifier::vc_jose_cose::{
    Kind, by_did, open, verify_bytes, verify_cose, verify_jwt, verify_sd_jwt,
};
use tessera_verifier::{cose, x509};

use crate::documents::{Desk, NOW, credential, expected};
use crate::keys::Signer;

/// Changes one byte, cuts, or doubles a part.
fn mutated(bytes: &[u8], at: usize, how: u8, with: u8) -> Vec<u8> {
    let at = at % bytes.len();
    let mut changed = bytes.to_vec();
    match how % 4 {
        0 => changed[at] = with,
        1 => changed.truncate(at),
        2 => changed.insert(at, with),
        _ => _ = changed.remove(at),
    }
    changed
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let signer = Signer::fresh(KeyType::Ed25519);
        let _ = cbor::parse(&bytes, cbor::Limits::MESSAGE);
        prop_assert!(cose::verify_bytes(&bytes, signer.public_key()).is_err());
        prop_assert!(x509::validate_bytes(&bytes, NOW).is_err());
        prop_assert!(verify_bytes(&bytes, signer.public_key(), NOW).is_err());
        let _ = from_json(&bytes);
        if let Ok(text) = core::str::from_utf8(&bytes) {
            let _ = parse_path(text, &serde_json::json!({"a": [1]}));
        }
    }

    #[test]
    fn hostile_cbor_that_reads_writes_back_the_same(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = cbor::parse(&bytes, cbor::Limits::MESSAGE) {
            prop_assert_eq!(value.to_vec(), bytes);
        }
    }

    #[test]
    fn hostile_changes_never_verify(at in any::<usize>(), how in any::<u8>(), with in any::<u8>()) {
        let desk = Desk::new(Signer::fresh(KeyType::P256));
        let document = credential(&desk.did);
        let expectation = expected(Kind::Credential);
        let jwt = desk.jwt(Kind::Credential, &document);
        let path = parse_path("credentialSubject.degree", &document).unwrap();
        let sd_jwt = desk.sd_jwt(Kind::Credential, &document, &[path]);
        let cose = desk.cose(Kind::Credential, &document);
        for (text, is_sd_jwt) in [(&jwt, false), (&sd_jwt, true)] {
            let changed = mutated(text.as_bytes(), at, how, with);
            let Ok(changed) = String::from_utf8(changed) else { continue };
            if changed == **text {
                continue;
            }
            let verdict = if is_sd_jwt {
                verify_sd_jwt(&changed, &expectation, &by_did)
            } else {
                verify_jwt(&changed, &expectation, &by_did)
            };
            // An SD-JWT cut after a tilde is one with fewer disclosures: it shows less, and nothing else.
            let less = is_sd_jwt && text.starts_with(&changed) && changed.ends_with('~');
            prop_assert!(verdict.is_err() || less);
        }
        let changed = mutated(&cose, at, how, with);
        // The tag is not signed: with or without it the message says the same.
        if changed != cose && changed != cose[1..] {
            prop_assert!(verify_cose(&changed, &expectation, &by_did).is_err());
        }
        let _ = open(Kind::Credential, &serde_json::json!({"id": sd_jwt}));
        let _ = sd_jwt::parse(&sd_jwt);
    }
}
