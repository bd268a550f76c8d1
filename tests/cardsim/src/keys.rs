//! The chip's symmetric cryptography, by OpenSSL and the `des` crate (the reader writes its own CBC
//! over `aes` and `des`): what two independent codings agree on is probably what the standard says.

use des::cipher::generic_array::GenericArray;
use des::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use des::{Des, TdesEde2};
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::{self, Crypter, Mode};
use serde::{Deserialize, Serialize};

/// Which ciphers a channel uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cipher {
    /// Two-key 3DES and retail MAC.
    Tdes,
    /// AES-128 and CMAC.
    Aes128,
    /// AES-192 and CMAC.
    Aes192,
    /// AES-256 and CMAC.
    Aes256,
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

impl Cipher {
    /// The last number of a protocol's object identifier.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Tdes => 1,
            Self::Aes128 => 2,
            Self::Aes192 => 3,
            Self::Aes256 => 4,
        }
    }

    pub(crate) fn key_length(self) -> usize {
        match self {
            Self::Tdes | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    pub(crate) fn block(self) -> usize {
        if self == Self::Tdes { 8 } else { 16 }
    }

    /// The leading octets of the digest of secret ‖ counter (Doc 9303-11 §9.7.1). DES ignores parity
    /// bits, so the chip does not set them.
    pub(crate) fn derive(self, secret: &[u8], counter: u8) -> Vec<u8> {
        let (digest, length) = match self {
            Self::Tdes | Self::Aes128 => (MessageDigest::sha1(), 16),
            Self::Aes192 => (MessageDigest::sha256(), 24),
            Self::Aes256 => (MessageDigest::sha256(), 32),
        };
        let input = [secret, &[0, 0, 0, counter]].concat();
        let mut key = hash(digest, &input)
            .map(|digest| digest.to_vec())
            .unwrap_or_default();
        key.truncate(length);
        key
    }

    fn openssl(self) -> symm::Cipher {
        match self {
            Self::Tdes | Self::Aes128 => symm::Cipher::aes_128_cbc(),
            Self::Aes192 => symm::Cipher::aes_192_cbc(),
            Self::Aes256 => symm::Cipher::aes_256_cbc(),
        }
    }

    fn aes(self, mode: Mode, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        let mut crypter = Crypter::new(self.openssl(), mode, key, Some(iv)).ok()?;
        crypter.pad(false);
        let mut out = vec![0; data.len() + 16];
        let written = crypter.update(data, &mut out).ok()?;
        let rest = crypter.finalize(out.get_mut(written..)?).ok()?;
        out.truncate(written + rest);
        Some(out)
    }

    /// CBC encryption of whole blocks; `iv` is one block.
    pub(crate) fn encrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Tdes => {
                let cipher = TdesEde2::new(GenericArray::from_slice(key));
                cbc(|block| cipher.encrypt_block(block), iv, data)
            }
            _ => self.aes(Mode::Encrypt, key, iv, data).unwrap_or_default(),
        }
    }

    /// CBC decryption; `None` for broken blocks.
    pub(crate) fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        if data.is_empty() || !data.len().is_multiple_of(self.block()) {
            return None;
        }
        match self {
            Self::Tdes => {
                let cipher = TdesEde2::new(GenericArray::from_slice(key));
                let mut previous = iv.to_vec();
                let mut out = Vec::new();
                for block in data.chunks(8) {
                    let mut plain = GenericArray::clone_from_slice(block);
                    cipher.decrypt_block(&mut plain);
                    out.extend(plain.iter().zip(&previous).map(|(a, b)| a ^ b));
                    previous = block.to_vec();
                }
                Some(out)
            }
            _ => self.aes(Mode::Decrypt, key, iv, data),
        }
    }

    /// The eight-octet code over unpadded data; each cipher pads in its own way.
    pub(crate) fn mac(self, key: &[u8], data: &[u8]) -> [u8; 8] {
        let mut tag = [0; 8];
        if self != Self::Tdes {
            let full = PKey::cmac(&self.openssl(), key)
                .and_then(|key| Signer::new_without_digest(&key)?.sign_oneshot_to_vec(data));
            tag.copy_from_slice(&full.unwrap_or_else(|_| vec![0; 16])[..8]);
            return tag;
        }
        // Retail MAC = last DES-CBC block under the first half, decrypted with the second and
        // encrypted with the first: that last block is one 3DES operation.
        let data = padded(data.to_vec(), 8);
        let (head, last) = data.split_at(data.len() - 8);
        let single = Des::new(GenericArray::from_slice(&key[..8]));
        let chain = cbc(|block| single.encrypt_block(block), &[0; 8], head);
        let mut block: GenericArray<u8, _> = GenericArray::clone_from_slice(last);
        if let Some(previous) = chain.rchunks(8).next() {
            for (octet, mask) in block.iter_mut().zip(previous) {
                *octet ^= mask;
            }
        }
        TdesEde2::new(GenericArray::from_slice(key)).encrypt_block(&mut block);
        tag.copy_from_slice(&block);
        tag
    }

    /// One block, for the IV of AES secure messaging.
    pub(crate) fn one_block(self, key: &[u8], block: &[u8]) -> Vec<u8> {
        self.encrypt(key, &[0; 16], block)
    }
}

type Block = GenericArray<u8, des::cipher::consts::U8>;

/// CBC encryption over eight-octet blocks.
fn cbc(encrypt: impl Fn(&mut Block), iv: &[u8], data: &[u8]) -> Vec<u8> {
    let mut previous = Block::clone_from_slice(iv);
    let mut out = Vec::new();
    for block in data.chunks(8) {
        for (octet, plain) in previous.iter_mut().zip(block) {
            *octet ^= plain;
        }
        encrypt(&mut previous);
        out.extend_from_slice(&previous);
    }
    out
}
