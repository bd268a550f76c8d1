//! Costs of the linked-data path as ratios to one raw P-256 verification, measured in the same
//! rounds: `cargo bench -p tessera-verifier --bench ld`.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use support::{Signer, credential, expected, issued, mandatory, pointers};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::{
    self, ProofOptions, ProofPurpose, Suite, ecdsa_rdfc, ecdsa_sd,
};
use tessera_verifier::did;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::jsonld::{ContextStore, document_to_rdf};
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize};

const ROUNDS: usize = 300;

type Operation<'a> = (&'a str, Box<dyn Fn() + 'a>);

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

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

fn main() {
    let store = ContextStore::builtin();
    let (issuer, holder, ephemeral) = (Signer::fresh(), Signer::fresh(), Signer::fresh());
    let document = credential(&issuer.did(), &holder.did());
    let base = issued(&issuer, &holder, &store);
    let selected = pointers([
        "/credentialSubject/family_name",
        "/credentialSubject/birthdate",
        "/credentialSubject/nationalities",
    ]);
    let derived = ecdsa_sd::derive(&base, &selected, &store).unwrap();
    let derived = serde_json::to_vec(&derived).unwrap();
    let options = issuer.options(ProofPurpose::AssertionMethod);
    let signed = issuer.attach(ecdsa_rdfc::prepare(&document, &options, &store).unwrap());
    let signed = serde_json::to_vec(&signed).unwrap();
    println!("bytes: rdfc {}, sd derived {}", signed.len(), derived.len());
    let message = [1u8; 64];
    let signature = issuer.sign(&message).unwrap();
    let raw = UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_FIXED,
        issuer.public_key().to_uncompressed(),
    );
    let quads = document_to_rdf(&document, &store).unwrap();
    println!("quads: {}", quads.len());
    let clique = document_to_rdf(&clique(), &store).unwrap();
    let canonical = |quads| {
        canonicalize(quads, HashAlgorithm::Sha256, Budget::default()).map(|c| c.to_nquads())
    };

    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let ed25519_key =
        PublicKey::from_compressed(KeyType::Ed25519, ed25519.public_key().as_ref()).unwrap();
    let ed25519_document = credential(&did::did_key(&ed25519_key), &holder.did());
    let ed25519_options = ProofOptions {
        verification_method: did::verification_method(&ed25519_key),
        key: Some(ed25519_key.clone()),
        ..options.clone()
    };
    let ed25519_issue = |suite| {
        let unsigned =
            data_integrity::prepare(&ed25519_document, suite, &ed25519_options, &store).unwrap();
        let signature = ed25519.sign(unsigned.signing_input());
        unsigned.attach(signature)
    };
    let [eddsa_rdfc, eddsa_jcs] = [Suite::EddsaRdfc2022, Suite::EddsaJcs2022]
        .map(|suite| serde_json::to_vec(&ed25519_issue(suite)).unwrap());
    let eddsa_verify = |bytes: &[u8], suite| {
        let expected = expected().knowing(&ed25519_key);
        data_integrity::verify_bytes(bytes, &[suite], &expected, &store).unwrap();
    };

    let operations: Vec<Operation<'_>> = vec![
        (
            "raw P-256 verification",
            Box::new(|| raw.verify(&message, &signature).unwrap()),
        ),
        (
            "parse JSON",
            Box::new(|| {
                black_box(json::parse(&signed, Limits::MESSAGE).unwrap());
            }),
        ),
        (
            "resolve did:key",
            Box::new(|| {
                drop(black_box(
                    tessera_verifier::did::resolve(&issuer.did()).unwrap(),
                ))
            }),
        ),
        (
            "expand and to RDF",
            Box::new(|| {
                black_box(document_to_rdf(&document, &store).unwrap());
            }),
        ),
        (
            "canonicalize",
            Box::new(|| {
                black_box(canonical(&quads).unwrap());
            }),
        ),
        (
            "clique of 8, refused",
            Box::new(|| {
                black_box(canonical(&clique).unwrap_err());
            }),
        ),
        (
            "ecdsa-rdfc-2019 verify",
            Box::new(|| {
                let document = json::parse(&signed, Limits::MESSAGE).unwrap();
                let expected = expected().knowing(issuer.public_key());
                ecdsa_rdfc::verify(&document, &expected, &store).unwrap();
            }),
        ),
        (
            "ecdsa-rdfc-2019 issue",
            Box::new(|| {
                issuer.attach(ecdsa_rdfc::prepare(&document, &options, &store).unwrap());
            }),
        ),
        (
            "eddsa-rdfc-2022 verify",
            Box::new(|| eddsa_verify(&eddsa_rdfc, Suite::EddsaRdfc2022)),
        ),
        (
            "eddsa-rdfc-2022 issue",
            Box::new(|| drop(ed25519_issue(Suite::EddsaRdfc2022))),
        ),
        (
            "eddsa-jcs-2022 verify",
            Box::new(|| eddsa_verify(&eddsa_jcs, Suite::EddsaJcs2022)),
        ),
        (
            "eddsa-jcs-2022 issue",
            Box::new(|| drop(ed25519_issue(Suite::EddsaJcs2022))),
        ),
        (
            "ecdsa-sd-2023 issue",
            Box::new(|| {
                let secrets = ecdsa_sd::BaseSecrets {
                    hmac_key: &[7; 32],
                    ephemeral: &ephemeral,
                };
                let unsigned =
                    ecdsa_sd::prepare_base(&document, &options, &mandatory(), &secrets, &store);
                issuer.attach(unsigned.unwrap());
            }),
        ),
        (
            "ecdsa-sd-2023 derive",
            Box::new(|| drop(ecdsa_sd::derive(&base, &selected, &store).unwrap())),
        ),
        (
            "ecdsa-sd-2023 verify",
            Box::new(|| {
                let document = json::parse(&derived, Limits::MESSAGE).unwrap();
                let expected = expected().knowing(issuer.public_key());
                ecdsa_sd::verify(&document, &expected, &store).unwrap();
            }),
        ),
    ];
    let mut samples = vec![Vec::with_capacity(ROUNDS); operations.len()];
    for _ in 0..ROUNDS {
        for ((_, operation), samples) in operations.iter().zip(&mut samples) {
            let start = Instant::now();
            operation();
            samples.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    let medians: Vec<f64> = samples.iter_mut().map(|samples| median(samples)).collect();
    let unit = medians.first().copied().unwrap_or(1.0);
    for ((name, _), median) in operations.iter().zip(&medians) {
        println!("{name:28} {median:9.1} us {:8.3}", median / unit);
    }
}
