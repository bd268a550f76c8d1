//! The portrait's record.
#![no_main]

use tessera_card::Portrait;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(portrait) = Portrait::parse_dg2(data) {
        assert!(portrait.bytes().len() < data.len());
    }
});
