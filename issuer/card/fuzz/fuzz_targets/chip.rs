//! A whole chip that answers what it likes: the input is cut into answers by lengths of two octets.
#![no_main]

use tessera_card::{AccessKey, Transceiver, TransportError, hazmat};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    struct Chip<'a>(&'a [u8]);
    impl Transceiver for Chip<'_> {
        fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, TransportError> {
            let (length, rest) = self.0.split_first_chunk().ok_or(TransportError::Removed)?;
            let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
            let (answer, rest) = rest.split_at(length);
            self.0 = rest;
            Ok(answer.to_vec())
        }
    }
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let key = match choice & 1 {
        0 => AccessKey::Can("123456".into()),
        _ => AccessKey::Mrz {
            document_number: "T22000129".into(),
            birth: "640812".into(),
            expiry: "101031".into(),
        },
    };
    match choice & 2 {
        // Nobody opens a chip without its secrets.
        0 => assert!(hazmat::open_chip(&mut Chip(data), &key, &mut rand_core::OsRng).is_err()),
        _ => drop(hazmat::read_open_chip(&mut Chip(data))),
    }
});
