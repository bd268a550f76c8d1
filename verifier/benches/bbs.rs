//! Costs of `bbs-2023` and of BBS itself as ratios to one raw P-256 verification, measured in the same rounds:
//! `cargo bench -p tessera-verifier --features bbs --bench bbs`.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rustix::time::{ClockId, clock_gettime};
use support::{NOW, Signer, credential, expected, issued, mandatory, pointers};
use tessera_verifier::bbs::{
    Ciphersuite, Committed, Disclosed, NymSecrets, ProofInput, RandomScalars, Secret, SecretKey,
    commit, proof_gen, proof_verify, sign, verify,
};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::bbs_2023::{
    self, Derivation, FeatureOption, HolderSecrets, Presented, PseudonymLayout, Request,
};
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose};
use tessera_verifier::did;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::PublicKey;

const ROUNDS: usize = 150;
const SUITE: Ciphersuite = Ciphersuite::Bls12381Sha256;
/// What `bbs-2023` verification may cost, in raw P-256 verifications.
const BAR: f64 = 40.0;

type Operation<'a> = (String, Box<dyn Fn() + 'a>);

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// What the process has used of a processor so far: waiting for one is not counted.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn main() {
    let store = ContextStore::builtin();
    let (signer, holder) = (Signer::fresh(), Signer::fresh());
    let message = [1u8; 64];
    let signature = signer.sign(&message).unwrap();
    let raw = UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_FIXED,
        signer.public_key().to_uncompressed(),
    );
    drop(issued(&signer, &holder, &store));

    let key = SecretKey::from_bytes(&[7; 32]).unwrap();
    let public = PublicKey::from(key.public_key().clone());
    let document = credential(&did::did_key(&public), &holder.did());
    let method = did::verification_method(&public);
    let options = ProofOptions {
        created: Some(NOW),
        ..ProofOptions::new(method, ProofPurpose::AssertionMethod)
    };
    let prepare = || {
        let hmac_key = [8; 32];
        bbs_2023::prepare_base(&document, &options, &mandatory(), &hmac_key, &store).unwrap()
    };
    let base = prepare().sign(&key).unwrap();
    let selective_pointers = pointers([
        "/credentialSubject/family_name",
        "/credentialSubject/birthdate",
        "/credentialSubject/nationalities",
    ]);
    let derivation = Derivation {
        selective_pointers: &selective_pointers,
        presentation_header: b"nonce",
        seed: &[9; 32],
        secrets: None,
        nym_domain: None,
        layout: PseudonymLayout::Vectors,
    };
    let derive = || bbs_2023::derive(&base, &derivation, &store).unwrap();
    let derived = serde_json::to_vec(&derive()).unwrap();

    // A credential bound to its holder, shown under a pseudonym.
    let nym = Secret::from_bytes(&[3; 32]).unwrap();
    let entropy = Secret::from_bytes(&[4; 32]).unwrap();
    let committed = Committed {
        messages: &[b"a secret of the holder"],
        nym: Some(NymSecrets::Single(&nym)),
    };
    let random = RandomScalars::expand(SUITE, &[5; 32], 4).unwrap();
    let (commitment, blind) = commit(SUITE, &committed, random).unwrap();
    let request = Request {
        feature: FeatureOption::HolderBindingPseudonym,
        commitment_with_proof: &commitment,
        signer_nym_entropy: Some(&entropy),
        layout: PseudonymLayout::Vectors,
    };
    let bound = prepare().sign_for(&key, &request).unwrap();
    let secrets = HolderSecrets {
        holder_secret: Some(b"a secret of the holder"),
        prover_nym: Some(&nym),
        prover_blind: &blind,
    };
    let named = Derivation {
        secrets: Some(&secrets),
        nym_domain: Some("https://verifier.example"),
        ..derivation
    };
    let named = bbs_2023::derive(&bound, &named, &store).unwrap();
    let named = serde_json::to_vec(&named).unwrap();
    let presented = Presented {
        presentation_header: Some(b"nonce"),
        nym_domain: Some(b"https://verifier.example"),
        holder_bound: true,
    };
    println!(
        "bytes: derived {}, with pseudonym {}",
        derived.len(),
        named.len()
    );

    let mut operations: Vec<Operation<'_>> = vec![
        (
            "raw P-256 verification".to_owned(),
            Box::new(|| raw.verify(&message, &signature).unwrap()),
        ),
        (
            "bbs-2023 verify (3 of 12)".to_owned(),
            Box::new(|| {
                let document = json::parse(&derived, Limits::MESSAGE).unwrap();
                let expected = expected().knowing(&public);
                bbs_2023::verify(&document, &expected, &store).unwrap();
            }),
        ),
        (
            "the same, key decoded anew".to_owned(),
            Box::new(|| {
                let document = json::parse(&derived, Limits::MESSAGE).unwrap();
                bbs_2023::verify(&document, &expected(), &store).unwrap();
            }),
        ),
        (
            "the same, with pseudonym".to_owned(),
            Box::new(|| {
                let document = json::parse(&named, Limits::MESSAGE).unwrap();
                let expected = expected().knowing(&public);
                bbs_2023::verify_presented(&document, &expected, &presented, &store).unwrap();
            }),
        ),
        (
            "bbs-2023 issue".to_owned(),
            Box::new(|| drop(black_box(prepare().sign(&key).unwrap()))),
        ),
        (
            "bbs-2023 derive".to_owned(),
            Box::new(|| drop(black_box(derive()))),
        ),
    ];
    for count in [10, 20, 50, 100, 500] {
        let messages: Vec<String> = (0..count).map(|index| format!("claim {index}")).collect();
        let messages: Vec<&'static [u8]> = messages
            .into_iter()
            .map(|message| &*message.into_bytes().leak())
            .collect();
        let messages: &'static [&'static [u8]] = messages.leak();
        let signature = sign(SUITE, &key, b"header", messages).unwrap();
        let input = ProofInput {
            header: b"header",
            presentation_header: b"",
            messages,
            disclosed_indexes: &[0, 1, 2, 3, 4, 5],
        };
        let random = RandomScalars::expand(SUITE, &[6; 32], count - 1).unwrap();
        let proof = proof_gen(SUITE, key.public_key(), &signature, &input, random).unwrap();
        let key = key.public_key();
        operations.push((
            format!("BBS ProofVerify, 6 of {count}"),
            Box::new(move || {
                let disclosed = Disclosed {
                    header: b"header",
                    presentation_header: b"",
                    messages: &messages[..6],
                    indexes: &[0, 1, 2, 3, 4, 5],
                };
                proof_verify(SUITE, key, &proof, &disclosed).unwrap();
            }),
        ));
        operations.push((
            format!("BBS Verify, {count}"),
            Box::new(move || verify(SUITE, key, &signature, b"header", messages).unwrap()),
        ));
    }
    let mut samples = vec![Vec::with_capacity(ROUNDS); operations.len()];
    for _ in 0..ROUNDS {
        for ((_, operation), samples) in operations.iter().zip(&mut samples) {
            let start = processor_time();
            operation();
            samples.push((processor_time() - start).as_secs_f64() * 1e6);
        }
    }
    let medians: Vec<f64> = samples.iter_mut().map(|samples| median(samples)).collect();
    let unit = medians.first().copied().unwrap_or(1.0);
    for ((name, _), median) in operations.iter().zip(&medians) {
        println!("{name:28} {median:9.1} us {:8.3}", median / unit);
    }
    let verify = medians.get(1).copied().unwrap_or(f64::INFINITY) / unit;
    let verdict = if verify <= BAR { "met" } else { "NOT met" };
    println!("bar of bbs-2023 verify: {verify:.1} of {BAR}, {verdict}");
}
