//! The statuses of a Token Status List (§4.1), and their two encodings.

use alloc::boxed::Box;
use alloc::vec;

use serde_json::{Value, json};

use super::bits::{BitString, LIMIT};
use super::compression::{unzlib, zlib};
use crate::cbor;
use crate::encoding::{base64url, from_base64url};
use crate::error::Error;

/// How many bits one status takes (§4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EntryBits {
    /// Two statuses: valid and invalid.
    One = 1,
    /// Four statuses.
    Two = 2,
    /// Sixteen statuses.
    Four = 4,
    /// Two hundred and fifty-six statuses.
    Eight = 8,
}

impl EntryBits {
    /// From `bits`.
    ///
    /// # Errors
    /// `malformed` for anything but 1, 2, 4 and 8.
    pub const fn new(bits: u64) -> Result<Self, Error> {
        match bits {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            4 => Ok(Self::Four),
            8 => Ok(Self::Eight),
            _ => Err(Error::malformed("bits of a status list")),
        }
    }

    const fn bits(self) -> usize {
        self as usize
    }

    /// The statuses of one byte.
    const fn per_byte(self) -> usize {
        8 / self.bits()
    }

    /// The bits of the first status of a byte.
    const fn mask(self) -> u8 {
        0xff >> (8 - self.bits())
    }
}

/// What a status says (§7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusType {
    /// `VALID`, 0x00.
    Valid,
    /// `INVALID`, 0x01: revoked, annulled, taken back.
    Invalid,
    /// `SUSPENDED`, 0x02.
    Suspended,
    /// 0x03 and 0x0C to 0x0F: what the application says.
    ApplicationSpecific(u8),
    /// A value that nobody has registered yet.
    Unassigned(u8),
}

impl From<u8> for StatusType {
    fn from(value: u8) -> Self {
        match value {
            0 => Self::Valid,
            1 => Self::Invalid,
            2 => Self::Suspended,
            3 | 0x0c..=0x0f => Self::ApplicationSpecific(value),
            _ => Self::Unassigned(value),
        }
    }
}

impl From<StatusType> for u8 {
    fn from(status: StatusType) -> Self {
        match status {
            StatusType::Valid => 0,
            StatusType::Invalid => 1,
            StatusType::Suspended => 2,
            StatusType::ApplicationSpecific(value) | StatusType::Unassigned(value) => value,
        }
    }
}

/// A list of statuses of 1, 2, 4 or 8 bits, in the memory that its bytes take.
///
/// # Example
/// ```
/// use tessera_verifier::status::{EntryBits, StatusArray, StatusType};
///
/// let mut statuses = StatusArray::new(12, EntryBits::Two)?;
/// statuses.set(3, StatusType::Suspended)?;
/// let list = StatusArray::from_json(&statuses.to_json())?;
/// assert_eq!(list.get(3), Some(StatusType::Suspended));
/// assert_eq!((list.len(), list.get(12)), (12, None));
/// # Ok::<(), tessera_verifier::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StatusArray {
    /// The first status in the least significant bits.
    bytes: Box<[u8]>,
    bits: EntryBits,
}

impl StatusArray {
    /// The most bytes of a list that is read or made: 16 MiB. This bounds decompression.
    pub const MAX_BYTES: usize = LIMIT;

    /// `len` valid statuses, rounded up to whole bytes.
    ///
    /// # Errors
    /// `too_large` above [`Self::MAX_BYTES`].
    pub fn new(len: usize, bits: EntryBits) -> Result<Self, Error> {
        let bytes = len.div_ceil(bits.per_byte());
        if bytes > Self::MAX_BYTES {
            return Err(Error::too_large("status list", Self::MAX_BYTES));
        }
        Ok(Self {
            bytes: vec![0; bytes].into(),
            bits,
        })
    }

    /// The number of statuses.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an empty list is of no use")]
    pub fn len(&self) -> usize {
        self.bytes.len() * self.bits.per_byte()
    }

    /// How many bits a status takes.
    #[must_use]
    pub fn bits(&self) -> EntryBits {
        self.bits
    }

    /// The status at `index`; `None` beyond the end.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<StatusType> {
        let byte = self.bytes.get(index / self.bits.per_byte())?;
        let value = byte >> self.shift(index) & self.bits.mask();
        Some(value.into())
    }

    /// Sets the status at `index`.
    ///
    /// # Errors
    /// `status_out_of_range` beyond the end, or for a status that does not fit into the bits.
    pub fn set(&mut self, index: usize, status: StatusType) -> Result<(), Error> {
        let (shift, mask, value) = (self.shift(index), self.bits.mask(), u8::from(status));
        let byte = self
            .bytes
            .get_mut(index / self.bits.per_byte())
            .filter(|_| value & !mask == 0)
            .ok_or(Error::StatusOutOfRange)?;
        *byte = *byte & !(mask << shift) | value << shift;
        Ok(())
    }

    const fn shift(&self, index: usize) -> usize {
        index % self.bits.per_byte() * self.bits.bits()
    }

    /// The `StatusList` of §4.2: `bits` and `lst`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"bits": self.bits as u8, "lst": base64url(&zlib(&self.bytes))})
    }

    /// Reads a `StatusList` of §4.2.
    ///
    /// # Errors
    /// `malformed` for other bits, padded or broken base64url or zlib, and trailing bytes; `too_large`.
    pub fn from_json(list: &Value) -> Result<Self, Error> {
        const MALFORMED: Error = Error::malformed("status list");
        let bits = list.get("bits").and_then(Value::as_u64).ok_or(MALFORMED)?;
        let lst = list.get("lst").and_then(Value::as_str).ok_or(MALFORMED)?;
        let compressed = bounded(lst).and_then(from_base64url)?;
        Self::decompress(&compressed, EntryBits::new(bits)?)
    }

    /// The `StatusList` of §4.3: `bits` and `lst`.
    #[must_use]
    pub fn to_cbor(&self) -> cbor::Value {
        let text = |name: &str| cbor::Value::Text(name.into());
        cbor::Value::Map(vec![
            (text("bits"), cbor::Value::Integer(self.bits as i64)),
            (text("lst"), cbor::Value::Bytes(zlib(&self.bytes))),
        ])
    }

    /// Reads a `StatusList` of §4.3.
    ///
    /// # Errors
    /// Those of [`from_json`](Self::from_json).
    pub fn from_cbor(list: &cbor::Value) -> Result<Self, Error> {
        const MALFORMED: Error = Error::malformed("status list");
        let bits = list.member("bits").and_then(cbor::Value::as_integer);
        let bits = bits.and_then(|bits| u64::try_from(bits).ok());
        let lst = list.member("lst").and_then(cbor::Value::as_bytes);
        let compressed = lst.ok_or(MALFORMED)?;
        Self::decompress(compressed, EntryBits::new(bits.ok_or(MALFORMED)?)?)
    }

    fn decompress(compressed: &[u8], bits: EntryBits) -> Result<Self, Error> {
        let bytes = unzlib(compressed, LIMIT)?;
        if bytes.is_empty() {
            return Err(Error::malformed("empty status list"));
        }
        Ok(Self {
            bytes: bytes.into(),
            bits,
        })
    }

    /// One bit an entry, from the bits of a Bitstring Status List.
    #[must_use]
    pub fn from_bits(bits: &BitString) -> Self {
        Self {
            bytes: bits
                .bytes()
                .iter()
                .map(|byte| byte.reverse_bits())
                .collect(),
            bits: EntryBits::One,
        }
    }

    /// The bytes as they are compressed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Compressed bytes are never much longer than the bytes themselves.
pub(super) fn bounded(encoded: &str) -> Result<&str, Error> {
    const ENCODED: usize = LIMIT * 3 / 2;
    if encoded.len() > ENCODED {
        Err(Error::too_large("encoded status list", ENCODED))
    } else {
        Ok(encoded)
    }
}
