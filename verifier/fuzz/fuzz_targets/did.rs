//! did:key and did:jwk on arbitrary bytes: an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = core::str::from_utf8(data) {
        if let Ok((did, key)) = tessera_verifier::did::resolve(text) {
            assert!(did.starts_with("did:jwk:") || did == tessera_verifier::did::did_key(&key));
        }
    }
});
