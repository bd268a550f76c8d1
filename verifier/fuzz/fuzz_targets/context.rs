//! JSON-LD context documents, as a bundle carries them, on arbitrary bytes: an error, never a panic.
#![no_main]

use serde_json::json;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::jsonld::{ContextStore, document_to_rdf};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(context) = json::parse(data, Limits::MESSAGE) else {
        return;
    };
    let url = "https://context.example/v1";
    if let Ok(store) = ContextStore::with_documents([(url, &context)]) {
        for contexts in [json!([url]), json!(["https://www.w3.org/ns/credentials/v2", url])] {
            let document = json!({"@context": contexts, "@type": "a", "@id": "urn:x", "a": "b", "c": {"a": [1, true]}});
            let _ = document_to_rdf(&document, &store);
        }
    }
});
