//! COSE_Sign1 on arbitrary bytes: an error, never a panic.
#![no_main]

use tessera_verifier::did;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (_, key) = did::resolve("did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv").unwrap();
    let _ = tessera_verifier::cose::verify_bytes(data, &key);
});
