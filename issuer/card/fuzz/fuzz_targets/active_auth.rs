//! DG15 and an answer under its key: the first two octets say where one ends. No answer is right: the keys of the seeds are not here.
#![no_main]

use tessera_card::hazmat;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[high, low], rest)) = data.split_first_chunk() else {
        return;
    };
    let at = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
    let (dg15, signature) = rest.split_at(at);
    let _ = hazmat::active_authentication(dg15, signature);
    let _ = hazmat::public_key(rest);
});
