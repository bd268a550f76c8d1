//! The chip's symmetric cryptography, over the `cbc`, `cmac`, `aes` and `des` crates (the reader
//! writes its own CBC): what two independent codings agree on is probably what the standard says.

use aes::Aes128;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecryptMut, BlockEncrypt, BlockEncryptMut, KeyInit, KeyIvInit};
use cmac::{Cmac, Mac};
use des::{Des, TdesEde2};
use sha1::{Digest, Sha1};

/// A 128-bit key.
pub(crate) type Key = [u8; 16];

/// The leading 16 octets of SHA-1(secret ‖ counter) (Doc 9303-11 §9.7.1). DES ignores parity bits,
/// so the chip does not set them.
pub(crate) fn derive(secret: &[u8], counter: u8) -> Key {
    let digest = Sha1::digest([secret, &[0, 0, 0, counter]].concat());
    let mut key = Key::default();
    key.copy_from_slice(&digest[..16]);
    key
}

/// `80 00 …` up to a whole number of blocks.
pub(crate) fn padded(mut data: Vec<u8>, block: usize) -> Vec<u8> {
    data.push(0x80);
    while !data.len().is_multiple_of(block) {
        data.push(0);
    }
    data
}

/// The inverse; `None` when there is no padding.
pub(crate) fn unpadded(mut data: Vec<u8>) -> Option<Vec<u8>> {
    while data.last() == Some(&0) {
        data.pop();
    }
    (data.pop() == Some(0x80)).then_some(data)
}

/// Which ciphers a channel uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    Tdes,
    Aes,
}

impl Cipher {
    pub(crate) fn block(self) -> usize {
        match self {
            Self::Tdes => 8,
            Self::Aes => 16,
        }
    }

    /// CBC encryption of whole blocks; `iv` is one block.
    pub(crate) fn encrypt(self, key: &Key, iv: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Tdes => cbc::Encryptor::<TdesEde2>::new(key.into(), GenericArray::from_slice(iv))
                .encrypt_padded_vec_mut::<NoPadding>(data),
            Self::Aes => cbc::Encryptor::<Aes128>::new(key.into(), GenericArray::from_slice(iv))
                .encrypt_padded_vec_mut::<NoPadding>(data),
        }
    }

    /// CBC decryption; `None` for broken blocks.
    pub(crate) fn decrypt(self, key: &Key, iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Tdes => cbc::Decryptor::<TdesEde2>::new(key.into(), GenericArray::from_slice(iv))
                .decrypt_padded_vec_mut::<NoPadding>(data)
                .ok(),
            Self::Aes => cbc::Decryptor::<Aes128>::new(key.into(), GenericArray::from_slice(iv))
                .decrypt_padded_vec_mut::<NoPadding>(data)
                .ok(),
        }
    }

    /// The eight-octet code over unpadded data; each cipher pads in its own way.
    pub(crate) fn mac(self, key: &Key, data: &[u8]) -> [u8; 8] {
        let mut tag = [0; 8];
        match self {
            Self::Aes => {
                let mut cmac = <Cmac<Aes128> as KeyInit>::new(key.into());
                cmac.update(data);
                tag.copy_from_slice(&cmac.finalize().into_bytes()[..8]);
            }
            Self::Tdes => {
                // Retail MAC = last DES-CBC block under the first half, decrypted with the second
                // and encrypted with the first: that last block is one 3DES operation.
                let data = padded(data.to_vec(), 8);
                let (head, last) = data.split_at(data.len() - 8);
                let chain = cbc::Encryptor::<Des>::new(key[..8].into(), &GenericArray::default())
                    .encrypt_padded_vec_mut::<NoPadding>(head);
                let mut block: GenericArray<u8, _> = GenericArray::clone_from_slice(last);
                if let Some(previous) = chain.rchunks(8).next() {
                    for (octet, mask) in block.iter_mut().zip(previous) {
                        *octet ^= mask;
                    }
                }
                TdesEde2::new(key.into()).encrypt_block(&mut block);
                tag.copy_from_slice(&block);
            }
        }
        tag
    }

    /// One block, for the IV of AES secure messaging.
    pub(crate) fn aes_block(key: &Key, block: &[u8; 16]) -> [u8; 16] {
        let mut out = GenericArray::from(*block);
        Aes128::new(key.into()).encrypt_block(&mut out);
        out.into()
    }
}
