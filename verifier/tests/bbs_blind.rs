//! Blind signatures and pseudonyms: the cryptography of the published vectors of `bbs-2023` with holder binding and
//! pseudonyms, through the public interface.
#![cfg(any(feature = "bbs", feature = "bbs-pure"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use tessera_verifier::bbs::{
    BlindDisclosed, BlindProofInput, BlindSignInput, BlindSigned, Ciphersuite, Committed, Context,
    Disclosed, NymSecrets, ProofInput, Pseudonym, PseudonymForm, PublicKey, RandomScalars, Secret,
    SecretKey, Signature, blind_proof_gen, blind_proof_verify, blind_sign, blind_verify, commit,
};

const SUITE: Ciphersuite = Ciphersuite::Bls12381Sha256;

fn unhex(value: &Value) -> Vec<u8> {
    // One published secret lacks its leading zero.
    let text = value.as_str().unwrap();
    let text = format!("{}{text}", if text.len() % 2 == 1 { "0" } else { "" });
    let digits = |index| u8::from_str_radix(&text[index..index + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn secret(value: &Value) -> Secret {
    Secret::from_bytes(&unhex(value).try_into().unwrap()).unwrap()
}

struct Vectors(PathBuf);

impl Vectors {
    fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/vc-di-bbs");
        if !root.is_dir() {
            println!("bbs blind signatures: 3 skipped, the vectors are not here");
            return None;
        }
        Some(Self(root))
    }

    fn read(&self, path: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.0.join(path)).unwrap()).unwrap()
    }
}

#[test]
fn published_vectors() {
    let Some(vectors) = Vectors::find() else {
        return;
    };
    for (folder, holder_binding, pseudonym) in [
        ("HolderBinding", true, false),
        ("Pseudonym", false, true),
        ("PseudonymHB", true, true),
    ] {
        check(&vectors, folder, holder_binding, pseudonym);
        println!("{folder}: commitment, signature, proof");
    }
}

fn check(vectors: &Vectors, folder: &str, holder_binding: bool, with_pseudonym: bool) {
    let step = |name: &str| vectors.read(&format!("{folder}/{name}.json"));
    let input = |name: &str| vectors.read(&format!("FeatureInputs/{name}.json"));
    let keys = vectors.read("BBSKeyMaterial.json");
    let key = SecretKey::from_bytes(&unhex(&keys["privateKeyHex"]).try_into().unwrap()).unwrap();
    let public = PublicKey::from_bytes(&unhex(&keys["publicKeyHex"])).unwrap();
    assert_eq!(key.public_key(), &public);
    let material = vectors.read("BBSDeriveMaterial.json");
    // What the holder commits to.
    let holder_secret = unhex(&input("holderSecret")["holderSecretHex"]);
    let messages: &[&[u8]] = if holder_binding {
        &[&holder_secret]
    } else {
        &[]
    };
    let prover_nym = secret(&input("proverNym")["proverNymHex"]);
    let entropy = secret(&input("signerNymEntropy")["signerNymEntropyHex"]);
    let nym_secret = prover_nym.plus(&entropy);
    let committed = Committed {
        messages,
        nym: with_pseudonym.then_some(NymSecrets::Single(&prover_nym)),
    };
    let count = messages.len() + usize::from(with_pseudonym);
    let info = step("commitmentInfo");
    // The published commitments are random: theirs must be accepted below, and one of ours.
    let published = unhex(&info["commitmentWithProof"]);
    let random = RandomScalars::expand(SUITE, &[3; 32], count + 2).unwrap();
    let (ours, _) = commit(SUITE, &committed, random).unwrap();
    assert_eq!(ours.len(), published.len());

    // What the issuer signs.
    let base = step("addRawBaseSignatureInfo");
    let header = unhex(&base["bbsHeader"]);
    let transform = step("addBaseTransform");
    let statements: Vec<&str> = transform["nonMandatory"]["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry[1].as_str().unwrap())
        .collect();
    let messages_signed: Vec<&[u8]> = statements.iter().map(|line| line.as_bytes()).collect();
    let input_of = |commitment| BlindSignInput {
        commitment_with_proof: commitment,
        header: &header,
        messages: &messages_signed,
        signer_nym_entropy: with_pseudonym.then_some((PseudonymForm::SingleSecret, &entropy)),
    };
    blind_sign(SUITE, &key, &input_of(&ours)).unwrap();
    let signature = blind_sign(SUITE, &key, &input_of(&published)).unwrap();
    assert_eq!(hex(&signature.to_bytes()), base["bbsSignature"]);

    // What the holder checks on receipt.
    let blind = secret(&info["secretProverBlind"]);
    let signature = Signature::from_bytes(&unhex(&base["bbsSignature"])).unwrap();
    let committed = Committed {
        messages,
        nym: with_pseudonym.then_some(NymSecrets::Single(&nym_secret)),
    };
    if with_pseudonym {
        let published = secret(&step("nymSecret")["nymSecretHex"]);
        assert_eq!(*published.to_bytes(), *nym_secret.to_bytes());
    }
    let signed = BlindSigned {
        header: &header,
        messages: &messages_signed,
        committed,
        blind: &blind,
    };
    blind_verify(SUITE, &public, &signature, &signed).unwrap();
    let wrong = BlindSigned {
        blind: &entropy,
        ..signed
    };
    assert!(blind_verify(SUITE, &public, &signature, &wrong).is_err());

    // What the holder shows.
    let disclosure = step("derivedDisclosureData");
    let indexes: Vec<usize> =
        serde_json::from_value(disclosure["adjSelectiveIndexes"].clone()).unwrap();
    let presentation_header = unhex(&material["presentationHeaderHex"]);
    let verifier_id = input("verifierInfo")["verifierId"]
        .as_str()
        .unwrap()
        .to_owned();
    let context = Context {
        form: PseudonymForm::SingleSecret,
        id: verifier_id.as_bytes(),
    };
    let shown = ProofInput {
        header: &header,
        presentation_header: &presentation_header,
        messages: &messages_signed,
        disclosed_indexes: &indexes,
    };
    let hidden = messages_signed.len() - indexes.len() + 1 + count;
    let input = BlindProofInput {
        shown,
        committed,
        disclosed_committed: &[],
        blind: &blind,
        context: with_pseudonym.then_some(context),
    };
    // The published proofs are random too: both theirs and ours must be accepted below.
    let random = RandomScalars::expand(SUITE, &[4; 32], 5 + hidden).unwrap();
    let (proof, pseudonym) = blind_proof_gen(SUITE, &public, &signature, &input, random).unwrap();
    let published = unhex(&disclosure["bbsProof"]);
    assert_eq!(proof.len(), published.len());
    assert_eq!(pseudonym.is_some(), with_pseudonym);
    if let Some(pseudonym) = &pseudonym {
        assert_eq!(hex(&pseudonym.to_bytes()), disclosure["pseudonym"]);
    }

    // What the verifier checks.
    let messages: Vec<&[u8]> = indexes
        .iter()
        .map(|index| messages_signed[*index])
        .collect();
    let disclosed = BlindDisclosed {
        shown: Disclosed {
            header: &header,
            presentation_header: &presentation_header,
            messages: &messages,
            indexes: &indexes,
        },
        signer_messages: messages_signed.len(),
        committed_messages: &[],
        committed_indexes: &[],
        pseudonym: pseudonym.as_ref().map(|pseudonym| (context, pseudonym)),
    };
    blind_proof_verify(SUITE, &public, &proof, &disclosed).unwrap();
    blind_proof_verify(SUITE, &public, &published, &disclosed).unwrap();
    for count in [0, 22, 24, 2_000, usize::MAX] {
        let wrong = BlindDisclosed {
            signer_messages: count,
            ..disclosed
        };
        assert!(blind_proof_verify(SUITE, &public, &proof, &wrong).is_err());
    }
    if let Some(pseudonym) = &pseudonym {
        let elsewhere = Context {
            id: b"https://elsewhere.example/",
            ..context
        };
        let other = Pseudonym::from_bytes(&signature.to_bytes()[..48]).unwrap();
        for pseudonym in [(elsewhere, pseudonym), (context, &other)] {
            let wrong = BlindDisclosed {
                pseudonym: Some(pseudonym),
                ..disclosed
            };
            let refused = blind_proof_verify(SUITE, &public, &proof, &wrong).unwrap_err();
            assert_eq!(refused.code(), "invalid_signature");
        }
    }
    // A proof with a pseudonym is none without, and the other way round.
    let other = Pseudonym::from_bytes(&signature.to_bytes()[..48]).unwrap();
    let switched = match with_pseudonym {
        true => None,
        false => Some((context, &other)),
    };
    let switched = BlindDisclosed {
        pseudonym: switched,
        ..disclosed
    };
    assert!(blind_proof_verify(SUITE, &public, &proof, &switched).is_err());
}

#[test]
fn commitments_of_others_are_refused() {
    let key = SecretKey::from_bytes(&[7; 32]).unwrap();
    let committed = Committed {
        messages: &[b"specimen"],
        nym: None,
    };
    let random = RandomScalars::expand(SUITE, &[1; 32], 3).unwrap();
    let (commitment, _) = commit(SUITE, &committed, random).unwrap();
    let sign = |commitment: &[u8]| {
        let input = BlindSignInput {
            commitment_with_proof: commitment,
            header: b"",
            messages: &[],
            signer_nym_entropy: None,
        };
        blind_sign(SUITE, &key, &input)
            .map(|_| ())
            .map_err(|error| error.code())
    };
    assert_eq!(sign(&commitment), Ok(()));
    // Any answer of the proof altered.
    for index in (48..commitment.len()).step_by(32) {
        let mut altered = commitment.clone();
        altered[index + 31] ^= 1;
        assert_eq!(sign(&altered), Err("invalid_signature"), "{index}");
    }
    // The identity, cut off, too long, empty.
    let mut identity = commitment.clone();
    identity[..48].fill(0);
    identity[0] = 0xc0;
    assert_eq!(sign(&identity), Err("malformed"));
    for length in [0, 47, 48, 80, commitment.len() - 1] {
        assert_eq!(sign(&commitment[..length]), Err("malformed"), "{length}");
    }
    assert_eq!(sign(&[&commitment[..], &[0]].concat()), Err("malformed"));
    assert_eq!(
        sign(&[&commitment[..], &[1; 70_000]].concat()),
        Err("too_large")
    );
}
