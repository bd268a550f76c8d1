//! Credentials with embedded proofs and their data model on arbitrary bytes: an error, never a panic.
#![no_main]

use tessera_verifier::data_integrity::{Binding, ProofExpectation, Suite, verify_bytes};
use tessera_verifier::json::{self, Limits};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::vcdm::{Credential, Presentation};

const NOW: tessera_verifier::Timestamp = tessera_verifier::Timestamp::from_unix(1_768_500_000);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let store = ContextStore::builtin();
    let expected = ProofExpectation {
        binding: Binding::Unbound,
        ..ProofExpectation::credential(NOW)
    };
    let _ = verify_bytes(data, Suite::ALL, &expected, &store);
    if let Ok(document) = json::parse(data, Limits::MESSAGE) {
        let _ = Credential::parse(&document).map(|credential| credential.check_validity(NOW));
        let _ = Credential::issuable(&document, &store).is_ok();
        let _ = Presentation::parse(&document).is_ok();
    }
});
