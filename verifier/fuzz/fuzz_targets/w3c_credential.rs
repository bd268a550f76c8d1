//! W3C credentials and presentations on arbitrary JSON: an error, never a panic.
#![no_main]

use tessera_verifier::Timestamp;
use tessera_verifier::credential::{self, CredentialPolicy, Materials, PresentationPolicy};
use tessera_verifier::json::{self, Limits};
use tessera_verifier::json_schema::Schema;
use tessera_verifier::jsonld::ContextStore;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(document) = json::parse(data, Limits::MESSAGE) else {
        return;
    };
    let contexts = ContextStore::builtin();
    let materials = Materials::new(&contexts);
    let now = Timestamp::from_unix(1_768_500_000);
    let _ = credential::verify(&document, &CredentialPolicy::new(), &materials, now);
    let policy = PresentationPolicy {
        accept_unsecured: true,
        ..PresentationPolicy::default()
    };
    let _ = credential::verify_presentation(&document, &policy, &materials, now);
    if let Ok(schema) = Schema::parse(&document) {
        let _ = schema.validate(&document);
    }
});
