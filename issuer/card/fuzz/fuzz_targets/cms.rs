//! SignedData of security objects and master lists, their signer and signature.
#![no_main]

use const_oid::ObjectIdentifier;
use tessera_card::{CscaAnchors, MasterList, hazmat};

const LDS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
const MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for content in [LDS, MASTER_LIST] {
        let _ = hazmat::signed_data(data, content);
    }
    assert!(MasterList::verify(data, &CscaAnchors::new(), 0).is_err());
});
