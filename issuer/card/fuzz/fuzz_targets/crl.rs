//! Revocation lists.
#![no_main]

use tessera_card::{CscaAnchors, hazmat};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = hazmat::revocation_list(data);
    assert!(CscaAnchors::new().add_crl(data, i64::MAX).is_err());
});
