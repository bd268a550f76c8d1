//! The symmetric primitives of Doc 9303-11 §9.7–9.8: key derivation, two-key 3DES with retail MAC,
//! AES-128 with CMAC, and the padding both share.

use aes::Aes128;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt, BlockEncrypt, BlockSizeUser, KeyInit};
use cmac::{Cmac, Mac};
use des::{Des, TdesEde2};
use sha1::{Digest, Sha1};
use zeroize::{Zeroize, Zeroizing};

/// A 128-bit session or password key.
pub(crate) type Key = Zeroizing<[u8; 16]>;
/// A shortened message authentication code, as every protocol here uses it.
pub(crate) type MacTag = [u8; 8];

/// The counter of Doc 9303-11 §9.7.1 that separates the keys derived from one secret.
#[derive(Clone, Copy)]
pub(crate) enum KeyUse {
    Encryption = 1,
    Authentication = 2,
    Password = 3,
}

/// KDF for 3DES (§9.7.1.1): the first 16 octets of SHA-1(secret ‖ counter), parity adjusted.
pub(crate) fn derive_3des(secret: &[u8], key_use: KeyUse) -> Key {
    let mut key = derive_aes128(secret, key_use);
    for octet in key.iter_mut() {
        let odd = octet.count_ones() % 2 == 1;
        if !odd {
            *octet ^= 1;
        }
    }
    key
}

/// KDF for AES-128 (§9.7.1.2): the first 16 octets of SHA-1(secret ‖ counter).
pub(crate) fn derive_aes128(secret: &[u8], key_use: KeyUse) -> Key {
    let mut digest = Sha1::new()
        .chain_update(secret)
        .chain_update((key_use as u32).to_be_bytes())
        .finalize();
    let mut key = Key::default();
    for (to, from) in key.iter_mut().zip(&digest) {
        *to = *from;
    }
    digest.as_mut_slice().zeroize();
    key
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

/// Two-key 3DES in CBC mode with a zero IV, over whole 8-octet blocks.
pub(crate) fn tdes_encrypt(key: &Key, data: &mut [u8]) {
    cbc_encrypt(
        &TdesEde2::new(GenericArray::from_slice(&key[..])),
        &[0; 8],
        data,
    );
}

/// The inverse of [`tdes_encrypt`].
pub(crate) fn tdes_decrypt(key: &Key, data: &mut [u8]) {
    cbc_decrypt(
        &TdesEde2::new(GenericArray::from_slice(&key[..])),
        &[0; 8],
        data,
    );
}

/// Retail MAC: ISO/IEC 9797-1 algorithm 3 with DES, over input that is already padded.
pub(crate) fn retail_mac(key: &Key, padded: &[u8]) -> MacTag {
    let (first, second) = key.split_at(8);
    let first = Des::new(GenericArray::from_slice(first));
    let second = Des::new(GenericArray::from_slice(second));
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

/// AES-128 in CBC mode over whole 16-octet blocks.
pub(crate) fn aes_encrypt(key: &Key, iv: &[u8; 16], data: &mut [u8]) {
    cbc_encrypt(&Aes128::new(GenericArray::from_slice(&key[..])), iv, data);
}

/// The inverse of [`aes_encrypt`].
pub(crate) fn aes_decrypt(key: &Key, iv: &[u8; 16], data: &mut [u8]) {
    cbc_decrypt(&Aes128::new(GenericArray::from_slice(&key[..])), iv, data);
}

/// One AES-128 block: the IV of secure messaging is the encrypted send sequence counter.
pub(crate) fn aes_block(key: &Key, block: &[u8; 16]) -> [u8; 16] {
    let mut out = GenericArray::from(*block);
    Aes128::new(GenericArray::from_slice(&key[..])).encrypt_block(&mut out);
    out.into()
}

/// AES-128 CMAC (SP 800-38B), its first eight octets.
pub(crate) fn cmac(key: &Key, data: &[u8]) -> MacTag {
    let full = <Cmac<Aes128> as KeyInit>::new(GenericArray::from_slice(&key[..]))
        .chain_update(data)
        .finalize()
        .into_bytes();
    let mut tag = MacTag::default();
    for (to, from) in tag.iter_mut().zip(&full) {
        *to = *from;
    }
    tag
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
            derive_3des(&seed, KeyUse::Encryption)[..],
            hex("AB94FDECF2674FDFB9B391F85D7F76F2")
        );
        assert_eq!(
            derive_3des(&seed, KeyUse::Authentication)[..],
            hex("7962D9ECE03D1ACD4C76089DCE131543")
        );
    }

    /// NIST SP 800-38B appendix D.1, examples 1 to 3, cut to the eight octets used here.
    #[test]
    fn cmac_of_sp_800_38b() {
        let key = Key::new(hex("2B7E151628AED2A6ABF7158809CF4F3C").try_into().unwrap());
        let message = hex(concat!(
            "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51",
            "30C81C46A35CE411"
        ));
        for (length, tag) in [
            (0, "BB1D6929E9593728"),
            (16, "070A16B46B4D4144"),
            (40, "DFA66747DE9AE630"),
        ] {
            assert_eq!(cmac(&key, message.get(..length).unwrap())[..], hex(tag));
        }
    }

    proptest! {
        #[test]
        fn padding_and_ciphers_invert(data in prop::collection::vec(any::<u8>(), 0..100), key in any::<[u8; 16]>(), iv in any::<[u8; 16]>()) {
            let key = Key::new(key);
            let mut tdes = pad(&data, 8);
            tdes_encrypt(&key, &mut tdes);
            tdes_decrypt(&key, &mut tdes);
            prop_assert_eq!(unpad(tdes, 8).unwrap(), data.clone());
            let mut aes = pad(&data, 16);
            aes_encrypt(&key, &iv, &mut aes);
            aes_decrypt(&key, &iv, &mut aes);
            prop_assert_eq!(unpad(aes, 16).unwrap(), data);
        }

        #[test]
        fn unpadding_anything_never_panics(data in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(plain) = unpad(data.clone(), 16) {
                prop_assert!(plain.len() < data.len());
            }
        }
    }
}
