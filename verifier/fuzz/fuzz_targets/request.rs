//! Request objects and DCQL on arbitrary bytes: an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = tessera_verifier::Request::parse(text, tessera_verifier::Timestamp::from_unix(0));
    }
    if let Ok(value) = serde_json::from_slice(data) {
        let _ = tessera_verifier::dcql::Query::from_value(&value);
    }
});
