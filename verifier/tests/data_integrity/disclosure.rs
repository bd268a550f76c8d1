//! `ecdsa-sd-2023` where it is easily got wrong.

use serde_json::{Value, json};
use tessera_verifier::Error;
use tessera_verifier::data_integrity::ecdsa_sd::{self, BaseSecrets};
use tessera_verifier::data_integrity::{
    PrepareError, ProofExpectation, ProofOptions, ProofPurpose, Suite, prepare_further, verify,
    verify_all,
};
use tessera_verifier::key::KeyType;

use crate::support::{NOW, Signer, altered, code, credential, old_credential, store};

const SD: &[Suite] = &[Suite::EcdsaSd2023];

/// A credential with lists, of an issuer.
fn document(issuer: &Signer) -> Value {
    let subject = json!({
        "id": "urn:uuid:0",
        "alumniOf": "The School of SPECIMEN",
        "degree": [{"name": "first"}, {"name": "second"}],
        "nick/name": "x",
    });
    altered(&credential(&issuer.did()), "/credentialSubject", &subject)
}

fn base(
    document: &Value,
    issuer: &Signer,
    mandatory: &[&str],
    ephemeral: KeyType,
) -> Result<Value, PrepareError> {
    let secrets = BaseSecrets {
        hmac_key: &[7; 32],
        ephemeral: &Signer::fresh(ephemeral),
    };
    let mandatory: Vec<String> = mandatory.iter().map(|p| (*p).to_owned()).collect();
    let options = issuer.options(ProofPurpose::AssertionMethod);
    ecdsa_sd::prepare_base(document, &options, &mandatory, &secrets, &store())
        .map(|unsigned| issuer.attach(unsigned))
}

fn issued(issuer: &Signer, mandatory: &[&str]) -> Value {
    let base = base(&document(issuer), issuer, mandatory, KeyType::P256).unwrap();
    let expected = ProofExpectation::credential(NOW);
    ecdsa_sd::verify_base(&base, &expected, &store()).unwrap();
    base
}

fn derive(base: &Value, selective: &[&str]) -> Result<Value, Error> {
    let selective: Vec<String> = selective.iter().map(|p| (*p).to_owned()).collect();
    ecdsa_sd::derive(base, &selective, &store())
}

fn check(document: &Value) -> Result<(), &'static str> {
    let expected = ProofExpectation::credential(NOW);
    let one = code(verify(document, SD, &expected, &store()));
    assert_eq!(code(verify_all(document, SD, &expected, &store())), one);
    one
}

#[test]
fn a_mandatory_pointer_to_nothing_fails_issuance() {
    let issuer = Signer::fresh(KeyType::P256);
    for pointer in [
        "/unheardOf",
        "/credentialSubject/unheardOf",
        "/credentialSubject/degree/2",
        "/credentialSubject/degree/00",
        "/credentialSubject/degree/-",
        "/credentialSubject/degree/0/name/x",
        "/credentialSubject/nick/name",
        "/credentialSubject/nick~2name",
        "credentialSubject",
        "/credentialSubject/",
    ] {
        let refused = base(
            &document(&issuer),
            &issuer,
            &["/issuer", pointer],
            KeyType::P256,
        );
        let refused = matches!(
            refused,
            Err(PrepareError::Refused(Error::DisclosureInvalid { .. }))
        );
        assert!(refused, "{pointer}");
        // Nor is there anything to be shown.
        let found = code(derive(&issued(&issuer, &["/issuer"]), &[pointer]));
        assert_eq!(found, Err("disclosure_invalid"), "{pointer}");
    }
}

#[test]
fn items_of_arrays_are_shown_alone_and_subjects_whole() {
    let issuer = Signer::fresh(KeyType::P256);
    let base = issued(&issuer, &["/issuer", "/credentialSubject/degree/1"]);
    for (selective, subject) in [
        // Only what is mandatory.
        (
            &[][..],
            json!({"id": "urn:uuid:0", "degree": [{"name": "second"}]}),
        ),
        (
            &["/credentialSubject/degree/0"],
            json!({"id": "urn:uuid:0", "degree": [{"name": "first"}, {"name": "second"}]}),
        ),
        (
            &["/credentialSubject/nick~1name"],
            json!({"id": "urn:uuid:0", "degree": [{"name": "second"}], "nick/name": "x"}),
        ),
        (
            &["/credentialSubject"],
            document(&issuer)["credentialSubject"].clone(),
        ),
    ] {
        let shown = derive(&base, selective).unwrap();
        assert_eq!(shown["credentialSubject"], subject);
        assert_eq!(check(&shown), Ok(()), "{selective:?}");
        // One item put for the other, and one left out.
        let other = altered(
            &shown,
            "/credentialSubject/degree",
            &json!([{"name": "third"}]),
        );
        assert!(check(&other).is_err());
    }
    let whole = derive(&base, &[""]).unwrap();
    assert_eq!(altered(&whole, "/proof", &json!(null)), document(&issuer));
    assert_eq!(check(&whole), Ok(()));
}

#[test]
fn something_must_be_selected() {
    let issuer = Signer::fresh(KeyType::P256);
    let base = issued(&issuer, &[]);
    assert_eq!(code(derive(&base, &[])), Err("disclosure_invalid"));
    // A pointer that shows nothing but types and identifiers is enough, and so is one claim.
    assert_eq!(check(&derive(&base, &["/issuer"]).unwrap()), Ok(()));
    // Without its issuer a credential is nobody's.
    let shown = derive(&base, &["/credentialSubject/alumniOf"]).unwrap();
    assert_eq!(check(&shown), Err("issuer_key_mismatch"));
}

#[test]
fn a_base_proof_is_for_its_holder_alone() {
    let issuer = Signer::fresh(KeyType::P256);
    let base = issued(&issuer, &["/issuer"]);
    assert_eq!(check(&base), Err("base_proof_refused"));
    let shown = derive(&base, &["/credentialSubject"]).unwrap();
    // And a derived proof is no base proof.
    let expected = ProofExpectation::credential(NOW);
    assert!(ecdsa_sd::verify_base(&shown, &expected, &store()).is_err());
    assert!(derive(&shown, &["/issuer"]).is_err());
}

#[test]
fn only_keys_of_p256_sign_it() {
    let [p256, p384] = [KeyType::P256, KeyType::P384].map(Signer::fresh);
    let refused =
        |issuer: &Signer, ephemeral| match base(&document(issuer), issuer, &["/issuer"], ephemeral)
        {
            Err(PrepareError::Refused(error)) => error.code(),
            _ => "signed",
        };
    assert_eq!(refused(&p256, KeyType::P256), "signed");
    assert_eq!(refused(&p384, KeyType::P256), "unsupported_algorithm");
    assert_eq!(refused(&p256, KeyType::P384), "unsupported_algorithm");
}

#[test]
fn old_credentials_get_the_context_of_the_proof() {
    let issuer = Signer::fresh(KeyType::P256);
    let base = base(
        &old_credential(&issuer.did()),
        &issuer,
        &["/issuer"],
        KeyType::P256,
    )
    .unwrap();
    assert_eq!(
        base["@context"][2],
        "https://w3id.org/security/data-integrity/v2"
    );
    assert_eq!(
        check(&derive(&base, &["/credentialSubject/alumniOf"]).unwrap()),
        Ok(())
    );
}

#[test]
fn a_derived_proof_may_be_one_of_a_set_and_not_of_a_chain() {
    let issuer = Signer::fresh(KeyType::P256);
    let shown = derive(&issued(&issuer, &["/issuer"]), &["/credentialSubject"]).unwrap();
    let notary = Signer::fresh(KeyType::Ed25519);
    let options = ProofOptions {
        id: Some("urn:proof:0".into()),
        ..notary.options(ProofPurpose::AssertionMethod)
    };
    let unsigned = prepare_further(&shown, Suite::EddsaRdfc2022, &options, &store()).unwrap();
    let both = notary.attach(unsigned);
    let all = |document: &Value| {
        let expected = ProofExpectation::credential(NOW);
        verify_all(document, Suite::ALL, &expected, &store()).map(|proofs| proofs.len())
    };
    assert_eq!(all(&both), Ok(2));
    let altered_claim = altered(
        &both,
        "/credentialSubject/alumniOf",
        &json!("Another School"),
    );
    assert_eq!(code(all(&altered_claim)), Err("invalid_signature"));
    let chained = altered(&both, "/proof/0/previousProof", &json!("urn:proof:0"));
    assert_eq!(code(all(&chained)), Err("unsupported_format"));
    let options = ProofOptions {
        previous_proof: vec!["urn:proof:0".into()],
        ..issuer.options(ProofPurpose::AssertionMethod)
    };
    let secrets = BaseSecrets {
        hmac_key: &[7; 32],
        ephemeral: &Signer::fresh(KeyType::P256),
    };
    let refused = ecdsa_sd::prepare_base(&document(&issuer), &options, &[], &secrets, &store());
    assert!(matches!(refused, Err(PrepareError::Refused(error)) if error.code() == "malformed"));
}

/// RFC 6901 §4: an index is digits without leading zeros; and a list that is ordered is shown whole or not at all.
#[test]
fn elements_are_named_exactly_and_ordered_lists_stay_whole() {
    let issuer = Signer::fresh(KeyType::P256);
    let mut listed = document(&issuer);
    listed["@context"]
        .as_array_mut()
        .unwrap()
        .push(json!({"steps": {"@id": "https://issuer.example/steps", "@container": "@list"}}));
    listed["credentialSubject"]["steps"] = json!(["one", "two"]);
    let base = base(&listed, &issuer, &["/issuer"], KeyType::P256).unwrap();
    let shown = |pointer: &str| derive(&base, &[pointer]).map_err(|error| error.code());
    assert!(shown("/credentialSubject/degree/1").is_ok());
    for spelling in ["01", "+1", "2", "-", ""] {
        let refused = shown(&format!("/credentialSubject/degree/{spelling}"));
        assert_eq!(refused.unwrap_err(), "disclosure_invalid", "{spelling}");
    }
    let whole = shown("/credentialSubject/steps").unwrap();
    assert_eq!(whole["credentialSubject"]["steps"], json!(["one", "two"]));
    assert_eq!(check(&whole), Ok(()));
    let part = shown("/credentialSubject/steps/0");
    assert_eq!(part.unwrap_err(), "disclosure_invalid");
}

/// A notary signs what was shown, proof and all: another showing of the same credential is not what it saw.
#[test]
fn a_chain_may_go_on_from_what_was_shown() {
    let issuer = Signer::fresh(KeyType::P256);
    let secrets = BaseSecrets {
        hmac_key: &[7; 32],
        ephemeral: &Signer::fresh(KeyType::P256),
    };
    let options = ProofOptions {
        id: Some("urn:proof:shown".into()),
        ..issuer.options(ProofPurpose::AssertionMethod)
    };
    let unsigned = ecdsa_sd::prepare_base(&document(&issuer), &options, &[], &secrets, &store());
    let base = issuer.attach(unsigned.unwrap());
    let notary = Signer::fresh(KeyType::Ed25519);
    let options = ProofOptions {
        previous_proof: vec!["urn:proof:shown".into()],
        ..notary.options(ProofPurpose::AssertionMethod)
    };
    let shown = derive(&base, &["/credentialSubject/alumniOf", "/issuer"]).unwrap();
    for suite in [Suite::EddsaRdfc2022, Suite::EddsaJcs2022] {
        let unsigned = prepare_further(&shown, suite, &options, &store()).unwrap();
        let both = notary.attach(unsigned);
        assert_eq!(both["proof"][1]["previousProof"], "urn:proof:shown");
        let all = |document: &Value| {
            let expected = ProofExpectation::credential(NOW);
            verify_all(document, Suite::ALL, &expected, &store()).map(|proofs| proofs.len())
        };
        assert_eq!(all(&both), Ok(2), "{suite:?}");
        // As the notary never saw it: with another proof of the same statements, with none, with the base proof.
        let again = ecdsa_sd::prepare_base(
            &document(&issuer),
            &ProofOptions {
                id: Some("urn:proof:shown".into()),
                ..issuer.options(ProofPurpose::AssertionMethod)
            },
            &[],
            &secrets,
            &store(),
        );
        let again = derive(
            &issuer.attach(again.unwrap()),
            &["/credentialSubject/alumniOf", "/issuer"],
        );
        let instead = |proof: &Value| altered(&both, "/proof", &json!([proof, both["proof"][1]]));
        let another = instead(&again.unwrap()["proof"]);
        assert_eq!(code(all(&another)), Err("invalid_signature"), "{suite:?}");
        let alone = altered(&both, "/proof", &both["proof"][1]);
        assert_eq!(code(all(&alone)), Err("malformed"), "{suite:?}");
        let with_base = instead(&base["proof"]);
        assert_eq!(
            code(all(&with_base)),
            Err("base_proof_refused"),
            "{suite:?}"
        );
    }
}
