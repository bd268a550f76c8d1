//! What stands in a bundle, properly signed, on arbitrary bytes: an error, never a panic.
#![no_main]

use std::sync::LazyLock;

use tessera_verifier::Bundle;
use tessera_verifier_fuzz::Signer;

static ROOT: LazyLock<Signer> = LazyLock::new(Signer::known);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let bundle = ROOT.jws("tessera-bundle+jwt", data);
    let _ = Bundle::open(bundle.as_bytes(), &ROOT.did()).is_ok();
});
