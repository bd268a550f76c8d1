//! The seam to the outside: something that carries an APDU to a chip and brings the answer back.

/// Carries command APDUs to one chip (ISO/IEC 7816-4). PC/SC, a relay and the simulator implement it.
pub trait Transceiver {
    /// Sends one command APDU and returns the response: data followed by SW1 SW2.
    ///
    /// # Errors
    /// [`TransportError`] when the card was taken away or the reader failed.
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, TransportError>;
}

/// Why an APDU could not be exchanged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The card left the field or was pulled out.
    #[error("the card was removed")]
    Removed,
    /// The reader, its driver or the daemon failed; the text comes from there.
    #[error("the reader failed: {0}")]
    Reader(String),
}

impl TransportError {
    /// The stable code: `card_removed` or `reader_failed`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Removed => "card_removed",
            Self::Reader(_) => "reader_failed",
        }
    }
}
