//! Messages, proofs and attestations of OpenID4VCI on arbitrary bytes: an error, never a panic. What stands behind a
//! signature is signed here, so that the bytes reach it.
#![no_main]

use tessera_verifier_fuzz::Signer;
use tessera_verifier::Timestamp;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::{
    self, AuthorizationDetail, AuthorizationRequest, CredentialRequest, IssuerMetadata, OfferLink, TokenRequest,
    Trusted, client_attestation, dpop, key_attestation, metadata, proof,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let now = Timestamp::from_unix(1_800_000_000);
    let signer = Signer::known();
    let keys = [signer.public_key().clone()];
    let trusted = Trusted { keys: &keys, anchors: &[] };
    let expected = dpop::Expected { htm: "POST", htu: "https://a.example/token", access_token: Some("t"), now };
    if let Ok(form) = Form::parse(data) {
        let _ = AuthorizationRequest::from_form(&form);
        let _ = TokenRequest::from_form(&form);
    }
    let _ = vci::read::<CredentialRequest>(data);
    let _ = vci::read::<IssuerMetadata>(data);
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = OfferLink::from_uri(text);
        let _ = AuthorizationDetail::read_all(text);
        let _ = dpop::verify(text, &expected);
        let _ = proof::verify(text, "https://a.example", now);
    }
    let _ = key_attestation::verify(&signer.jws("key-attestation+jwt", data), &trusted, now);
    let metadata = signer.jws("openidvci-issuer-metadata+jwt", data);
    let _ = metadata::verify_signed(&metadata, "https://a.example", &trusted, now);
    let attestation = signer.jws("oauth-client-attestation+jwt", data);
    let pop = signer.jws("oauth-client-attestation-pop+jwt", data);
    let _ = client_attestation::verify(&attestation, &pop, "https://a.example", &trusted, now);
});
