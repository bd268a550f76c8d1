//! N-Quads on arbitrary bytes: an error, never a panic; canonical form is its own canonical form.
#![no_main]

use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize, parse_nquads};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    let canonical = |text: &str, algorithm| {
        let quads = parse_nquads(text).ok()?;
        Some(canonicalize(&quads, algorithm, Budget::default()).ok()?.to_nquads())
    };
    if let Some(once) = canonical(text, HashAlgorithm::Sha256) {
        assert_eq!(canonical(&once, HashAlgorithm::Sha256).as_ref(), Some(&once));
        let _ = canonical(text, HashAlgorithm::Sha384);
    }
});
