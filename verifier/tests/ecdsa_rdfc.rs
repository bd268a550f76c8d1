//! The published test vectors of `ecdsa-rdfc-2019` with P-256.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use serde_json::{Value, json};
use tessera_verifier::data_integrity::{
    Binding, ProofExpectation, ProofOptions, ProofPurpose, Suite, ecdsa_rdfc,
};
use tessera_verifier::jsonld::{ContextStore, document_to_rdf};
use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize};
use tessera_verifier::time::Timestamp;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(document: &Value, store: &ContextStore) -> String {
    let quads = document_to_rdf(document, store).unwrap();
    let canonical = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default()).unwrap();
    canonical.to_nquads()
}

#[test]
fn published_vectors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/vectors/vc-di-ecdsa/ecdsa-rdfc-2019-p256");
    if !root.is_dir() {
        println!("ecdsa-rdfc-2019: 2 skipped, the vectors are not here");
        return;
    }
    let store = ContextStore::builtin();
    // The vectors' issuers are not the controllers of their keys.
    let unbound = ProofExpectation {
        binding: Binding::Unbound,
        ..ProofExpectation::credential(Timestamp::from_unix(1_700_000_000))
    };
    for folder in ["", "employ/"] {
        let read =
            |name: &str| std::fs::read_to_string(root.join(format!("{folder}{name}"))).unwrap();
        let signed: Value = serde_json::from_str(&read("signedECDSAP256.json")).unwrap();
        let config: Value = serde_json::from_str(&read("proofConfigECDSAP256.json")).unwrap();
        let mut document = signed.clone();
        document.as_object_mut().unwrap().remove("proof");

        assert_eq!(canonical(&document, &store), read("canonDocECDSAP256.txt"));
        assert_eq!(canonical(&config, &store), read("proofCanonECDSAP256.txt"));
        let options = ProofOptions {
            created: Some(Timestamp::parse_rfc3339(config["created"].as_str().unwrap()).unwrap()),
            ..ProofOptions::new(
                config["verificationMethod"].as_str().unwrap(),
                ProofPurpose::AssertionMethod,
            )
        };
        let unsigned = ecdsa_rdfc::prepare(&document, &options, &store).unwrap();
        assert_eq!(
            hex(unsigned.signing_input()),
            read("combinedHashECDSAP256.txt")
        );
        let signature = read("sigHexECDSAP256.txt");
        let bytes: Vec<u8> = (0..64)
            .map(|index| u8::from_str_radix(&signature[2 * index..2 * index + 2], 16).unwrap())
            .collect();
        assert_eq!(unsigned.attach(&bytes), signed);

        assert_eq!(Suite::of(&signed), Ok(Suite::EcdsaRdfc2019));
        let proof = ecdsa_rdfc::verify(&signed, &unbound, &store).unwrap();
        assert_eq!(
            Some(&*proof.controller),
            signed["proof"]["verificationMethod"]
                .as_str()
                .unwrap()
                .split('#')
                .next()
        );
        assert!(proof.issuer.is_some());
        refusals(&signed, &unbound, &store);
    }
    println!("ecdsa-rdfc-2019: 2/2");
}

/// Each of these differs from a valid document in one point.
fn refusals(signed: &Value, unbound: &ProofExpectation<'_>, store: &ContextStore) {
    let altered = |pointer: &str, value: Value| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut altered = signed.clone();
        let parent = altered
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap();
        match value {
            Value::Null => parent.remove(name),
            value => parent.insert(name.to_owned(), value),
        };
        ecdsa_rdfc::verify(&altered, unbound, store).map_err(|error| error.code())
    };
    let code = |expected: &ProofExpectation<'_>| {
        ecdsa_rdfc::verify(signed, expected, store)
            .map(|_| ())
            .map_err(|error| error.code())
    };
    for (pointer, value, expected) in [
        (
            "/validFrom",
            json!("2030-01-01T00:00:00Z"),
            "invalid_signature",
        ),
        ("/validFrom", json!(null), "invalid_signature"),
        ("/unheardOf", json!("SPECIMEN"), "undefined_term"),
        ("/name", json!([]), "undefined_term"),
        (
            "/proof/created",
            json!("2024-02-24T23:36:38Z"),
            "invalid_signature",
        ),
        ("/proof/created", json!("yesterday"), "malformed"),
        ("/proof/expires", json!("2020-01-01T00:00:00Z"), "expired"),
        (
            "/proof/proofPurpose",
            json!("authentication"),
            "proof_purpose_mismatch",
        ),
        (
            "/proof/cryptosuite",
            json!("ecdsa-sd-2023"),
            "unsupported_suite",
        ),
        (
            "/proof/cryptosuite",
            json!(["ecdsa-rdfc-2019"]),
            "malformed",
        ),
        (
            "/proof/type",
            json!("Ed25519Signature2020"),
            "unsupported_suite",
        ),
        (
            "/proof/previousProof",
            json!("urn:uuid:0"),
            "unsupported_format",
        ),
        ("/proof/verificationMethod", json!("did:key:z"), "malformed"),
        ("/proof/proofValue", json!("z"), "malformed"),
        ("/proof/proofValue", json!("u"), "malformed"),
        ("/proof/proofValue", json!(null), "malformed"),
        ("/proof/nonce", json!({"a": 1}), "undefined_term"),
        ("/proof", json!([]), "malformed"),
        ("/proof", json!(null), "malformed"),
        (
            "/@context",
            json!(["https://www.w3.org/ns/credentials/v9"]),
            "unknown_context",
        ),
    ] {
        let found = altered(pointer, value.clone()).map(|_| ());
        // The examples' context has a vocabulary: no term is undefined there.
        let expected = match signed["@context"][1].as_str().unwrap().contains("examples") {
            true if value != json!([]) && expected == "undefined_term" => "invalid_signature",
            _ => expected,
        };
        assert_eq!(found, Err(expected), "{pointer} = {value}");
    }
    let bound = ProofExpectation {
        binding: Binding::Issuer,
        ..*unbound
    };
    assert_eq!(code(&bound), Err("issuer_key_mismatch"));
    let holder = ProofExpectation {
        binding: Binding::Holder,
        ..*unbound
    };
    assert_eq!(code(&holder), Err("holder_binding_invalid"));
    let challenged = ProofExpectation {
        challenge: Some("n"),
        ..*unbound
    };
    assert_eq!(code(&challenged), Err("nonce_mismatch"));
    let elsewhere = ProofExpectation {
        domain: Some("d"),
        ..*unbound
    };
    assert_eq!(code(&elsewhere), Err("audience_mismatch"));
}
