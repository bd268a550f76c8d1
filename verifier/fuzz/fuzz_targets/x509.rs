//! Certificates on arbitrary bytes: an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let now = tessera_verifier::Timestamp::from_unix(1_768_500_000);
    let _ = tessera_verifier::x509::validate_bytes(data, now);
});
