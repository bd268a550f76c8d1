//! Machine readable zones, in DG1 and bare.
#![no_main]

use tessera_card::Mrz;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for parsed in [Mrz::parse_dg1(data), Mrz::parse(data)] {
        if let Ok(mrz) = parsed {
            let _ = mrz.expiry_date(0);
            let _ = mrz.birth_date.matches("1990-01-01");
        }
    }
});
