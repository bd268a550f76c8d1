//! Certificates of authorities and signers.
#![no_main]

use tessera_card::{CscaAnchors, hazmat};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = hazmat::certificate(data);
    let _ = CscaAnchors::new().add(data, "UTO");
});
