//! Verification methods of did:web and https controllers, from documents that are handed in.

use serde_json::{Value, json};
use tessera_verifier::data_integrity::{
    Binding, ProofExpectation, ProofOptions, ProofPurpose, Suite, prepare, verify,
};
use tessera_verifier::did::{self, Documents};
use tessera_verifier::encoding::base64url;
use tessera_verifier::key::KeyType;

use tessera_verifier::crypto::LocalSigner as _;

use crate::support::{NOW, PLAIN, Signer, altered, code, credential, store};

const ISSUER: &str = "did:web:issuer.example";
const METHOD: &str = "did:web:issuer.example#key-1";

fn document(key: &Signer) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": ISSUER,
        "verificationMethod": [{
            "id": METHOD,
            "type": "Multikey",
            "controller": ISSUER,
            "publicKeyMultibase": did::multikey(key.public_key()),
        }],
        "assertionMethod": [METHOD],
    })
}

fn at_hand(document: &Value) -> Result<Documents, tessera_verifier::Error> {
    let mut documents = Documents::new();
    documents.insert(document)?;
    Ok(documents)
}

/// A credential issued in the name of `issuer` with `method`.
fn issued(key: &Signer, issuer: &str, method: &str) -> Value {
    let options = ProofOptions {
        key: Some(key.public_key().clone()),
        ..ProofOptions::new(method, ProofPurpose::AssertionMethod)
    };
    let unsigned = prepare(
        &credential(issuer),
        Suite::EddsaRdfc2022,
        &options,
        &store(),
    )
    .unwrap();
    key.attach(unsigned)
}

fn check(secured: &Value, documents: &Documents) -> Result<(), &'static str> {
    let expected = ProofExpectation::credential(NOW).with_documents(documents);
    code(verify(
        secured,
        &[Suite::EddsaRdfc2022],
        &expected,
        &store(),
    ))
}

#[test]
fn the_document_decides_what_a_key_may_do() {
    let key = Signer::fresh(KeyType::Ed25519);
    let secured = issued(&key, ISSUER, METHOD);
    let with = |document: &Value| {
        at_hand(document)
            .map_err(|e| e.code())
            .and_then(|d| check(&secured, &d))
    };
    let valid = document(&key);
    assert_eq!(with(&valid), Ok(()));
    let method = "/verificationMethod/0";
    for (pointer, value, expected) in [
        ("/assertionMethod", json!(["#key-1"]), Ok(())),
        ("/assertionMethod", json!("#key-1"), Ok(())),
        ("/verificationMethod/0/id", json!("#key-1"), Ok(())),
        (
            "/verificationMethod/0/expires",
            json!("2027-01-01T00:00:00Z"),
            Ok(()),
        ),
        (
            "/verificationMethod/0/revoked",
            json!("2027-01-01T00:00:00Z"),
            Ok(()),
        ),
        (
            "/verificationMethod/0/type",
            json!("Ed25519VerificationKey2020"),
            Ok(()),
        ),
        // What the document does not say.
        (
            "/assertionMethod",
            json!(null),
            Err("proof_purpose_mismatch"),
        ),
        ("/assertionMethod", json!([]), Err("proof_purpose_mismatch")),
        (
            "/verificationMethod/0/expires",
            json!(NOW.to_rfc3339()),
            Err("expired"),
        ),
        (
            "/verificationMethod/0/revoked",
            json!(NOW.to_rfc3339()),
            Err("issuer_untrusted"),
        ),
        (
            "/verificationMethod/0/type",
            json!("UnheardOfKey"),
            Err("unsupported_algorithm"),
        ),
        ("/id", json!("did:web:other.example"), Err("malformed")),
        // What no document may say.
        (
            "/verificationMethod/0/controller",
            json!("did:web:other.example"),
            Err("malformed"),
        ),
        (
            "/verificationMethod/0/controller",
            json!(null),
            Err("malformed"),
        ),
        (
            "/verificationMethod/0/controller",
            json!([ISSUER]),
            Err("malformed"),
        ),
        (
            "/verificationMethod/0/id",
            json!("did:web:other.example#key-1"),
            Err("malformed"),
        ),
        ("/verificationMethod/0/id", json!(ISSUER), Err("malformed")),
        (
            "/verificationMethod/0/expires",
            json!("soon"),
            Err("malformed"),
        ),
        (
            "/verificationMethod/0/revoked",
            json!(true),
            Err("malformed"),
        ),
        (
            "/verificationMethod/0/publicKeyMultibase",
            json!("u6Mk"),
            Err("malformed"),
        ),
        (
            "/verificationMethod/0/publicKeyMultibase",
            json!(null),
            Err("malformed"),
        ),
        (
            "/verificationMethod/0/secretKeyMultibase",
            json!("z1"),
            Err("malformed"),
        ),
        (
            "/verificationMethod",
            json!([valid.pointer(method), valid.pointer(method)]),
            Err("malformed"),
        ),
        ("/verificationMethod", json!(null), Err("malformed")),
        ("/verificationMethod", json!(5), Err("malformed")),
        ("/assertionMethod", json!(["#key-2"]), Err("malformed")),
        (
            "/assertionMethod",
            json!(["did:web:other.example#key-1"]),
            Err("malformed"),
        ),
        ("/assertionMethod", json!([5]), Err("malformed")),
        ("/id", json!(null), Err("malformed")),
        ("/id", json!("issuer.example"), Err("malformed")),
        (
            "/id",
            json!("did:web:issuer.example#key-1"),
            Err("malformed"),
        ),
    ] {
        let found = with(&altered(&valid, pointer, &value));
        assert_eq!(found, expected, "{pointer} = {value}");
    }
    // A method in another document's name is refused even where nothing refers to it.
    let foreign = json!("did:web:other.example#key-1");
    let foreign_method = altered(&valid, "/verificationMethod/0/id", &foreign);
    for relationship in [json!([]), json!([foreign])] {
        let document = altered(&foreign_method, "/assertionMethod", &relationship);
        assert_eq!(code(at_hand(&document)), Err("malformed"));
    }
    // A method within the relationship, good for that one purpose.
    let embedded = json!({"id": ISSUER, "assertionMethod": [valid.pointer(method)]});
    assert_eq!(with(&embedded), Ok(()));
    let elsewhere = json!({"id": ISSUER, "authentication": [valid.pointer(method)]});
    assert_eq!(with(&elsewhere), Err("proof_purpose_mismatch"));
    let many: Vec<Value> = (0..65)
        .map(|n| {
            altered(
                valid.pointer(method).unwrap(),
                "/id",
                &json!(format!("#key-{n}")),
            )
        })
        .collect();
    assert_eq!(
        with(&altered(&valid, "/verificationMethod", &json!(many))),
        Err("too_large")
    );
    assert_eq!(
        with(&altered(&valid, "/verificationMethod", &json!(many[..64]))),
        Ok(())
    );
}

#[test]
fn the_issuer_is_the_controller_of_the_key() {
    let key = Signer::fresh(KeyType::Ed25519);
    let documents = at_hand(&document(&key)).unwrap();
    assert_eq!(check(&issued(&key, ISSUER, METHOD), &documents), Ok(()));
    let other = issued(&key, "did:web:other.example", METHOD);
    assert_eq!(check(&other, &documents), Err("issuer_key_mismatch"));
    // A key that the document does not have, and another than the document has.
    assert_eq!(
        check(
            &issued(&key, ISSUER, &format!("{ISSUER}#key-2")),
            &documents
        ),
        Err("malformed")
    );
    let forged = issued(&Signer::fresh(KeyType::Ed25519), ISSUER, METHOD);
    assert_eq!(check(&forged, &documents), Err("invalid_signature"));
    // Nothing is fetched.
    let secured = issued(&key, ISSUER, METHOD);
    assert_eq!(check(&secured, &Documents::new()), Err("issuer_untrusted"));
    let without = ProofExpectation::credential(NOW);
    let found = code(verify(
        &secured,
        &[Suite::EddsaRdfc2022],
        &without,
        &store(),
    ));
    assert_eq!(found, Err("unsupported_algorithm"));
    // did:key and did:jwk speak for themselves, whatever a document says.
    let own = Signer::fresh(KeyType::Ed25519);
    let liar = altered(&document(&key), "/id", &json!(own.did()));
    let liar = altered(&liar, "/verificationMethod", &json!([]));
    let documents = at_hand(&altered(&liar, "/assertionMethod", &json!([]))).unwrap();
    let secured = own.secure(&credential(&own.did()), Suite::EddsaRdfc2022);
    assert_eq!(check(&secured, &documents), Ok(()));
}

#[test]
fn controllers_may_be_https_urls_and_keys_jwks_of_every_kind() {
    let controller = "https://issuer.example/keys/7";
    for (suite, kind) in PLAIN {
        let key = Signer::fresh(*kind);
        let method = format!("{controller}#k");
        let document = json!({
            "@context": "https://www.w3.org/ns/cid/v1",
            "id": controller,
            "verificationMethod": [{
                "id": method,
                "type": "JsonWebKey",
                "controller": controller,
                "publicKeyJwk": key.public_key().to_jwk(),
            }],
            "authentication": ["#k"],
        });
        let documents = at_hand(&document).unwrap();
        let options = ProofOptions {
            key: Some(key.public_key().clone()),
            challenge: Some("c".into()),
            domain: Some("d".into()),
            ..ProofOptions::new(&method, ProofPurpose::Authentication)
        };
        let presentation = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiablePresentation"],
            "holder": {"id": controller},
        });
        let secured = key.attach(prepare(&presentation, *suite, &options, &store()).unwrap());
        let expected = ProofExpectation::presentation(NOW, "c", "d").with_documents(&documents);
        let proof = verify(&secured, &[*suite], &expected, &store()).unwrap();
        assert_eq!(
            (proof.controller.as_str(), proof.verification_method),
            (controller, method)
        );
        // A JWK for encryption is no key for signatures, a private one none for documents.
        for (name, value, refusal) in [
            ("use", json!("enc"), "proof_purpose_mismatch"),
            ("key_ops", json!(["deriveBits"]), "proof_purpose_mismatch"),
            ("key_ops", json!("verify"), "proof_purpose_mismatch"),
            ("d", json!("AA"), "malformed"),
        ] {
            let pointer = format!("/verificationMethod/0/publicKeyJwk/{name}");
            assert_eq!(
                code(at_hand(&altered(&document, &pointer, &value))),
                Err(refusal)
            );
        }
        let pointer = "/verificationMethod/0/publicKeyJwk/key_ops";
        assert!(at_hand(&altered(&document, pointer, &json!(["verify"]))).is_ok());
    }
}

#[test]
fn a_did_jwk_for_encryption_signs_nothing() {
    let key = Signer::fresh(KeyType::P256);
    let did_jwk = |members: &[(&str, Value)]| {
        let mut jwk = key.public_key().to_jwk();
        for (name, value) in members {
            jwk[*name] = value.clone();
        }
        format!("did:jwk:{}", base64url(jwk.to_string().as_bytes()))
    };
    let check = |did: String| {
        let options = ProofOptions::new(format!("{did}#0"), ProofPurpose::AssertionMethod);
        let unsigned = prepare(&credential(&did), Suite::EcdsaRdfc2019, &options, &store())?;
        let expected = ProofExpectation {
            binding: Binding::Issuer,
            ..ProofExpectation::credential(NOW)
        };
        verify(
            &key.attach(unsigned),
            &[Suite::EcdsaRdfc2019],
            &expected,
            &store(),
        )
    };
    assert_eq!(code(check(did_jwk(&[]))), Ok(()));
    assert_eq!(code(check(did_jwk(&[("use", json!("sig"))]))), Ok(()));
    assert_eq!(
        code(check(did_jwk(&[("use", json!("enc"))]))),
        Err("proof_purpose_mismatch")
    );
}

#[test]
fn the_document_of_a_did_key_authorises_its_key() {
    for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519] {
        let key = Signer::fresh(kind);
        let document = did::document(key.public_key());
        let documents = at_hand(&document).unwrap();
        let method = did::verification_method(key.public_key());
        for purpose in ProofPurpose::ALL {
            let (controller, found) = documents.key(&method, *purpose, NOW).unwrap();
            assert_eq!((controller, &found), (key.did(), key.public_key()));
        }
        assert_eq!(
            document.get("keyAgreement").is_some(),
            kind == KeyType::Ed25519
        );
    }
}

#[test]
fn documents_have_an_absolute_name_and_are_not_endless() {
    let with = |id: &str| code(at_hand(&json!({"id": id})).map(|_| ()));
    for id in [
        "did:web:issuer.example",
        "https://issuer.example/controller",
    ] {
        assert_eq!(with(id), Ok(()), "{id}");
    }
    for id in [
        "urn:specimen:1",
        "http://issuer.example",
        "issuer.example",
        "did:web:issuer.example#key",
        "https://issuer.example/?q",
        "",
    ] {
        assert_eq!(with(id), Err("malformed"), "{id}");
    }
    let mut documents = Documents::new();
    let mut insert =
        |number: usize| code(documents.insert(&json!({"id": format!("did:web:{number}.example")})));
    for number in 0..100_000 {
        assert_eq!(insert(number), Ok(()));
    }
    assert_eq!(insert(100_000), Err("too_large"));
    // One that is there already may be replaced.
    assert_eq!(insert(7), Ok(()));
}
