//! COSE_Sign1 (RFC 9052).

use serde_json::json;
use tessera_verifier::cbor::{Limits, Value, parse as cbor};
use tessera_verifier::cose::{self, Protected, Unsigned};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::{KeyType, PublicKey};

use crate::code;
use crate::keys::{KINDS, Signer};

const TYP: &str = "application/vc+cose";

fn signed(signer: &Signer, header: &Protected<'_>) -> Vec<u8> {
    Unsigned::new(signer.public_key().kind(), header, b"payload".to_vec())
        .unwrap()
        .sign(signer)
        .unwrap()
}

fn header() -> Protected<'static> {
    Protected {
        typ: Some(TYP),
        content_type: Some("application/vc"),
        kid: Some(b"specimen"),
        x5chain: &[],
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap())
        .collect()
}

fn verified(message: &[u8], key: &PublicKey) -> Result<Vec<u8>, &'static str> {
    code(
        cose::parse(message, Limits::MESSAGE, &KINDS)
            .and_then(|unverified| unverified.verify(key, &["vc+cose"])),
    )
}

#[test]
fn every_kind_of_key_signs_and_verifies() {
    for kind in KINDS {
        let signer = Signer::fresh(kind);
        let message = signed(&signer, &header());
        assert_eq!(message.first(), Some(&0xd2), "tag 18");
        let parsed = cose::parse(&message, Limits::MESSAGE, &KINDS).unwrap();
        assert_eq!(parsed.header().algorithm, kind);
        assert_eq!(parsed.header().kid.as_deref(), Some(&b"specimen"[..]));
        assert_eq!(
            parsed.header().content_type.as_deref(),
            Some("application/vc")
        );
        assert_eq!(
            verified(&message, signer.public_key()),
            Ok(b"payload".to_vec())
        );
        // Untagged too.
        assert_eq!(
            verified(&message[1..], signer.public_key()),
            Ok(b"payload".to_vec())
        );
        let other = Signer::fresh(kind);
        assert_eq!(
            verified(&message, other.public_key()),
            Err("invalid_signature")
        );
    }
}

#[test]
fn no_changed_byte_verifies() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let message = signed(&signer, &header());
    for index in 1..message.len() {
        for bit in [1, 0x20, 0x80] {
            let mut changed = message.clone();
            changed[index] ^= bit;
            assert!(verified(&changed, signer.public_key()).is_err(), "{index}");
        }
        assert!(verified(&message[..index], signer.public_key()).is_err());
    }
}

/// RFC 9052 appendix C.2.1: signed without a type, which is refused only after the rest has been read.
#[test]
fn the_example_of_rfc_9052_is_read_but_has_no_type() {
    let message = hex(concat!(
        "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac",
        "34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5",
        "a4c345cacb36"
    ));
    let parsed = cose::parse(&message, Limits::MESSAGE, &KINDS).unwrap();
    assert_eq!(parsed.header().kid.as_deref(), Some(&b"11"[..]));
    assert_eq!(parsed.payload_unverified(), b"This is the content.");
    let key = PublicKey::from_jwk(&json!({"kty": "EC", "crv": "P-256",
        "x": "usWxHK2PmfnHKwXPS54m0kTcGJ90UiglWiGahtagnv8", "y": "IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8EX4"}))
    .unwrap();
    assert_eq!(verified(&message, &key), Err("unsupported_format"));
    // What it signs is what the RFC says: Sig_structure over the same bytes.
    let Value::Tag(18, parts) = cbor(&message, Limits::MESSAGE).unwrap() else {
        panic!("tag");
    };
    let parts = parts.as_array().unwrap();
    let signed = Value::Array(vec![
        Value::Text("Signature1".into()),
        parts[0].clone(),
        Value::Bytes(Vec::new()),
        parts[2].clone(),
    ]);
    key.verify(&signed.to_vec(), parts[3].as_bytes().unwrap())
        .unwrap();
}

/// Rebuilds a message with other headers, signed anew over them.
fn forged(signer: &Signer, protected: &Value, unprotected: Value) -> Vec<u8> {
    let protected = protected.to_vec();
    let payload = b"payload".to_vec();
    let input = Value::Array(vec![
        Value::Text("Signature1".into()),
        Value::Bytes(protected.clone()),
        Value::Bytes(Vec::new()),
        Value::Bytes(payload.clone()),
    ]);
    let signature = signer.sign(&input.to_vec()).unwrap().to_vec();
    Value::Array(vec![
        Value::Bytes(protected),
        unprotected,
        Value::Bytes(payload),
        Value::Bytes(signature),
    ])
    .to_vec()
}

#[test]
fn headers_that_two_readers_could_read_differently_are_refused() {
    let signer = Signer::fresh(KeyType::P256);
    let int = Value::Integer;
    let typ = || (int(16), Value::Text(TYP.into()));
    let alg = || (int(1), int(-7));
    let none = || Value::Map(Vec::new());
    let verdict = |protected: Vec<(Value, Value)>, unprotected: Value| {
        verified(
            &forged(&signer, &Value::Map(protected), unprotected),
            signer.public_key(),
        )
    };
    assert_eq!(verdict(vec![alg(), typ()], none()), Ok(b"payload".to_vec()));
    // The fully specified name of the same algorithm (RFC 9864).
    assert!(verdict(vec![(int(1), int(-9)), typ()], none()).is_ok());
    // `alg` outside the protected header, another one, none at all, a number of no signature.
    assert_eq!(
        verdict(vec![typ()], Value::Map(vec![alg()])),
        Err("unsupported_algorithm")
    );
    assert_eq!(
        verdict(vec![(int(1), int(-8)), typ()], none()),
        Err("unsupported_algorithm")
    );
    assert_eq!(verdict(vec![typ()], none()), Err("unsupported_algorithm"));
    assert_eq!(
        verdict(vec![(int(1), int(5)), typ()], none()),
        Err("unsupported_algorithm")
    );
    // `crit`, in either header.
    let crit = || (int(2), Value::Array(vec![int(1)]));
    assert_eq!(
        verdict(vec![alg(), typ(), crit()], none()),
        Err("malformed")
    );
    assert_eq!(
        verdict(vec![alg(), typ()], Value::Map(vec![crit()])),
        Err("malformed")
    );
    // The same parameter in both headers, a type that is not protected, labels of another kind.
    let kid = || (int(4), Value::Bytes(b"1".to_vec()));
    assert!(verdict(vec![alg(), typ()], Value::Map(vec![kid()])).is_ok());
    assert_eq!(
        verdict(vec![alg(), typ(), kid()], Value::Map(vec![kid()])),
        Err("malformed")
    );
    assert_eq!(
        verdict(vec![alg()], Value::Map(vec![typ()])),
        Err("malformed")
    );
    assert_eq!(
        verdict(vec![alg(), typ(), (Value::Null, int(1))], none()),
        Err("malformed")
    );
    // A type of another kind, and kid as text.
    assert_eq!(
        verdict(
            vec![alg(), (int(16), Value::Text("application/vp+cose".into()))],
            none()
        ),
        Err("unsupported_format")
    );
    assert_eq!(
        verdict(vec![alg(), (int(16), int(19))], none()),
        Err("unsupported_format")
    );
    assert_eq!(
        verdict(
            vec![alg(), typ(), (int(4), Value::Text("1".into()))],
            none()
        ),
        Err("malformed")
    );
    // A duplicate key in the protected header.
    assert_eq!(verdict(vec![alg(), alg(), typ()], none()), Err("malformed"));
    // One certificate is a byte string, not an array of one (RFC 9360 §2).
    let chain = Value::Array(vec![Value::Bytes(vec![0x30, 0])]);
    assert_eq!(
        verdict(vec![alg(), typ(), (int(33), chain)], none()),
        Err("malformed")
    );
}

#[test]
fn other_messages_are_refused() {
    let signer = Signer::fresh(KeyType::P256);
    let message = signed(&signer, &header());
    let Value::Tag(18, parts) = cbor(&message, Limits::MESSAGE).unwrap() else {
        panic!("tag");
    };
    let Value::Array(parts) = *parts else {
        panic!("array");
    };
    let verdict = |value: Value| verified(&value.to_vec(), signer.public_key());
    // Detached payload, one part fewer, another tag (COSE_Mac0), tagged twice.
    let mut detached = parts.clone();
    detached[2] = Value::Null;
    assert_eq!(verdict(Value::Array(detached)), Err("malformed"));
    assert_eq!(verdict(Value::Array(parts[..3].to_vec())), Err("malformed"));
    let array = Value::Array(parts);
    assert_eq!(
        verdict(Value::Tag(17, Box::new(array.clone()))),
        Err("malformed")
    );
    let twice = Value::Tag(18, Box::new(Value::Tag(18, Box::new(array.clone()))));
    assert_eq!(verdict(twice), Err("malformed"));
    // Bytes after the message, and more of them than are read.
    assert_eq!(
        verified(&[&message[..], &[0]].concat(), signer.public_key()),
        Err("malformed")
    );
    assert_eq!(
        verified(&vec![0; 256 * 1024 + 1], signer.public_key()),
        Err("too_large")
    );
    // Only what the caller allows.
    assert_eq!(
        code(cose::parse(&message, Limits::MESSAGE, &[KeyType::P384]).map(|_| ())),
        Err("unsupported_algorithm")
    );
}
