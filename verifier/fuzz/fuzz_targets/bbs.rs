//! BBS keys, signatures, commitments and proofs on arbitrary bytes: an error, never a panic, and never a proof that holds.
//! The first two octets choose what is read and how much of it is said to be disclosed; the seeds are genuine, but for
//! another header.
#![no_main]

use std::sync::LazyLock;

use tessera_verifier::bbs::{
    BlindDisclosed, BlindSignInput, Ciphersuite, Context, Disclosed, Pseudonym, PseudonymForm,
    PublicKey, Secret, SecretKey, Signature, blind_proof_verify, blind_sign, proof_verify, verify,
};

static KEY: LazyLock<SecretKey> = LazyLock::new(|| SecretKey::from_bytes(&[7; 32]).unwrap());

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[choice, count], octets)) = data.split_first_chunk() else {
        return;
    };
    let suite = match choice & 1 {
        0 => Ciphersuite::Bls12381Sha256,
        _ => Ciphersuite::Bls12381Shake256,
    };
    let count = usize::from(count);
    let indexes: Vec<usize> = (0..count % 16).collect();
    let messages = vec![&b"SPECIMEN"[..]; indexes.len()];
    let shown = Disclosed {
        header: b"another header",
        presentation_header: b"presentation header",
        messages: &messages,
        indexes: &indexes,
    };
    let form = match choice & 2 {
        0 => PseudonymForm::SingleSecret,
        _ => PseudonymForm::SecretVector(1 + count / 16),
    };
    match choice >> 2 {
        0 => {
            let _ = PublicKey::from_bytes(octets);
            let _ = Pseudonym::from_bytes(octets);
        }
        1 => {
            if let Ok(signature) = Signature::from_bytes(octets) {
                assert!(verify(suite, KEY.public_key(), &signature, shown.header, &messages).is_err());
            }
        }
        2 => assert!(proof_verify(suite, KEY.public_key(), octets, &shown).is_err()),
        3 | 4 => {
            let entropy = Secret::from_bytes(&[3; 32]).unwrap();
            let input = BlindSignInput {
                commitment_with_proof: octets,
                header: shown.header,
                messages: &messages,
                signer_nym_entropy: (choice >> 2 == 4).then_some((form, &entropy)),
            };
            let _ = blind_sign(suite, &KEY, &input);
        }
        5 => {
            let disclosed = BlindDisclosed {
                shown,
                signer_messages: indexes.len() + count / 16,
                committed_messages: &[],
                committed_indexes: &[],
                pseudonym: None,
            };
            assert!(blind_proof_verify(suite, KEY.public_key(), octets, &disclosed).is_err());
        }
        _ => {
            let Some((point, octets)) = octets.split_at_checked(48) else {
                return;
            };
            let Ok(pseudonym) = Pseudonym::from_bytes(point) else {
                return;
            };
            let context = Context { form, id: b"context" };
            let disclosed = BlindDisclosed {
                shown,
                signer_messages: indexes.len(),
                committed_messages: &messages[..messages.len().min(1)],
                committed_indexes: &indexes[..indexes.len().min(1)],
                pseudonym: Some((context, &pseudonym)),
            };
            assert!(blind_proof_verify(suite, KEY.public_key(), octets, &disclosed).is_err());
        }
    }
});
