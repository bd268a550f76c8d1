//! The fixtures of draft-irtf-cfrg-bbs-signatures and the vectors of `bbs-2023`.

use std::path::Path;

use serde_json::Value;
use tessera_verifier::Timestamp;
use tessera_verifier::bbs::{
    Ciphersuite, Disclosed, ProofInput, PublicKey, RandomScalars, Secret, SecretKey, Signature,
    create_generators, proof_gen, proof_verify, sign, verify,
};
use tessera_verifier::data_integrity::bbs_2023::{
    FeatureOption, Presented, PseudonymLayout, Request, prepare_base, verify_presented,
};
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose};
use tessera_verifier::jsonld::ContextStore;

use super::data_integrity::{base_refused, expectation};
use super::{Folder, hex, json, list, member, unhex};

/// `bbs-signature`, both ciphersuites.
pub(super) fn signatures(root: &Path) -> Result<Folder, String> {
    let root = root.join("bbs-signature");
    let mut folder = Folder::new("bbs-signature");
    for (suite, name) in [
        (Ciphersuite::Bls12381Sha256, "bls12-381-sha-256"),
        (Ciphersuite::Bls12381Shake256, "bls12-381-shake-256"),
    ] {
        let at = root.join(name);
        let mut note = |file: &str, outcome| folder.note(&format!("{name}/{file}"), outcome);
        note("keypair", key_pair(&json(&at.join("keypair.json"))?));
        note("h2s", hashed(suite, &json(&at.join("h2s.json"))?));
        let mapped = json(&at.join("MapMessageToScalarAsHash.json"))?;
        note("MapMessageToScalarAsHash", self::mapped(suite, &mapped));
        let published = json(&at.join("generators.json"))?;
        note("generators", generators(suite, &published));
        let mocked = json(&at.join("mockedRng.json"))?;
        note("mockedRng", mocked_scalars(suite, &mocked));
        for number in 1..=10 {
            let file = format!("signature/signature{number:03}");
            let case = json(&at.join(format!("{file}.json")))?;
            note(&file, signature(suite, &case));
        }
        for number in 1..=15 {
            let file = format!("proof/proof{number:03}");
            let case = json(&at.join(format!("{file}.json")))?;
            note(&file, proof(suite, &case, &mocked));
        }
    }
    Ok(folder)
}

fn same(found: &[u8], published: &str) -> Result<(), String> {
    let found = hex(found);
    match found == published {
        true => Ok(()),
        false => Err(format!("{found}, not {published}")),
    }
}

fn bytes(value: &Value, name: &str) -> Result<Vec<u8>, String> {
    unhex(member(value, name)?)
}

fn octets<const N: usize>(value: &Value, name: &str) -> Result<[u8; N], String> {
    let bytes = bytes(value, name)?;
    bytes.try_into().map_err(|_| format!("length of `{name}`"))
}

fn messages(value: &Value) -> Result<Vec<Vec<u8>>, String> {
    let texts = list(value, "messages")?.iter();
    texts
        .map(|text| unhex(text.as_str().ok_or("a message is no text")?))
        .collect()
}

fn slices(messages: &[Vec<u8>]) -> Vec<&[u8]> {
    messages.iter().map(Vec::as_slice).collect()
}

fn why(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn secret_key(value: &Value, name: &str) -> Result<SecretKey, String> {
    SecretKey::from_bytes(&octets(value, name)?).map_err(why)
}

fn key_pair(case: &Value) -> Result<(), String> {
    let pair = case.get("keyPair").ok_or("no pair")?;
    let key = secret_key(pair, "secretKey")?;
    same(&key.public_key().to_bytes(), member(pair, "publicKey")?)
}

fn hashed(suite: Ciphersuite, case: &Value) -> Result<(), String> {
    let scalar = suite.hash_to_scalar(&bytes(case, "message")?, &bytes(case, "dst")?);
    same(&scalar.map_err(why)?, member(case, "scalar")?)
}

fn mapped(suite: Ciphersuite, case: &Value) -> Result<(), String> {
    for case in list(case, "cases")? {
        let scalar = suite.map_message_to_scalar(&bytes(case, "message")?);
        same(&scalar.map_err(why)?, member(case, "scalar")?)?;
    }
    Ok(())
}

fn generators(suite: Ciphersuite, case: &Value) -> Result<(), String> {
    let published = list(case, "MsgGenerators")?;
    let ours = create_generators(suite, published.len()).map_err(why)?;
    let (first, others) = ours.split_first().ok_or("no generators")?;
    same(first, member(case, "Q1")?)?;
    for (ours, published) in others.iter().zip(published) {
        same(ours, published.as_str().ok_or("a generator is no text")?)?;
    }
    match others.len() == published.len() {
        true => Ok(()),
        false => Err("number of generators".to_owned()),
    }
}

fn mocked(suite: Ciphersuite, case: &Value, count: usize) -> Result<RandomScalars, String> {
    let (seed, dst) = (bytes(case, "seed")?, bytes(case, "dst")?);
    RandomScalars::mocked(suite, &seed, &dst, count).map_err(why)
}

fn mocked_scalars(suite: Ciphersuite, case: &Value) -> Result<(), String> {
    let published = list(case, "mockedScalars")?;
    let ours = mocked(suite, case, published.len())?.to_bytes();
    let ours: Vec<String> = ours.iter().map(|scalar| hex(scalar)).collect();
    match published.iter().eq(ours.iter()) {
        true => Ok(()),
        false => Err("other scalars".to_owned()),
    }
}

fn is_valid(case: &Value) -> Result<bool, String> {
    let valid = case.get("result").and_then(|result| result.get("valid"));
    Ok(valid.and_then(Value::as_bool).ok_or("no result")?)
}

/// Verification says what is published; what we sign ourselves is the same byte for byte.
fn signature(suite: Ciphersuite, case: &Value) -> Result<(), String> {
    let pair = case.get("signerKeyPair").ok_or("no pair")?;
    let public = PublicKey::from_bytes(&bytes(pair, "publicKey")?).map_err(why)?;
    let (header, messages) = (bytes(case, "header")?, messages(case)?);
    let messages = slices(&messages);
    let published = Signature::from_bytes(&bytes(case, "signature")?).map_err(why)?;
    let verified = verify(suite, &public, &published, &header, &messages);
    match (is_valid(case)?, verified) {
        (true, Ok(())) => {
            let key = secret_key(pair, "secretKey")?;
            let ours = sign(suite, &key, &header, &messages).map_err(why)?;
            same(&ours.to_bytes(), member(case, "signature")?)
        }
        (false, Err(error)) if error.code() == "invalid_signature" => Ok(()),
        (_, verified) => Err(format!("{verified:?}")),
    }
}

/// Verification says what is published; what we prove ourselves with the same randomness is the same byte for byte.
fn proof(suite: Ciphersuite, case: &Value, mocked_by: &Value) -> Result<(), String> {
    let key = PublicKey::from_bytes(&bytes(case, "signerPublicKey")?).map_err(why)?;
    let (header, presentation_header) =
        (bytes(case, "header")?, bytes(case, "presentationHeader")?);
    let indexes = case.get("disclosedIndexes").cloned().ok_or("no indexes")?;
    let indexes: Vec<usize> = serde_json::from_value(indexes).map_err(why)?;
    let messages = messages(case)?;
    // The fixtures give all messages, and which of them are disclosed; a wrong index discloses what is there.
    let named: Option<Vec<&[u8]>> = indexes
        .iter()
        .map(|index| messages.get(*index).map(Vec::as_slice))
        .collect();
    let shown = named.unwrap_or_else(|| slices(&messages));
    let disclosed = Disclosed {
        header: &header,
        presentation_header: &presentation_header,
        messages: &shown,
        indexes: &indexes,
    };
    let published = bytes(case, "proof")?;
    let verified = proof_verify(suite, &key, &published, &disclosed);
    match (is_valid(case)?, verified) {
        (true, Ok(())) => {}
        (false, Err(_)) => return Ok(()),
        (_, verified) => return Err(format!("{verified:?}")),
    }
    let random = mocked(suite, mocked_by, 5 + messages.len() - indexes.len())?;
    let input = ProofInput {
        header: &header,
        presentation_header: &presentation_header,
        messages: &slices(&messages),
        disclosed_indexes: &indexes,
    };
    let signature = Signature::from_bytes(&bytes(case, "signature")?).map_err(why)?;
    let ours = proof_gen(suite, &key, &signature, &input, random).map_err(why)?;
    same(&ours, member(case, "proof")?)
}

/// A folder of `vc-di-bbs`: its name, the file with the mandatory pointers, the feature.
type Run = (&'static str, &'static str, FeatureOption);

const RUNS: &[Run] = &[
    (".", "windMandatory", FeatureOption::Baseline),
    ("prc", "prCredMandatory", FeatureOption::Baseline),
    (
        "HolderBinding",
        "FeatureInputs/licenseMandatory",
        FeatureOption::AnonymousHolderBinding,
    ),
    (
        "Pseudonym",
        "FeatureInputs/licenseMandatory",
        FeatureOption::Pseudonym,
    ),
    (
        "PseudonymHB",
        "FeatureInputs/licenseMandatory",
        FeatureOption::HolderBindingPseudonym,
    ),
];

/// `vc-di-bbs`.
pub(super) fn data_integrity(root: &Path) -> Result<Folder, String> {
    let root = root.join("vc-di-bbs");
    let mut folder = Folder::new("vc-di-bbs");
    for run in RUNS {
        let at = root.join(run.0);
        let base = json(&at.join("addSignedSDBase.json"))?;
        folder.note(
            &format!("{}, base, signed", run.0),
            issued(&root, run, &base),
        );
        folder.note(&format!("{}, base, shown", run.0), base_refused(&base));
        let derived = json(&at.join("derivedRevealDocument.json"))?;
        folder.note(&format!("{}, derived", run.0), shown(&root, run, &derived));
        let mut altered = derived;
        altered["credentialSubject"]["id"] = Value::from("did:example:another");
        let outcome = match shown(&root, run, &altered) {
            Ok(()) => Err("an altered document verifies".to_owned()),
            Err(_) => Ok(()),
        };
        folder.note(&format!("{}, altered", run.0), outcome);
    }
    Ok(folder)
}

/// Our own issuer makes the published base proof byte for byte.
fn issued(root: &Path, (folder, mandatory, feature): &Run, base: &Value) -> Result<(), String> {
    let keys = json(&root.join("BBSKeyMaterial.json"))?;
    let key = secret_key(&keys, "privateKeyHex")?;
    let mandatory = json(&root.join(format!("{mandatory}.json")))?;
    let mandatory: Vec<String> = serde_json::from_value(mandatory).map_err(why)?;
    let config = json(&root.join(format!("{folder}/addProofConfig.json")))?;
    let created = Timestamp::parse_rfc3339(member(&config, "created")?).map_err(why)?;
    let method = member(&config, "verificationMethod")?;
    let options = ProofOptions {
        created: Some(created),
        ..ProofOptions::new(method, ProofPurpose::AssertionMethod)
    };
    let mut document = base.clone();
    let members = document.as_object_mut().ok_or("no object")?;
    members.remove("proof");
    let hmac_key = octets(&keys, "hmacKeyString")?;
    let store = ContextStore::builtin();
    let prepared = prepare_base(&document, &options, &mandatory, &hmac_key, &store);
    let prepared = prepared.map_err(why)?;
    let ours = match feature {
        FeatureOption::Baseline => prepared.sign(&key),
        feature => {
            let info = json(&root.join(format!("{folder}/commitmentInfo.json")))?;
            let entropy = json(&root.join("FeatureInputs/signerNymEntropy.json"))?;
            let entropy = Secret::from_bytes(&octets(&entropy, "signerNymEntropyHex")?);
            let entropy = entropy.map_err(why)?;
            let request = Request {
                feature: *feature,
                commitment_with_proof: &bytes(&info, "commitmentWithProof")?,
                signer_nym_entropy: has_pseudonym(*feature).then_some(&entropy),
                layout: PseudonymLayout::Vectors,
            };
            prepared.sign_for(&key, &request)
        }
    };
    match ours.map_err(why)? == *base {
        true => Ok(()),
        false => Err("another base proof".to_owned()),
    }
}

fn shown(root: &Path, (_, _, feature): &Run, derived: &Value) -> Result<(), String> {
    let material = json(&root.join("BBSDeriveMaterial.json"))?;
    let presentation_header = bytes(&material, "presentationHeaderHex")?;
    let verifier = json(&root.join("FeatureInputs/verifierInfo.json"))?;
    let domain = member(&verifier, "verifierId")?.as_bytes();
    let presented = Presented {
        presentation_header: Some(&presentation_header),
        nym_domain: has_pseudonym(*feature).then_some(domain),
        holder_bound: *feature != FeatureOption::Baseline,
    };
    let store = ContextStore::builtin();
    verify_presented(derived, &expectation(), &presented, &store)
        .map(|_| ())
        .map_err(why)
}

fn has_pseudonym(feature: FeatureOption) -> bool {
    matches!(
        feature,
        FeatureOption::Pseudonym | FeatureOption::HolderBindingPseudonym
    )
}
