//! EF.CardAccess and DG14.
#![no_main]

use tessera_card::hazmat;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = hazmat::security_infos(data);
});
