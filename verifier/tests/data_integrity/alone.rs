//! Checks of which no other would notice the lack, and bounds to the last one.

use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::ecdsa_sd::{self, BaseSecrets};
use tessera_verifier::data_integrity::{
    ProofExpectation, ProofOptions, ProofPurpose, Suite, prepare, prepare_further, verify,
    verify_all,
};
use tessera_verifier::did;
use tessera_verifier::encoding::{base64url, from_base64url};
use tessera_verifier::key::KeyType;

use crate::support::{NOW, Signer, altered, code, credential, store, unbound};

fn base(issuer: &Signer) -> Value {
    let secrets = BaseSecrets {
        hmac_key: &[7; 32],
        ephemeral: &Signer::fresh(KeyType::P256),
    };
    let options = issuer.options(ProofPurpose::AssertionMethod);
    let document = credential(&issuer.did());
    let mandatory = ["/issuer".to_owned()];
    let unsigned = ecdsa_sd::prepare_base(&document, &options, &mandatory, &secrets, &store());
    issuer.attach(unsigned.unwrap())
}

/// `document` with the bytes of its proof value changed.
fn with_value(document: &Value, change: impl FnOnce(&mut Vec<u8>)) -> Value {
    let value = document["proof"]["proofValue"].as_str().unwrap();
    let mut bytes = from_base64url(&value[1..]).unwrap();
    change(&mut bytes);
    let value = json!(format!("u{}", base64url(&bytes)));
    altered(document, "/proof/proofValue", &value)
}

/// Who receives a base proof checks all of it: whoever derives from it later shows what was not looked at here.
#[test]
fn a_base_proof_is_checked_to_its_last_byte() {
    let issuer = Signer::fresh(KeyType::P256);
    let base = base(&issuer);
    let expected = ProofExpectation::credential(NOW);
    let check = |base: &Value| code(ecdsa_sd::verify_base(base, &expected, &store()));
    assert_eq!(check(&base), Ok(()));
    let longer = with_value(&base, |bytes| bytes.push(0));
    assert_eq!(check(&longer), Err("malformed"));
    // The last signature of a statement stands before the list of one pointer: `81 67 "/issuer"`.
    let statement = with_value(&base, |bytes| {
        let at = bytes.len() - 9 - 1;
        bytes[at] ^= 1;
    });
    assert_eq!(check(&statement), Err("invalid_signature"));
    // And a signature less: three bytes of header, one of the array, then 2 + 64, 2 + 35 and 2 + 32 bytes.
    let fewer = with_value(&base, |bytes| {
        let count = 3 + 1 + 66 + 37 + 34;
        assert!((0x82..0x97).contains(&bytes[count]), "{:x}", bytes[count]);
        bytes[count] -= 1;
        bytes.drain(count + 1..count + 1 + 66);
    });
    assert_eq!(check(&fewer), Err("disclosure_invalid"));
    let derived = ecdsa_sd::derive(&fewer, &["/credentialSubject".to_owned()], &store());
    assert_eq!(code(derived), Err("disclosure_invalid"));
}

#[test]
fn a_proof_of_another_suite_is_not_derived_from() {
    let issuer = Signer::fresh(KeyType::P256);
    let other = issuer.secure(&credential(&issuer.did()), Suite::EcdsaRdfc2019);
    let derived = ecdsa_sd::derive(&other, &["/issuer".to_owned()], &store());
    assert_eq!(code(derived), Err("unsupported_suite"));
}

#[test]
fn one_proof_may_stand_in_an_array() {
    let issuer = Signer::fresh(KeyType::P256);
    let shown = ecdsa_sd::derive(&base(&issuer), &["/credentialSubject".to_owned()], &store());
    let shown = shown.unwrap();
    let expected = ProofExpectation::credential(NOW);
    for (proof, wanted) in [
        (json!([shown["proof"]]), Ok(())),
        (json!([shown["proof"], shown["proof"]]), Err("malformed")),
        (json!([]), Err("malformed")),
    ] {
        let document = altered(&shown, "/proof", &proof);
        assert_eq!(
            code(ecdsa_sd::verify(&document, &expected, &store())),
            wanted
        );
    }
}

#[test]
fn proof_values_are_bounded() {
    let issuer = Signer::fresh(KeyType::P256);
    let shown = ecdsa_sd::derive(&base(&issuer), &["/credentialSubject".to_owned()], &store());
    let of = |length: usize| {
        let value = json!(format!("u{}", "A".repeat(length - 1)));
        let document = altered(shown.as_ref().unwrap(), "/proof/proofValue", &value);
        let expected = ProofExpectation::credential(NOW);
        code(ecdsa_sd::verify(&document, &expected, &store()))
    };
    assert_eq!(of(400_000), Err("malformed"));
    assert_eq!(of(400_001), Err("too_large"));
}

#[test]
fn names_of_previous_proofs_are_bounded() {
    let issuer = Signer::fresh(KeyType::Ed25519);
    let secured = issuer.secure(&credential(&issuer.did()), Suite::EddsaRdfc2022);
    let of = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("urn:proof:{n}")).collect();
        let document = altered(&secured, "/proof/previousProof", &json!(names));
        code(verify_all(&document, Suite::ALL, &unbound(), &store()))
    };
    assert_eq!(of(16), Err("malformed"));
    assert_eq!(of(17), Err("too_large"));
}

/// Suites that hash with SHA-256 and with SHA-384 in one set: each over its own hash of the document.
#[test]
fn a_set_of_suites_with_different_hashes() {
    let [first, second, third] =
        [KeyType::P256, KeyType::P384, KeyType::Ed25519].map(Signer::fresh);
    let mut document = first.secure(&credential(&first.did()), Suite::EcdsaRdfc2019);
    for (signer, suite) in [
        (&second, Suite::EcdsaRdfc2019),
        (&third, Suite::EddsaJcs2022),
        (&third, Suite::EddsaRdfc2022),
    ] {
        let options = signer.options(ProofPurpose::AssertionMethod);
        let unsigned = prepare_further(&document, suite, &options, &store()).unwrap();
        document = signer.attach(unsigned);
    }
    let all = |document: &Value| verify_all(document, Suite::ALL, &unbound(), &store());
    assert_eq!(all(&document).unwrap().len(), 4);
    let other = altered(&document, "/credentialSubject/alumniOf", &json!("Another"));
    assert_eq!(code(all(&other)), Err("invalid_signature"));
}

/// A chain over JSON as it stands: the second proof covers the first as it is written.
#[test]
fn a_chain_of_json_proofs_covers_what_came_before() {
    let issuer = Signer::fresh(KeyType::Ed25519);
    let first = ProofOptions {
        id: Some("urn:proof:0".into()),
        ..issuer.options(ProofPurpose::AssertionMethod)
    };
    let document = credential(&issuer.did());
    let unsigned = prepare(&document, Suite::EddsaJcs2022, &first, &store()).unwrap();
    let document = issuer.attach(unsigned);
    let second = ProofOptions {
        previous_proof: vec!["urn:proof:0".into()],
        ..issuer.options(ProofPurpose::AssertionMethod)
    };
    let unsigned = prepare_further(&document, Suite::EddsaJcs2022, &second, &store()).unwrap();
    let both = issuer.attach(unsigned);
    let all = |document: &Value| code(verify_all(document, Suite::ALL, &unbound(), &store()));
    assert_eq!(all(&both), Ok(()));
    // The chain is over JCS, not over statements: a proof made over the statements does not hold.
    let unsigned = prepare_further(&document, Suite::EddsaRdfc2022, &second, &store()).unwrap();
    let mixed = issuer.attach(unsigned);
    assert_eq!(all(&mixed), Ok(()));
    let posing = altered(&mixed, "/proof/1/cryptosuite", &json!("eddsa-jcs-2022"));
    assert_eq!(all(&posing), Err("invalid_signature"));
}

#[test]
fn the_key_given_is_that_of_the_method_named() {
    let [signer, other] = [KeyType::P256, KeyType::P256].map(Signer::fresh);
    let attempt = |method: String, key: Option<&Signer>| {
        let options = ProofOptions {
            key: key.map(|key| key.public_key().clone()),
            ..ProofOptions::new(method, ProofPurpose::AssertionMethod)
        };
        let document = credential(&signer.did());
        match prepare(&document, Suite::EcdsaRdfc2019, &options, &store()) {
            Ok(_) => "prepared",
            Err(error) => error.code(),
        }
    };
    let method = did::verification_method(signer.public_key());
    assert_eq!(attempt(method.clone(), None), "prepared");
    assert_eq!(attempt(method.clone(), Some(&signer)), "prepared");
    assert_eq!(attempt(method, Some(&other)), "malformed");
    let elsewhere = "https://issuer.example/controller";
    assert_eq!(
        attempt(format!("{elsewhere}#key"), Some(&signer)),
        "prepared"
    );
    assert_eq!(attempt(format!("{elsewhere}#key"), None), "malformed");
    assert_eq!(attempt(elsewhere.to_owned(), Some(&signer)), "malformed");
}

/// The document says its own context once, whichever way it says it.
#[test]
fn a_context_that_defines_proofs_is_not_added_again() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let suite = Suite::EddsaRdfc2022;
    let plain = json!({"@context": "https://www.w3.org/ns/credentials/v2", "type": "VerifiableCredential",
        "issuer": signer.did(), "credentialSubject": {"id": "urn:uuid:0"}});
    assert_eq!(signer.secure(&plain, suite)["@context"], plain["@context"]);
    let old = altered(
        &plain,
        "/@context",
        &json!("https://www.w3.org/2018/credentials/v1"),
    );
    let secured = signer.secure(&old, suite);
    assert_eq!(
        secured["@context"],
        json!([
            "https://www.w3.org/2018/credentials/v1",
            "https://w3id.org/security/data-integrity/v2"
        ])
    );
    let jcs = json!({"name": "SPECIMEN"});
    assert!(
        signer
            .secure(&jcs, Suite::EddsaJcs2022)
            .get("@context")
            .is_none()
    );
    let bare = json!({"https://a.example/#name": "SPECIMEN"});
    let secured = signer.secure(&bare, suite);
    assert_eq!(
        secured["@context"],
        json!("https://w3id.org/security/data-integrity/v2")
    );
    assert!(verify(&secured, &[suite], &unbound(), &store()).is_ok());
}

#[test]
fn a_purpose_is_known_by_its_name() {
    for purpose in ProofPurpose::ALL {
        assert_eq!(ProofPurpose::from_name(purpose.as_str()), Some(*purpose));
    }
    assert_eq!(
        ProofPurpose::from_name("authentication"),
        Some(ProofPurpose::Authentication)
    );
    assert_eq!(ProofPurpose::from_name("anything"), None);
}
