//! The identity credential from issuance to presentation, with both suites.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{NOW, Signer, credential, expected, issued, pointers};
use tessera_verifier::data_integrity::{
    ProofExpectation, ProofOptions, ProofPurpose, ecdsa_rdfc, ecdsa_sd,
};
use tessera_verifier::jsonld::{BUILTIN_CONTEXTS, ContextStore, document_to_rdf};

#[test]
fn every_claim_is_a_statement() {
    let store = ContextStore::builtin();
    let quads = document_to_rdf(&credential("did:example:i", "did:example:h"), &store).unwrap();
    for term in [
        "family_name",
        "given_name",
        "name_native",
        "birthdate",
        "age_equal_or_over",
        "age_equal_or_over_12",
        "age_equal_or_over_14",
        "age_equal_or_over_16",
        "age_equal_or_over_18",
        "age_equal_or_over_21",
        "age_equal_or_over_60",
        "age_equal_or_over_65",
        "sex",
        "nationalities",
        "personal_administrative_number",
        "resident_address",
        "issuing_authority",
        "issuing_country",
        "trust_framework",
        "assurance_level",
        "assurance_process",
        "policy",
        "procedure",
        "time",
        "evidence_sources",
        "check_details",
        "check_method",
        "organization",
    ] {
        let iri = format!("https://tessera.example/vocab#{term}");
        assert!(quads.iter().any(|quad| *quad.predicate == *iri), "{term}");
    }
}

#[test]
fn disclosing_a_few_claims() {
    let store = ContextStore::builtin();
    let (issuer, holder) = (Signer::fresh(), Signer::fresh());
    let base = issued(&issuer, &holder, &store);
    let proof = ecdsa_sd::verify_base(&base, &expected(), &store).unwrap();
    assert_eq!(proof.controller, issuer.did());

    let selected = pointers([
        "/credentialSubject/family_name",
        "/credentialSubject/age_equal_or_over/18",
        "/credentialSubject/nationalities",
    ]);
    let derived = ecdsa_sd::derive(&base, &selected, &store).unwrap();
    assert_eq!(
        derived["credentialSubject"],
        json!({
            "id": holder.did(),
            "family_name": "SPECIMEN",
            "age_equal_or_over": {"18": true},
            "nationalities": ["CN", "FR"],
        })
    );
    assert!(derived.get("evidence").is_none());
    let proof = ecdsa_sd::verify(&derived, &expected(), &store).unwrap();
    assert_eq!(proof.issuer.as_deref(), Some(&*issuer.did()));

    // The mandatory part alone, everything, and what cannot be.
    for selected in [
        vec![],
        pointers([""]),
        pointers(["/evidence/0/evidence_sources"]),
    ] {
        let derived = ecdsa_sd::derive(&base, &selected, &store).unwrap();
        ecdsa_sd::verify(&derived, &expected(), &store).unwrap();
    }
    let error = ecdsa_sd::derive(&base, &pointers(["/credentialSubject/height"]), &store);
    assert_eq!(error.unwrap_err().code(), "disclosure_invalid");
    let error = ecdsa_sd::derive(&derived, &selected, &store).unwrap_err();
    assert_eq!(error.code(), "malformed");
    assert_eq!(
        ecdsa_sd::verify(&base, &expected(), &store)
            .unwrap_err()
            .code(),
        "base_proof_refused"
    );
}

/// All nationalities or none: whoever shows one must not be able to hide another.
#[test]
fn hostile_part_of_the_nationalities() {
    let store = ContextStore::builtin();
    let (issuer, holder) = (Signer::fresh(), Signer::fresh());
    let base = issued(&issuer, &holder, &store);
    for part in [0, 1] {
        let pointer = format!("/credentialSubject/nationalities/{part}");
        let error = ecdsa_sd::derive(&base, &[pointer], &store).unwrap_err();
        assert_eq!(error.code(), "disclosure_invalid");
    }
    let selected = pointers(["/credentialSubject/nationalities"]);
    let derived = ecdsa_sd::derive(&base, &selected, &store).unwrap();
    for shown in [
        json!(["CN"]),
        json!(["FR"]),
        json!(["FR", "CN"]),
        json!([]),
        json!(["CN", "FR", "FR"]),
    ] {
        let mut altered = derived.clone();
        altered["credentialSubject"]["nationalities"] = shown.clone();
        assert!(
            ecdsa_sd::verify(&altered, &expected(), &store).is_err(),
            "{shown}"
        );
    }
}

#[test]
fn a_presentation_with_its_holder() {
    let store = ContextStore::builtin();
    let (issuer, holder) = (Signer::fresh(), Signer::fresh());
    let base = issued(&issuer, &holder, &store);
    let selected = pointers(["/credentialSubject/age_equal_or_over/18"]);
    let derived = ecdsa_sd::derive(&base, &selected, &store).unwrap();
    let presentation = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": holder.did(),
        "verifiableCredential": [derived],
    });
    let options = ProofOptions {
        challenge: Some("n-1".to_owned()),
        domain: Some("decentralized_identifier:did:key:zSpecimen".to_owned()),
        ..holder.options(ProofPurpose::Authentication)
    };
    let unsigned = ecdsa_rdfc::prepare(&presentation, &options, &store).unwrap();
    let signed = holder.attach(unsigned);
    let domain = options.domain.as_deref().unwrap();
    let expected = ProofExpectation::presentation(NOW, "n-1", domain);
    let proof = ecdsa_rdfc::verify(&signed, &expected, &store).unwrap();
    assert_eq!(proof.controller, holder.did());
    ecdsa_sd::verify(
        &signed["verifiableCredential"][0],
        &support::expected(),
        &store,
    )
    .unwrap();

    let code = |document: &Value, expected: &ProofExpectation<'_>| {
        ecdsa_rdfc::verify(document, expected, &store)
            .unwrap_err()
            .code()
    };
    let other = ProofExpectation {
        challenge: Some("n-2"),
        ..expected
    };
    assert_eq!(code(&signed, &other), "nonce_mismatch");
    let other = ProofExpectation {
        domain: Some("someone else"),
        ..expected
    };
    assert_eq!(code(&signed, &other), "audience_mismatch");
    let mut stolen = signed.clone();
    stolen["holder"] = json!(issuer.did());
    assert_eq!(code(&stolen, &expected), "holder_binding_invalid");
    // The credential inside is part of what the holder signed.
    let mut swapped = signed.clone();
    let another = ecdsa_sd::derive(&base, &pointers(["/credentialSubject/sex"]), &store).unwrap();
    swapped["verifiableCredential"][0] = another;
    assert_eq!(code(&swapped, &expected), "invalid_signature");
}

#[test]
fn contexts_are_as_published() {
    for (url, text) in BUILTIN_CONTEXTS {
        let document: Value = serde_json::from_str(text).unwrap();
        assert!(document.get("@context").is_some(), "{url}");
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let published = manifest.join("../../shared/vectors/contexts");
    if !published.is_dir() {
        println!("contexts: all skipped, the published copies are not here");
        return;
    }
    let mut compared = 0;
    for entry in std::fs::read_dir(published).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonld")
        {
            let name = path.file_name().unwrap();
            let ours = std::fs::read(manifest.join("../schemas/contexts").join(name)).unwrap();
            assert!(ours == std::fs::read(&path).unwrap(), "{}", path.display());
            compared += 1;
        }
    }
    println!(
        "contexts: {compared} of {} compared",
        BUILTIN_CONTEXTS.len()
    );
    // Ours has no published copy.
    assert_eq!(compared + 1, BUILTIN_CONTEXTS.len());
}
