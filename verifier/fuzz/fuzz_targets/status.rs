//! Status lists, tokens, entries and aggregations on arbitrary bytes: an error, never a panic.
#![no_main]

use tessera_verifier::cbor::{self, Limits};
use tessera_verifier::status::{
    BitString, StatusArray, StatusEntry, StatusListAggregation, read_token,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = cbor::parse(data, Limits::MESSAGE) {
        let _ = StatusArray::from_cbor(&value);
    }
    let _ = StatusListAggregation::parse(data);
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = BitString::decode_bitstring(text);
        let _ = BitString::decode_token(text);
        let _ = read_token(text, "https://issuer.example/status/1");
    }
    if let Ok(value) = serde_json::from_slice(data) {
        let _ = StatusArray::from_json(&value);
        if let Ok(entry) = StatusEntry::parse(&value) {
            assert_eq!(StatusEntry::parse(&entry.to_json()), Ok(entry));
        }
    }
});
