//! Active authentication (Doc 9303-11 §6.1): the chip signs a challenge with a key that cannot be
//! copied out of it; the public half is DG15, which the issuing state signed.

use crate::algorithms::{DigestAlgorithm, PublicKey};
use crate::apdu::Command;
use crate::error::CardError;
use crate::security_info::SecurityInfos;
use crate::tlv;

/// INTERNAL AUTHENTICATE over the eight-octet challenge.
pub(crate) fn command(challenge: &[u8; 8]) -> Command {
    Command::new(0x88, 0, 0).data(*challenge).le(256)
}

/// Checks the chip's answer with the key in `dg15`: ECDSA in plain form (DG14 names the digest; for chips
/// from before DG14, any digest will do) or RSA by ISO/IEC 9796-2. SHA-1 is taken here: what it would have to withstand for a
/// challenge of eight octets is a second preimage, not a collision.
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
    let key = PublicKey::from_spki(tlv::only_ber(dg15, 0x6F, "DG15")?)?;
    let named = dg14
        .map(SecurityInfos::parse_dg14)
        .transpose()?
        .and_then(|infos| infos.active_authentication());
    let genuine = match &key {
        PublicKey::Ec { curve, point } => {
            let named = named.map(DigestAlgorithm::of_plain_ecdsa).transpose()?;
            let digests = match &named {
                Some(digest) => core::slice::from_ref(digest),
                None => &DigestAlgorithm::ALL,
            };
            // ecdsa-plain (TR-03111 §5.2.1): r ‖ s, each as long as the order.
            let (r, s) = signature.split_at(signature.len() / 2);
            let by =
                |digest: &DigestAlgorithm| curve.verify(point, &digest.digest(challenge), r, s);
            signature.len() == 2 * curve.coordinate() && digests.iter().any(by)
        }
        // The trailer inside the signature names the digest.
        PublicKey::Rsa(key) => key.verify_iso9796_2(challenge, signature),
        PublicKey::RsaPss(..) | PublicKey::Dh { .. } => {
            return Err(CardError::Unsupported {
                what: "active authentication algorithm",
                name: "RSASSA-PSS or Diffie-Hellman".to_owned(),
            });
        }
    };
    if genuine {
        Ok(())
    } else {
        Err(CardError::ActiveAuthFailed)
    }
}
