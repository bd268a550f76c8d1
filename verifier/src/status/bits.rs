//! The bits of a Bitstring Status List, and their encoding.

use super::array::{StatusArray, bounded};
use super::compression::{gunzip, gzip, unzlib, zlib};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::encoding::{base64url, from_base64url, from_multibase_base64url, multibase_base64url};
use crate::error::Error;

/// A bomb costs 16 MiB and no more.
pub(super) const LIMIT: usize = BitString::MAX_ENTRIES / 8;

/// How many bits one entry of a list takes (`statusSize`, Bitstring Status List §2.1): 1 to 16.
///
/// The standard sets no upper bound, but a credential must carry a message for each of the 2^n values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusSize(u8);

impl StatusSize {
    /// One bit: set or unset.
    pub const ONE: Self = Self(1);

    /// From a number of bits.
    ///
    /// # Errors
    /// `malformed` for zero, `too_large` above 16.
    pub const fn new(bits: u64) -> Result<Self, Error> {
        match bits {
            0 => Err(Error::malformed("status size of zero")),
            #[expect(clippy::cast_possible_truncation, reason = "at most 16")]
            1..=16 => Ok(Self(bits as u8)),
            _ => Err(Error::too_large("status size", 16)),
        }
    }

    /// The number of bits.
    #[must_use]
    pub const fn bits(self) -> usize {
        self.0 as usize
    }

    /// How many values an entry can have.
    #[must_use]
    pub const fn values(self) -> u32 {
        1 << self.0
    }
}

/// A list of bits, as many as a multiple of eight.
#[derive(Clone, PartialEq, Eq)]
pub struct BitString {
    /// Most significant bit first.
    bytes: Box<[u8]>,
}

impl BitString {
    /// The fewest entries of a list (Bitstring Status List §3.2): fewer would not hide a holder in a crowd.
    pub const MIN_ENTRIES: usize = 131_072;
    /// The most entries read or made: 16 MiB of bits. This bounds decompression.
    pub const MAX_ENTRIES: usize = 134_217_728;

    /// `len` zero bits, rounded up to a multiple of eight and at least [`Self::MIN_ENTRIES`].
    ///
    /// # Errors
    /// `too_large` above [`Self::MAX_ENTRIES`].
    pub fn new(len: usize) -> Result<Self, Error> {
        if len > Self::MAX_ENTRIES {
            return Err(Error::too_large("status list", Self::MAX_ENTRIES));
        }
        Ok(Self {
            bytes: vec![0; len.max(Self::MIN_ENTRIES).div_ceil(8)].into(),
        })
    }

    /// The number of entries.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len() * 8
    }

    /// The bit at `index`; `None` beyond the end.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<bool> {
        self.bytes
            .get(index / 8)
            .map(|byte| byte & (0x80 >> (index % 8)) != 0)
    }

    /// Sets the bit at `index`.
    ///
    /// # Errors
    /// `status_undetermined` beyond the end.
    pub fn set(&mut self, index: usize, value: bool) -> Result<(), Error> {
        let byte = self
            .bytes
            .get_mut(index / 8)
            .ok_or(Error::StatusUndetermined {
                why: "index beyond the list",
            })?;
        let mask = 0x80 >> (index % 8);
        *byte = if value { *byte | mask } else { *byte & !mask };
        Ok(())
    }

    /// The entry at `index` where entries take `size` bits each (§3.2); `None` beyond the end.
    #[must_use]
    pub fn value(&self, index: usize, size: StatusSize) -> Option<u32> {
        let first = index.checked_mul(size.bits())?;
        let last = first.checked_add(size.bits())?;
        (first..last).try_fold(0, |value, bit| Some(value << 1 | u32::from(self.get(bit)?)))
    }

    /// Sets the entry at `index` where entries take `size` bits each.
    ///
    /// # Errors
    /// `status_out_of_range` beyond the end, or for a value that does not fit.
    pub fn set_value(&mut self, index: usize, size: StatusSize, value: u32) -> Result<(), Error> {
        if value >= size.values() || self.value(index, size).is_none() {
            return Err(Error::StatusOutOfRange);
        }
        let last = (index + 1) * size.bits() - 1;
        (0..size.bits()).try_for_each(|bit| self.set(last - bit, value >> bit & 1 == 1))
    }

    /// `encodedList` (Bitstring Status List §3.2): multibase base64url of gzip.
    #[must_use]
    pub fn encode_bitstring(&self) -> String {
        multibase_base64url(&gzip(&self.bytes))
    }

    /// `lst` with one bit an entry (Token Status List §4.1): unpadded base64url of zlib.
    #[must_use]
    pub fn encode_token(&self) -> String {
        let list = StatusArray::from_bits(self);
        base64url(&zlib(list.as_bytes()))
    }

    /// Reads an `encodedList`.
    ///
    /// # Errors
    /// `malformed` for another base, broken gzip or trailing bytes; `status_list_too_short` for too few entries, `too_large`
    /// for too many.
    pub fn decode_bitstring(encoded: &str) -> Result<Self, Error> {
        let compressed = bounded(encoded).and_then(from_multibase_base64url)?;
        Self::read(gunzip(&compressed, LIMIT)?)
    }

    /// Reads a `lst` with one bit an entry.
    ///
    /// # Errors
    /// Those of [`decode_bitstring`](Self::decode_bitstring); padding is refused too.
    pub fn decode_token(encoded: &str) -> Result<Self, Error> {
        let compressed = bounded(encoded).and_then(from_base64url)?;
        let mut bytes = unzlib(&compressed, LIMIT)?;
        bytes
            .iter_mut()
            .for_each(|byte| *byte = byte.reverse_bits());
        Self::read(bytes)
    }

    /// Most significant bit first.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn read(bytes: Vec<u8>) -> Result<Self, Error> {
        if bytes.len() < Self::MIN_ENTRIES / 8 {
            return Err(Error::StatusListTooShort);
        }
        Ok(Self {
            bytes: bytes.into(),
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_keep_every_bit() {
        let mut bits = BitString::new(1).unwrap();
        assert_eq!(bits.len(), BitString::MIN_ENTRIES);
        for index in [0, 7, 8, 13, 131_071] {
            bits.set(index, true).unwrap();
        }
        assert!(bits.set(131_072, true).is_err());
        for decoded in [
            BitString::decode_bitstring(&bits.encode_bitstring()),
            BitString::decode_token(&bits.encode_token()),
        ] {
            let decoded = decoded.unwrap();
            assert!(decoded == bits);
            assert_eq!(
                (decoded.get(13), decoded.get(14), decoded.get(131_072)),
                (Some(true), Some(false), None)
            );
        }
    }

    /// Bitstring Status List §3.4 (the `encodedList` of the example): all zeros, gzip.
    #[test]
    fn the_bitstring_example_of_the_specification() {
        let bits = BitString::decode_bitstring(
            "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA",
        )
        .unwrap();
        assert_eq!(bits.len(), 131_072);
        assert_eq!(bits.get(94_567), Some(false));
    }

    /// Token Status List appendix with one bit: 2^20 entries.
    #[test]
    fn the_token_example_of_the_specification() {
        let lst = "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAAAJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb";
        let bits = BitString::decode_token(lst).unwrap();
        assert_eq!(bits.len(), 1_048_576);
        let set: Vec<usize> = (0..bits.len())
            .filter(|index| bits.get(*index) == Some(true))
            .collect();
        assert_eq!(
            set,
            [
                0, 1993, 25_460, 159_495, 495_669, 554_353, 645_645, 723_232, 854_545, 934_534,
                1_000_345
            ]
        );
    }
}
