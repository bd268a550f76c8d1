//! The symmetric primitives of Doc 9303-11 §9.7–9.8: key derivation, two-key 3DES with retail MAC,
//! AES of three key lengths with CMAC, and the padding all share.

use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt, BlockEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use cmac::{Cmac, Mac};
use des::{Des, TdesEde2};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// A shortened message authentication code, as every protocol here uses it.
pub(crate) type MacTag = [u8; 8];

/// The counter of Doc 9303-11 §9.7.1 that separates the keys derived from one secret.
#[derive(Clone, Copy)]
pub(crate) enum KeyUse {
    Encryption = 1,
    Authentication = 2,
    Password = 3,
}

/// The block cipher of a protocol, with the code that goes with it; the stronger is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cipher {
    /// Two-key 3DES and retail MAC.
    TripleDes,
    /// AES-128 and CMAC.
    Aes128,
    /// AES-192 and CMAC.
    Aes192,
    /// AES-256 and CMAC.
    Aes256,
}

impl Cipher {
    /// Octets of a block.
    pub(crate) fn block(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    /// KDF (§9.7.1): the leading octets of SHA-1 (up to 128 bits) or SHA-256 of secret ‖ counter.
    pub(crate) fn derive(self, secret: &[u8], key_use: KeyUse) -> Key {
        let counter = (key_use as u32).to_be_bytes();
        let mut octets = Zeroizing::new([0; 32]);
        match self {
            Self::TripleDes | Self::Aes128 => {
                let mut digest = Sha1::new()
                    .chain_update(secret)
                    .chain_update(counter)
                    .finalize();
                for (to, from) in octets.iter_mut().zip(digest.iter().take(16)) {
                    *to = *from;
                }
                digest.as_mut_slice().zeroize();
            }
            Self::Aes192 | Self::Aes256 => {
                let mut digest = Sha256::new()
                    .chain_update(secret)
                    .chain_update(counter)
                    .finalize();
                let length = if self == Self::Aes192 { 24 } else { 32 };
                for (to, from) in octets.iter_mut().zip(digest.iter().take(length)) {
                    *to = *from;
                }
                digest.as_mut_slice().zeroize();
            }
        }
        if self == Self::TripleDes {
            // §9.7.1.1: parity bits are adjusted.
            for octet in octets.iter_mut().take(16) {
                if octet.count_ones() % 2 == 0 {
                    *octet ^= 1;
                }
            }
        }
        Key {
            cipher: self,
            octets,
        }
    }
}

/// A session or password key and the cipher it is for.
pub(crate) struct Key {
    cipher: Cipher,
    octets: Zeroizing<[u8; 32]>,
}

/// Runs `$body` with `$c` as the block cipher under this key.
macro_rules! with_cipher {
    ($key:expr, $c:ident => $body:expr) => {
        match $key.cipher {
            Cipher::TripleDes => {
                let $c = TdesEde2::new(GenericArray::from_slice(&$key.octets[..16]));
                $body
            }
            Cipher::Aes128 => {
                let $c = Aes128::new(GenericArray::from_slice(&$key.octets[..16]));
                $body
            }
            Cipher::Aes192 => {
                let $c = Aes192::new(GenericArray::from_slice(&$key.octets[..24]));
                $body
            }
            Cipher::Aes256 => {
                let $c = Aes256::new(GenericArray::from_slice(&$key.octets[..]));
                $body
            }
        }
    };
}

impl Key {
    /// A key that is not derived; missing octets are zero.
    pub(crate) fn new(cipher: Cipher, bytes: &[u8]) -> Self {
        let mut octets = Zeroizing::new([0; 32]);
        octets[..bytes.len()].copy_from_slice(bytes);
        Self { cipher, octets }
    }

    /// The octets in use.
    #[cfg(test)]
    pub(crate) fn octets(&self) -> &[u8] {
        let length = match self.cipher {
            Cipher::TripleDes | Cipher::Aes128 => 16,
            Cipher::Aes192 => 24,
            Cipher::Aes256 => 32,
        };
        &self.octets[..length]
    }

    /// The cipher this key is for.
    pub(crate) fn cipher(&self) -> Cipher {
        self.cipher
    }

    /// CBC over whole blocks, in place. `iv` is one block.
    pub(crate) fn encrypt(&self, iv: &[u8], data: &mut [u8]) {
        with_cipher!(self, cipher => cbc_encrypt(&cipher, iv, data));
    }

    /// The inverse of [`Key::encrypt`].
    pub(crate) fn decrypt(&self, iv: &[u8], data: &mut [u8]) {
        with_cipher!(self, cipher => cbc_decrypt(&cipher, iv, data));
    }

    /// A block of zeros: the IV where a protocol uses none.
    pub(crate) fn zero_iv(&self) -> &'static [u8] {
        match self.cipher {
            Cipher::TripleDes => &[0; 8],
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => &[0; 16],
        }
    }

    /// The eight-octet code: retail MAC over input that is already padded, or CMAC over any input.
    pub(crate) fn mac(&self, input: &[u8]) -> MacTag {
        match self.cipher {
            Cipher::TripleDes => self.retail_mac(input),
            Cipher::Aes128 => first_eight(
                &<Cmac<Aes128> as KeyInit>::new(GenericArray::from_slice(&self.octets[..16]))
                    .chain_update(input)
                    .finalize()
                    .into_bytes(),
            ),
            Cipher::Aes192 => first_eight(
                &<Cmac<Aes192> as KeyInit>::new(GenericArray::from_slice(&self.octets[..24]))
                    .chain_update(input)
                    .finalize()
                    .into_bytes(),
            ),
            Cipher::Aes256 => first_eight(
                &<Cmac<Aes256> as KeyInit>::new(GenericArray::from_slice(&self.octets[..]))
                    .chain_update(input)
                    .finalize()
                    .into_bytes(),
            ),
        }
    }

    /// The code over input that the cipher's own rule pads (§9.4.5, §4.4.3.4).
    pub(crate) fn mac_unpadded(&self, input: &[u8]) -> MacTag {
        match self.cipher {
            Cipher::TripleDes => self.retail_mac(&pad(input, 8)),
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => self.mac(input),
        }
    }

    /// Retail MAC: ISO/IEC 9797-1 algorithm 3 with DES, over input that is already padded.
    fn retail_mac(&self, padded: &[u8]) -> MacTag {
        let first = Des::new(GenericArray::from_slice(&self.octets[..8]));
        let second = Des::new(GenericArray::from_slice(&self.octets[8..16]));
        let mut state = GenericArray::default();
        for block in padded.chunks_exact(8) {
            for (octet, input) in state.iter_mut().zip(block) {
                *octet ^= input;
            }
            first.encrypt_block(&mut state);
        }
        second.decrypt_block(&mut state);
        first.encrypt_block(&mut state);
        state.into()
    }
}

fn first_eight(full: &[u8]) -> MacTag {
    let mut tag = MacTag::default();
    for (to, from) in tag.iter_mut().zip(full) {
        *to = *from;
    }
    tag
}

/// ISO/IEC 9797-1 padding method 2: `80`, then zeros up to the block size.
pub(crate) fn pad(bytes: &[u8], block: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.push(0x80);
    out.resize(out.len().next_multiple_of(block), 0);
    out
}

/// Removes padding method 2; `None` when it is not there or fills more than the last block.
pub(crate) fn unpad(mut bytes: Vec<u8>, block: usize) -> Option<Vec<u8>> {
    let end = bytes.iter().rposition(|octet| *octet != 0)?;
    if bytes.get(end) != Some(&0x80) || bytes.len() - end > block {
        return None;
    }
    bytes.truncate(end);
    Some(bytes)
}

/// CBC over whole blocks, in place. `iv` is one block.
fn cbc_encrypt<C: BlockEncrypt + BlockSizeUser>(cipher: &C, iv: &[u8], data: &mut [u8]) {
    let mut previous = GenericArray::<u8, C::BlockSize>::default();
    previous.copy_from_slice(iv);
    for block in data.chunks_exact_mut(C::block_size()) {
        for (octet, mask) in block.iter_mut().zip(&previous) {
            *octet ^= mask;
        }
        cipher.encrypt_block(GenericArray::from_mut_slice(block));
        previous.copy_from_slice(block);
    }
}

/// The inverse of [`cbc_encrypt`].
fn cbc_decrypt<C: BlockDecrypt + BlockSizeUser>(cipher: &C, iv: &[u8], data: &mut [u8]) {
    let mut previous = GenericArray::<u8, C::BlockSize>::default();
    previous.copy_from_slice(iv);
    for block in data.chunks_exact_mut(C::block_size()) {
        let ciphertext = GenericArray::clone_from_slice(block);
        cipher.decrypt_block(GenericArray::from_mut_slice(block));
        for (octet, mask) in block.iter_mut().zip(&previous) {
            *octet ^= mask;
        }
        previous = ciphertext;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::hex::hex;
    use proptest::prelude::*;

    /// Doc 9303-11 appendix D.1 and D.2: keys of the worked example.
    #[test]
    fn keys_of_appendix_d() {
        let seed = hex("239AB9CB282DAF66231DC5A4DF6BFBAE");
        assert_eq!(
            Cipher::TripleDes.derive(&seed, KeyUse::Encryption).octets(),
            hex("AB94FDECF2674FDFB9B391F85D7F76F2")
        );
        assert_eq!(
            Cipher::TripleDes
                .derive(&seed, KeyUse::Authentication)
                .octets(),
            hex("7962D9ECE03D1ACD4C76089DCE131543")
        );
    }

    /// NIST SP 800-38B appendix D.1, examples 1 to 3, cut to the eight octets used here.
    #[test]
    fn cmac_of_sp_800_38b() {
        let key = Key::new(Cipher::Aes128, &hex("2B7E151628AED2A6ABF7158809CF4F3C"));
        let message = hex(concat!(
            "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51",
            "30C81C46A35CE411"
        ));
        for (length, tag) in [
            (0, "BB1D6929E9593728"),
            (16, "070A16B46B4D4144"),
            (40, "DFA66747DE9AE630"),
        ] {
            assert_eq!(key.mac(message.get(..length).unwrap())[..], hex(tag));
        }
    }

    /// NIST SP 800-38B appendix D.2 and D.3, example 2, cut to eight octets.
    #[test]
    fn cmac_of_longer_keys() {
        let block = hex("6BC1BEE22E409F96E93D7E117393172A");
        for (cipher, key, tag) in [
            (
                Cipher::Aes192,
                "8E73B0F7DA0E6452C810F32B809079E562F8EAD2522C6B7B",
                "9E99A7BF31E71090",
            ),
            (
                Cipher::Aes256,
                "603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4",
                "28A7023F452E8F82",
            ),
        ] {
            assert_eq!(Key::new(cipher, &hex(key)).mac(&block)[..], hex(tag));
        }
    }

    proptest! {
        #[test]
        fn padding_and_ciphers_invert(data in prop::collection::vec(any::<u8>(), 0..100), secret in any::<[u8; 16]>(), iv in any::<[u8; 16]>()) {
            for cipher in [Cipher::TripleDes, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256] {
                let key = cipher.derive(&secret, KeyUse::Encryption);
                let iv = iv.get(..cipher.block()).unwrap();
                let mut padded = pad(&data, cipher.block());
                key.encrypt(iv, &mut padded);
                key.decrypt(iv, &mut padded);
                prop_assert_eq!(unpad(padded, cipher.block()).unwrap(), data.clone());
            }
        }

        #[test]
        fn unpadding_anything_never_panics(data in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(plain) = unpad(data.clone(), 16) {
                prop_assert!(plain.len() < data.len());
            }
        }
    }
}
