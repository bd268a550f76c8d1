//! Answers to a sample request, judged in full on arbitrary bytes: a refusal, never a panic, and only the sample passes.
#![no_main]

use std::sync::LazyLock;

use tessera_verifier::catalogue::Catalogue;
use tessera_verifier::{Bundle, Policy, Request, Timestamp, Verifier};

/// 2026-01-15T18:00:00Z, the moment of the samples.
const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

static SAMPLE: LazyLock<(Verifier, Request)> = LazyLock::new(|| {
    let root = include_str!("../../tests/samples/root.txt").trim();
    let bundle = Bundle::open(include_bytes!("../../tests/samples/bundle.jwt"), root).unwrap();
    let request = Request::for_own(include_str!("../../tests/samples/request.jwt").trim()).unwrap();
    let service = Catalogue::builtin().get(request.service().unwrap()).unwrap();
    (Verifier::new(Policy::for_service(service), bundle.into()), request)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (verifier, request) = &*SAMPLE;
    if let Ok(verified) = verifier.verify(data, request, NOW) {
        let claims = verified.credentials()[0].claims();
        assert_eq!(serde_json::json!(claims), serde_json::json!({"age_equal_or_over": {"18": true}}));
    }
});
