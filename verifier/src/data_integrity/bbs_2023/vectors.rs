//! The published test vectors of `bbs-2023`, step by step: two baseline ones, and one for each feature.

extern crate std;

use alloc::string::ToString;
use alloc::vec;
use std::path::{Path, PathBuf};
use std::println;

use serde_json::json;

use super::*;
use crate::data_integrity::disclosure::disclose;
use crate::data_integrity::{Binding, ProofPurpose};
use crate::time::Timestamp;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(value: &Value) -> [u8; N] {
    let text = value.as_str().unwrap();
    let digits = |index| u8::from_str_radix(&text[index..index + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(digits).collect();
    bytes.try_into().unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

struct Vectors {
    root: PathBuf,
    folder: &'static str,
}

impl Vectors {
    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap()
    }

    fn input(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(&format!("{name}.json"))).unwrap()
    }

    fn step(&self, name: &str) -> Value {
        self.input(&format!("{}/{name}", self.folder))
    }
}

/// The vectors' issuers are not the controllers of their keys.
fn unbound() -> ProofExpectation<'static> {
    ProofExpectation {
        binding: Binding::Unbound,
        ..ProofExpectation::credential(Timestamp::from_unix(1_734_400_000))
    }
}

/// A holder's secrets, owned.
struct Holder {
    feature: FeatureOption,
    secret: [u8; 32],
    nym: Secret,
    blind: Secret,
    entropy: Secret,
    commitment: Vec<u8>,
}

impl Holder {
    fn read(vectors: &Vectors, feature: FeatureOption) -> Self {
        let info = vectors.step("commitmentInfo");
        let secret = |value: &Value| Secret::from_bytes(&unhex(value)).unwrap();
        let text = info["commitmentWithProof"].as_str().unwrap();
        Self {
            feature,
            secret: unhex(&vectors.input("FeatureInputs/holderSecret")["holderSecretHex"]),
            nym: secret(&vectors.input("FeatureInputs/proverNym")["proverNymHex"]),
            blind: secret(&info["secretProverBlind"]),
            entropy: secret(
                &vectors.input("FeatureInputs/signerNymEntropy")["signerNymEntropyHex"],
            ),
            commitment: match text.len() / 2 {
                144 => unhex::<144>(&info["commitmentWithProof"]).to_vec(),
                _ => unhex::<176>(&info["commitmentWithProof"]).to_vec(),
            },
        }
    }

    fn secrets(&self) -> HolderSecrets<'_> {
        HolderSecrets {
            holder_secret: self.feature.has_holder_secret().then_some(&self.secret),
            prover_nym: self.feature.has_pseudonym().then_some(&self.nym),
            prover_blind: &self.blind,
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            feature: self.feature,
            commitment_with_proof: &self.commitment,
            signer_nym_entropy: self.feature.has_pseudonym().then_some(&self.entropy),
            layout: PseudonymLayout::Vectors,
        }
    }
}

#[test]
fn published_vectors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/vc-di-bbs");
    if !root.is_dir() {
        println!("bbs-2023: 5 skipped, the vectors are not here");
        return;
    }
    let all = [
        (
            ".",
            "windMandatory",
            "windSelective",
            FeatureOption::Baseline,
        ),
        (
            "prc",
            "prCredMandatory",
            "prCredSelective",
            FeatureOption::Baseline,
        ),
        (
            "HolderBinding",
            LICENSE.0,
            LICENSE.1,
            FeatureOption::AnonymousHolderBinding,
        ),
        ("Pseudonym", LICENSE.0, LICENSE.1, FeatureOption::Pseudonym),
        (
            "PseudonymHB",
            LICENSE.0,
            LICENSE.1,
            FeatureOption::HolderBindingPseudonym,
        ),
    ];
    for (folder, mandatory, selective, feature) in all {
        let vectors = Vectors {
            root: root.clone(),
            folder,
        };
        let mandatory = strings(&vectors.input(mandatory));
        let selective = strings(&vectors.input(selective));
        check(&vectors, &mandatory, &selective, feature);
    }
    println!("bbs-2023: 5/5");
}

const LICENSE: (&str, &str) = (
    "FeatureInputs/licenseMandatory",
    "FeatureInputs/licenseSelective",
);

fn check(vectors: &Vectors, mandatory: &[String], selective: &[String], feature: FeatureOption) {
    let store = ContextStore::builtin();
    let keys = vectors.input("BBSKeyMaterial");
    let key = SecretKey::from_bytes(&unhex(&keys["privateKeyHex"])).unwrap();
    let hmac_key: [u8; 32] = unhex(&keys["hmacKeyString"]);
    let base = vectors.step("addSignedSDBase");
    let mut document = base.clone();
    document.as_object_mut().unwrap().remove("proof");

    // Transformation: canonical form, shuffled labels, groups.
    let plain = crate::jsonld::document_to_rdf(&document, &store).unwrap();
    assert_eq!(
        json!(canonical(&plain).lines()),
        vectors.step("addBaseDocCanon")
    );
    let statements = shuffled(&document, &store, &hmac_key).unwrap();
    let lines: Vec<&str> = statements.sorted.iter().map(|s| s.line.as_str()).collect();
    assert_eq!(json!(lines), vectors.step("addBaseDocHMACCanon"));
    let selection = Selection::new(&document, mandatory).unwrap();
    let transform = vectors.step("addBaseTransform");
    for (name, selected) in [("mandatory", true), ("nonMandatory", false)] {
        let entries = statements.sorted.iter().enumerate();
        let ours: Value = entries
            .filter(|(_, statement)| statement.is_selected(&selection).unwrap() == selected)
            .map(|(index, statement)| json!([index, statement.line]))
            .collect();
        assert_eq!(ours, transform[name]["value"], "{name}");
    }

    // Hashing.
    let config = vectors.step("addProofConfig");
    let quads = crate::jsonld::document_to_rdf(&config, &store).unwrap();
    assert_eq!(
        canonical(&quads).to_nquads(),
        vectors.text(&format!("{}/addProofConfigCanon.txt", vectors.folder))
    );
    let options = ProofOptions {
        created: Some(Timestamp::parse_rfc3339(config["created"].as_str().unwrap()).unwrap()),
        ..ProofOptions::new(
            config["verificationMethod"].as_str().unwrap(),
            ProofPurpose::AssertionMethod,
        )
    };
    let prepare = || prepare_base(&document, &options, mandatory, &hmac_key, &store).unwrap();
    let hashes = vectors.step("addHashData");
    let hashes = ["proofHash", "mandatoryHash"].map(|name| hashes[name].as_str().unwrap());
    assert_eq!(hex(&prepare().header), hashes.concat());

    // The base proof comes out byte for byte.
    let holder = (feature != FeatureOption::Baseline).then(|| Holder::read(vectors, feature));
    let ours = match &holder {
        None => prepare().sign(&key).unwrap(),
        Some(holder) => prepare().sign_for(&key, &holder.request()).unwrap(),
    };
    assert_eq!(ours, base);
    let secrets = holder.as_ref().map(Holder::secrets);
    verify_base(&base, &unbound(), secrets.as_ref(), &store).unwrap();
    let refused = verify(&base, &unbound(), &store).unwrap_err();
    assert_eq!(refused.code(), "base_proof_refused");
    let bound = ProofExpectation::credential(unbound().now);
    let refused = verify_base(&base, &bound, secrets.as_ref(), &store).unwrap_err();
    assert_eq!(refused.code(), "issuer_key_mismatch");
    if secrets.is_some() {
        let refused = verify_base(&base, &unbound(), None, &store).unwrap_err();
        assert_eq!(refused.code(), "holder_binding_missing");
    }

    // What is disclosed.
    let disclosure = disclose(&document, &statements, mandatory, selective).unwrap();
    let expected = vectors.step("derivedAdjIndexes");
    assert_eq!(
        json!(disclosure.mandatory_indexes),
        expected["adjMandatoryIndexes"]
    );
    assert_eq!(
        json!(disclosure.selective_indexes),
        expected["adjSelectiveIndexes"]
    );
    assert_eq!(
        Value::Object(disclosure.members),
        vectors.step("derivedUnsignedReveal")
    );
    let labels = disclosure.labels.iter();
    let labels: Value = labels
        .map(|(from, to)| json!([format!("c14n{from}"), format!("b{to}")]))
        .collect();
    assert_eq!(
        labels,
        vectors.step("derivedDisclosureData")["labelMap"]["value"]
    );

    // The published derived proof, and one of our own.
    let material = vectors.input("BBSDeriveMaterial");
    let presentation_header: [u8; 4] = unhex(&material["presentationHeaderHex"]);
    let verifier = vectors.input("FeatureInputs/verifierInfo");
    let nym_domain = feature
        .has_pseudonym()
        .then(|| verifier["verifierId"].as_str().unwrap());
    let derivation = Derivation {
        selective_pointers: selective,
        presentation_header: &presentation_header,
        seed: &[9; 32],
        secrets: secrets.as_ref(),
        nym_domain,
        layout: PseudonymLayout::Vectors,
    };
    let published = vectors.step("derivedRevealDocument");
    let ours = derive(&base, &derivation, &store).unwrap();
    let text = Derivation {
        layout: PseudonymLayout::Text,
        ..derivation
    };
    let text = derive(&base, &text, &store).unwrap();
    let presented = Presented {
        presentation_header: Some(&presentation_header),
        nym_domain: nym_domain.map(str::as_bytes),
        holder_bound: holder.is_some(),
    };
    for derived in [&published, &ours, &text] {
        let shown = verify_presented(derived, &unbound(), &presented, &store).unwrap();
        assert_eq!(shown.proof.suite, Suite::Bbs2023);
        assert_eq!(shown.holder_bound, holder.is_some());
        if feature.has_pseudonym() {
            let expected = &vectors.step("derivedDisclosureData")["pseudonym"];
            assert_eq!(hex(&shown.pseudonym.unwrap().to_bytes()), *expected);
        }
        let refused = verify_base(derived, &unbound(), secrets.as_ref(), &store).unwrap_err();
        assert_eq!(refused.code(), "malformed");
        let wrong = Presented {
            presentation_header: Some(b"another"),
            ..presented
        };
        let refused = verify_presented(derived, &unbound(), &wrong, &store).unwrap_err();
        assert_eq!(refused.code(), "nonce_mismatch");
        let wrong = Presented {
            nym_domain: Some(b"https://elsewhere.example"),
            ..presented
        };
        let refused = verify_presented(derived, &unbound(), &wrong, &store).unwrap_err();
        let code = match nym_domain {
            None => "holder_binding_missing",
            Some(_) if derived["proof"] == text["proof"] => "audience_mismatch",
            Some(_) => "invalid_signature",
        };
        assert_eq!(refused.code(), code);
    }
    let length = |document: &Value| document["proof"]["proofValue"].as_str().unwrap().len();
    assert_eq!(length(&ours), length(&published));
    assert_ne!(ours, published);
    if holder.is_none() {
        let wrong = Presented {
            holder_bound: true,
            ..presented
        };
        let refused = verify_presented(&ours, &unbound(), &wrong, &store).unwrap_err();
        assert_eq!(refused.code(), "holder_binding_missing");
    }
    altered(&ours, &presented, &store);
}

/// Every altered scalar of what is revealed is noticed, and every member taken away or added.
fn altered(derived: &Value, presented: &Presented<'_>, store: &ContextStore) {
    let refused =
        |altered: &Value| verify_presented(altered, &unbound(), presented, store).is_err();
    assert!(!refused(derived));
    for pointer in scalars(derived) {
        let mut altered = derived.clone();
        let target = altered.pointer_mut(&pointer).unwrap();
        *target = match &*target {
            Value::String(text) => json!(format!("{text}x")),
            other => json!([other, "x"]),
        };
        assert!(refused(&altered), "{pointer}");
    }
    let mut altered = derived.clone();
    altered["expirationDate"] = json!("2099-01-01T00:00:00Z");
    assert!(refused(&altered));
    let subject = derived["credentialSubject"].as_object().unwrap();
    for member in subject.keys() {
        let mut altered = derived.clone();
        altered["credentialSubject"]
            .as_object_mut()
            .unwrap()
            .remove(member);
        assert!(refused(&altered), "{member}");
    }
}

/// Pointers to the scalars of a document.
fn scalars(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(i, v)| (i.to_string(), v)).collect()
        }
        _ => return vec![String::new()],
    };
    let nested = |(name, value): (String, _)| {
        let inner = scalars(value).into_iter();
        inner.map(move |pointer| format!("/{name}{pointer}"))
    };
    children.into_iter().flat_map(nested).collect()
}

fn canonical(quads: &[crate::rdf::Quad]) -> crate::rdf::Canonical<'_> {
    use crate::rdf::{Budget, HashAlgorithm, canonicalize};
    canonicalize(quads, HashAlgorithm::Sha256, Budget::default()).unwrap()
}
