//! SD-JWT and its processing on arbitrary bytes: an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = tessera_verifier::sd_jwt::parse(text).map(|sd_jwt| sd_jwt.select(&[]).is_ok());
        let _ = tessera_verifier::sd_jwt::Disclosure::parse(text);
        let _ = tessera_verifier::sd_jwt::to_json(text);
        let _ = tessera_verifier::sd_jwt::parse_path(text, &serde_json::Value::Null);
    }
    // The JSON serialization, and type metadata.
    let _ = tessera_verifier::sd_jwt::from_json(data);
    let mut documents = tessera_verifier::sd_jwt::TypeDocuments::new();
    documents.insert("a", data);
    let _ = tessera_verifier::sd_jwt::TypeMetadata::resolve("a", None, &documents);
});
