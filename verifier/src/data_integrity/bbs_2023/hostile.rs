//! What issuer, holder and verifier must refuse, each with its code.

use alloc::borrow::ToOwned;
use alloc::vec;

use serde_json::json;

use super::proof_value::{BlindPart, PseudonymPart};
use super::*;
use crate::bbs::{Committed, NymSecrets, RandomScalars, commit};
use crate::cbor::Writer;
use crate::data_integrity::ProofPurpose;
use crate::key::PublicKey;
use crate::time::Timestamp;

fn key() -> SecretKey {
    SecretKey::from_bytes(&[7; 32]).unwrap()
}

fn public() -> PublicKey {
    key().public_key().clone().into()
}

fn document() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "https://claims.example/#"}],
        "type": ["VerifiableCredential"],
        "issuer": crate::did::did_key(&public()),
        "credentialSubject": {"family_name": "Specimen", "given_name": "Anna", "sex": "female"}
    })
}

fn prepared(store: &ContextStore) -> Prepared {
    let method = crate::did::verification_method(&public());
    let options = ProofOptions::new(method, ProofPurpose::AssertionMethod);
    prepare_base(
        &document(),
        &options,
        &["/issuer".to_owned()],
        &[8; 32],
        store,
    )
    .unwrap()
}

fn expected() -> ProofExpectation<'static> {
    ProofExpectation::credential(Timestamp::from_unix(1_768_500_000))
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

/// The parts of a derived proof that no BBS proof is needed for to read them.
fn derived() -> DerivedValue {
    DerivedValue {
        proof: vec![1; 272],
        labels: [(0, 1), (1, 0)].into(),
        mandatory_indexes: vec![0, 2],
        selective_indexes: vec![1],
        presentation_header: vec![3],
        blind: Some(BlindPart {
            messages: 4,
            pseudonym: Some(PseudonymPart {
                point: [5; 48],
                nym_domain: Some(b"domain".to_vec()),
            }),
        }),
    }
}

#[test]
fn every_form_of_proof_value_reads_back_and_no_other() {
    for (layout, domain) in [
        (PseudonymLayout::Text, Some(&b"domain"[..])),
        (PseudonymLayout::Vectors, None),
    ] {
        let text = derived().encode(FeatureOption::HolderBindingPseudonym, layout);
        let read = DerivedValue::decode(&text).unwrap();
        let pseudonym = read.blind.unwrap().pseudonym.unwrap();
        assert_eq!(pseudonym.nym_domain.as_deref(), domain);
        assert_eq!(
            (read.labels, read.mandatory_indexes),
            (derived().labels, vec![0, 2])
        );
        // Cut off, and with something after it.
        let bytes = crate::encoding::from_multibase_base64url(&text).unwrap();
        for length in 0..bytes.len() {
            assert!(DerivedValue::decode(&multibase_base64url(&bytes[..length])).is_err());
        }
        let longer = multibase_base64url(&[&bytes[..], &[0]].concat());
        assert_eq!(code(DerivedValue::decode(&longer)), "malformed");
    }
    for indexes in [vec![1, 1], vec![2, 1]] {
        let value = DerivedValue {
            mandatory_indexes: indexes.clone(),
            ..derived()
        };
        let text = value.encode(FeatureOption::HolderBindingPseudonym, PseudonymLayout::Text);
        assert_eq!(code(DerivedValue::decode(&text)), "malformed");
        let value = DerivedValue {
            selective_indexes: indexes,
            ..derived()
        };
        let text = value.encode(FeatureOption::HolderBindingPseudonym, PseudonymLayout::Text);
        assert_eq!(code(DerivedValue::decode(&text)), "malformed");
    }
    // Two nodes under one label.
    let value = DerivedValue {
        labels: [(0, 1), (1, 1)].into(),
        ..derived()
    };
    let text = value.encode(FeatureOption::HolderBindingPseudonym, PseudonymLayout::Text);
    assert_eq!(code(DerivedValue::decode(&text)), "malformed");
    for last in [0, 1, 10, 11, 255] {
        let text = multibase_base64url(&[0xd9, 0x5d, last, 0x80]);
        assert_eq!(code(DerivedValue::decode(&text)), "malformed");
        assert_eq!(code(BaseValue::decode(&text)), "malformed");
    }
    for last in [2, 4, 6, 8] {
        let text = multibase_base64url(&[0xd9, 0x5d, last, 0x80]);
        assert_eq!(code(DerivedValue::decode(&text)), "base_proof_refused");
    }
}

#[test]
fn entropy_is_read_as_bytes_and_as_a_bignum_in_one_spelling_each() {
    let base = |entropy: &[u8]| {
        let mut writer = Writer(vec![0xd9, 0x5d, 8]);
        writer.array(6);
        writer.bytes(&[1; 80]);
        writer.bytes(&[2; 64]);
        writer.bytes(&[3; 96]);
        writer.bytes(&[4; 32]);
        writer.array(0);
        writer.0.extend_from_slice(entropy);
        BaseValue::decode(&multibase_base64url(&writer.0)).map(|base| base.signer_nym_entropy)
    };
    let mut short = [0; 32];
    short[31] = 9;
    assert_eq!(base(&[0xc2, 0x41, 9]), Ok(Some(short)));
    assert_eq!(base(&[&[0x58, 32][..], &short].concat()), Ok(Some(short)));
    for bytes in [&[0xc2, 0x42, 0, 9][..], &[0x41, 9], &[0xc3, 0x41, 9], &[9]] {
        assert_eq!(code(base(bytes)), "malformed");
    }
    let long = [&[0xc2, 0x58, 33][..], &[1; 33]].concat();
    assert_eq!(code(base(&long)), "malformed");
}

#[test]
fn issuers_sign_with_the_named_key_and_for_the_commitment_of_the_feature() {
    let store = ContextStore::builtin();
    let other = SecretKey::from_bytes(&[6; 32]).unwrap();
    assert_eq!(code(prepared(&store).sign(&other)), "malformed");
    let random = RandomScalars::expand(SUITE, &[5; 32], 3).unwrap();
    let committed = Committed {
        messages: &[b"secret"],
        nym: None,
    };
    let (commitment, _) = commit(SUITE, &committed, random).unwrap();
    let entropy = Secret::from_bytes(&[4; 32]).unwrap();
    let sign = |feature, signer_nym_entropy, commitment: &[u8]| {
        let request = Request {
            feature,
            commitment_with_proof: commitment,
            signer_nym_entropy,
            layout: PseudonymLayout::Text,
        };
        code(prepared(&store).sign_for(&key(), &request))
    };
    use FeatureOption::{AnonymousHolderBinding, Baseline, HolderBindingPseudonym, Pseudonym};
    assert_eq!(sign(AnonymousHolderBinding, None, &commitment), "accepted");
    assert_eq!(
        sign(AnonymousHolderBinding, Some(&entropy), &commitment),
        "malformed"
    );
    assert_eq!(sign(Baseline, None, &commitment), "malformed");
    assert_eq!(
        sign(HolderBindingPseudonym, Some(&entropy), &commitment),
        "malformed"
    );
    // Of the right length, but made for another interface.
    assert_eq!(
        sign(Pseudonym, Some(&entropy), &commitment),
        "invalid_signature"
    );
    assert_eq!(sign(Pseudonym, None, &commitment), "malformed");
    assert_eq!(
        sign(AnonymousHolderBinding, None, &commitment[1..]),
        "malformed"
    );
}

#[test]
fn holders_need_the_secrets_of_their_credential_and_no_others() {
    let store = ContextStore::builtin();
    let nym = Secret::from_bytes(&[3; 32]).unwrap();
    let entropy = Secret::from_bytes(&[4; 32]).unwrap();
    let committed = Committed {
        messages: &[b"secret"],
        nym: Some(NymSecrets::Single(&nym)),
    };
    let random = RandomScalars::expand(SUITE, &[5; 32], 4).unwrap();
    let (commitment, blind) = commit(SUITE, &committed, random).unwrap();
    let request = Request {
        feature: FeatureOption::HolderBindingPseudonym,
        commitment_with_proof: &commitment,
        signer_nym_entropy: Some(&entropy),
        layout: PseudonymLayout::Text,
    };
    let plain = prepared(&store).sign(&key()).unwrap();
    let bound = prepared(&store).sign_for(&key(), &request).unwrap();
    let right = HolderSecrets {
        holder_secret: Some(b"secret"),
        prover_nym: Some(&nym),
        prover_blind: &blind,
    };
    fn check(base: &Value, secrets: Option<&HolderSecrets<'_>>) -> &'static str {
        code(verify_base(
            base,
            &expected(),
            secrets,
            &ContextStore::builtin(),
        ))
    }
    assert_eq!(check(&plain, None), "accepted");
    assert_eq!(check(&plain, Some(&right)), "holder_binding_invalid");
    assert_eq!(check(&bound, Some(&right)), "accepted");
    assert_eq!(check(&bound, None), "holder_binding_missing");
    let without = HolderSecrets {
        prover_nym: None,
        ..right
    };
    assert_eq!(check(&bound, Some(&without)), "holder_binding_missing");
    for wrong in [
        HolderSecrets {
            holder_secret: Some(b"another"),
            ..right
        },
        HolderSecrets {
            holder_secret: None,
            ..right
        },
        HolderSecrets {
            prover_nym: Some(&entropy),
            ..right
        },
        HolderSecrets {
            prover_blind: &entropy,
            ..right
        },
    ] {
        assert_eq!(check(&bound, Some(&wrong)), "invalid_signature");
    }

    let pointers = ["/credentialSubject/sex".to_owned()];
    let show = |base: &Value, secrets, nym_domain| {
        let derivation = Derivation {
            selective_pointers: &pointers,
            presentation_header: b"",
            seed: &[9; 32],
            secrets,
            nym_domain,
            layout: PseudonymLayout::Vectors,
        };
        derive(base, &derivation, &store)
    };
    assert_eq!(code(show(&plain, None, Some("domain"))), "malformed");
    assert_eq!(code(show(&bound, Some(&right), None)), "malformed");
    assert_eq!(
        code(show(&bound, None, Some("domain"))),
        "holder_binding_missing"
    );
    let shown = show(&bound, Some(&right), Some("domain")).unwrap();
    assert_eq!(
        code(show(&shown, Some(&right), Some("domain"))),
        "malformed"
    );
    // Nobody says in which context the pseudonym is.
    assert_eq!(
        code(verify(&shown, &expected(), &store)),
        "disclosure_invalid"
    );
    let presented = Presented {
        nym_domain: Some(b"domain"),
        ..Presented::default()
    };
    assert_eq!(
        code(verify_presented(&shown, &expected(), &presented, &store)),
        "accepted"
    );
    // With another's secret, the proof does not hold.
    let wrong = HolderSecrets {
        holder_secret: Some(b"another"),
        ..right
    };
    let shown = show(&bound, Some(&wrong), Some("domain")).unwrap();
    assert_eq!(
        code(verify_presented(&shown, &expected(), &presented, &store)),
        "invalid_signature"
    );
}

/// Neither is signed as it stands in the proof value, and deriving relies on both.
#[test]
fn a_base_proof_must_say_the_key_and_the_header_that_it_is_signed_with() {
    let store = ContextStore::builtin();
    let base = prepared(&store).sign(&key()).unwrap();
    let check = |alter: fn(&mut BaseValue)| {
        let mut altered = base.clone();
        let value = altered["proof"]["proofValue"].as_str().unwrap();
        let mut value = BaseValue::decode(value).unwrap();
        alter(&mut value);
        let value = value.encode(FeatureOption::Baseline, PseudonymLayout::Text);
        altered["proof"]["proofValue"] = Value::from(value);
        code(verify_base(&altered, &expected(), None, &store))
    };
    assert_eq!(check(|_| {}), "accepted");
    assert_eq!(check(|base| base.header[63] ^= 1), "invalid_signature");
    assert_eq!(check(|base| base.public_key[95] ^= 1), "invalid_signature");
    assert_eq!(
        check(|base| base.mandatory_pointers.clear()),
        "invalid_signature"
    );
}

#[test]
fn proof_values_end_and_begin_where_they_should() {
    let store = ContextStore::builtin();
    let base = prepared(&store).sign(&key()).unwrap();
    let text = base["proof"]["proofValue"].as_str().unwrap();
    let bytes = crate::encoding::from_multibase_base64url(text).unwrap();
    assert!(BaseValue::decode(text).is_ok());
    let longer = multibase_base64url(&[&bytes[..], &[0]].concat());
    assert_eq!(code(BaseValue::decode(&longer)), "malformed");
    // The third byte alone makes no base proof.
    for last in [2, 4, 6, 8] {
        for head in [[0, 0x5d], [0xd9, 0]] {
            let other = multibase_base64url(&[head[0], head[1], last, 0x80]);
            assert_eq!(code(DerivedValue::decode(&other)), "malformed");
        }
    }
    // A part more is the context of a pseudonym, where there is one.
    let bound = DerivedValue {
        blind: Some(BlindPart {
            messages: 4,
            pseudonym: None,
        }),
        ..derived()
    };
    let text = bound.encode(FeatureOption::AnonymousHolderBinding, PseudonymLayout::Text);
    assert!(DerivedValue::decode(&text).is_ok());
    let mut bytes = crate::encoding::from_multibase_base64url(&text).unwrap();
    assert_eq!((bytes[3], bytes.pop()), (0x86, Some(4)));
    bytes[3] = 0x87;
    bytes.extend([0x41, 1, 4]);
    let more = multibase_base64url(&bytes);
    assert_eq!(code(DerivedValue::decode(&more)), "malformed");
}

/// Two showings with the same random scalars would give away what they hide, so that a seed used twice must not do it.
#[test]
fn a_seed_used_twice_makes_other_proofs() {
    let store = ContextStore::builtin();
    let base = prepared(&store).sign(&key()).unwrap();
    let show = |presentation_header: &[u8], pointer: &str| {
        let derivation = Derivation {
            selective_pointers: &[pointer.to_owned()],
            presentation_header,
            seed: &[9; 32],
            secrets: None,
            nym_domain: None,
            layout: PseudonymLayout::Vectors,
        };
        let shown = derive(&base, &derivation, &store).unwrap();
        assert_eq!(code(verify(&shown, &expected(), &store)), "accepted");
        let value = DerivedValue::decode(shown["proof"]["proofValue"].as_str().unwrap());
        // Abar, Bbar and D are blinded by the first scalars.
        value.unwrap().proof[..144].to_vec()
    };
    let first = show(b"one", "/credentialSubject/sex");
    assert!(first == show(b"one", "/credentialSubject/sex"));
    assert!(first != show(b"two", "/credentialSubject/sex"));
    assert!(first != show(b"one", "/credentialSubject/given_name"));
}

#[test]
fn nothing_is_prepared_in_a_chain_nor_signed_by_another_key() {
    let store = ContextStore::builtin();
    let method = crate::did::verification_method(&public());
    let options = ProofOptions {
        previous_proof: vec!["urn:proof:0".to_owned()],
        ..ProofOptions::new(method, ProofPurpose::AssertionMethod)
    };
    let refused = prepare_base(&document(), &options, &[], &[8; 32], &store);
    assert_eq!(code(refused), "malformed");
    let other = SecretKey::from_bytes(&[6; 32]).unwrap();
    let random = RandomScalars::expand(SUITE, &[5; 32], 3).unwrap();
    let committed = Committed {
        messages: &[b"secret"],
        nym: None,
    };
    let (commitment, _) = commit(SUITE, &committed, random).unwrap();
    let request = Request {
        feature: FeatureOption::AnonymousHolderBinding,
        commitment_with_proof: &commitment,
        signer_nym_entropy: None,
        layout: PseudonymLayout::Text,
    };
    assert_eq!(
        code(prepared(&store).sign_for(&other, &request)),
        "malformed"
    );
    // What is recorded before signing names the very messages.
    let mut another = document();
    another["credentialSubject"]["sex"] = json!("male");
    let options = ProofOptions::new(
        crate::did::verification_method(&public()),
        ProofPurpose::AssertionMethod,
    );
    let pointers = ["/issuer".to_owned()];
    let another = prepare_base(&another, &options, &pointers, &[8; 32], &store).unwrap();
    assert!(prepared(&store).digest() == prepared(&store).digest());
    assert!(prepared(&store).digest() != another.digest());
}

#[test]
fn a_derived_proof_is_checked_among_all_proofs_of_a_document() {
    let store = ContextStore::builtin();
    let base = prepared(&store).sign(&key()).unwrap();
    let pointers = ["/credentialSubject/sex".to_owned()];
    let derivation = Derivation {
        selective_pointers: &pointers,
        presentation_header: b"",
        seed: &[9; 32],
        secrets: None,
        nym_domain: None,
        layout: PseudonymLayout::default(),
    };
    let shown = derive(&base, &derivation, &store).unwrap();
    let judged = |document: &Value| {
        let suites = [crate::data_integrity::Suite::Bbs2023];
        let found = crate::data_integrity::verify_all(document, &suites, &expected(), &store);
        found.map_or_else(|error| error.code(), |_| "accepted")
    };
    assert_eq!(judged(&shown), "accepted");
    let mut lie = shown;
    lie["credentialSubject"]["sex"] = json!("male");
    assert_eq!(judged(&lie), "invalid_signature");
}
