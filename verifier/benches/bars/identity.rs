//! Data Integrity on the identity credential of about twelve claims, three of which are disclosed; status lists; and a
//! hostile graph. Keys and contexts are in memory; parsing, canonicalization and hashing are measured.

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tessera_verifier::bbs::SecretKey;
use tessera_verifier::data_integrity::bbs_2023::{self, Derivation, PseudonymLayout};
use tessera_verifier::data_integrity::{self, ProofOptions, ProofPurpose, Suite, ecdsa_sd};
use tessera_verifier::did;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::jsonld::{ContextStore, document_to_rdf};
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize};
use tessera_verifier::status::BitString;

use crate::measure::Operation;
use crate::support::{Signer, credential, expected, mandatory};

/// What is disclosed besides what is mandatory.
pub(crate) const SELECTED: [&str; 3] = [
    "/credentialSubject/family_name",
    "/credentialSubject/birthdate",
    "/credentialSubject/nationalities",
];

/// Keys, and the credential secured in every way.
pub(crate) struct Desk {
    pub(crate) contexts: Arc<ContextStore>,
    pub(crate) p256: Signer,
    pub(crate) ed25519: Edwards,
    pub(crate) bbs: Bbs,
    ephemeral: Signer,
    holder: String,
    list: String,
    bits: BitString,
    hostile: Vec<u8>,
}

/// An Ed25519 key.
pub(crate) struct Edwards(Ed25519KeyPair, pub(crate) PublicKey);

/// A BBS key.
pub(crate) struct Bbs(SecretKey, pub(crate) PublicKey);

impl Edwards {
    pub(crate) fn fresh() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public =
            PublicKey::from_compressed(KeyType::Ed25519, pair.public_key().as_ref()).unwrap();
        Self(pair, public)
    }
}

impl Bbs {
    pub(crate) fn specimen() -> Self {
        let secret = SecretKey::from_bytes(&[0x2a; 32]).unwrap();
        let public = PublicKey::from(secret.public_key().clone());
        Self(secret, public)
    }
}

/// The options of a proof by the holder of `key`.
pub(crate) fn options(key: &PublicKey) -> ProofOptions {
    ProofOptions {
        created: Some(crate::support::NOW),
        key: Some(key.clone()),
        ..ProofOptions::new(did::verification_method(key), ProofPurpose::AssertionMethod)
    }
}

pub(crate) fn pointers(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Desk {
    pub(crate) fn new() -> Self {
        let mut bits = BitString::new(BitString::MIN_ENTRIES).unwrap();
        // One in a thousand revoked, scattered.
        for index in 0..131 {
            bits.set((index * 8_191) % BitString::MIN_ENTRIES, true)
                .unwrap();
        }
        Self {
            contexts: ContextStore::builtin(),
            p256: Signer::fresh(),
            ed25519: Edwards::fresh(),
            bbs: Bbs::specimen(),
            ephemeral: Signer::fresh(),
            holder: Signer::fresh().did(),
            list: bits.encode_bitstring(),
            bits,
            hostile: clique().to_string().into_bytes(),
        }
    }

    /// The credential, as the product issues it.
    pub(crate) fn document(&self, issuer: &PublicKey) -> Value {
        let mut document = credential(&did::did_key(issuer), &self.holder);
        document.as_object_mut().unwrap().remove("evidence");
        document
    }

    /// Secured by the P-256 key with `ecdsa-rdfc-2019`.
    pub(crate) fn ecdsa_rdfc(&self, document: &Value) -> Value {
        let options = options(self.p256_key());
        let unsigned =
            data_integrity::prepare(document, Suite::EcdsaRdfc2019, &options, &self.contexts);
        self.p256.attach(unsigned.unwrap())
    }

    /// Secured by the Ed25519 key with `eddsa-rdfc-2022`.
    pub(crate) fn eddsa_rdfc(&self, document: &Value) -> Value {
        let options = options(&self.ed25519.1);
        let unsigned =
            data_integrity::prepare(document, Suite::EddsaRdfc2022, &options, &self.contexts)
                .unwrap();
        let signature = self.ed25519.0.sign(unsigned.signing_input());
        unsigned.attach(signature)
    }

    /// With an `ecdsa-sd-2023` base proof by the P-256 key.
    pub(crate) fn ecdsa_sd(&self, document: &Value, mandatory: &[String]) -> Value {
        let secrets = ecdsa_sd::BaseSecrets {
            hmac_key: &[7; 32],
            ephemeral: &self.ephemeral,
        };
        let options = options(self.p256_key());
        let unsigned =
            ecdsa_sd::prepare_base(document, &options, mandatory, &secrets, &self.contexts);
        self.p256.attach(unsigned.unwrap())
    }

    /// With a `bbs-2023` base proof.
    pub(crate) fn bbs(&self, document: &Value, mandatory: &[String]) -> Value {
        let options = options(&self.bbs.1);
        let prepared =
            bbs_2023::prepare_base(document, &options, mandatory, &[7; 32], &self.contexts);
        prepared.unwrap().sign(&self.bbs.0).unwrap()
    }

    pub(crate) fn bbs_shown(&self, base: &Value, selected: &[String]) -> Value {
        let derivation = Derivation {
            selective_pointers: selected,
            presentation_header: b"",
            seed: &[9; 32],
            secrets: None,
            nym_domain: None,
            layout: PseudonymLayout::default(),
        };
        bbs_2023::derive(base, &derivation, &self.contexts).unwrap()
    }

    pub(crate) fn p256_key(&self) -> &PublicKey {
        use tessera_verifier::crypto::LocalSigner as _;
        self.p256.public_key()
    }

    /// The whole check of a secured document, from its bytes.
    pub(crate) fn verify(&self, bytes: &[u8], suite: Suite, key: &PublicKey) {
        let document = json::parse(bytes, Limits::MESSAGE).unwrap();
        let expected = expected().knowing(key);
        data_integrity::verify(&document, &[suite], &expected, &self.contexts).unwrap();
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let (p256, ed25519, bbs) = (self.p256_key(), &self.ed25519.1, &self.bbs.1);
        let (by_p256, by_ed25519, by_bbs) = (
            self.document(p256),
            self.document(ed25519),
            self.document(bbs),
        );
        let selected = pointers(&SELECTED);
        let rdfc = bytes(&self.ecdsa_rdfc(&by_p256));
        let eddsa = bytes(&self.eddsa_rdfc(&by_ed25519));
        let base = self.ecdsa_sd(&by_p256, &mandatory());
        let shown = bytes(&ecdsa_sd::derive(&base, &selected, &self.contexts).unwrap());
        let bbs_base = self.bbs(&by_bbs, &mandatory());
        let bbs_shown = bytes(&self.bbs_shown(&bbs_base, &selected));
        let (bbs_document, bbs_selected) = (by_bbs, selected.clone());
        let sd_document = by_p256.clone();
        vec![
            Operation::new("eddsa-rdfc-2022 issue", Some(0.45), 20, move || {
                drop(black_box(self.eddsa_rdfc(&by_ed25519)));
            }),
            Operation::new("eddsa-rdfc-2022 verify", Some(0.9), 20, move || {
                self.verify(&eddsa, Suite::EddsaRdfc2022, ed25519);
            }),
            Operation::new("ecdsa-rdfc-2019 issue", Some(0.65), 20, move || {
                drop(black_box(self.ecdsa_rdfc(&by_p256)));
            }),
            Operation::new("ecdsa-rdfc-2019 verify", Some(1.3), 20, move || {
                self.verify(&rdfc, Suite::EcdsaRdfc2019, p256);
            }),
            Operation::new("ecdsa-sd-2023 issue", Some(6.5), 5, move || {
                drop(black_box(self.ecdsa_sd(&sd_document, &mandatory())));
            }),
            Operation::new("ecdsa-sd-2023 derive", Some(1.0), 10, move || {
                drop(ecdsa_sd::derive(black_box(&base), &selected, &self.contexts).unwrap());
            }),
            Operation::new("ecdsa-sd-2023 verify", Some(5.8), 5, move || {
                self.verify(&shown, Suite::EcdsaSd2023, p256);
            }),
            Operation::new("bbs-2023 issue", None, 2, move || {
                drop(black_box(self.bbs(&bbs_document, &mandatory())));
            }),
            Operation::new("bbs-2023 derive", None, 2, move || {
                drop(self.bbs_shown(black_box(&bbs_base), &bbs_selected));
            }),
            Operation::new("bbs-2023 verify", Some(40.0), 2, move || {
                self.verify(&bbs_shown, Suite::Bbs2023, bbs);
            }),
            Operation::new("status lookup, list loaded", Some(0.02), 2_000, || {
                black_box(black_box(&self.bits).get(black_box(94_567)));
            }),
            Operation::new("status lookup, cold list of 16 KiB", Some(0.5), 20, || {
                let bits = BitString::decode_bitstring(black_box(&self.list)).unwrap();
                black_box(bits.get(94_567));
            }),
            Operation::new("hostile graph of 2 KB, refused", Some(10.0), 5, || {
                let document = json::parse(&self.hostile, Limits::MESSAGE).unwrap();
                let quads = document_to_rdf(&document, &self.contexts).unwrap();
                let refused = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default());
                assert!(black_box(refused).is_err(), "the graph was canonicalized");
            }),
        ]
    }
}

pub(crate) fn bytes(document: &Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

/// Eight unnamed nodes, each of which knows the others: naive canonicalization tries every order.
fn clique() -> Value {
    let nodes: Vec<Value> = (0..8)
        .map(|node| {
            let others = (0..8).filter(|other| *other != node);
            let others: Vec<Value> = others
                .map(|other| json!({"id": format!("_:n{other}")}))
                .collect();
            json!({"id": format!("_:n{node}"), "p": others})
        })
        .collect();
    json!({"@context": ["https://www.w3.org/ns/credentials/v2", {"p": "urn:p"}], "@graph": nodes})
}
