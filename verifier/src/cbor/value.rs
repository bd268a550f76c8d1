//! A whole CBOR item, read within bounds.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::{ARRAY, BAD, BYTES, MAP, NEGATIVE, Reader, SIMPLE, TAG, TEXT, UNSIGNED, Writer};
use crate::error::Error;

/// Bounds on hostile input.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The greatest length of the encoding, in bytes.
    pub bytes: usize,
    /// The greatest nesting of arrays, maps and tags. At most 64 takes effect.
    pub depth: usize,
    /// The greatest number of items, map keys and values counted each.
    pub items: usize,
}

impl Limits {
    /// For tokens and messages: 256 KiB, 16 deep, 4,096 items.
    pub const MESSAGE: Self = Self {
        bytes: 256 * 1024,
        depth: 16,
        items: 4096,
    };
    /// For COSE headers: 16 KiB, 8 deep, 256 items.
    pub const HEADER: Self = Self {
        bytes: 16 * 1024,
        depth: 8,
        items: 256,
    };
}

/// A CBOR data item (RFC 8949 §2), of the kinds that this crate reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Major types 0 and 1, within 64 bits with a sign.
    Integer(i64),
    /// Major type 2.
    Bytes(Vec<u8>),
    /// Major type 3, in UTF-8.
    Text(String),
    /// Major type 4.
    Array(Vec<Value>),
    /// Major type 5: pairs in the order of the encoding, no key twice.
    Map(Vec<(Value, Value)>),
    /// Major type 6.
    Tag(u64, Box<Value>),
    /// `false` or `true`.
    Bool(bool),
    /// `null`.
    Null,
}

/// Reads exactly one item.
///
/// # Errors
/// `too_large` above a limit; `malformed` for a truncated item, bytes after it, an integer or length that is not in its
/// shortest form, an indefinite length, a duplicate map key, a float, or text that is not UTF-8.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Value, Error> {
    if bytes.len() > limits.bytes {
        return Err(Error::too_large("CBOR item", limits.bytes));
    }
    let mut reader = Reader(bytes);
    let mut left = Limits {
        depth: limits.depth.min(64),
        ..limits
    };
    let value = read(&mut reader, limits, &mut left)?;
    reader.end()?;
    Ok(value)
}

/// `left` is what remains of the `limits`.
fn read(reader: &mut Reader<'_>, limits: Limits, left: &mut Limits) -> Result<Value, Error> {
    left.items = left
        .items
        .checked_sub(1)
        .ok_or(Error::too_large("number of CBOR items", limits.items))?;
    let (major, argument) = reader.any_head()?;
    let length = || usize::try_from(argument).map_err(|_| BAD);
    if matches!(major, ARRAY | MAP | TAG) {
        left.depth = left
            .depth
            .checked_sub(1)
            .ok_or(Error::too_large("nesting of CBOR", limits.depth))?;
    }
    let value = match major {
        UNSIGNED => i64::try_from(argument).map(Value::Integer).map_err(|_| BAD),
        NEGATIVE => i64::try_from(argument)
            .map(|argument| Value::Integer(!argument))
            .map_err(|_| BAD),
        BYTES => Ok(Value::Bytes(reader.take(length()?)?.to_vec())),
        TEXT => String::from_utf8(reader.take(length()?)?.to_vec())
            .map(Value::Text)
            .map_err(|_| BAD),
        ARRAY => {
            // Nothing is allocated on the word of a length: each item needs bytes of its own.
            (0..length()?)
                .map(|_| read(reader, limits, left))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        MAP => {
            let mut pairs: Vec<(Value, Value)> = Vec::new();
            for _ in 0..length()? {
                let key = read(reader, limits, left)?;
                // §5.6: duplicate keys are refused; maps are small, for the items are counted.
                if pairs.iter().any(|(known, _)| *known == key) {
                    return Err(Error::malformed("CBOR map with a duplicate key"));
                }
                pairs.push((key, read(reader, limits, left)?));
            }
            Ok(Value::Map(pairs))
        }
        TAG => read(reader, limits, left).map(|value| Value::Tag(argument, Box::new(value))),
        SIMPLE => match argument {
            20 => Ok(Value::Bool(false)),
            21 => Ok(Value::Bool(true)),
            22 => Ok(Value::Null),
            _ => Err(BAD),
        },
        _ => Err(BAD),
    }?;
    if matches!(major, ARRAY | MAP | TAG) {
        left.depth += 1;
    }
    Ok(value)
}

impl Value {
    /// The encoding: shortest heads, definite lengths, map entries in the order in which they stand here.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::new());
        self.write(&mut writer);
        writer.0
    }

    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Integer(value) => writer.integer(*value),
            Self::Bytes(bytes) => writer.bytes(bytes),
            Self::Text(text) => writer.text(text),
            Self::Array(items) => {
                writer.array(items.len());
                items.iter().for_each(|item| item.write(writer));
            }
            Self::Map(pairs) => {
                writer.map(pairs.len());
                for (key, value) in pairs {
                    key.write(writer);
                    value.write(writer);
                }
            }
            Self::Tag(tag, value) => {
                writer.tag(*tag);
                value.write(writer);
            }
            Self::Bool(value) => writer.simple(20 + u8::from(*value)),
            Self::Null => writer.simple(22),
        }
    }

    /// The value under an integer key of a map.
    #[must_use]
    pub fn at(&self, label: i64) -> Option<&Self> {
        self.entry(&Self::Integer(label))
    }

    /// The value under a text key of a map.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let pairs = self.as_map()?;
        pairs
            .iter()
            .find(|(key, _)| key.as_text() == Some(name))
            .map(|(_, value)| value)
    }

    fn entry(&self, label: &Self) -> Option<&Self> {
        let pairs = self.as_map()?;
        pairs
            .iter()
            .find(|(key, _)| key == label)
            .map(|(_, value)| value)
    }

    /// The pairs, if it is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match self {
            Self::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The items, if it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The number, if it is an integer.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is a text string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is a byte string.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloc::vec;

    fn code(bytes: &[u8]) -> Result<Value, &'static str> {
        parse(bytes, Limits::HEADER).map_err(|error| error.code())
    }

    /// RFC 8949 appendix A, the kinds that are read here.
    #[test]
    fn the_examples_of_rfc_8949_read_and_write_back() {
        let text = |text: &str| Value::Text(text.into());
        let examples: [(&[u8], Value); 12] = [
            (&[0x20], Value::Integer(-1)),
            (&[0x38, 0x63], Value::Integer(-100)),
            (&[0x39, 0x03, 0xe7], Value::Integer(-1000)),
            (
                &[0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0],
                Value::Integer(1_000_000_000_000),
            ),
            (&[0xf4], Value::Bool(false)),
            (&[0xf5], Value::Bool(true)),
            (&[0xf6], Value::Null),
            (
                &[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0],
                Value::Tag(1, Box::new(Value::Integer(1_363_896_240))),
            ),
            (&[0x44, 1, 2, 3, 4], Value::Bytes(vec![1, 2, 3, 4])),
            (&[0x62, 0x22, 0x5c], text("\"\\")),
            (
                &[0x83, 1, 0x82, 2, 3, 0x82, 4, 5],
                Value::Array(vec![
                    Value::Integer(1),
                    Value::Array(vec![Value::Integer(2), Value::Integer(3)]),
                    Value::Array(vec![Value::Integer(4), Value::Integer(5)]),
                ]),
            ),
            (
                &[0xa2, 0x61, 0x61, 1, 0x61, 0x62, 0x82, 2, 3],
                Value::Map(vec![
                    (text("a"), Value::Integer(1)),
                    (
                        text("b"),
                        Value::Array(vec![Value::Integer(2), Value::Integer(3)]),
                    ),
                ]),
            ),
        ];
        for (bytes, value) in examples {
            assert_eq!(code(bytes).as_ref(), Ok(&value));
            assert_eq!(value.to_vec(), bytes);
        }
        for number in [i64::MIN, i64::MAX, -24, -25, -256, -257, 0, 0x1_0000_0000] {
            let bytes = Value::Integer(number).to_vec();
            assert_eq!(code(&bytes), Ok(Value::Integer(number)));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let refused: [&[u8]; 13] = [
            &[],
            &[0x18, 0x17],
            &[0x1b, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x9f, 0xff],
            &[0x5f, 0xff],
            &[0xf9, 0, 0],
            &[0xf7],
            &[0xf8, 32],
            &[0x61, 0xff],
            &[0xa2, 1, 2, 1, 3],
            &[0xa1, 1],
            &[0, 0],
        ];
        for bytes in refused {
            assert_eq!(code(bytes), Err("malformed"), "{bytes:x?}");
        }
    }

    #[test]
    fn depth_items_and_bytes_are_bounded() {
        let deep = |levels: usize| [vec![0x81; levels], vec![0]].concat();
        assert!(code(&deep(8)).is_ok());
        assert_eq!(code(&deep(9)), Err("too_large"));
        let tags = [vec![0xc1; 9], vec![0]].concat();
        assert_eq!(code(&tags), Err("too_large"));
        let many = [vec![0x99, 1, 0], vec![0; 256]].concat();
        assert_eq!(code(&many), Err("too_large"));
        assert_eq!(code(&vec![0; 16 * 1024 + 1]), Err("too_large"));
        // A length is not believed: nothing is allocated for it.
        assert_eq!(code(&[0x9b, 0, 0, 0, 1, 0, 0, 0, 0]), Err("malformed"));
    }

    #[test]
    fn entries_are_found_by_label_and_by_name() {
        let map = code(&[0xa2, 1, 0x26, 0x61, 0x61, 0x41, 7]).unwrap();
        assert_eq!(map.at(1).and_then(Value::as_integer), Some(-7));
        assert_eq!(map.member("a").and_then(Value::as_bytes), Some(&[7][..]));
        assert!(map.at(2).is_none() && map.member("b").is_none());
    }

    #[test]
    fn depth_counts_what_is_open_and_not_what_was() {
        let limits = |depth, bytes| Limits {
            depth,
            bytes,
            items: 100,
        };
        let code = |bytes: &[u8], limits| parse(bytes, limits).map_err(|error| error.code());
        // [[], [], [], []]: many beside each other, two deep.
        let wide = [0x84, 0x80, 0x80, 0x80, 0x80];
        assert!(code(&wide, limits(2, 5)).is_ok());
        assert_eq!(code(&wide, limits(1, 5)), Err("too_large"));
        assert_eq!(code(&wide, limits(2, 4)), Err("too_large"));
        // [[[]]]
        assert_eq!(code(&[0x81, 0x81, 0x80], limits(2, 5)), Err("too_large"));
        // Whatever the caller allows, no more than 64.
        let deep = |count: usize| [&alloc::vec![0x81; count - 1][..], &[0x80]].concat();
        assert!(code(&deep(64), limits(100, 100)).is_ok());
        assert_eq!(code(&deep(65), limits(100, 100)), Err("too_large"));
    }
}
