//! Altered proofs and proof values, and arbitrary bytes: none verifies, none panics.
#![cfg(all(any(feature = "bbs", feature = "bbs-pure"), feature = "aws-lc"))]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod support;

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use support::{NOW, credential, expected, mandatory, pointers};
use tessera_verifier::bbs::{
    Ciphersuite, Committed, Disclosed, NymSecrets, ProofInput, PublicKey, RandomScalars, Secret,
    SecretKey, Signature, commit, proof_gen, proof_verify, sign,
};
use tessera_verifier::data_integrity::bbs_2023::{
    self, Derivation, FeatureOption, HolderSecrets, Presented, PseudonymLayout, Request,
};
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, Suite, verify_bytes};
use tessera_verifier::did;
use tessera_verifier::encoding::{from_multibase_base64url, multibase_base64url};
use tessera_verifier::jsonld::ContextStore;

const SUITE: Ciphersuite = Ciphersuite::Bls12381Sha256;
const DOMAIN: &str = "https://verifier.example";

/// What happens to bytes.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Replace(Index, u8),
    Cut(Index),
    Remove(Index),
    Insert(Index, u8),
    Swap(Index, Index),
    Append(Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), 0..8u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        2 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        1 => index().prop_map(Change::Cut),
        1 => index().prop_map(Change::Remove),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        1 => (index(), index()).prop_map(|(a, b)| Change::Swap(a, b)),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Change::Append),
    ]
}

fn apply(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let len = bytes.len();
        match change {
            Change::Flip(at, bit) => bytes[at.index(len)] ^= 1 << bit,
            Change::Replace(at, byte) => bytes[at.index(len)] = *byte,
            Change::Cut(at) => bytes.truncate(at.index(len)),
            Change::Remove(at) => drop(bytes.remove(at.index(len))),
            Change::Insert(at, byte) => bytes.insert(at.index(len), *byte),
            Change::Swap(a, b) => bytes.swap(a.index(len), b.index(len)),
            Change::Append(more) => bytes.extend(more),
        }
    }
    bytes
}

struct Shown {
    store: Arc<ContextStore>,
    key: SecretKey,
    /// A derived document without anything else, and one with holder binding and a pseudonym.
    documents: [Value; 2],
}

static SHOWN: LazyLock<Shown> = LazyLock::new(|| {
    let store = ContextStore::builtin();
    let key = SecretKey::from_bytes(&[7; 32]).unwrap();
    let public = key.public_key().clone().into();
    let document = credential(&did::did_key(&public), "did:example:holder");
    let options = ProofOptions {
        created: Some(NOW),
        ..ProofOptions::new(
            did::verification_method(&public),
            ProofPurpose::AssertionMethod,
        )
    };
    let prepare =
        || bbs_2023::prepare_base(&document, &options, &mandatory(), &[8; 32], &store).unwrap();
    let derivation = Derivation {
        selective_pointers: &pointers(["/credentialSubject/birthdate"]),
        presentation_header: b"nonce",
        seed: &[9; 32],
        secrets: None,
        nym_domain: None,
        layout: PseudonymLayout::Text,
    };
    let plain = bbs_2023::derive(&prepare().sign(&key).unwrap(), &derivation, &store).unwrap();

    let (nym, entropy) = ([3; 32], [4; 32]);
    let [nym, entropy] = [nym, entropy].map(|bytes| Secret::from_bytes(&bytes).unwrap());
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
    let bound = prepare().sign_for(&key, &request).unwrap();
    let secrets = HolderSecrets {
        holder_secret: Some(b"secret"),
        prover_nym: Some(&nym),
        prover_blind: &blind,
    };
    let derivation = Derivation {
        secrets: Some(&secrets),
        nym_domain: Some(DOMAIN),
        ..derivation
    };
    let named = bbs_2023::derive(&bound, &derivation, &store).unwrap();
    Shown {
        store,
        key,
        documents: [plain, named],
    }
});

fn verifies(document: &Value) -> bool {
    let bytes = serde_json::to_vec(document).unwrap();
    verify_bytes(&bytes, &[Suite::Bbs2023], &expected(), &SHOWN.store).is_ok()
}

#[test]
fn what_is_not_altered_verifies() {
    for document in &SHOWN.documents {
        assert!(verifies(document));
    }
    let presented = Presented {
        presentation_header: Some(b"nonce"),
        nym_domain: Some(DOMAIN.as_bytes()),
        holder_bound: true,
    };
    let [_, named] = &SHOWN.documents;
    bbs_2023::verify_presented(named, &expected(), &presented, &SHOWN.store).unwrap();
    // The suite is the caller's choice.
    let bytes = serde_json::to_vec(named).unwrap();
    let refused = verify_bytes(&bytes, &[Suite::EcdsaSd2023], &expected(), &SHOWN.store);
    assert_eq!(refused.unwrap_err().code(), "unsupported_suite");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_altered_proof_value_verifies(
        which in 0..2usize,
        changes in prop::collection::vec(change(), 1..3),
    ) {
        let mut document = SHOWN.documents[which].clone();
        let value = document["proof"]["proofValue"].as_str().unwrap().to_owned();
        let bytes = from_multibase_base64url(&value).unwrap();
        let altered = apply(&bytes, &changes);
        prop_assume!(altered != bytes);
        document["proof"]["proofValue"] = Value::from(multibase_base64url(&altered));
        prop_assert!(!verifies(&document), "{changes:?}");
    }

    #[test]
    fn no_altered_text_of_a_proof_value_verifies(changes in prop::collection::vec(change(), 1..3)) {
        let mut document = SHOWN.documents[0].clone();
        let value = document["proof"]["proofValue"].as_str().unwrap().to_owned();
        let altered = apply(value.as_bytes(), &changes);
        let Ok(altered) = String::from_utf8(altered) else { return Ok(()) };
        prop_assume!(altered != value);
        document["proof"]["proofValue"] = Value::from(altered);
        prop_assert!(!verifies(&document), "{changes:?}");
    }

    #[test]
    fn no_altered_proof_verifies(changes in prop::collection::vec(change(), 1..3)) {
        let key = &SHOWN.key;
        let messages: &[&[u8]] = &[b"a", b"b", b"c"];
        let signature = sign(SUITE, key, b"h", messages).unwrap();
        let input = ProofInput {
            header: b"h",
            presentation_header: b"p",
            messages,
            disclosed_indexes: &[1],
        };
        let random = RandomScalars::expand(SUITE, &[1; 32], 7).unwrap();
        let proof = proof_gen(SUITE, key.public_key(), &signature, &input, random).unwrap();
        let altered = apply(&proof, &changes);
        prop_assume!(altered != proof);
        let disclosed = Disclosed {
            header: b"h",
            presentation_header: b"p",
            messages: &[b"b"],
            indexes: &[1],
        };
        prop_assert!(proof_verify(SUITE, key.public_key(), &proof, &disclosed).is_ok());
        prop_assert!(proof_verify(SUITE, key.public_key(), &altered, &disclosed).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..700), last in 0..12u8) {
        let _ = Signature::from_bytes(&bytes);
        let _ = PublicKey::from_bytes(&bytes);
        let _ = PublicKey::from_uncompressed(&bytes);
        let _ = RandomScalars::from_bytes(&bytes);
        let value = multibase_base64url(&[&[0xd9, 0x5d, last], &bytes[..]].concat());
        let mut document = SHOWN.documents[0].clone();
        document["proof"]["proofValue"] = Value::from(value);
        prop_assert!(!verifies(&document));
        prop_assert!(bbs_2023::verify_base(&document, &expected(), None, &SHOWN.store).is_err());
    }
}
