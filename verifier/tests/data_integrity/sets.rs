//! Proof sets and chains.

use serde_json::{Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::data_integrity::{
    Binding, ProofExpectation, ProofOptions, ProofPurpose, Suite, prepare_further, verify,
    verify_all,
};
use tessera_verifier::key::KeyType;

use crate::support::{NOW, PLAIN, Signer, altered, code, credential, store, unbound, vectors};

const EDDSA: &[Suite] = &[Suite::EddsaRdfc2022];

fn all(
    document: &Value,
) -> Result<Vec<tessera_verifier::data_integrity::VerifiedProof>, tessera_verifier::Error> {
    verify_all(document, Suite::ALL, &unbound(), &store())
}

/// The options of a published proof configuration.
fn options(config: &Value) -> ProofOptions {
    let text = |name: &str| config[name].as_str().map(str::to_owned);
    ProofOptions {
        id: text("id"),
        created: Some(Timestamp::parse_rfc3339(&text("created").unwrap()).unwrap()),
        previous_proof: match &config["previousProof"] {
            Value::String(one) => vec![one.clone()],
            Value::Array(names) => names
                .iter()
                .map(|n| n.as_str().unwrap().to_owned())
                .collect(),
            _ => Vec::new(),
        },
        ..ProofOptions::new(
            text("verificationMethod").unwrap(),
            ProofPurpose::AssertionMethod,
        )
    }
}

#[test]
fn the_published_set_and_chain_come_out_byte_for_byte() {
    let Some(folder) = vectors("vc-di-eddsa/proof-set-chain") else {
        return;
    };
    let read = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let keys = read("multiKeyPairs.json");
    let mut document = read("unsigned.json");
    let steps = [
        (
            "keyPair1",
            "proofSetConfig1.json",
            "proofSetConfigSigned1.json",
            "signedProofSet1.json",
        ),
        (
            "keyPair2",
            "proofSetConfig2.json",
            "proofSetConfigSigned2.json",
            "signedProofSet2.json",
        ),
        (
            "keyPair3",
            "proofChainConfig1.json",
            "proofChainConfigSigned1.json",
            "signedProofChain1.json",
        ),
        (
            "keyPair4",
            "proofChainConfig2.json",
            "proofChainConfigSigned2.json",
            "signedProofChain2.json",
        ),
    ];
    for (count, (pair, config, proof, signed)) in (1..).zip(steps) {
        let signer = Signer::from_multibase(keys[pair]["privateKeyMultibase"].as_str().unwrap());
        let options = options(&read(config));
        let unsigned =
            prepare_further(&document, Suite::EddsaRdfc2022, &options, &store()).unwrap();
        document = signer.attach(unsigned);
        assert_eq!(document, read(signed));
        let last = document["proof"]
            .get(count - 1)
            .unwrap_or(&document["proof"]);
        assert_eq!(last, &read(proof));
        let verified = verify_all(&document, EDDSA, &unbound(), &store()).unwrap();
        assert_eq!(verified.len(), count);
        assert_eq!(verified[count - 1].id, options.id);
    }
    // What a chain signs is lost with any change of what it builds on.
    let without = |index: usize| {
        let mut document = document.clone();
        document["proof"].as_array_mut().unwrap().remove(index);
        code(all(&document))
    };
    assert_eq!([without(0), without(1), without(2)], [Err("malformed"); 3]);
    assert_eq!(without(3), Ok(()));
    for (pointer, value, expected) in [
        (
            "/proof/0/created",
            json!("2023-02-24T23:36:39Z"),
            "invalid_signature",
        ),
        (
            "/proof/2/previousProof",
            json!("urn:uuid:8cc9022b-6b14-4cf3-8571-74972c5feb54"),
            "invalid_signature",
        ),
        ("/proof/2/previousProof", json!(null), "invalid_signature"),
        ("/proof/2/previousProof", json!("urn:uuid:0"), "malformed"),
        ("/proof/2/previousProof", json!(["urn:uuid:0"]), "malformed"),
        ("/proof/2/previousProof", json!([]), "malformed"),
        ("/proof/2/previousProof", json!([5]), "malformed"),
        (
            "/proof/2/previousProof",
            json!({"id": "urn:uuid:0"}),
            "malformed",
        ),
        (
            "/proof/1/id",
            json!("urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544"),
            "malformed",
        ),
        ("/proof/1/id", json!(5), "malformed"),
        (
            "/proof/3/proofPurpose",
            json!("authentication"),
            "proof_purpose_mismatch",
        ),
        ("/proof/3/type", json!("UnknownProof"), "unsupported_suite"),
        ("/proof/3/proofValue", json!("z"), "malformed"),
        // The first proof, which later ones sign with the document, bites the tail.
        (
            "/proof/0/previousProof",
            json!("urn:uuid:d94f792a-c546-4d06-b38a-da070ab56c23"),
            "malformed",
        ),
        (
            "/proof/0/previousProof",
            json!("urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544"),
            "malformed",
        ),
    ] {
        assert_eq!(
            code(all(&altered(&document, pointer, &value))),
            Err(expected),
            "{pointer} = {value}"
        );
    }
    let mut names = document["proof"][2]["previousProof"]
        .as_array()
        .unwrap()
        .clone();
    names.push(names[0].clone());
    let twice = altered(&document, "/proof/2/previousProof", &json!(names));
    assert_eq!(code(all(&twice)), Err("malformed"));
    // Only one proof is expected by `verify`.
    assert_eq!(
        code(verify(&document, EDDSA, &unbound(), &store())),
        Err("malformed")
    );
    assert_eq!(
        code(verify_all(
            &document,
            &[Suite::EddsaJcs2022],
            &unbound(),
            &store()
        )),
        Err("unsupported_suite")
    );
    println!(
        "vc-di-eddsa/proof-set-chain: {}/{}",
        steps.len(),
        steps.len()
    );
}

/// A document with one proof of each suite, each naming the one before it.
fn chain_of_all_suites(issuer: &Signer) -> Value {
    let mut document = credential(&issuer.did());
    for (index, (suite, kind)) in PLAIN.iter().enumerate() {
        let fresh = Signer::fresh(*kind);
        let signer = if index == 0 { issuer } else { &fresh };
        let options = ProofOptions {
            id: Some(format!("urn:proof:{index}")),
            previous_proof: match index {
                // The terms of Ed25519Signature2020 have no chains.
                0 | 6 => Vec::new(),
                _ => vec![format!("urn:proof:{}", index - 1)],
            },
            ..signer.options(ProofPurpose::AssertionMethod)
        };
        document = signer.attach(prepare_further(&document, *suite, &options, &store()).unwrap());
    }
    document
}

#[test]
fn every_suite_links_to_every_other() {
    let issuer = Signer::fresh(KeyType::P256);
    let document = chain_of_all_suites(&issuer);
    let verified = all(&document).unwrap();
    let suites: Vec<Suite> = verified.iter().map(|proof| proof.suite).collect();
    assert_eq!(
        suites,
        PLAIN.iter().map(|(suite, _)| *suite).collect::<Vec<_>>()
    );
    // One of them is the issuer's.
    verify_all(
        &document,
        Suite::ALL,
        &ProofExpectation::credential(NOW),
        &store(),
    )
    .unwrap();
    let other = altered(&document, "/issuer", &json!("did:example:other"));
    let bound = ProofExpectation::credential(NOW);
    assert_eq!(
        code(verify_all(&other, Suite::ALL, &bound, &store())),
        Err("issuer_key_mismatch")
    );
    // A suite that is not allowed is not left out but refused.
    let some: Vec<Suite> = Suite::ALL
        .iter()
        .copied()
        .filter(|s| *s != Suite::EddsaJcs2022)
        .collect();
    assert_eq!(
        code(verify_all(&document, &some, &bound, &store())),
        Err("unsupported_suite")
    );
    // Each proof counts.
    for index in 0..PLAIN.len() {
        let pointer = format!("/proof/{index}/nonce");
        let found = all(&altered(&document, &pointer, &json!("n")));
        assert_eq!(code(found), Err("invalid_signature"), "{index}");
    }
    for challenge in [Some("c"), None] {
        let expected = ProofExpectation {
            challenge,
            binding: Binding::Holder,
            ..bound
        };
        let expected_code = if challenge.is_some() {
            "nonce_mismatch"
        } else {
            "holder_binding_invalid"
        };
        assert_eq!(
            code(verify_all(&document, Suite::ALL, &expected, &store())),
            Err(expected_code)
        );
    }
}

/// Data Integrity §4.5 and RFC 8785, written down by hand: the next proof signs the document with the proofs it names, in an
/// array, in their canonical form.
#[test]
fn a_chain_over_json_signs_the_canonical_form_of_document_and_proof() {
    fn canonical(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| *name);
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("{}:{}", json!(name), canonical(value)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(canonical).collect();
                format!("[{}]", items.join(","))
            }
            other => other.to_string(),
        }
    }
    let issuer = Signer::fresh(KeyType::Ed25519);
    let first = ProofOptions {
        id: Some("urn:proof:0".into()),
        ..issuer.options(ProofPurpose::AssertionMethod)
    };
    let bare = credential(&issuer.did());
    let unsigned = prepare_further(&bare, Suite::EddsaJcs2022, &first, &store()).unwrap();
    let secured = issuer.attach(unsigned);
    let next = ProofOptions {
        previous_proof: vec!["urn:proof:0".into()],
        ..issuer.options(ProofPurpose::AssertionMethod)
    };
    let unsigned = prepare_further(&secured, Suite::EddsaJcs2022, &next, &store()).unwrap();
    let expected = altered(&secured, "/proof", &json!([secured["proof"]]));
    let expected = tessera_verifier::crypto::sha256(canonical(&expected).as_bytes());
    assert_eq!(unsigned.signing_input()[32..], expected);
}

#[test]
fn two_proofs_do_not_share_an_identifier() {
    let issuer = Signer::fresh(KeyType::Ed25519);
    let bare = credential(&issuer.did());
    let proof = |id: &str, created| {
        let options = ProofOptions {
            id: Some(id.into()),
            created: Some(Timestamp::from_unix(created)),
            ..issuer.options(ProofPurpose::AssertionMethod)
        };
        let unsigned = prepare_further(&bare, Suite::EddsaRdfc2022, &options, &store());
        issuer.attach(unsigned.unwrap())["proof"].clone()
    };
    let set = |proofs: Value| code(all(&altered(&bare, "/proof", &proofs)));
    let [one, other, third] = [
        proof("urn:proof:0", 1),
        proof("urn:proof:0", 2),
        proof("urn:proof:1", 3),
    ];
    // Each of them holds.
    assert_eq!(set(json!([one, third])), Ok(()));
    assert_eq!(set(json!([other, third])), Ok(()));
    assert_eq!(set(json!([one, other])), Err("malformed"));
    assert_eq!(set(json!([one, third, one])), Err("malformed"));
}

#[test]
fn the_number_of_proofs_is_bounded() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let mut document = credential(&signer.did());
    let options = signer.options(ProofPurpose::AssertionMethod);
    for count in 0..17 {
        let unsigned = prepare_further(&document, Suite::EddsaJcs2022, &options, &store());
        match count {
            16 => assert_eq!(code(unsigned), Err("too_large")),
            _ => document = signer.attach(unsigned.unwrap()),
        }
    }
    assert_eq!(all(&document).unwrap().len(), 16);
    let proofs = document["proof"].as_array_mut().unwrap();
    proofs.push(proofs[0].clone());
    assert_eq!(code(all(&document)), Err("too_large"));
}

#[test]
fn what_cannot_be_linked_is_not_signed() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let base = signer.options(ProofPurpose::AssertionMethod);
    let first = ProofOptions {
        id: Some("urn:proof:0".into()),
        ..base.clone()
    };
    // No vocabulary takes terms that are not defined.
    let document = altered(
        &credential(&signer.did()),
        "/@context",
        &json!(["https://www.w3.org/ns/credentials/v2"]),
    );
    let document = altered(&document, "/type", &json!("VerifiableCredential"));
    let document = altered(
        &document,
        "/credentialSubject",
        &json!({"id": "urn:uuid:0", "name": "SPECIMEN"}),
    );
    let chained = ProofOptions {
        previous_proof: vec!["urn:proof:0".into()],
        ..base.clone()
    };
    let further =
        |document, suite, options| code(prepare_further(document, suite, options, &store()));
    // Nothing to link to.
    assert_eq!(
        further(&document, Suite::EddsaRdfc2022, &chained),
        Err("malformed")
    );
    let unsigned = prepare_further(&document, Suite::EddsaRdfc2022, &first, &store()).unwrap();
    let document = signer.attach(unsigned);
    assert_eq!(further(&document, Suite::EddsaRdfc2022, &chained), Ok(()));
    // The name is taken.
    assert_eq!(
        further(&document, Suite::EddsaRdfc2022, &first),
        Err("malformed")
    );
    let missing = ProofOptions {
        previous_proof: vec!["urn:proof:0".into(), "urn:proof:1".into()],
        ..base.clone()
    };
    assert_eq!(
        further(&document, Suite::EddsaRdfc2022, &missing),
        Err("malformed")
    );
    // Ed25519Signature2020 has no term for it, selective disclosure no place.
    assert_eq!(
        further(&document, Suite::Ed25519Signature2020, &chained),
        Err("undefined_term")
    );
    assert_eq!(
        further(&document, Suite::EcdsaSd2023, &base),
        Err("unsupported_suite")
    );
}
