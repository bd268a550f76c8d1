//! Credentials by themselves with derived proofs, ecdsa-sd-2023 and bbs-2023: classes 1, 2, 11, 12 and 20. Those of BBS are
//! written only where BBS is built in.

use serde_json::{Value, json};
use tessera_verifier::cbor;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::ProofPurpose;
use tessera_verifier::data_integrity::ecdsa_sd::{self, BaseSecrets};
use tessera_verifier::encoding::{base64url, from_base64url};
use tessera_verifier::key::KeyType;

use super::{Hostile, honest};
use crate::support::{NOW, Signer, altered, store};

const MANDATORY: [&str; 2] = ["/issuer", "/validFrom"];
const SELECTED: &str = "/credentialSubject";
const HMAC_KEY: [u8; 32] = [7; 32];

/// A map in CBOR.
type Pairs = Vec<(cbor::Value, cbor::Value)>;

const MALFORMED: (&str, &str) = ("proof", "malformed");
const INVALID: (&str, &str) = ("proof", "invalid_signature");
const DISCLOSURE: (&str, &str) = ("disclosure", "disclosure_invalid");

/// Three nodes without identifiers, so that there are labels to confuse.
fn document(issuer: &str) -> Value {
    json!({"@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "urn:specimen:"}],
        "type": ["VerifiableCredential"], "issuer": issuer, "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "urn:uuid:0", "given": "SPECIMEN", "degree": [{"title": "first"}, {"title": "second"}]}})
}

fn pointers(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A suite with a document in both forms, whose derived proof is made wrong part by part.
struct Row {
    name: &'static str,
    /// The last byte of the header of a derived proof; that of a base proof is one less.
    header: u8,
    base: Value,
    shown: Value,
    /// The map of labels, the mandatory indexes.
    labels: usize,
    mandatory: usize,
}

impl Row {
    fn parts(&self) -> Vec<cbor::Value> {
        let value = self.shown["proof"]["proofValue"].as_str().unwrap();
        let bytes = from_base64url(&value[1..]).unwrap();
        assert_eq!(bytes[..3], [0xd9, 0x5d, self.header]);
        let parts = cbor::parse(&bytes[3..], cbor::Limits::MESSAGE).unwrap();
        parts.as_array().unwrap().to_vec()
    }

    /// The document that is shown, with this header and these parts in its proof.
    fn with(&self, header: [u8; 3], parts: Vec<cbor::Value>) -> Value {
        let bytes = [&header[..], &cbor::Value::Array(parts).to_vec()].concat();
        let value = json!(format!("u{}", base64url(&bytes)));
        altered(&self.shown, "/proof/proofValue", &value)
    }

    fn after(&self, change: impl FnOnce(&mut Vec<cbor::Value>)) -> Value {
        let mut parts = self.parts();
        change(&mut parts);
        self.with([0xd9, 0x5d, self.header], parts)
    }

    fn put(&self, class: u64, name: &str, about: &str, refused: (&str, &str), credential: &Value) {
        Hostile {
            class,
            kind: "credential",
            twin: self.name,
        }
        .put(
            &format!("{}-{name}", self.name),
            about,
            refused,
            json!({"credential": credential.to_string()}),
        );
    }

    /// What both suites have.
    fn write(&self, needs: Option<&str>) {
        let mut members = json!({"now": NOW.to_rfc3339(), "credential": self.shown.to_string()});
        if let Some(feature) = needs {
            members["needs"] = json!(feature);
        }
        honest(
            "credential",
            self.name,
            "A credential with a derived proof that shows the subject",
            members,
        );
        self.put(
            12,
            "base-proof",
            "The proof is the issuer's base proof, which is for the holder alone",
            ("proof", "base_proof_refused"),
            &self.base,
        );
        let parts = self.parts();
        self.put(
            12,
            "header-of-base",
            "The derived proof says that it is a base proof",
            ("proof", "base_proof_refused"),
            &self.with([0xd9, 0x5d, self.header - 1], parts.clone()),
        );
        self.put(
            12,
            "header-unknown",
            "The proof value begins with a header that is none",
            MALFORMED,
            &self.with([0xd9, 0x5d, 0xff], parts.clone()),
        );
        let value = self.shown["proof"]["proofValue"].as_str().unwrap();
        let bytes = from_base64url(&value[1..]).unwrap();
        let of = |bytes: &[u8]| {
            let value = json!(format!("u{}", base64url(bytes)));
            altered(&self.shown, "/proof/proofValue", &value)
        };
        self.put(
            12,
            "trailing-byte",
            "A byte follows the parts of the proof value",
            MALFORMED,
            &of(&[&bytes[..], &[0]].concat()),
        );
        self.put(
            12,
            "truncated",
            "The proof value lacks its last byte",
            MALFORMED,
            &of(&bytes[..bytes.len() - 1]),
        );
        self.put(
            12,
            "part-missing",
            "The proof value lacks its last part",
            MALFORMED,
            &self.after(|parts| _ = parts.pop()),
        );
        self.put(
            12,
            "part-more",
            "The proof value has a part more than its suite",
            MALFORMED,
            &self.after(|parts| parts.push(cbor::Value::Bytes(Vec::new()))),
        );
        self.labels();
        self.indexes();
        self.claims();
    }

    fn labels(&self) {
        let after = |change: &dyn Fn(&mut Pairs)| {
            self.after(|parts| {
                let cbor::Value::Map(pairs) = &mut parts[self.labels] else {
                    panic!("no label map")
                };
                assert_eq!(pairs.len(), 3);
                change(pairs);
            })
        };
        let swapped = |pairs: &mut Pairs| {
            let [one, two] = [pairs[0].1.clone(), pairs[1].1.clone()];
            (pairs[0].1, pairs[1].1) = (two, one);
        };
        self.put(
            11,
            "labels-swapped",
            "The label map takes one node for the other",
            INVALID,
            &after(&swapped),
        );
        self.put(
            11,
            "labels-of-one-node",
            "The label map gives two nodes one label, which would make them one",
            MALFORMED,
            &after(&|pairs| pairs[1].1 = pairs[0].1.clone()),
        );
        self.put(
            11,
            "label-missing",
            "The label map lacks a node",
            DISCLOSURE,
            &after(&|pairs| _ = pairs.pop()),
        );
        self.put(
            11,
            "label-of-no-node",
            "The label map names a node that is not there",
            DISCLOSURE,
            &after(&|pairs| pairs[2].0 = cbor::Value::Integer(3)),
        );
        self.put(
            11,
            "label-more",
            "The label map has a label more than there are nodes",
            DISCLOSURE,
            &after(&|pairs| {
                let label = match &pairs[2].1 {
                    cbor::Value::Bytes(label) => cbor::Value::Bytes(vec![1; label.len()]),
                    _ => cbor::Value::Integer(99),
                };
                pairs.push((cbor::Value::Integer(3), label));
            }),
        );
        self.put(
            12,
            "label-twice",
            "The label map gives one node two labels",
            MALFORMED,
            &after(&|pairs| pairs[2].0 = pairs[1].0.clone()),
        );
        self.put(
            12,
            "labels-out-of-order",
            "The label map does not ascend",
            MALFORMED,
            &after(&|pairs| pairs.swap(0, 1)),
        );
    }

    fn indexes(&self) {
        let after = |change: &dyn Fn(&mut Vec<cbor::Value>)| {
            self.after(|parts| {
                let cbor::Value::Array(indexes) = &mut parts[self.mandatory] else {
                    panic!("no mandatory indexes")
                };
                assert!(indexes.len() > 1);
                change(indexes);
            })
        };
        self.put(
            12,
            "mandatory-index-twice",
            "A mandatory index comes twice",
            MALFORMED,
            &after(&|indexes| indexes.insert(0, indexes[0].clone())),
        );
        self.put(
            12,
            "mandatory-index-beyond",
            "A mandatory index is beyond the statements",
            DISCLOSURE,
            &after(&|indexes| *indexes.last_mut().unwrap() = cbor::Value::Integer(99)),
        );
    }

    fn claims(&self) {
        self.put(
            2,
            "claim-altered",
            "A claim is changed after deriving",
            INVALID,
            &altered(&self.shown, "/credentialSubject/given", &json!("FRIDA")),
        );
        self.put(
            2,
            "mandatory-altered",
            "What the issuer made mandatory is changed after deriving",
            INVALID,
            &altered(&self.shown, "/validFrom", &json!("2025-01-01T00:00:00Z")),
        );
        self.put(
            1,
            "issuer-altered",
            "The issuer is changed to one that does not control the key",
            ("issuer", "issuer_key_mismatch"),
            &altered(
                &self.shown,
                "/issuer",
                &json!(Signer::fresh(KeyType::P256).did()),
            ),
        );
        let other = Signer::fresh(KeyType::Ed25519);
        let method = other
            .options(ProofPurpose::AssertionMethod)
            .verification_method;
        self.put(
            12,
            "key-of-another-kind",
            "The verification method is a key that the suite does not use",
            ("format", "unsupported_algorithm"),
            &altered(&self.shown, "/proof/verificationMethod", &json!(method)),
        );
    }
}

pub(super) fn write() {
    ecdsa();
    #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
    bbs();
}

fn ecdsa() {
    let [issuer, ephemeral] = [KeyType::P256, KeyType::P256].map(Signer::fresh);
    let secrets = BaseSecrets {
        hmac_key: &HMAC_KEY,
        ephemeral: &ephemeral,
    };
    let options = issuer.options(ProofPurpose::AssertionMethod);
    let unsigned = ecdsa_sd::prepare_base(
        &document(&issuer.did()),
        &options,
        &pointers(&MANDATORY),
        &secrets,
        &store(),
    );
    let base = issuer.attach(unsigned.unwrap());
    let shown = ecdsa_sd::derive(&base, &pointers(&[SELECTED]), &store()).unwrap();
    let row = Row {
        name: "ecdsa-sd-2023",
        header: 1,
        base,
        shown,
        labels: 3,
        mandatory: 4,
    };
    row.write(None);
    let signatures = |change: &dyn Fn(&mut Vec<cbor::Value>)| {
        row.after(|parts| {
            let cbor::Value::Array(signatures) = &mut parts[2] else {
                panic!("no signatures")
            };
            change(signatures);
        })
    };
    row.put(
        2,
        "signature-missing",
        "A statement has no signature",
        DISCLOSURE,
        &signatures(&|signatures| _ = signatures.pop()),
    );
    row.put(
        2,
        "signature-more",
        "A signature has no statement",
        DISCLOSURE,
        &signatures(&|signatures| signatures.push(signatures[0].clone())),
    );
    row.put(
        2,
        "signatures-swapped",
        "Two statements have each other's signatures",
        INVALID,
        &signatures(&|signatures| signatures.swap(0, 1)),
    );
    // A mandatory statement is said to be one of the others: then a signature is missing.
    row.put(
        2,
        "mandatory-index-missing",
        "A mandatory statement is said to be a selected one",
        DISCLOSURE,
        &row.after(|parts| {
            if let cbor::Value::Array(indexes) = &mut parts[4] {
                indexes.pop();
            }
        }),
    );
    let key = |kind: KeyType, codec: [u8; 2]| {
        let key = Signer::fresh(kind).public_key().to_compressed().to_vec();
        [&codec[..], &key].concat()
    };
    let attacker = key(KeyType::P256, [0x80, 0x24]);
    row.put(
        4,
        "statement-key-of-another",
        "The key of the statements is another than the one that the issuer signed",
        INVALID,
        &row.after(|parts| parts[1] = cbor::Value::Bytes(attacker.clone())),
    );
    row.put(
        13,
        "statement-key-truncated",
        "The key of the statements lacks its last byte",
        MALFORMED,
        &row.after(|parts| parts[1] = cbor::Value::Bytes(attacker[..34].to_vec())),
    );
}

#[cfg(any(feature = "bbs", feature = "bbs-pure"))]
fn bbs() {
    use tessera_verifier::bbs::SecretKey;
    use tessera_verifier::data_integrity::ProofOptions;
    use tessera_verifier::data_integrity::bbs_2023::{self, Derivation, PseudonymLayout};
    use tessera_verifier::did;

    /// Compressed, the identity of G1.
    const IDENTITY: [u8; 48] = {
        let mut point = [0; 48];
        point[0] = 0xc0;
        point
    };

    let key = SecretKey::from_bytes(&[5; 32]).unwrap();
    let public = key.public_key().clone().into();
    let options = ProofOptions::new(
        did::verification_method(&public),
        ProofPurpose::AssertionMethod,
    );
    let prepared = bbs_2023::prepare_base(
        &document(&did::did_key(&public)),
        &options,
        &pointers(&MANDATORY),
        &HMAC_KEY,
        &store(),
    );
    let base = prepared.unwrap().sign(&key).unwrap();
    let derivation = Derivation {
        selective_pointers: &pointers(&[SELECTED]),
        presentation_header: b"nonce",
        seed: &[9; 32],
        secrets: None,
        nym_domain: None,
        layout: PseudonymLayout::default(),
    };
    let shown = bbs_2023::derive(&base, &derivation, &store()).unwrap();
    let row = Row {
        name: "bbs-2023",
        header: 3,
        base,
        shown,
        labels: 1,
        mandatory: 2,
    };
    row.write(Some("bbs"));
    let proof = |change: &dyn Fn(&mut Vec<u8>)| {
        row.after(|parts| {
            let cbor::Value::Bytes(proof) = &mut parts[0] else {
                panic!("no proof")
            };
            change(proof);
        })
    };
    for (name, about, from, to) in [
        (
            "identity-points",
            "Abar and Bbar are the identity, which the pairing equation accepts under every key",
            0,
            2,
        ),
        ("identity-d", "D is the identity", 2, 3),
    ] {
        let change = |proof: &mut Vec<u8>| {
            for at in from..to {
                proof[at * 48..(at + 1) * 48].copy_from_slice(&IDENTITY);
            }
        };
        row.put(20, name, about, MALFORMED, &proof(&change));
    }
    row.put(
        20,
        "proof-trailing-byte",
        "A byte follows the BBS proof within its part",
        MALFORMED,
        &proof(&|proof| proof.push(0)),
    );
    row.put(
        20,
        "proof-truncated",
        "The BBS proof lacks its last byte",
        MALFORMED,
        &proof(&|proof| _ = proof.pop()),
    );
    row.put(
        20,
        "hidden-message-more",
        "The BBS proof hides a statement more than was signed",
        INVALID,
        &proof(&|proof| {
            let challenge = proof.split_off(proof.len() - 32);
            proof.extend_from_within(3 * 48..3 * 48 + 32);
            proof.extend(challenge);
        }),
    );
    row.put(
        20,
        "presentation-header-altered",
        "What the holder bound to the proof is changed",
        INVALID,
        &row.after(|parts| parts[4] = cbor::Value::Bytes(b"another".to_vec())),
    );
    let selective = |change: &dyn Fn(&mut Vec<cbor::Value>)| {
        row.after(|parts| {
            let cbor::Value::Array(indexes) = &mut parts[3] else {
                panic!("no selective indexes")
            };
            change(indexes);
        })
    };
    row.put(
        20,
        "selective-index-twice",
        "A selective index comes twice",
        MALFORMED,
        &selective(&|indexes| indexes.insert(0, indexes[0].clone())),
    );
    row.put(
        20,
        "selective-index-beyond",
        "A selective index is beyond what was signed",
        DISCLOSURE,
        &selective(&|indexes| *indexes.last_mut().unwrap() = cbor::Value::Integer(99)),
    );
    row.put(
        20,
        "selective-index-missing",
        "A statement that is shown has no index",
        DISCLOSURE,
        &selective(&|indexes| _ = indexes.pop()),
    );
    let stranger = SecretKey::from_bytes(&[6; 32]).unwrap();
    let method = did::verification_method(&stranger.public_key().clone().into());
    row.put(
        1,
        "method-of-another",
        "The verification method is a key that the issuer does not control",
        ("issuer", "issuer_key_mismatch"),
        &altered(&row.shown, "/proof/verificationMethod", &json!(method)),
    );
}
