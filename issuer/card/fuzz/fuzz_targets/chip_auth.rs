//! A chip authentication at the issuer: DG14 and answers, cut by lengths of two octets. Without the key it never ends well.
#![no_main]

use tessera_card::{ChipAuthentication, Resumed};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let mut rest = data;
    while let Some((length, tail)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(tail.len());
        let (message, tail) = tail.split_at(length);
        messages.push(message.to_vec());
        rest = tail;
    }
    let Some((dg14, answers)) = messages.split_first() else {
        return;
    };
    if let Ok(Resumed::Done(_)) = ChipAuthentication::resume(&[7; 32], dg14, answers) {
        panic!("a chip authentication without a chip");
    }
});
