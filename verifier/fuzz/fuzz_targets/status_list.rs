//! Signed status lists of either kind on arbitrary bytes: an error, never a panic.
#![no_main]

use tessera_verifier::Timestamp;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::status::{read_bitstring, read_token};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (now, uri) = (Timestamp::from_unix(1_768_500_000), "https://issuer.example/status/1");
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = read_token(text, uri).is_ok();
    }
    if let Ok(document) = json::parse(data, Limits::MESSAGE) {
        let _ = read_bitstring(&document, uri, now, &ContextStore::builtin()).is_ok();
    }
});
