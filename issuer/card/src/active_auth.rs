//! Active authentication (Doc 9303-11 §6.1): the chip signs a challenge with a key that cannot be
//! copied out of it; the public half is DG15, which the issuing state signed.

use crate::algorithms::{self, PublicKey};
use crate::apdu::Command;
use crate::error::CardError;
use crate::security_info::SecurityInfos;
use crate::tlv;

/// INTERNAL AUTHENTICATE over the eight-octet challenge.
pub(crate) fn command(challenge: &[u8; 8]) -> Command {
    Command::new(0x88, 0, 0).data(*challenge).le(256)
}

/// Checks the chip's answer with the key in `dg15`. DG14, where there is one, names the algorithm.
///
/// # Errors
/// [`CardError::ActiveAuthFailed`] for a signature that is not this key's over this challenge;
/// [`CardError::Unsupported`] for another algorithm.
pub(crate) fn verify(
    dg15: &[u8],
    dg14: Option<&[u8]>,
    challenge: &[u8; 8],
    signature: &[u8],
) -> Result<(), CardError> {
    let key = PublicKey::from_spki(tlv::only(dg15, 0x6F, "DG15")?)?;
    if let Some(dg14) = dg14
        && let Some(algorithm) = SecurityInfos::parse_dg14(dg14)?.active_authentication()
    {
        algorithms::require_plain_ecdsa_sha256(algorithm)?;
    }
    if key.verify_plain_sha256(challenge, signature) {
        Ok(())
    } else {
        Err(CardError::ActiveAuthFailed)
    }
}
