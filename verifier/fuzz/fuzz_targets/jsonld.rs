//! JSON-LD documents, with contexts of their own, on arbitrary bytes: an error, never a panic, and what comes out is
//! canonical N-Quads that read back.
#![no_main]

use tessera_verifier::json::{self, Limits};
use tessera_verifier::jsonld::{ContextStore, document_to_rdf};
use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize, parse_nquads};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(document) = json::parse(data, Limits::MESSAGE) else {
        return;
    };
    if let Ok(quads) = document_to_rdf(&document, &ContextStore::builtin())
        && let Ok(canonical) = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default())
    {
        let text = canonical.to_nquads();
        assert!(parse_nquads(&text).is_ok(), "{text}");
    }
});
