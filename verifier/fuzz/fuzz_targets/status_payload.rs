//! What stands in status lists, properly signed as JWT and as CWT, and in lists of lists: an error, never a panic.
#![no_main]

use std::sync::LazyLock;

use tessera_verifier::cose::{Protected, Unsigned};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::KeyType;
use tessera_verifier::status::{StatusListAggregation, TokenStatusList};
use tessera_verifier_fuzz::Signer;

const URI: &str = "https://issuer.example/status/1";
static SIGNER: LazyLock<Signer> = LazyLock::new(Signer::known);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = StatusListAggregation::parse(data).is_ok();
    let key = SIGNER.public_key();
    let _ = TokenStatusList::verify_jwt(&SIGNER.jws("statuslist+jwt", data), URI, key).is_ok();
    let header = Protected {
        typ: Some("application/statuslist+cwt"),
        content_type: None,
        kid: None,
        x5chain: &[],
    };
    let message = Unsigned::new(KeyType::P256, &header, data.to_vec()).unwrap();
    let _ = TokenStatusList::verify_cwt(&message.sign(&*SIGNER).unwrap(), URI, key).is_ok();
});
