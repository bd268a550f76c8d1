//! EF.SOD, and the list of digests inside.
#![no_main]

use tessera_card::hazmat;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = hazmat::security_object(data);
});
