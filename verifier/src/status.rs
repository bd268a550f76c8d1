//! Status lists: one bit for each credential, set when it is revoked.
//!
//! Two encodings of the same bits: W3C Bitstring Status List (gzip, most significant bit first) and IETF Token Status
//! List (zlib, least significant bit first). Both are read once, when a bundle is opened; a lookup is an index.

mod bits;
mod compression;
mod list;

pub use bits::BitString;
pub use list::{StatusList, read_bitstring, read_token, status_list_credential, token_status_list};

pub(crate) use list::StatusReference;
