//! RSA public keys: PKCS #1 v1.5 and PSS (RFC 8017 §8) for certificates and security objects,
//! ISO/IEC 9796-2 scheme 1 with message recovery for active authentication (Doc 9303-11 §6.1).

use rsa::hazmat::rsa_encrypt;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::algorithms::DigestAlgorithm;
use crate::error::CardError;
use crate::tlv::{self, Objects};

/// Doc 9303-12 §4.4.1.1 recommends 3072 bits for signing authorities; some have 6144.
const MOST_BITS: usize = 8192;
/// Active authentication keys of early documents have 1024 bits.
const FEWEST_BITS: usize = 1024;
/// Longest salt looked at: what the largest key has room for.
const MOST_SALT: usize = MOST_BITS / 8;

/// A public key whose size and exponent are within bounds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RsaKey(RsaPublicKey);

impl RsaKey {
    /// From `RSAPublicKey` (RFC 8017 §A.1.1).
    ///
    /// # Errors
    /// [`CardError::Malformed`] for another structure, [`CardError::Unsupported`] for a modulus
    /// outside 1024 to 8192 bits, an even one, or an exponent beyond 33 bits.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, CardError> {
        const WHAT: &str = "RSA public key";
        let mut fields = Objects::new(tlv::only(der, 0x30, WHAT)?);
        let modulus = fields.expect(0x02, WHAT)?;
        let exponent = fields.expect(0x02, WHAT)?;
        fields.end(WHAT)?;
        let positive = |number: &[u8]| number.first().is_some_and(|first| *first < 0x80);
        if !positive(modulus) || !positive(exponent) || exponent.len() > 9 {
            return Err(CardError::Malformed(WHAT));
        }
        let unsupported = || CardError::Unsupported {
            what: "RSA key",
            name: "its size or exponent".to_owned(),
        };
        let number = BigUint::from_bytes_be(modulus);
        let odd = modulus.last().is_some_and(|last| last & 1 == 1);
        let odd_exponent = exponent.last().is_some_and(|last| last & 1 == 1);
        if modulus.len() > MOST_BITS / 8 + 1
            || !(FEWEST_BITS..=MOST_BITS).contains(&number.bits())
            || !odd
            || !odd_exponent
            || exponent == [1]
        {
            return Err(unsupported());
        }
        RsaPublicKey::new_with_max_size(number, BigUint::from_bytes_be(exponent), MOST_BITS)
            .map(Self)
            .map_err(|_| unsupported())
    }

    /// Bits of the modulus.
    pub(crate) fn bits(&self) -> usize {
        self.0.n().bits()
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2).
    pub(crate) fn verify_pkcs1(
        &self,
        algorithm: DigestAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> bool {
        let scheme = match algorithm {
            DigestAlgorithm::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
            DigestAlgorithm::Sha224 => Pkcs1v15Sign::new::<Sha224>(),
            DigestAlgorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            DigestAlgorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            DigestAlgorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        };
        self.0.verify(scheme, digest, signature).is_ok()
    }

    /// RSASSA-PSS (RFC 8017 §8.1.2), MGF1 over the same digest.
    pub(crate) fn verify_pss(
        &self,
        algorithm: DigestAlgorithm,
        salt: usize,
        digest: &[u8],
        signature: &[u8],
    ) -> bool {
        if salt > MOST_SALT {
            return false;
        }
        let scheme = match algorithm {
            DigestAlgorithm::Sha1 => Pss::new_with_salt::<Sha1>(salt),
            DigestAlgorithm::Sha224 => Pss::new_with_salt::<Sha224>(salt),
            DigestAlgorithm::Sha256 => Pss::new_with_salt::<Sha256>(salt),
            DigestAlgorithm::Sha384 => Pss::new_with_salt::<Sha384>(salt),
            DigestAlgorithm::Sha512 => Pss::new_with_salt::<Sha512>(salt),
        };
        self.0.verify(scheme, digest, signature).is_ok()
    }

    /// ISO/IEC 9796-2 digital signature scheme 1 (Doc 9303-11 §6.1.2.2): recovers `M1` from the
    /// signature and compares the digest of `M1 ‖ message`, where `message` is the challenge.
    ///
    /// Partial recovery only: the leading bits are `01`, the "more data" bit is set, and `M1` fills
    /// the key (Doc 9303-11 §6.1.2.3). Every octet is thus either the digest or covered by it.
    pub(crate) fn verify_iso9796_2(&self, message: &[u8], signature: &[u8]) -> bool {
        self.recover(message, signature).is_some()
    }

    fn recover(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        let modulus = self.0.n();
        let length = self.0.size();
        let number = BigUint::from_bytes_be(signature);
        if signature.len() != length || &number >= modulus {
            return None;
        }
        let recovered = rsa_encrypt(&self.0, &number).ok()?;
        // §B.6 of the standard: the signer may give min(s, n − s), known by its last nibble C.
        let block = ends_properly(&recovered, length)
            .or_else(|| ends_properly(&(modulus - &recovered), length))?;
        let (&head, rest) = block.split_first()?;
        let (algorithm, trailer) = match rest.split_last_chunk::<2>()? {
            (_, [_, 0xBC]) => (DigestAlgorithm::Sha1, 1),
            // ISO/IEC 10118-3 identifiers in front of CC.
            (_, [0x33, 0xCC]) => (DigestAlgorithm::Sha1, 2),
            (_, [0x38, 0xCC]) => (DigestAlgorithm::Sha224, 2),
            (_, [0x34, 0xCC]) => (DigestAlgorithm::Sha256, 2),
            (_, [0x36, 0xCC]) => (DigestAlgorithm::Sha384, 2),
            (_, [0x35, 0xCC]) => (DigestAlgorithm::Sha512, 2),
            _ => return None,
        };
        // 0110 1010: partial recovery and no padding; the block starts on an octet boundary only
        // when the modulus fills its octets, which every key in the field does.
        if head != 0x6A {
            return None;
        }
        let body = rest.get(..rest.len().checked_sub(trailer)?)?;
        let at = body.len().checked_sub(algorithm.length())?;
        let (recovered_part, digest) = body.split_at_checked(at)?;
        let expected = algorithm.digest(&[recovered_part, message].concat());
        (digest == expected).then_some(())
    }
}

/// The number in `length` octets, if its last nibble is the `C` every trailer ends in.
fn ends_properly(number: &BigUint, length: usize) -> Option<Vec<u8>> {
    let octets = number.to_bytes_be();
    let mut block = vec![0; length.checked_sub(octets.len())?];
    block.extend_from_slice(&octets);
    (block.last()? & 0x0F == 0x0C).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_keys_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), inner in prop::collection::vec(any::<u8>(), 128..200)) {
            prop_assert!(RsaKey::parse(&bytes).is_err());
            // A key of any odd number: no signature of noise verifies, whatever the scheme.
            let mut modulus = inner;
            if let (Some(first), Some(last)) = (modulus.first().copied(), modulus.last_mut()) {
                *last |= 1;
                if first < 0x80 { modulus.insert(0, 0x7F); }
                else { modulus.insert(0, 0); }
            }
            let mut fields = tlv::encode(2, &modulus).unwrap_or_default();
            fields.extend([2, 1, 3]);
            let key = RsaKey::parse(&tlv::encode(0x30, &fields).unwrap_or_default());
            prop_assert!(key.is_ok());
            if let Ok(key) = key {
                let size = key.0.size();
                let signature: Vec<u8> = bytes.iter().cycle().chain([&0]).take(size).copied().collect();
                prop_assert!(!key.verify_iso9796_2(b"12345678", &signature) || bytes.is_empty());
                prop_assert!(!key.verify_pkcs1(DigestAlgorithm::Sha256, &[0; 32], &signature));
                prop_assert!(!key.verify_pss(DigestAlgorithm::Sha512, 64, &[0; 64], &signature));
            }
        }
    }
}
