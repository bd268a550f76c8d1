//! What was read from a chip, unchecked, and what is needed to open one.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// The key that opens a chip: what is printed on the document.
#[derive(Zeroize, ZeroizeOnDrop)]
pub enum AccessKey {
    /// The six-digit card access number (Doc 9303-4 §4.3, PACE only).
    Can(String),
    /// The three MRZ fields of Doc 9303-11 §4.3.2, without check digits (PACE and BAC).
    Mrz {
        /// Document number; trailing fillers may be left out.
        document_number: String,
        /// Date of birth, `YYMMDD`.
        birth: String,
        /// Date of expiry, `YYMMDD`.
        expiry: String,
    },
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Can(_) => "AccessKey::Can(..)",
            Self::Mrz { .. } => "AccessKey::Mrz(..)",
        })
    }
}

/// The raw files of a chip and its answer to the challenge. **Nothing here is checked**:
/// [`crate::evidence::verify`] is the only way from here to a [`crate::VerifiedChip`].
#[derive(Default, Zeroize, ZeroizeOnDrop)]
pub struct ChipData {
    /// EF.COM, the unsigned index (not used in any decision).
    pub com: Option<Vec<u8>>,
    /// EF.SOD, the document security object, with its outer tag `77`.
    pub sod: Vec<u8>,
    /// EF.DG1, the machine readable zone.
    pub dg1: Vec<u8>,
    /// EF.DG2, the portrait.
    pub dg2: Vec<u8>,
    /// EF.DG14, security options.
    pub dg14: Option<Vec<u8>>,
    /// EF.DG15, the active authentication public key.
    pub dg15: Option<Vec<u8>>,
    /// The answer to INTERNAL AUTHENTICATE over the challenge.
    pub aa_signature: Option<Vec<u8>>,
}

impl fmt::Debug for ChipData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChipData(..)")
    }
}
