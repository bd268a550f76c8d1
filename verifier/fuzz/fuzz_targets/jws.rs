//! Compact JWS on arbitrary bytes: an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = tessera_verifier::jws::parse(text, tessera_verifier::json::Limits::MESSAGE);
    }
});
