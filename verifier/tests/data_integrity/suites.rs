//! Issuing and verifying with every suite that signs whole documents.

use serde_json::{Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::data_integrity::{
    Binding, ProofExpectation, ProofOptions, ProofPurpose, Suite, prepare, verify,
};
use tessera_verifier::key::KeyType;

use crate::support::{
    NOW, PLAIN, Signer, altered, code, credential, old_credential, store, unbound,
};

fn check(document: &Value, suite: Suite) -> Result<(), &'static str> {
    let expected = ProofExpectation::credential(NOW);
    code(verify(document, &[suite], &expected, &store()))
}

#[test]
fn credentials_of_both_data_models_come_back() {
    for (suite, kind) in PLAIN {
        let signer = Signer::fresh(*kind);
        for document in [credential(&signer.did()), old_credential(&signer.did())] {
            let secured = signer.secure(&document, *suite);
            assert_eq!(check(&secured, *suite), Ok(()), "{suite:?}");
            let proof = &secured["proof"];
            let is_old = *suite == Suite::Ed25519Signature2020;
            assert_eq!(
                proof["type"],
                if is_old {
                    "Ed25519Signature2020"
                } else {
                    "DataIntegrityProof"
                }
            );
            assert_eq!(proof.get("cryptosuite").is_none(), is_old);
            // The context of the first proof of a document defines its terms.
            let added = match (document["@context"][0].as_str().unwrap(), is_old) {
                (_, true) => Some("https://w3id.org/security/suites/ed25519-2020/v1"),
                ("https://www.w3.org/2018/credentials/v1", false) => {
                    Some("https://w3id.org/security/data-integrity/v2")
                }
                _ => None,
            };
            let mut contexts = document["@context"].as_array().unwrap().clone();
            contexts.extend(added.map(Value::from));
            assert_eq!(secured["@context"], json!(contexts));
            // Securing it again as it is changes nothing about the context.
            let bare = altered(&secured, "/proof", &json!(null));
            assert_eq!(
                signer.secure(&bare, *suite)["@context"],
                secured["@context"]
            );
            for (pointer, value) in [
                ("/credentialSubject/alumniOf", json!("Another School")),
                ("/credentialSubject/id", json!("urn:uuid:1")),
                ("/id", json!("urn:uuid:2")),
                ("/proof/created", json!("2026-01-15T00:00:01Z")),
                ("/proof/nonce", json!("n")),
            ] {
                let found = check(&altered(&secured, pointer, &value), *suite);
                assert_eq!(found, Err("invalid_signature"), "{suite:?} {pointer}");
            }
        }
    }
}

#[test]
fn presentations_answer_one_challenge_for_one_domain() {
    for (suite, kind) in PLAIN {
        let holder = Signer::fresh(*kind);
        let document = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiablePresentation"],
            "holder": holder.did(),
        });
        let options = ProofOptions {
            challenge: Some("c".into()),
            domain: Some("d".into()),
            nonce: Some("n".into()),
            id: Some("urn:uuid:3".into()),
            expires: Some(NOW.add_seconds(60)),
            ..holder.options(ProofPurpose::Authentication)
        };
        let secured = holder.attach(prepare(&document, *suite, &options, &store()).unwrap());
        let expected = ProofExpectation::presentation(NOW, "c", "d");
        let found =
            |expected: &ProofExpectation<'_>| code(verify(&secured, &[*suite], expected, &store()));
        assert_eq!(found(&expected), Ok(()));
        assert_eq!(
            found(&ProofExpectation::presentation(NOW, "x", "d")),
            Err("nonce_mismatch")
        );
        assert_eq!(
            found(&ProofExpectation::presentation(NOW, "c", "x")),
            Err("audience_mismatch")
        );
        let later = ProofExpectation {
            now: NOW.add_seconds(60),
            ..expected
        };
        assert_eq!(found(&later), Err("expired"));
        let issuer = ProofExpectation {
            binding: Binding::Issuer,
            ..expected
        };
        assert_eq!(found(&issuer), Err("issuer_key_mismatch"));
        let assertion = ProofExpectation {
            purpose: ProofPurpose::AssertionMethod,
            ..expected
        };
        assert_eq!(found(&assertion), Err("proof_purpose_mismatch"));
        let other = altered(&secured, "/holder", &json!("did:example:other"));
        assert_eq!(
            code(verify(&other, &[*suite], &expected, &store())),
            Err("holder_binding_invalid")
        );
    }
}

#[test]
fn each_suite_has_its_own_kinds_of_key() {
    let kinds = [KeyType::P256, KeyType::P384, KeyType::Ed25519];
    for suite in Suite::ALL
        .iter()
        .filter(|suite| !matches!(suite, Suite::EcdsaSd2023 | Suite::Bbs2023))
    {
        for kind in kinds {
            let signer = Signer::fresh(kind);
            let options = signer.options(ProofPurpose::AssertionMethod);
            let prepared = code(prepare(
                &credential(&signer.did()),
                *suite,
                &options,
                &store(),
            ));
            let fits = suite.key_types().contains(&kind);
            assert_eq!(
                prepared,
                if fits {
                    Ok(())
                } else {
                    Err("unsupported_algorithm")
                }
            );
            assert_eq!(fits, PLAIN.contains(&(*suite, kind)));
        }
    }
    assert_eq!(Suite::EcdsaSd2023.key_types(), &[KeyType::P256]);
    for suite in Suite::ALL {
        assert_eq!(Suite::from_name(suite.as_str()), Some(*suite));
    }
    assert_eq!(Suite::from_name("rsa-2018"), None);
}

#[test]
fn a_proof_is_of_one_suite_only() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let secured = signer.secure(&credential(&signer.did()), Suite::EddsaRdfc2022);
    for (name, suite) in [
        ("eddsa-jcs-2022", Suite::EddsaJcs2022),
        ("Ed25519Signature2020", Suite::Ed25519Signature2020),
    ] {
        let renamed = match suite {
            Suite::Ed25519Signature2020 => {
                let renamed = altered(&secured, "/proof/type", &json!(name));
                let renamed = altered(&renamed, "/proof/cryptosuite", &json!(null));
                let mut contexts = secured["@context"].as_array().unwrap().clone();
                contexts.push(json!("https://w3id.org/security/suites/ed25519-2020/v1"));
                altered(&renamed, "/@context", &json!(contexts))
            }
            _ => altered(&secured, "/proof/cryptosuite", &json!(name)),
        };
        assert_eq!(check(&renamed, suite), Err("invalid_signature"));
    }
    // The old type has no cryptosuite.
    let both = altered(&secured, "/proof/type", &json!("Ed25519Signature2020"));
    assert_eq!(
        code(verify(&both, Suite::ALL, &unbound(), &store())),
        Err("unsupported_suite")
    );
}

#[test]
fn a_jcs_proof_signs_the_first_contexts_of_the_document() {
    for (suite, kind) in PLAIN
        .iter()
        .filter(|(suite, _)| suite.as_str().contains("jcs"))
    {
        let signer = Signer::fresh(*kind);
        let secured = signer.secure(&credential(&signer.did()), *suite);
        assert_eq!(secured["proof"]["@context"], secured["@context"]);
        let with = |context: Value| check(&altered(&secured, "/@context", &context), *suite);
        let [v2, examples] = [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/examples/v2",
        ];
        // Others may follow; none may come before, or be missing.
        assert_eq!(
            with(json!([v2, examples, "https://w3id.org/vdl/v1"])),
            Ok(())
        );
        assert_eq!(with(json!([v2])), Err("malformed"));
        assert_eq!(with(json!([examples, v2])), Err("malformed"));
        assert_eq!(
            with(json!(["https://w3id.org/vdl/v1", v2, examples])),
            Err("malformed")
        );
        assert_eq!(with(json!(null)), Err("malformed"));
        // The proof's own context is signed too.
        let shorter = altered(&secured, "/proof/@context", &json!([v2]));
        assert_eq!(check(&shorter, *suite), Err("invalid_signature"));
        let without = altered(&secured, "/proof/@context", &json!(null));
        assert_eq!(check(&without, *suite), Err("invalid_signature"));
    }
}

#[test]
fn a_jcs_proof_covers_every_digit() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let options = signer.options(ProofPurpose::AssertionMethod);
    // Without a context there is nothing to add to: plain JSON.
    let document = |number: Value| json!({"issuer": signer.did(), "number": [{"n": number}]});
    for exact in [
        json!(9_007_199_254_740_991_i64),
        json!(-9_007_199_254_740_991_i64),
        json!(1.5e300),
        json!(1),
    ] {
        let secured = signer.secure(&document(exact), Suite::EddsaJcs2022);
        assert_eq!(check(&secured, Suite::EddsaJcs2022), Ok(()));
        assert!(secured.get("@context").is_none());
        let other = altered(&secured, "/number", &json!(2));
        assert_eq!(check(&other, Suite::EddsaJcs2022), Err("invalid_signature"));
    }
    for rounded in [
        json!(9_007_199_254_740_993_i64),
        json!(-9_007_199_254_740_993_i64),
        json!(u64::MAX),
    ] {
        let refused = prepare(
            &document(rounded.clone()),
            Suite::EddsaJcs2022,
            &options,
            &store(),
        );
        assert_eq!(code(refused), Err("malformed"));
        let secured = signer.secure(&document(json!(0)), Suite::EddsaJcs2022);
        let secured = altered(&secured, "/number", &rounded);
        assert_eq!(check(&secured, Suite::EddsaJcs2022), Err("malformed"));
    }
}

#[test]
fn undefined_terms_are_neither_signed_nor_verified() {
    for (suite, kind) in PLAIN
        .iter()
        .filter(|(suite, _)| !suite.as_str().contains("jcs"))
    {
        let signer = Signer::fresh(*kind);
        let document = old_credential(&signer.did());
        let undefined = altered(&document, "/credentialSubject/unheardOf", &json!("x"));
        let options = signer.options(ProofPurpose::AssertionMethod);
        let refused = prepare(&undefined, *suite, &options, &store());
        assert_eq!(code(refused), Err("undefined_term"));
        let secured = signer.secure(&document, *suite);
        for (pointer, value) in [
            ("/credentialSubject/unheardOf", json!("x")),
            ("/type/1", json!("UnheardOf")),
            ("/proof/unheardOf", json!("x")),
        ] {
            let found = match pointer {
                "/type/1" => altered(&secured, "/type", &json!(["VerifiableCredential", value])),
                _ => altered(&secured, pointer, &value),
            };
            assert_eq!(check(&found, *suite), Err("undefined_term"), "{pointer}");
        }
    }
}

#[test]
fn what_cannot_be_verified_is_not_signed() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let base = signer.options(ProofPurpose::AssertionMethod);
    let document = credential(&signer.did());
    let refused = |document: &Value, options: &ProofOptions| {
        code(prepare(document, Suite::EddsaRdfc2022, options, &store()))
    };
    assert_eq!(refused(&document, &base), Ok(()));
    let secured = signer.secure(&document, Suite::EddsaRdfc2022);
    assert_eq!(refused(&secured, &base), Err("malformed"));
    assert_eq!(refused(&json!([]), &base), Err("malformed"));
    let method = |method: &str| ProofOptions {
        verification_method: method.into(),
        ..base.clone()
    };
    assert_eq!(refused(&document, &method(&signer.did())), Err("malformed"));
    assert_eq!(refused(&document, &method("did:key:z#z")), Err("malformed"));
    assert_eq!(
        refused(&document, &method("did:web:issuer.example#key")),
        Err("malformed")
    );
    let chained = ProofOptions {
        previous_proof: vec!["urn:uuid:0".into()],
        ..base.clone()
    };
    assert_eq!(refused(&document, &chained), Err("malformed"));
    let another = ProofOptions {
        key: Some(
            tessera_verifier::did::resolve(&Signer::fresh(KeyType::Ed25519).did())
                .unwrap()
                .1,
        ),
        ..base.clone()
    };
    assert_eq!(refused(&document, &another), Err("malformed"));
    let sd = prepare(&document, Suite::EcdsaSd2023, &base, &store());
    assert_eq!(code(sd), Err("unsupported_suite"));
}

#[test]
fn times_without_an_offset_are_utc_and_the_future_may_be_refused() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let secured = signer.secure(&credential(&signer.did()), Suite::EddsaJcs2022);
    let with = |name: &str, value: &str, expected: &ProofExpectation<'_>| {
        let altered = altered(&secured, &format!("/proof/{name}"), &json!(value));
        code(verify(&altered, &[Suite::EddsaJcs2022], expected, &store()))
    };
    let expected = ProofExpectation::credential(NOW);
    let now = NOW.to_rfc3339();
    let local = now.trim_end_matches('Z');
    let expires = with("expires", local, &expected);
    assert_eq!(expires, Err("expired"));
    assert_eq!(with("expires", "2026-01-15", &expected), Err("malformed"));
    // A time that reads as one goes on to the signature.
    assert_eq!(with("created", local, &expected), Err("invalid_signature"));
    assert_eq!(
        with("created", "2030-01-01T00:00:00Z", &expected),
        Err("invalid_signature")
    );
    let strict = ProofExpectation {
        future_tolerance: Some(60),
        ..expected
    };
    let after = |seconds| Timestamp::to_rfc3339(NOW.add_seconds(seconds));
    assert_eq!(
        with("created", &after(60), &strict),
        Err("invalid_signature")
    );
    assert_eq!(with("created", &after(61), &strict), Err("not_yet_valid"));
    assert_eq!(
        code(verify(&secured, &[Suite::EddsaJcs2022], &strict, &store())),
        Ok(())
    );
}

#[test]
fn several_domains_are_not_one() {
    let holder = Signer::fresh(KeyType::P256);
    let document = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": holder.did(),
    });
    let options = ProofOptions {
        challenge: Some("c".into()),
        domain: Some("d".into()),
        ..holder.options(ProofPurpose::Authentication)
    };
    let secured =
        holder.attach(prepare(&document, Suite::EcdsaRdfc2019, &options, &store()).unwrap());
    let with = |domain: Value| {
        let expected = ProofExpectation::presentation(NOW, "c", "d");
        let altered = altered(&secured, "/proof/domain", &domain);
        code(verify(
            &altered,
            &[Suite::EcdsaRdfc2019],
            &expected,
            &store(),
        ))
    };
    // A list of one says the same, in the same quads.
    assert_eq!(with(json!(["d"])), Ok(()));
    assert_eq!(with(json!(["d", "e"])), Err("audience_mismatch"));
    assert_eq!(with(json!([])), Err("audience_mismatch"));
    assert_eq!(with(json!(null)), Err("audience_mismatch"));
    assert_eq!(with(json!([5])), Err("malformed"));
}
