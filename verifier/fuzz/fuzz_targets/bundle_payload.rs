//! What stands in a bundle, properly signed, on arbitrary bytes: an error, never a panic.
#![no_main]

use std::sync::LazyLock;

use tessera_verifier::Bundle;
use tessera_verifier_fuzz::Signer;

static ROOT: LazyLock<Signer> = LazyLock::new(Signer::known);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // The root is who signs; all else is the input's.
    let Ok(serde_json::Value::Object(mut payload)) = serde_json::from_slice(data) else {
        return;
    };
    payload.insert("iss".into(), ROOT.did().into());
    let payload = serde_json::Value::Object(payload).to_string();
    let bundle = ROOT.jws("tessera-bundle+jwt", payload.as_bytes());
    let _ = Bundle::open(bundle.as_bytes(), &ROOT.did()).is_ok();
});
