//! BBS keys, signatures and proofs on arbitrary bytes: an error, never a panic, and never a proof that holds.
#![no_main]

use tessera_verifier::bbs::{
    Ciphersuite, Disclosed, PUBLIC_KEY_LENGTH, PublicKey, SecretKey, Signature, proof_verify,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = Signature::from_bytes(data);
    if let Some(key) = data.get(..PUBLIC_KEY_LENGTH) {
        let _ = PublicKey::from_bytes(key);
    }
    let secret = SecretKey::from_bytes(&[7; 32]).unwrap();
    let disclosed = Disclosed {
        header: b"header",
        presentation_header: b"presentation header",
        messages: &[b"SPECIMEN"],
        indexes: &[0],
    };
    assert!(proof_verify(Ciphersuite::Bls12381Sha256, secret.public_key(), data, &disclosed).is_err());
});
