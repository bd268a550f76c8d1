//! Status lists: what became of a credential after it was issued.
//!
//! ```text
//! W3C Bitstring Status List    StatusEntry ──▶ BitstringStatusList (BitString)   gzip, most significant bit first
//! IETF Token Status List       StatusClaim ──▶ TokenStatusList (StatusArray)     zlib, least significant bit first
//! ```
//!
//! A list is decoded once and shared: a lookup is an index into its bytes. Nothing is ever fetched.

mod aggregation;
mod array;
mod bits;
mod bitstring_list;
mod claim;
mod compression;
mod entry;
mod list;
mod token_list;

pub use aggregation::StatusListAggregation;
pub use array::{EntryBits, StatusArray, StatusType};
pub use bits::{BitString, StatusSize};
pub use bitstring_list::BitstringStatusList;
pub use claim::StatusClaim;
pub(crate) use entry::ENTRY_TYPE;
pub use entry::{EntryStatus, Purpose, StatusEntry, StatusMessage};
pub use list::{
    StatusList, Statuses, read_bitstring, read_token, status_list_credential, token_status_list,
};
pub use token_list::TokenStatusList;
