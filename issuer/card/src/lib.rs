//! Chip-card protocols and evidence checks (ICAO Doc 9303, seventh and eighth editions), sans I/O:
//! the card is a [`Transceiver`], randomness and time are arguments.
//!
//! ```text
//!  at the terminal                                  at the issuer
//!  AccessKey ──► read_chip ──► ChipData ══════════► evidence::verify ──► VerifiedChip
//!               PACE or BAC    raw, unchecked       passive and active authentication,
//!               secure messaging                    expiry, against CscaAnchors
//!  OpenChip::relay ◄═══════ RelayCommand ═════════ ChipAuthentication (keys at the issuer)
//! ```
//!
//! [`ChipData`] proves nothing, wherever it comes from; [`evidence::VerifiedChip`] cannot be made
//! any other way than by [`evidence::verify`]. The issuer picks the active authentication challenge,
//! so a terminal can neither invent nor replay a chip.
//!
//! Implemented: PACE with DH and ECDH, generic and integrated mapping, ECDH with chip authentication mapping as well, and
//! BAC; secure messaging with 3DES and AES of three key lengths; passive authentication with ECDSA, RSA PKCS #1 and RSASSA-PSS, revocation lists, master
//! lists and link certificates; active authentication with ECDSA and RSA; chip authentication run by
//! the issuer through the terminal, with DH and ECDH; NIST and Brainpool curves of 224 to 521 bits, named or spelled out;
//! TD1, TD2 and TD3 zones; face records of ISO/IEC 19794-5 and 39794-5. Everything else is a typed
//! [`CardError::Unsupported`], and `algorithms.rs` and `curve.rs` are where more would go.
//!
//! # Example
//! ```
//! use tessera_card::{CardError, ChipData, CscaAnchors, VerifiedChip, evidence};
//!
//! fn decide(chip: &ChipData, anchors: &CscaAnchors, challenge: &[u8; 8], now: i64) -> Result<VerifiedChip, CardError> {
//!     evidence::verify(chip, anchors, challenge, now)
//! }
//! assert!(decide(&ChipData::default(), &CscaAnchors::new(), &[0; 8], 0).is_err());
//! ```

mod active_auth;
mod algorithms;
mod anchors;
mod apdu;
mod bac;
mod chip_auth;
mod chip_data;
mod cms;
mod country;
mod crl;
mod crypto;
mod curve;
mod date;
mod dg2;
mod error;
pub mod evidence;
mod files;
#[cfg(feature = "hazmat")]
pub mod hazmat;
mod master_list;
mod modp;
mod mrz;
mod name;
mod pace;
mod reader;
mod rsa_key;
pub mod sam;
mod security_info;
mod sm;
mod sod;
mod tlv;
mod transport;
mod x509;

#[cfg(test)]
mod hex;
#[cfg(test)]
mod testing;

pub use anchors::{CscaAnchors, Imported, is_state_code};
pub use chip_auth::{
    Advance, ChipAuthenticated, ChipAuthentication, MAX_RELAY, RelayCommand, Resumed,
};
pub use chip_data::{AccessKey, ChipData};
pub use date::Date;
pub use dg2::{Portrait, PortraitFormat};
pub use error::CardError;
pub use evidence::{Policy, Proof, VerifiedChip};
pub use master_list::MasterList;
pub use mrz::{Mrz, MrzDate, MrzFormat, MrzKey};
pub use reader::{Access, OpenChip, read_chip};
pub use transport::{Transceiver, TransportError};
