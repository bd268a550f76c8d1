//! Strict text encodings: each byte string has exactly one accepted spelling.

mod base58;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::alphabet::STANDARD as STANDARD_ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD,
};

use crate::error::Error;

/// base64url without padding (RFC 4648 §5, RFC 7515 §2).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends what [`base64url`] gives.
pub(crate) fn base64url_to(bytes: &[u8], to: &mut Vec<u8>) {
    let start = to.len();
    // Four characters for three bytes, rounded up.
    to.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let room = to.get_mut(start..).unwrap_or_default();
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, room).unwrap_or(0);
    to.truncate(start + written);
}

/// At most `N` characters of base64url, where they are: many are made and few are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Base64Url<const N: usize> {
    text: [u8; N],
    len: usize,
}

impl<const N: usize> Base64Url<N> {
    /// What [`base64url`] gives; nothing when it is longer than `N`.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut text = [0; N];
        let len = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).unwrap_or(0);
        Self { text, len }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        // The alphabet is ASCII.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// Appends what [`from_base64url`] gives.
///
/// # Errors
/// Those of [`from_base64url`].
pub(crate) fn from_base64url_to(text: &str, to: &mut Vec<u8>) -> Result<(), Error> {
    URL_SAFE_NO_PAD
        .decode_vec(text, to)
        .map_err(|_| Error::malformed("base64url"))
}

/// Reads base64url without padding and with zero trailing bits.
///
/// # Errors
/// `malformed` for any other spelling.
pub fn from_base64url(text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Error::malformed("base64url"))
}

/// base64 with padding (RFC 4648 §4), as `x5c` and `data:` URLs write it.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// base64 (RFC 4648 §4) whose padding may be missing, as in the `data:` URLs of some wallets.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD_ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads base64 (RFC 4648 §4) with or without its padding, and with zero trailing bits.
///
/// # Errors
/// `malformed` for any other spelling.
pub fn from_base64(text: &str) -> Result<Vec<u8>, Error> {
    LENIENT.decode(text).map_err(|_| Error::malformed("base64"))
}

/// Multibase base58btc: `z` and the Bitcoin alphabet.
#[must_use]
pub fn multibase_base58(bytes: &[u8]) -> String {
    format!("z{}", base58::encode(bytes))
}

/// Multibase base64url without padding: `u`.
#[must_use]
pub fn multibase_base64url(bytes: &[u8]) -> String {
    format!("u{}", base64url(bytes))
}

/// The longest base58 text read: decoding takes quadratic time, and no key or signature of ours needs more.
const BASE58_MAX: usize = 256;

/// Reads multibase base58btc (`z…`).
///
/// # Errors
/// `malformed` for another base or alphabet, `too_large` above 256 characters.
pub fn from_multibase_base58(text: &str) -> Result<Vec<u8>, Error> {
    let digits = text
        .strip_prefix('z')
        .ok_or(Error::malformed("base58 multibase"))?;
    if digits.len() > BASE58_MAX {
        return Err(Error::too_large("base58 text", BASE58_MAX));
    }
    base58::decode(digits).ok_or(Error::malformed("base58"))
}

/// Reads multibase base64url without padding (`u…`).
///
/// # Errors
/// `malformed` for another base or spelling.
pub fn from_multibase_base64url(text: &str) -> Result<Vec<u8>, Error> {
    from_base64url(
        text.strip_prefix('u')
            .ok_or(Error::malformed("base64url multibase"))?,
    )
}

/// An unsigned varint (multiformats): seven bits a byte, least significant first.
#[must_use]
pub fn uvarint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2);
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Reads an unsigned varint in its shortest form and returns it with the bytes after it.
///
/// # Errors
/// `malformed` when it is cut off, longer than nine bytes, or not minimal.
pub fn from_uvarint(bytes: &[u8]) -> Result<(u64, &[u8]), Error> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            if *byte == 0 && index > 0 {
                break;
            }
            return Ok((value, bytes.get(index + 1..).unwrap_or_default()));
        }
    }
    Err(Error::malformed("varint"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        assert_eq!(from_base64url("Zg").ok().as_deref(), Some(&b"f"[..]));
        for text in ["Zg==", "Zh", "Z", "Z g", "+/+/"] {
            assert!(from_base64url(text).is_err(), "{text}");
        }
        for text in ["", "z0", "zO", "u1", "zé"] {
            assert!(from_multibase_base58(text).is_err(), "{text}");
        }
    }

    #[test]
    fn varints_are_minimal() {
        for value in [0, 1, 127, 128, 0x1200, u64::MAX >> 1] {
            assert_eq!(from_uvarint(&uvarint(value)), Ok((value, &[][..])));
        }
        for bytes in [&[0x80][..], &[0x80, 0], &[], &[0xff; 10]] {
            assert!(from_uvarint(bytes).is_err());
        }
    }
}
