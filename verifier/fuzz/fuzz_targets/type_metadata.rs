//! SD-JWT VC type metadata on arbitrary bytes, by itself and as what another type extends: an error, never a panic.
#![no_main]

use tessera_verifier::sd_jwt::{TypeDocuments, TypeMetadata};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut documents = TypeDocuments::new();
    documents.insert("urn:specimen:a", data);
    documents.insert("urn:specimen:b", br#"{"vct":"urn:specimen:b","extends":"urn:specimen:a"}"#);
    for vct in ["urn:specimen:a", "urn:specimen:b"] {
        let _ = TypeMetadata::resolve(vct, None, &documents).map(|metadata| metadata.types().len());
    }
});
