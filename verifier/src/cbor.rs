//! As much CBOR (RFC 8949) as proof values, COSE messages and CBOR Web Tokens need, strictly: integers in their shortest
//! form (§4.2.1), byte and text strings, arrays and maps of definite length, tags, `false`, `true` and `null`. No floats,
//! no indefinite lengths. [`Value`] is a whole item with bounds; `Reader` and `Writer` take and append heads.

mod value;

pub use value::{Limits, Value, parse};

use crate::error::Error;
use alloc::string::String;
use alloc::vec::Vec;

const BAD: Error = Error::malformed("CBOR");

/// Major types.
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

/// Appends items to a buffer.
pub(crate) struct Writer(pub(super) Vec<u8>);

impl Writer {
    fn head(&mut self, major: u8, value: usize) {
        self.head64(major, u64::try_from(value).unwrap_or(u64::MAX));
    }

    fn head64(&mut self, major: u8, value: u64) {
        let major = major << 5;
        let be = value.to_be_bytes();
        let [.., b4, b5, b6, b7] = be;
        match value {
            0..=23 => self.0.push(major | b7),
            24..=0xff => self.0.extend([major | 24, b7]),
            0x100..=0xffff => self.0.extend([major | 25, b6, b7]),
            0x1_0000..=0xffff_ffff => self.0.extend([major | 26, b4, b5, b6, b7]),
            _ => {
                self.0.push(major | 27);
                self.0.extend(be);
            }
        }
    }

    pub(crate) fn unsigned(&mut self, value: usize) {
        self.head(UNSIGNED, value);
    }

    pub(crate) fn integer(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head64(UNSIGNED, value),
            // §3.1: major type 1 carries -1 - value, which is the complement.
            Err(_) => self.head64(NEGATIVE, (!value).unsigned_abs()),
        }
    }

    pub(crate) fn tag(&mut self, tag: u64) {
        self.head64(TAG, tag);
    }

    /// 20 is `false`, 21 `true`, 22 `null` (§3.3).
    fn simple(&mut self, value: u8) {
        self.0.push(SIMPLE << 5 | value);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.head(BYTES, bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.head(TEXT, text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn array(&mut self, items: usize) {
        self.head(ARRAY, items);
    }

    pub(crate) fn map(&mut self, entries: usize) {
        self.head(MAP, entries);
    }
}

/// Takes items off the front of a buffer.
pub(crate) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BAD)?;
        self.0 = rest;
        Ok(taken)
    }

    fn head(&mut self, major: u8) -> Result<usize, Error> {
        match self.any_head()? {
            (found, value) if found == major => usize::try_from(value).map_err(|_| BAD),
            _ => Err(BAD),
        }
    }

    /// Major type and argument of whatever comes next.
    fn any_head(&mut self) -> Result<(u8, u64), Error> {
        let [first] = self.take(1)? else {
            return Err(BAD);
        };
        let (major, first) = (first >> 5, first & 31);
        let (width, least) = match first {
            0..=23 => return Ok((major, u64::from(first))),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(BAD),
        };
        let value = self
            .take(width)?
            .iter()
            .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        // §4.2.1: the shortest form only; and no float or two-byte simple value.
        if value < least || major == SIMPLE {
            return Err(BAD);
        }
        Ok((major, value))
    }

    pub(crate) fn unsigned(&mut self) -> Result<usize, Error> {
        self.head(UNSIGNED)
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        if self.head(BYTES)? != N {
            return Err(BAD);
        }
        self.take(N)?.try_into().map_err(|_| BAD)
    }

    /// A byte string of at most `most` bytes.
    #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
    pub(crate) fn byte_string(&mut self, most: usize) -> Result<&'a [u8], Error> {
        match self.head(BYTES)? {
            length if length <= most => self.take(length),
            _ => Err(BAD),
        }
    }

    /// The bytes of a text or byte string of at most `most` bytes.
    #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
    pub(crate) fn text_or_bytes(&mut self, most: usize) -> Result<&'a [u8], Error> {
        let (major, length) = self.any_head()?;
        match usize::try_from(length) {
            Ok(length) if length <= most && matches!(major, TEXT | BYTES) => self.take(length),
            _ => Err(BAD),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, Error> {
        let length = self.head(TEXT)?;
        let bytes = self.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| BAD)
    }

    /// The length of an array; no more than there are bytes left, so that it may be trusted for
    /// an allocation.
    pub(crate) fn array(&mut self) -> Result<usize, Error> {
        let items = self.head(ARRAY)?;
        if items > self.0.len() {
            return Err(BAD);
        }
        Ok(items)
    }

    pub(crate) fn map(&mut self) -> Result<usize, Error> {
        let entries = self.head(MAP)?;
        if entries > self.0.len() {
            return Err(BAD);
        }
        Ok(entries)
    }

    pub(crate) fn end(self) -> Result<(), Error> {
        match self.0 {
            [] => Ok(()),
            _ => Err(BAD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, Writer};
    use alloc::vec::Vec;

    /// RFC 8949 appendix A.
    #[test]
    fn the_examples_of_rfc_8949() {
        let mut writer = Writer(Vec::new());
        for number in [0, 23, 24, 100, 1000, 1_000_000] {
            writer.unsigned(number);
        }
        writer.bytes(&[1, 2, 3, 4]);
        writer.text("\u{fc}");
        writer.array(0);
        writer.map(1);
        let bytes = [
            0x00, 0x17, 0x18, 0x18, 0x18, 0x64, 0x19, 0x03, 0xe8, 0x1a, 0x00, 0x0f, 0x42, 0x40,
            0x44, 1, 2, 3, 4, 0x62, 0xc3, 0xbc, 0x80, 0xa1,
        ];
        assert_eq!(writer.0, bytes);
        let mut reader = Reader(&bytes);
        for number in [0, 23, 24, 100, 1000, 1_000_000] {
            assert_eq!(reader.unsigned(), Ok(number));
        }
        assert_eq!(reader.bytes(), Ok([1, 2, 3, 4]));
        assert_eq!(reader.text().as_deref(), Ok("\u{fc}"));
        assert_eq!(reader.array(), Ok(0));
        assert!(reader.map().is_err(), "one entry, no bytes");
        assert!(reader.end().is_ok());
    }

    #[test]
    fn other_forms_are_refused() {
        // Not the shortest, indefinite length, tag, negative, truncated.
        for bytes in [
            &[0x18, 0x17][..],
            &[0x19, 0, 0xff],
            &[0x1f],
            &[0xc0, 0],
            &[0x20],
            &[0x18],
        ] {
            assert!(Reader(bytes).unsigned().is_err(), "{bytes:?}");
        }
        assert!(
            Reader(&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255])
                .array()
                .is_err()
        );
        assert!(Reader(&[0x41, 0]).bytes::<2>().is_err());
        assert!(Reader(&[0]).end().is_err());
    }

    #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
    #[test]
    fn strings_of_either_kind_are_bounded_and_nothing_else_is_one() {
        let read = |bytes: &[u8]| Reader(bytes).text_or_bytes(2).ok().map(<[u8]>::to_vec);
        assert_eq!(read(&[0x42, 1, 2]), Some([1, 2].to_vec()));
        assert_eq!(read(&[0x62, b'a', b'b']), Some(b"ab".to_vec()));
        assert_eq!(read(&[0x43, 1, 2, 3]), None);
        assert_eq!(read(&[0x63, b'a', b'b', b'c']), None);
        // A number, an array, a map.
        assert_eq!(read(&[0x02, 1, 2]), None);
        assert_eq!(read(&[0x82, 1, 2]), None);
        assert_eq!(read(&[0xa1, 1, 2]), None);
        let bytes = |bytes: &[u8]| Reader(bytes).byte_string(2).is_ok();
        assert!(bytes(&[0x42, 1, 2]));
        assert!(!bytes(&[0x43, 1, 2, 3]));
    }

    /// As many entries as bytes are left: empty ones do not exist, so that none of those can be there.
    #[test]
    fn lengths_are_no_more_than_what_is_left() {
        assert_eq!(Reader(&[0xa1, 1]).map().ok(), Some(1));
        assert_eq!(Reader(&[0xa2, 1]).map().ok(), None);
        assert_eq!(Reader(&[0x81, 1]).array().ok(), Some(1));
        assert_eq!(Reader(&[0x82, 1]).array().ok(), None);
    }
}
