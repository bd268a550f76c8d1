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

/// Checks the chip's answer with the key in `dg15`: ECDSA in plain form (DG14, where there is one, names
/// the digest) or RSA by ISO/IEC 9796-2. SHA-1 is taken here: what it would have to withstand for a
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
            let digest = match named {
                Some(algorithm) => DigestAlgorithm::of_plain_ecdsa(algorithm)?,
                // Without a name: the digest that fits the curve (TR-03111 §4.1.2).
                None => match curve.coordinate() {
                    ..32 => DigestAlgorithm::Sha224,
                    32..48 => DigestAlgorithm::Sha256,
                    48..64 => DigestAlgorithm::Sha384,
                    _ => DigestAlgorithm::Sha512,
                },
            };
            // ecdsa-plain (TR-03111 §5.2.1): r ‖ s, each as long as the order.
            let (r, s) = signature.split_at(signature.len() / 2);
            signature.len() == 2 * curve.coordinate()
                && curve.verify(point, &digest.digest(challenge), r, s)
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
