//! CBOR on arbitrary bytes: an error, never a panic; an item has one spelling only.
#![no_main]

use tessera_verifier::cbor::{Limits, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = parse(data, Limits::MESSAGE) {
        assert_eq!(value.to_vec(), data);
    }
});
