//! Answers on arbitrary bytes: an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = tessera_verifier::verify::UnverifiedPresentation::parse(data);
});
