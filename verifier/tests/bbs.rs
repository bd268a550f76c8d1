//! The published fixtures of draft-irtf-cfrg-bbs-signatures, both ciphersuites, through the public interface.
#![cfg(any(feature = "bbs", feature = "bbs-pure"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use tessera_verifier::bbs::{
    Ciphersuite, Disclosed, ProofInput, PublicKey, RandomScalars, SecretKey, Signature,
    create_generators, proof_gen, proof_verify, sign, verify,
};

const SUITES: [(Ciphersuite, &str); 2] = [
    (Ciphersuite::Bls12381Sha256, "bls12-381-sha-256"),
    (Ciphersuite::Bls12381Shake256, "bls12-381-shake-256"),
];

/// The folder of a suite's fixtures; `None` where they are not at hand.
fn folder(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/bbs-signature");
    if !root.is_dir() {
        println!("bbs fixtures: all skipped, the vectors are not here");
        return None;
    }
    Some(root.join(name))
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn files(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), read(&path)))
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    let digits = |index| u8::from_str_radix(&text[index..index + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn octets<const N: usize>(value: &Value) -> [u8; N] {
    unhex(value).try_into().unwrap()
}

fn list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(unhex).collect()
}

fn slices(messages: &[Vec<u8>]) -> Vec<&[u8]> {
    messages.iter().map(Vec::as_slice).collect()
}

fn indexes(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn keys_hashes_and_generators() {
    for (suite, name) in SUITES {
        let Some(folder) = folder(name) else { return };
        let read = |file: &str| read(&folder.join(file));

        let pair = &read("keypair.json")["keyPair"];
        let key = SecretKey::from_bytes(&octets(&pair["secretKey"])).unwrap();
        assert_eq!(hex(&key.public_key().to_bytes()), pair["publicKey"]);
        assert_eq!(hex(&*key.to_bytes()), pair["secretKey"]);
        let public = PublicKey::from_bytes(&unhex(&pair["publicKey"])).unwrap();
        assert_eq!(&public, key.public_key());

        let h2s = read("h2s.json");
        let scalar = suite.hash_to_scalar(&unhex(&h2s["message"]), &unhex(&h2s["dst"]));
        assert_eq!(hex(&scalar.unwrap()), h2s["scalar"]);

        let map = read("MapMessageToScalarAsHash.json");
        for case in map["cases"].as_array().unwrap() {
            let message = unhex(&case["message"]);
            let scalar = suite.map_message_to_scalar(&message).unwrap();
            assert_eq!(hex(&scalar), case["scalar"]);
            let tagged = suite.hash_to_scalar(&message, &unhex(&map["dst"])).unwrap();
            assert_eq!(scalar, tagged);
        }

        let generators = read("generators.json");
        let published = generators["MsgGenerators"].as_array().unwrap();
        let ours = create_generators(suite, published.len()).unwrap();
        assert_eq!(hex(&ours[0]), generators["Q1"]);
        for (ours, published) in ours[1..].iter().zip(published) {
            assert_eq!(&hex(ours), published);
        }
        assert_eq!(ours.len(), published.len() + 1);

        let mocked = read("mockedRng.json");
        let scalars = RandomScalars::mocked(
            suite,
            &unhex(&mocked["seed"]),
            &unhex(&mocked["dst"]),
            mocked["count"].as_u64().unwrap() as usize,
        );
        let scalars: Vec<_> = scalars.unwrap().to_bytes().iter().map(|s| hex(s)).collect();
        assert_eq!(serde_json::json!(scalars), mocked["mockedScalars"]);
        println!("{name}: 5/5 files of keys, hashes, generators and mocked scalars");
    }
}

#[test]
fn signatures() {
    for (suite, name) in SUITES {
        let Some(folder) = folder(name) else { return };
        let files = files(&folder.join("signature"));
        for (file, case) in &files {
            let pair = &case["signerKeyPair"];
            let key = SecretKey::from_bytes(&octets(&pair["secretKey"])).unwrap();
            let public = PublicKey::from_bytes(&unhex(&pair["publicKey"])).unwrap();
            let (header, messages) = (unhex(&case["header"]), list(&case["messages"]));
            let messages = slices(&messages);
            let published = unhex(&case["signature"]);
            let signature = Signature::from_bytes(&published).unwrap();
            assert_eq!(signature.to_bytes(), published[..]);
            let valid = case["result"]["valid"].as_bool().unwrap();
            let verified = verify(suite, &public, &signature, &header, &messages);
            assert_eq!(verified.is_ok(), valid, "{file}");
            let ours = sign(suite, &key, &header, &messages).unwrap().to_bytes();
            if valid {
                assert_eq!(hex(&ours), case["signature"], "{file}");
            } else {
                assert_eq!(verified.unwrap_err().code(), "invalid_signature", "{file}");
            }
        }
        println!("{name}: {0}/{0} signatures", files.len());
    }
}

#[test]
fn proofs() {
    for (suite, name) in SUITES {
        let Some(folder) = folder(name) else { return };
        let all = list(&read(&folder.join("../messages.json")));
        let mocked = read(&folder.join("mockedRng.json"));
        let files = files(&folder.join("proof"));
        for (file, case) in &files {
            let key = PublicKey::from_bytes(&unhex(&case["signerPublicKey"])).unwrap();
            let header = unhex(&case["header"]);
            let presentation_header = unhex(&case["presentationHeader"]);
            let indexes = indexes(&case["disclosedIndexes"]);
            // The fixtures give all messages, and which of them are disclosed.
            let messages = list(&case["messages"]);
            let shown: Vec<&[u8]> = match indexes.iter().all(|index| *index < messages.len()) {
                true => indexes.iter().map(|i| messages[*i].as_slice()).collect(),
                false => slices(&messages),
            };
            let disclosed = Disclosed {
                header: &header,
                presentation_header: &presentation_header,
                messages: &shown,
                indexes: &indexes,
            };
            let proof = unhex(&case["proof"]);
            let valid = case["result"]["valid"].as_bool().unwrap();
            let verified = proof_verify(suite, &key, &proof, &disclosed);
            assert_eq!(verified.is_ok(), valid, "{file}: {verified:?}");
            if !valid {
                continue;
            }
            let random = RandomScalars::mocked(
                suite,
                &unhex(&mocked["seed"]),
                &unhex(&mocked["dst"]),
                5 + messages.len() - indexes.len(),
            );
            let input = ProofInput {
                header: &header,
                presentation_header: &presentation_header,
                messages: &slices(&messages),
                disclosed_indexes: &indexes,
            };
            let signature = Signature::from_bytes(&unhex(&case["signature"])).unwrap();
            let ours = proof_gen(suite, &key, &signature, &input, random.unwrap()).unwrap();
            assert_eq!(hex(&ours), case["proof"], "{file}");
            assert!(messages.len() == 1 || messages == all);
        }
        println!("{name}: {0}/{0} proofs", files.len());
    }
}
