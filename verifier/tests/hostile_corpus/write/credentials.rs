//! Credentials by themselves, one row a suite that signs whole documents: classes 1, 2, 11 and 12.

use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, Suite, prepare};
use tessera_verifier::key::KeyType;

use super::{Hostile, OTHER, honest};
use crate::support::{NOW, PLAIN, Signer, altered, store};

const V2: &str = "https://www.w3.org/ns/credentials/v2";

pub(super) fn write() {
    for (suite, kind) in PLAIN {
        let curve = match (suite, kind) {
            (Suite::EcdsaRdfc2019 | Suite::EcdsaJcs2019, KeyType::P256) => "-p256",
            (Suite::EcdsaRdfc2019 | Suite::EcdsaJcs2019, _) => "-p384",
            _ => "",
        };
        let name = format!("{}{curve}", suite.as_str().to_lowercase());
        Row {
            suite: *suite,
            name,
            signer: Signer::fresh(*kind),
        }
        .write();
    }
}

fn document(issuer: &str) -> Value {
    json!({"@context": [V2], "type": ["VerifiableCredential"], "issuer": issuer, "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "urn:uuid:0", "name": "SPECIMEN"}})
}

struct Row {
    suite: Suite,
    name: String,
    signer: Signer,
}

impl Row {
    fn put(&self, class: u64, name: &str, about: &str, refused: (&str, &str), credential: &Value) {
        let hostile = Hostile {
            class,
            kind: "credential",
            twin: &self.name,
        };
        hostile.put(
            &format!("{}-{name}", self.name),
            about,
            refused,
            json!({"credential": credential.to_string()}),
        );
    }

    fn write(&self) {
        let secured = self
            .signer
            .secure(&document(&self.signer.did()), self.suite);
        honest(
            "credential",
            &self.name,
            &format!("A credential secured with {}", self.suite.as_str()),
            json!({"now": NOW.to_rfc3339(), "credential": secured.to_string()}),
        );
        self.bindings(&secured);
        match self.suite {
            Suite::EcdsaJcs2019 | Suite::EddsaJcs2022 => {
                self.put(
                    11,
                    "context-replaced",
                    "The context is another than the one that was signed",
                    ("proof", "malformed"),
                    &altered(
                        &secured,
                        "/@context",
                        &json!(["https://attacker.example/context"]),
                    ),
                );
            }
            _ => self.linked_data(&secured),
        }
    }

    fn bindings(&self, secured: &Value) {
        let other = Signer::fresh(self.signer.public_key().kind());
        self.put(
            1,
            "issuer-not-controller",
            "The issuer is not the controller of the key that signed",
            ("issuer", "issuer_key_mismatch"),
            &self.signer.secure(&document(&other.did()), self.suite),
        );
        self.put(
            1,
            "signature-of-another-key",
            "The verification method is the issuer's, the signature another key's",
            ("proof", "invalid_signature"),
            &altered(
                secured,
                "/proof/proofValue",
                &other.secure(&document(&self.signer.did()), self.suite)["proof"]["proofValue"],
            ),
        );
        self.put(
            2,
            "claim-altered",
            "A claim is changed after signing",
            ("proof", "invalid_signature"),
            &altered(secured, "/credentialSubject/name", &json!("FRIDA")),
        );
        self.put(
            2,
            "claim-removed",
            "A claim is taken out after signing",
            ("proof", "invalid_signature"),
            &altered(secured, "/credentialSubject/name", &Value::Null),
        );
        self.put(
            2,
            "time-altered",
            "The time of the proof is changed after signing",
            ("proof", "invalid_signature"),
            &altered(secured, "/proof/created", &json!("2026-01-14T00:00:00Z")),
        );
        let options = |purpose, expires| ProofOptions {
            expires,
            ..self.signer.options(purpose)
        };
        let with = |options: &ProofOptions| {
            let unsigned = prepare(&document(&self.signer.did()), self.suite, options, &store());
            self.signer.attach(unsigned.unwrap())
        };
        self.put(
            OTHER,
            "purpose",
            "The proof is an authentication, not an assertion",
            ("proof", "proof_purpose_mismatch"),
            &with(&options(ProofPurpose::Authentication, None)),
        );
        self.put(
            OTHER,
            "proof-expired",
            "The proof is at its end",
            ("validity", "expired"),
            &with(&options(ProofPurpose::AssertionMethod, Some(NOW))),
        );
        let kind = match self.signer.public_key().kind() {
            KeyType::Ed25519 => KeyType::P256,
            _ => KeyType::Ed25519,
        };
        let method = Signer::fresh(kind)
            .options(ProofPurpose::AssertionMethod)
            .verification_method;
        self.put(
            12,
            "key-of-another-kind",
            "The verification method is a key that the suite does not use",
            ("format", "unsupported_algorithm"),
            &altered(secured, "/proof/verificationMethod", &json!(method)),
        );
        let unknown = match self.suite {
            Suite::Ed25519Signature2020 => altered(secured, "/proof/type", &json!("Specimen2026")),
            _ => altered(secured, "/proof/cryptosuite", &json!("specimen-2026")),
        };
        self.put(
            12,
            "suite-unknown",
            "The proof is of a suite that nobody knows",
            ("format", "unsupported_suite"),
            &unknown,
        );
        let swapped = match self.suite {
            Suite::EcdsaRdfc2019 => Some("ecdsa-jcs-2019"),
            Suite::EcdsaJcs2019 => Some("ecdsa-rdfc-2019"),
            Suite::EddsaRdfc2022 => Some("eddsa-jcs-2022"),
            Suite::EddsaJcs2022 => Some("eddsa-rdfc-2022"),
            _ => None,
        };
        if let Some(suite) = swapped {
            self.put(
                12,
                "suite-swapped",
                "The proof names another suite of the same keys",
                ("proof", "invalid_signature"),
                &altered(secured, "/proof/cryptosuite", &json!(suite)),
            );
        }
        let value = secured["proof"]["proofValue"].as_str().unwrap();
        self.put(
            12,
            "value-cut-off",
            "The signature lacks its end",
            ("proof", "malformed"),
            &altered(
                secured,
                "/proof/proofValue",
                &json!(value[..value.len() - 8]),
            ),
        );
        self.put(
            12,
            "value-in-another-base",
            "The signature says that it is in another base",
            ("proof", "malformed"),
            &altered(
                secured,
                "/proof/proofValue",
                &json!(value.replacen('z', "u", 1)),
            ),
        );
        self.put(
            OTHER,
            "proof-missing",
            "There is no proof",
            ("proof", "malformed"),
            &altered(secured, "/proof", &Value::Null),
        );
    }

    /// Each is put in after signing: were it dropped without a word, the signature would hold.
    fn linked_data(&self, secured: &Value) {
        self.put(
            11,
            "term-undefined",
            "A claim whose name no context defines",
            ("proof", "undefined_term"),
            &altered(secured, "/credentialSubject/surname", &json!("SPECIMEN")),
        );
        self.put(
            11,
            "type-undefined",
            "A type that no context defines",
            ("proof", "undefined_term"),
            &altered(
                secured,
                "/type",
                &json!(["VerifiableCredential", "Undefined"]),
            ),
        );
        self.put(
            11,
            "id-relative",
            "An identifier that is no absolute one",
            ("proof", "undefined_term"),
            &altered(
                secured,
                "/credentialSubject/urn:specimen:of",
                &json!({"id": "relative"}),
            ),
        );
        let context = |further: Value| {
            let mut contexts = secured["@context"].as_array().unwrap().clone();
            contexts.push(further);
            altered(secured, "/@context", &json!(contexts))
        };
        self.put(
            11,
            "term-redefined",
            "A further context redefines a protected term",
            ("proof", "malformed"),
            &context(json!({"name": "urn:specimen:name"})),
        );
        self.put(
            11,
            "context-nulled",
            "A further context takes the protected ones away",
            ("proof", "malformed"),
            &context(Value::Null),
        );
        self.put(
            11,
            "context-remote",
            "A further context is at an address",
            ("proof", "unknown_context"),
            &context(json!("https://attacker.example/context")),
        );
        self.put(
            11,
            "context-import",
            "A further context imports one at an address",
            ("proof", "unknown_context"),
            &context(json!({"@import": "https://attacker.example/context"})),
        );
        let nodes: Vec<Value> = (0..12)
            .map(|node| {
                let others: Vec<Value> = (0..12)
                    .filter(|other| *other != node)
                    .map(|other| json!({"id": format!("_:n{other}")}))
                    .collect();
                json!({"id": format!("_:n{node}"), "urn:specimen:knows": others})
            })
            .collect();
        self.put(
            11,
            "canonicalization-bomb",
            "Twelve nodes that look alike, each of which knows all the others",
            ("proof", "work_budget_exceeded"),
            &altered(secured, "/credentialSubject", &json!(nodes)),
        );
    }
}
