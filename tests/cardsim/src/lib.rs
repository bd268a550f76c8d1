//! A travel-document chip (ICAO Doc 9303) for tests: personalised with throwaway authorities, opened
//! by PACE or BAC, and able to lie in every way a reader and an issuer must notice.
//!
//! ```text
//!  Csca::throwaway ─► Profile + faults ─► Chip::personalise ─► Chip::transmit   in process
//!                                              │             └► vpcd::serve      behind pcscd
//!                                              └► Card (JSON file, export for outside judges)
//! ```
//!
//! The chip side is written apart from `tessera-card` on purpose: its own TLV, padding, secure
//! messaging, key derivation and CMS encoding. Only the `Transceiver` trait is shared. Our reader
//! against our chip still proves little by itself, so the reader is checked against the worked
//! examples of Doc 9303-11 and the chip's files by OpenSSL.
//!
//! **Not a secure element.** Keys are throwaway and lie in plain memory and in profile files.
//!
//! # Example
//! ```
//! use tessera_card::{AccessKey, CscaAnchors, evidence, read_chip};
//! use tessera_cardsim::{Chip, Csca, Profile};
//!
//! let now = 1_760_000_000;
//! let mut rng = rand_core::OsRng;
//! let csca = Csca::throwaway(&mut rng, now)?;
//! let profile = Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], now);
//! let mut chip = Chip::personalise(&profile, &csca, &mut rng)?;
//!
//! let challenge = [7; 8];
//! let data = read_chip(&mut chip, &AccessKey::Can(profile.can.clone()), &challenge, &mut rng)?;
//! let mut anchors = CscaAnchors::new();
//! anchors.add(csca.certificate(), "UTO")?;
//! let verified = evidence::verify(&data, &anchors, &challenge, now)?;
//! assert_eq!(verified.mrz().surname, "SPECIMEN");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod apdu;
mod authority;
mod chip;
mod files;
mod groups;
mod keys;
mod mrz;
mod profile;
mod rng;
pub mod sam;
mod scheme;
mod secure;
mod sod;
mod tlv;
pub mod vpcd;

pub use authority::{Csca, Revoked};
pub use chip::Chip;
pub use groups::Modp;
pub use keys::Cipher;
pub use profile::{Card, ChipAuth, FaceRecord, Fault, Holder, Mapping, Profile, Quirk};
pub use scheme::{Curve, Digest, KeyKind, Scheme};

/// Why a chip could not be made: the profile does not fit a document, or encoding failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// A field of the profile cannot stand in a machine readable zone.
    #[error("the profile's {0} does not fit a document")]
    Profile(&'static str),
    /// A structure could not be encoded or decoded.
    #[error("encoding failed: {0}")]
    Encoding(String),
}

impl From<openssl::error::ErrorStack> for SimError {
    fn from(error: openssl::error::ErrorStack) -> Self {
        Self::Encoding(error.to_string())
    }
}

impl From<der::Error> for SimError {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error.to_string())
    }
}
