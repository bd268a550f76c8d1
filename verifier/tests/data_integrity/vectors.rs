//! The vectors of vc-di-eddsa and vc-di-ecdsa, byte for byte.

use std::path::Path;

use serde_json::{Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::crypto::{sha256, sha384};
use tessera_verifier::data_integrity::{
    ProofOptions, ProofPurpose, Suite, prepare, verify, verify_bytes,
};
use tessera_verifier::jsonld::{canonical_json, document_to_rdf};
use tessera_verifier::key::KeyType;
use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize};

use crate::support::{Signer, altered, code, hex, store, unbound, vectors};

/// A folder of vectors: suite, kind of key, and the ending of its files' names.
struct Folder {
    path: &'static str,
    suite: Suite,
    key: KeyType,
    ending: &'static str,
}

const FOLDERS: &[Folder] = &[
    Folder {
        path: "vc-di-eddsa/eddsa-rdfc-2022",
        suite: Suite::EddsaRdfc2022,
        key: KeyType::Ed25519,
        ending: "DataInt",
    },
    Folder {
        path: "vc-di-eddsa/eddsa-rdfc-2022/employ",
        suite: Suite::EddsaRdfc2022,
        key: KeyType::Ed25519,
        ending: "DataInt",
    },
    Folder {
        path: "vc-di-eddsa/eddsa-jcs-2022",
        suite: Suite::EddsaJcs2022,
        key: KeyType::Ed25519,
        ending: "JCS",
    },
    Folder {
        path: "vc-di-eddsa/Ed25519Signature2020",
        suite: Suite::Ed25519Signature2020,
        key: KeyType::Ed25519,
        ending: "EdSig",
    },
    Folder {
        path: "vc-di-ecdsa/ecdsa-rdfc-2019-p256",
        suite: Suite::EcdsaRdfc2019,
        key: KeyType::P256,
        ending: "ECDSAP256",
    },
    Folder {
        path: "vc-di-ecdsa/ecdsa-rdfc-2019-p256/employ",
        suite: Suite::EcdsaRdfc2019,
        key: KeyType::P256,
        ending: "ECDSAP256",
    },
    Folder {
        path: "vc-di-ecdsa/ecdsa-rdfc-2019-p384",
        suite: Suite::EcdsaRdfc2019,
        key: KeyType::P384,
        ending: "ECDSAP384",
    },
    Folder {
        path: "vc-di-ecdsa/ecdsa-rdfc-2019-p384/employ",
        suite: Suite::EcdsaRdfc2019,
        key: KeyType::P384,
        ending: "ECDSAP384",
    },
    Folder {
        path: "vc-di-ecdsa/ecdsa-jcs-2019-p256",
        suite: Suite::EcdsaJcs2019,
        key: KeyType::P256,
        ending: "JCSECDSAP256",
    },
    Folder {
        path: "vc-di-ecdsa/ecdsa-jcs-2019-p384",
        suite: Suite::EcdsaJcs2019,
        key: KeyType::P384,
        ending: "JCSECDSAP384",
    },
];

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn canonical(document: &Value, folder: &Folder) -> String {
    if folder.path.contains("jcs") {
        return canonical_json(document);
    }
    let quads = document_to_rdf(document, &store()).unwrap();
    let hash = match folder.key {
        KeyType::P384 => HashAlgorithm::Sha384,
        _ => HashAlgorithm::Sha256,
    };
    canonicalize(&quads, hash, Budget::default())
        .unwrap()
        .to_nquads()
}

fn digest(text: &str, key: KeyType) -> String {
    match key {
        KeyType::P384 => hex(&sha384(text.as_bytes())),
        _ => hex(&sha256(text.as_bytes())),
    }
}

#[test]
fn published_vectors() {
    let mut passed = 0;
    for folder in FOLDERS {
        let Some(path) = vectors(folder.path) else {
            return;
        };
        let file = |start: &str, end: &str| path.join(format!("{start}{}{end}", folder.ending));
        let read = |start: &str| std::fs::read_to_string(file(start, ".txt")).unwrap();
        let signed = json(&file("signed", ".json"));
        let config = json(&file("proofConfig", ".json"));
        let mut document = signed.clone();
        document.as_object_mut().unwrap().remove("proof");

        // Each step by itself.
        assert_eq!(canonical(&document, folder), read("canonDoc"));
        assert_eq!(canonical(&config, folder), read("proofCanon"));
        assert_eq!(digest(&read("canonDoc"), folder.key), read("docHash"));
        assert_eq!(digest(&read("proofCanon"), folder.key), read("proofHash"));

        // The whole.
        let text = |name: &str| config[name].as_str().unwrap();
        let options = ProofOptions {
            created: Some(Timestamp::parse_rfc3339(text("created")).unwrap()),
            ..ProofOptions::new(text("verificationMethod"), ProofPurpose::AssertionMethod)
        };
        let unsigned = prepare(&document, folder.suite, &options, &store()).unwrap();
        assert_eq!(
            hex(unsigned.signing_input()),
            read("combinedHash"),
            "{}",
            folder.path
        );
        let signature = from_hex(&read("sigHex"));
        if folder.key == KeyType::Ed25519 {
            // Ed25519 is deterministic: the same bytes again.
            let secret = json(&vectors("vc-di-eddsa").unwrap().join("keyPair.json"));
            let signer = Signer::from_multibase(secret["privateKeyMultibase"].as_str().unwrap());
            assert_eq!(signer.attach(unsigned.clone()), signed);
        }
        assert_eq!(unsigned.attach(signature), signed);
        assert_eq!(signed["proof"]["proofValue"], read("sigBTC58"));

        let bytes = serde_json::to_vec(&signed).unwrap();
        let proof = verify_bytes(&bytes, &[folder.suite], &unbound(), &store()).unwrap();
        assert_eq!((proof.suite, proof.key.kind()), (folder.suite, folder.key));
        assert_eq!(proof.verification_method, text("verificationMethod"));
        let others: Vec<Suite> = Suite::ALL
            .iter()
            .copied()
            .filter(|suite| *suite != folder.suite)
            .collect();
        assert_eq!(
            code(verify(&signed, &others, &unbound(), &store())),
            Err("unsupported_suite")
        );
        negatives(&signed, folder);
        passed += 1;
    }
    println!(
        "vc-di-eddsa and vc-di-ecdsa, whole documents: {passed}/{}",
        FOLDERS.len()
    );
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.trim().chars().collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

/// Each of these differs from a valid document in one point.
fn negatives(signed: &Value, folder: &Folder) {
    let foreign = Signer::fresh(folder.key);
    let method = format!("{0}#{1}", foreign.did(), &foreign.did()[8..]);
    let mut cases = vec![
        (
            "/validFrom",
            json!("2030-01-01T00:00:00Z"),
            "invalid_signature",
        ),
        ("/validFrom", json!(null), "invalid_signature"),
        (
            "/issuer",
            json!("https://other.example/"),
            "invalid_signature",
        ),
        (
            "/proof/created",
            json!("2023-02-24T23:36:39Z"),
            "invalid_signature",
        ),
        ("/proof/created", json!(null), "invalid_signature"),
        ("/proof/created", json!("yesterday"), "malformed"),
        ("/proof/created", json!(5), "malformed"),
        ("/proof/expires", json!("2024-01-01T00:00:00Z"), "expired"),
        ("/proof/expires", json!("later"), "malformed"),
        ("/proof/challenge", json!("c"), "invalid_signature"),
        ("/proof/domain", json!("d"), "invalid_signature"),
        ("/proof/nonce", json!("n"), "invalid_signature"),
        (
            "/proof/proofPurpose",
            json!("authentication"),
            "proof_purpose_mismatch",
        ),
        (
            "/proof/proofPurpose",
            json!("unheardOf"),
            "proof_purpose_mismatch",
        ),
        ("/proof/proofPurpose", json!(null), "proof_purpose_mismatch"),
        ("/proof/type", json!("UnknownProof"), "unsupported_suite"),
        ("/proof/type", json!(null), "unsupported_suite"),
        ("/proof/type", json!(["DataIntegrityProof"]), "malformed"),
        (
            "/proof/cryptosuite",
            json!("unknown-2019"),
            "unsupported_suite",
        ),
        (
            "/proof/verificationMethod",
            json!(method),
            "invalid_signature",
        ),
        ("/proof/verificationMethod", json!(null), "malformed"),
        (
            "/proof/verificationMethod",
            json!("did:key:invalidVm"),
            "malformed",
        ),
        (
            "/proof/verificationMethod",
            json!({"id": method}),
            "malformed",
        ),
        (
            "/proof/previousProof",
            json!("urn:uuid:0"),
            "unsupported_format",
        ),
        ("/proof/proofValue", json!(null), "malformed"),
        ("/proof/proofValue", json!("z"), "malformed"),
        ("/proof", json!(null), "malformed"),
        ("/proof", json!([]), "malformed"),
        ("/proof", json!("proof"), "malformed"),
    ];
    let value = signed["proof"]["proofValue"].as_str().unwrap();
    let cut = value.split_at(1).1.to_owned();
    let longer = format!("z1{cut}");
    let base64 = format!("u{cut}");
    for other in [cut, longer, base64] {
        cases.push(("/proof/proofValue", json!(other), "malformed"));
    }
    for (pointer, value, expected) in cases {
        let found = verify(
            &altered(signed, pointer, &value),
            &[folder.suite],
            &unbound(),
            &store(),
        );
        assert_eq!(
            code(found),
            Err(expected),
            "{}: {pointer} = {value}",
            folder.path
        );
    }
    // A flipped bit of the signature.
    let bytes = tessera_verifier::encoding::from_multibase_base58(value).unwrap();
    for at in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        let value = tessera_verifier::encoding::multibase_base58(&bytes);
        let found = verify(
            &altered(signed, "/proof/proofValue", &json!(value)),
            &[folder.suite],
            &unbound(),
            &store(),
        );
        assert_eq!(code(found), Err("invalid_signature"));
    }
    // A key of another kind.
    let kind = match folder.key {
        KeyType::Ed25519 => KeyType::P256,
        _ => KeyType::Ed25519,
    };
    let other = Signer::fresh(kind);
    let method = format!("{0}#{1}", other.did(), &other.did()[8..]);
    let found = altered(signed, "/proof/verificationMethod", &json!(method));
    let found = verify(&found, &[folder.suite], &unbound(), &store());
    assert_eq!(code(found), Err("unsupported_algorithm"));
}
