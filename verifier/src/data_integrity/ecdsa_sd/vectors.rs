//! The published test vectors of `ecdsa-sd-2023`, step by step.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use std::path::Path;
use std::println;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use super::*;
use crate::crypto::{SignError, Signature};
use crate::data_integrity::{Binding, ProofPurpose};
use crate::encoding::from_multibase_base58;
use crate::time::Timestamp;

/// A key of the vectors.
struct Signer(EcdsaKeyPair, PublicKey);

impl Signer {
    fn read(keys: &Value) -> Self {
        let secret = from_multibase_base58(keys["secretKeyMultibase"].as_str().unwrap()).unwrap();
        let name = keys["publicKeyMultibase"].as_str().unwrap();
        let public = crate::did::from_multikey(name).unwrap();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &secret[2..],
            public.to_uncompressed(),
        );
        Self(pair.unwrap(), public)
    }
}

impl LocalSigner for Signer {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self.0.sign(&SystemRandom::new(), message).unwrap();
        Ok(Signature::from_bytes(signature.as_ref()).unwrap())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

fn lines(statements: &Statements<[u8; 32]>) -> Value {
    statements.sorted.iter().map(|s| s.line.clone()).collect()
}

/// Statements by index, as the vectors write a JavaScript `Map`.
fn group(statements: &Statements<[u8; 32]>, selection: &Selection, selected: bool) -> Value {
    let entries = statements.sorted.iter().enumerate();
    entries
        .filter(|(_, statement)| statement.is_selected(selection).unwrap() == selected)
        .map(|(index, statement)| json!([index, statement.line]))
        .collect()
}

/// The vectors' issuers are not the controllers of their keys.
fn unbound() -> ProofExpectation<'static> {
    ProofExpectation {
        binding: Binding::Unbound,
        ..ProofExpectation::credential(Timestamp::from_unix(1_734_400_000))
    }
}

#[test]
fn published_vectors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/vc-di-ecdsa");
    if !root.is_dir() {
        println!("ecdsa-sd-2023: 2 skipped, the vectors are not here");
        return;
    }
    for (folder, prefix) in [("prc", "prCred"), ("employ", "employ")] {
        check(&root, folder, prefix);
    }
    println!("ecdsa-sd-2023: 2/2");
}

fn check(root: &Path, folder: &str, prefix: &str) {
    let store = ContextStore::builtin();
    let read = |path: String| std::fs::read_to_string(root.join(path)).unwrap();
    let parse = |path: String| -> Value { serde_json::from_str(&read(path)).unwrap() };
    let step = |name: &str| parse(format!("ecdsa-sd-2023/{folder}/{name}.json"));
    let keys = parse("ecdsa-sd-2023/SDKeyMaterial.json".to_owned());
    let mandatory_pointers = strings(&parse(format!("{prefix}Mandatory.json")));
    let selective_pointers = strings(&parse(format!("{prefix}Selective.json")));

    let base = step("addSignedSDBase");
    let mut document = base.clone();
    document.as_object_mut().unwrap().remove("proof");

    // Transformation: canonical form, shuffled labels, groups.
    let plain = crate::jsonld::document_to_rdf(&document, &store).unwrap();
    let plain = canonical(&plain);
    assert_eq!(json!(plain.lines()), step("addBaseDocCanon"));
    let hmac_key: [u8; 32] = core::array::from_fn(|index| (index % 16 * 0x11) as u8);
    let statements = shuffled(&document, &store, &hmac_key).unwrap();
    assert_eq!(lines(&statements), step("addBaseDocHMACCanon"));
    let selection = Selection::new(&document, &mandatory_pointers).unwrap();
    let transform = step("addBaseTransform");
    assert_eq!(
        group(&statements, &selection, true),
        transform["mandatory"]["value"]
    );
    assert_eq!(
        group(&statements, &selection, false),
        transform["nonMandatory"]["value"]
    );

    // Hashing.
    let config = step("addProofConfig");
    let quads = crate::jsonld::document_to_rdf(&config, &store).unwrap();
    assert_eq!(
        canonical(&quads).to_nquads(),
        read(format!("ecdsa-sd-2023/{folder}/addProofConfigCanon.txt"))
    );
    let ephemeral = Signer::read(&keys["proofKeyPair"]);
    let issuer = Signer::read(&keys["baseKeyPair"]);
    let options = ProofOptions {
        created: Some(Timestamp::parse_rfc3339(config["created"].as_str().unwrap()).unwrap()),
        ..ProofOptions::new(
            config["verificationMethod"].as_str().unwrap(),
            ProofPurpose::AssertionMethod,
        )
    };
    let secrets = BaseSecrets {
        hmac_key: &hmac_key,
        ephemeral: &ephemeral,
    };
    let unsigned =
        prepare_base(&document, &options, &mandatory_pointers, &secrets, &store).unwrap();
    let hashes = step("addHashData");
    let expected = format!(
        "{}{}{}",
        hashes["proofHash"].as_str().unwrap(),
        hex(&multikey(&ephemeral.1)),
        hashes["mandatoryHash"].as_str().unwrap()
    );
    assert_eq!(hex(unsigned.signing_input()), expected);

    // A base proof of our own, and the published one.
    let signature = issuer.sign(unsigned.signing_input()).unwrap();
    let ours = unsigned.attach(signature);
    let recovered = step("derivedRecoveredBaseData");
    for base in [&ours, &base] {
        verify_base(base, &unbound(), &store).unwrap();
        let value = BaseValue::decode(base["proof"]["proofValue"].as_str().unwrap()).unwrap();
        assert_eq!(
            hex(&value.parts.hmac_key),
            recovered["hmacKey"].as_str().unwrap()
        );
        assert_eq!(
            json!(value.parts.mandatory_pointers),
            recovered["mandatoryPointers"]
        );
        let count = recovered["signatures"].as_array().unwrap().len();
        assert_eq!(value.parts.signatures.len(), count);
        assert_eq!(
            verify(base, &unbound(), &store).unwrap_err().code(),
            "base_proof_refused"
        );
        let code = verify_base(base, &ProofExpectation::credential(unbound().now), &store);
        assert_eq!(code.unwrap_err().code(), "issuer_key_mismatch");
    }

    // The published derived proof comes out byte for byte.
    let derived = derive(&base, &selective_pointers, &store).unwrap();
    assert_eq!(derived, step("derivedRevealDocument"));
    let value = DerivedValue::decode(derived["proof"]["proofValue"].as_str().unwrap()).unwrap();
    let disclosed = step("derivedDisclosureData");
    assert_eq!(
        json!(value.mandatory_indexes),
        disclosed["mandatoryIndexes"]
    );
    let signatures: Vec<String> = value.signatures.iter().map(|s| hex(s)).collect();
    assert_eq!(json!(signatures), disclosed["signatures"]);
    verify(&derived, &unbound(), &store).unwrap();
    verify(
        &derive(&ours, &selective_pointers, &store).unwrap(),
        &unbound(),
        &store,
    )
    .unwrap();
    assert!(verify_base(&derived, &unbound(), &store).is_err());

    // Every altered scalar of what is revealed is noticed.
    for (pointer, _) in scalars(&derived) {
        let mut altered = derived.clone();
        let target = altered.pointer_mut(&pointer).unwrap();
        *target = match &*target {
            Value::String(text) => json!(format!("{text}x")),
            other => json!([other, "x"]),
        };
        assert!(verify(&altered, &unbound(), &store).is_err(), "{pointer}");
    }
    // And every added or removed entry of the subject.
    for member in ["birthDate", "familyName"] {
        let mut altered = derived.clone();
        altered["credentialSubject"][member] = json!("1900-01-01");
        assert!(
            verify(&altered, &unbound(), &store).is_err(),
            "{member} added"
        );
    }
    let mut altered = derived.clone();
    altered["credentialSubject"]
        .as_object_mut()
        .unwrap()
        .remove("birthCountry");
    assert!(verify(&altered, &unbound(), &store).is_err());
}

/// Pointers to the scalars of a document.
fn scalars(value: &Value) -> Vec<(String, &Value)> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        _ => return vec![(String::new(), value)],
    };
    let nested = |(name, value): (String, _)| {
        let inner = scalars(value).into_iter();
        inner.map(move |(pointer, scalar)| (format!("/{name}{pointer}"), scalar))
    };
    children.into_iter().flat_map(nested).collect()
}

#[test]
fn pointers_that_match_nothing_are_refused() {
    let document = json!({"a": [{"b/c": 1}], "d": {"~": null}});
    for pointer in [
        "/x",
        "/a/1",
        "/a/00",
        "/a/-",
        "/a/0/b",
        "a",
        "/d/~",
        "/d/~2",
        "/a/0/b~1c/x",
    ] {
        let found = Selection::new(&document, &[pointer.to_owned()]);
        assert_eq!(
            found.err().map(|e| e.code()),
            Some("disclosure_invalid"),
            "{pointer}"
        );
    }
    for pointer in ["", "/a", "/a/0", "/a/0/b~1c", "/d/~0"] {
        assert!(
            Selection::new(&document, &[pointer.to_owned()]).is_ok(),
            "{pointer}"
        );
    }
}

fn canonical(quads: &[crate::rdf::Quad]) -> crate::rdf::Canonical<'_> {
    use crate::rdf::{Budget, HashAlgorithm, canonicalize};
    canonicalize(quads, HashAlgorithm::Sha256, Budget::default()).unwrap()
}
