//! Requests of every form and DCQL on arbitrary bytes: an error, never a panic.
//!
//! The first byte says in what form the rest is read besides as a request object and as a query. What is signed is signed
//! with a key that everybody knows, so that what stands behind the signature is reached, too.
#![no_main]

use tessera_verifier::request::{DcApiProtocol, Trust, UnauthenticatedRequest, Unregistered};
use tessera_verifier::{Error, Request, Timestamp};
use tessera_verifier_fuzz::Signer;

/// 2026-01-15T18:00:00Z.
const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);
const ORIGIN: &str = "https://verifier.example";

fn authenticate(request: Result<UnauthenticatedRequest, Error>) {
    let trust = Trust {
        bundle: None,
        anchors: &[],
        documents: None,
        attesters: &[],
        unregistered: Unregistered::Ask,
    };
    if let Ok(request) = request.and_then(|request| request.authenticate_with(&trust, NOW)) {
        let request = request.into_request();
        let _ = (request.check_haip(), request.asked_beyond());
        assert!(!request.response_mode().is_encrypted() || request.encryption().is_some());
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = core::str::from_utf8(data) {
        authenticate(Request::parse(text, NOW));
    }
    if let Ok(value) = serde_json::from_slice(data) {
        let _ = tessera_verifier::dcql::Query::from_value(&value);
    }
    let Some((form, data)) = data.split_first() else {
        return;
    };
    match form % 5 {
        0 => authenticate(Request::parse(&Signer::known().jws("oauth-authz-req+jwt", data), NOW)),
        1 => {
            let text = String::from_utf8_lossy(data);
            let pairs = text.lines().filter_map(|line| line.split_once('='));
            authenticate(Request::from_parameters(pairs, NOW));
        }
        2 => authenticate(Request::from_dc_api(DcApiProtocol::Unsigned, data, ORIGIN, NOW)),
        3 => {
            let compact = Signer::known().jws("oauth-authz-req+jwt", data);
            let data = serde_json::json!({"request": compact}).to_string();
            authenticate(Request::from_dc_api(DcApiProtocol::Signed, data.as_bytes(), ORIGIN, NOW));
        }
        _ => authenticate(Request::from_dc_api(DcApiProtocol::MultiSigned, data, ORIGIN, NOW)),
    }
});
