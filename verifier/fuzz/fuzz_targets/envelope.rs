//! Enveloped credentials and presentations (VC-JOSE-COSE) on arbitrary bytes: an error, never a panic.
#![no_main]

use tessera_verifier::json::{self, Limits};
use tessera_verifier::key::KeyType;
use tessera_verifier::vc_jose_cose::{
    Expectation, by_did, verify_cose, verify_envelope, verify_jwt, verify_sd_jwt,
};

const KINDS: &[KeyType] = &[KeyType::P256, KeyType::P384, KeyType::P521, KeyType::Ed25519];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let now = tessera_verifier::Timestamp::from_unix(1_768_500_000);
    for expected in [
        Expectation::credential(KINDS, now),
        Expectation::presentation(KINDS, now),
    ] {
        let _ = verify_cose(data, &expected, &by_did).is_ok();
        if let Ok(text) = core::str::from_utf8(data) {
            let _ = verify_jwt(text, &expected, &by_did).is_ok();
            let _ = verify_sd_jwt(text, &expected, &by_did).is_ok();
        }
        if let Ok(value) = json::parse(data, Limits::MESSAGE) {
            let _ = verify_envelope(&value, &expected, &by_did).is_ok();
        }
    }
});
