//! What is remembered of frames that were seen: digests and perceptual hashes under a key.
//!
//! Who reads the store without the key learns neither which pictures were sent nor what they look like. The digest is an
//! HMAC. The perceptual hash is permuted and masked: two of them still differ in as many bits as before, which is all
//! that the store compares.

use aws_lc_rs::hmac;
use tessera_verifier::encoding::base64url;
use zeroize::Zeroizing;

/// Bytes of a perceptual hash.
pub const HASH_BYTES: usize = tessera_face::FrameHash::BYTES;

/// The key of what is remembered. No `Debug`.
pub struct ReplayKey {
    key: hmac::Key,
    mask: Zeroizing<Vec<u8>>,
    /// Where each bit goes.
    order: Zeroizing<Vec<u16>>,
}

impl ReplayKey {
    /// From 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let block = |purpose: &[u8], number: u32| {
            let input = [purpose, &number.to_be_bytes()].concat();
            hmac::sign(&key, &input).as_ref().to_vec()
        };
        let mask = (0..).flat_map(|n| block(b"mask", n)).take(HASH_BYTES);
        let mask = Zeroizing::new(mask.collect());
        // Fisher and Yates; a bias of 2^-23 at 64 bits a step.
        let bits = HASH_BYTES * 8;
        let mut order =
            Zeroizing::new((0..u16::try_from(bits).unwrap_or(u16::MAX)).collect::<Vec<u16>>());
        for at in (1..order.len()).rev() {
            let drawn = block(b"order", u32::try_from(at).unwrap_or(0));
            let number = drawn
                .iter()
                .take(8)
                .fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
            let other = usize::try_from(number % (at as u64 + 1)).unwrap_or(0);
            order.swap(at, other);
        }
        Self { key, mask, order }
    }

    /// The digest of one frame's bytes, base64url.
    #[must_use]
    pub fn exact(&self, image: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"frame");
        context.update(image);
        base64url(context.sign().as_ref())
    }

    /// The perceptual hash of one frame, permuted and masked, base64url.
    #[must_use]
    pub fn alike(&self, hash: &[u8; HASH_BYTES]) -> String {
        let mut out = self.mask.to_vec();
        for (from, &to) in self.order.iter().enumerate() {
            let bit = hash.get(from / 8).map_or(0, |byte| byte >> (from % 8) & 1);
            if let Some(byte) = out.get_mut(usize::from(to) / 8) {
                *byte ^= bit << (to % 8);
            }
        }
        base64url(&out)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use tessera_verifier::encoding::from_base64url;

    fn distance(a: &str, b: &str) -> u32 {
        let [a, b] = [a, b].map(|text| from_base64url(text).unwrap());
        a.iter().zip(&b).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    #[test]
    fn distances_survive_and_contents_do_not() {
        let key = ReplayKey::new(&[7; 32]);
        let plain = [0b1010_0110_u8; HASH_BYTES];
        let mut near = plain;
        near[3] ^= 0b101;
        near[60] ^= 1;
        let (a, b) = (key.alike(&plain), key.alike(&near));
        assert_eq!(distance(&a, &b), 3);
        let mut inverted = plain;
        for byte in &mut inverted {
            *byte = !*byte;
        }
        assert_eq!(distance(&a, &key.alike(&inverted)), 512);
        assert_ne!(from_base64url(&a).unwrap(), plain);
        // The mask hides a hash without a bit, the order where a bit was.
        let bytes = |hash: [u8; HASH_BYTES]| from_base64url(&key.alike(&hash)).unwrap();
        let empty = bytes([0; HASH_BYTES]);
        assert!((180..330).contains(&empty.iter().map(|byte| byte.count_ones()).sum::<u32>()));
        let mut first = [0; HASH_BYTES];
        first[0] = 0xFF;
        assert_ne!(bytes(first)[0] ^ empty[0], 0xFF);
        let other = ReplayKey::new(&[8; 32]).alike(&plain);
        assert!((180..330).contains(&distance(&a, &other)));
    }

    #[test]
    fn a_digest_depends_on_key_and_picture() {
        let (a, b) = (ReplayKey::new(&[7; 32]), ReplayKey::new(&[8; 32]));
        assert_eq!(a.exact(b"x"), a.exact(b"x"));
        assert_ne!(a.exact(b"x"), a.exact(b"y"));
        assert_ne!(a.exact(b"x"), b.exact(b"x"));
    }
}
