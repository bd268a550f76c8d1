//! Frames and records of a reader with a security module; a reader that answers what it likes.
#![no_main]

use tessera_card::{TransportError, sam};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    struct Reader<'a>(&'a [u8]);
    impl sam::SamTransport for Reader<'_> {
        fn exchange(&mut self, _: &[u8]) -> Result<Vec<u8>, TransportError> {
            let (head, rest) = self.0.split_first_chunk().ok_or(TransportError::Removed)?;
            let remaining = sam::frame::remaining(head).unwrap_or_default().min(rest.len());
            let (tail, rest) = rest.split_at(remaining);
            self.0 = rest;
            Ok([head, tail].concat())
        }
    }
    let _ = sam::frame::decode(data);
    if let Some(text) = data.first_chunk::<256>() {
        let _ = sam::TextRecord::parse(text);
    }
    let _ = sam::read(&mut Reader(data));
});
