//! BER-TLV of definite length, with at most three tag octets.
//!
//! What states sign is DER, with the shortest lengths only ([`Objects::new`], [`only`]). The data objects of a chip's files
//! and answers are BER-TLV by ISO/IEC 7816-4 §6.3, where a length may be written longer than it has to be, in up to five
//! octets ([`Objects::ber`], [`only_ber`]).

use crate::error::CardError;

/// One data object; `value` borrows from the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tlv<'a> {
    /// The tag octets read as a big-endian number, for example `0x5F1F`.
    pub(crate) tag: u32,
    /// The value octets.
    pub(crate) value: &'a [u8],
    /// The whole object: tag, length and value.
    pub(crate) encoded: &'a [u8],
}

/// Reads the data objects of a byte string one after the other. It never recurses: a caller that
/// wants the children of an object makes another `Objects` of its value, so depth is the caller's.
#[derive(Debug, Clone)]
pub(crate) struct Objects<'a> {
    rest: &'a [u8],
    lengths: Lengths,
}

/// How lengths may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lengths {
    /// As short as possible (X.690 §10.1).
    Shortest,
    /// In one to five octets (ISO/IEC 7816-4 §6.3).
    Any,
}

impl<'a> Objects<'a> {
    /// Starts at the first octet of `bytes`, which are DER.
    #[must_use]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            lengths: Lengths::Shortest,
        }
    }

    /// Starts at the first octet of `bytes`, which are data objects of a chip.
    #[must_use]
    pub(crate) fn ber(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            lengths: Lengths::Any,
        }
    }

    /// The next object, or `None` at the end of the input.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for a truncated object, one of indefinite length, or in DER one that is not minimal.
    pub(crate) fn read(&mut self) -> Result<Option<Tlv<'a>>, CardError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let header = Header::parse(self.rest, self.lengths)?.ok_or(TRUNCATED)?;
        let end = header.total().ok_or(TRUNCATED)?;
        let encoded = self.rest.get(..end).ok_or(TRUNCATED)?;
        let value = encoded.get(header.header_len..).ok_or(TRUNCATED)?;
        self.rest = self.rest.get(end..).ok_or(TRUNCATED)?;
        Ok(Some(Tlv {
            tag: header.tag,
            value,
            encoded,
        }))
    }

    /// The next object, which must carry `tag`.
    ///
    /// # Errors
    /// [`CardError::Malformed`] with the text `what` when it is another or missing.
    pub(crate) fn expect(&mut self, tag: u32, what: &'static str) -> Result<&'a [u8], CardError> {
        match self.read()? {
            Some(tlv) if tlv.tag == tag => Ok(tlv.value),
            _ => Err(CardError::Malformed(what)),
        }
    }

    /// Demands that nothing is left.
    ///
    /// # Errors
    /// [`CardError::Malformed`] with the text `what` when something is.
    pub(crate) fn end(&self, what: &'static str) -> Result<(), CardError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(CardError::Malformed(what))
        }
    }
}

const TRUNCATED: CardError = CardError::Malformed("truncated data object");

/// A byte string that is exactly one object with this tag; returns its value.
///
/// # Errors
/// [`CardError::Malformed`] with the text `what` otherwise.
pub(crate) fn only<'a>(
    bytes: &'a [u8],
    tag: u32,
    what: &'static str,
) -> Result<&'a [u8], CardError> {
    let mut objects = Objects::new(bytes);
    let value = objects.expect(tag, what)?;
    objects.end(what)?;
    Ok(value)
}

/// As [`only`], for a data object of a chip.
///
/// # Errors
/// As [`only`].
pub(crate) fn only_ber<'a>(
    bytes: &'a [u8],
    tag: u32,
    what: &'static str,
) -> Result<&'a [u8], CardError> {
    let mut objects = Objects::ber(bytes);
    let value = objects.expect(tag, what)?;
    objects.end(what)?;
    Ok(value)
}

/// The tag and length at the head of an object whose value may not have arrived yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The tag octets as a big-endian number.
    pub(crate) tag: u32,
    /// Octets taken by tag and length.
    pub(crate) header_len: usize,
    /// Octets of the value.
    pub(crate) value_len: usize,
}

impl Header {
    /// Parses a head; `None` when more octets are needed.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for what can never become a definite head whose length is written as `lengths` says.
    pub(crate) fn parse(bytes: &[u8], lengths: Lengths) -> Result<Option<Self>, CardError> {
        let mut octets = bytes.iter().copied();
        let Some(first) = octets.next() else {
            return Ok(None);
        };
        let mut tag = u32::from(first);
        let mut header_len = 1;
        if first & 0x1F == 0x1F {
            loop {
                let Some(next) = octets.next() else {
                    return Ok(None);
                };
                // X.690 §8.1.2.4.2: no leading zero digits; three octets hold every tag in use.
                if header_len == 3 || (header_len == 1 && next == 0x80) {
                    return Err(CardError::Malformed("tag"));
                }
                tag = tag << 8 | u32::from(next);
                header_len += 1;
                if next & 0x80 == 0 {
                    break;
                }
            }
        }
        let Some(length) = octets.next() else {
            return Ok(None);
        };
        header_len += 1;
        let mut value_len = usize::from(length);
        if length >= 0x80 {
            let count = usize::from(length & 0x7F);
            let most = match lengths {
                Lengths::Shortest => 3,
                Lengths::Any => 4,
            };
            if count == 0 || count > most {
                return Err(CardError::Malformed("length"));
            }
            value_len = 0;
            for _ in 0..count {
                let Some(next) = octets.next() else {
                    return Ok(None);
                };
                value_len = value_len << 8 | usize::from(next);
            }
            header_len += count;
            let longer = value_len < 0x80 || value_len >> (8 * (count - 1)) == 0;
            if longer && lengths == Lengths::Shortest {
                return Err(CardError::Malformed("length is not minimal"));
            }
        }
        Ok(Some(Self {
            tag,
            header_len,
            value_len,
        }))
    }

    /// Octets of the whole object; `None` on overflow (which only a 32-bit length can reach, on a small machine).
    #[must_use]
    pub(crate) fn total(&self) -> Option<usize> {
        self.header_len.checked_add(self.value_len)
    }
}

/// Encodes one object. `tag` is written in as many octets as it needs.
///
/// # Errors
/// [`CardError::TooLarge`] when the value is longer than three length octets can say.
pub(crate) fn encode(tag: u32, value: &[u8]) -> Result<Vec<u8>, CardError> {
    let mut out = Vec::with_capacity(value.len() + 8);
    let tag_octets = tag.to_be_bytes();
    let skip = (tag.leading_zeros() / 8).min(3) as usize;
    out.extend_from_slice(tag_octets.get(skip..).unwrap_or_default());
    let length = value.len();
    if length > 0xFF_FFFF {
        return Err(CardError::TooLarge {
            what: "data object",
            limit: 0xFF_FFFF,
        });
    }
    let [_, b2, b1, b0] = (length as u32).to_be_bytes();
    match length {
        0..=0x7F => out.push(b0),
        0x80..=0xFF => out.extend_from_slice(&[0x81, b0]),
        0x100..=0xFFFF => out.extend_from_slice(&[0x82, b1, b0]),
        _ => out.extend_from_slice(&[0x83, b2, b1, b0]),
    }
    out.extend_from_slice(value);
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_round_trip_at_every_boundary() {
        for length in [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x1_0000] {
            let value = vec![0xA5; length];
            for tag in [0x61, 0x5F1F, 0x7F61] {
                let encoded = encode(tag, &value).unwrap();
                assert_eq!(only(&encoded, tag, "test").unwrap(), value);
            }
        }
    }

    #[test]
    fn refuses_what_is_not_strict() {
        let cases: [(&str, &[u8]); 7] = [
            ("indefinite length", &[0x30, 0x80, 0x00, 0x00]),
            ("length not minimal", &[0x04, 0x81, 0x01, 0xAA]),
            (
                "two-octet length not minimal",
                &[0x04, 0x82, 0x00, 0x01, 0xAA],
            ),
            ("truncated value", &[0x04, 0x02, 0xAA]),
            ("truncated length", &[0x04]),
            ("four length octets", &[0x04, 0x84, 0x01, 0x00, 0x00, 0x00]),
            ("endless tag", &[0x1F, 0x81, 0x81, 0x81, 0x01, 0x00]),
        ];
        for (name, bytes) in cases {
            assert!(Objects::new(bytes).read().is_err(), "{name}");
        }
    }

    #[test]
    fn a_chip_may_write_lengths_longer() {
        let cases: [(&[u8], usize); 4] = [
            (&[0x04, 0x81, 0x01, 0xAA], 1),
            (&[0x04, 0x82, 0x00, 0x01, 0xAA], 1),
            (&[0x04, 0x84, 0x00, 0x00, 0x00, 0x01, 0xAA], 1),
            (&[0x04, 0x82, 0x00, 0x00], 0),
        ];
        for (bytes, length) in cases {
            assert_eq!(only_ber(bytes, 0x04, "test").unwrap().len(), length);
            assert!(only(bytes, 0x04, "test").is_err());
        }
        // Not without end, not in more octets, not beyond what is there.
        let refused: [&[u8]; 4] = [
            &[0x30, 0x80, 0x00, 0x00],
            &[0x04, 0x85, 0x00, 0x00, 0x00, 0x00, 0x00],
            &[0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0xAA],
            &[0x04, 0x81, 0x02, 0xAA],
        ];
        for bytes in refused {
            assert!(Objects::ber(bytes).read().is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_objects_stay_inside(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut objects = Objects::new(&bytes);
            let mut total = 0;
            while let Ok(Some(tlv)) = objects.read() {
                prop_assert_eq!(encode(tlv.tag, tlv.value).unwrap(), tlv.encoded);
                total += tlv.encoded.len();
            }
            prop_assert!(total <= bytes.len());
            let mut objects = Objects::ber(&bytes);
            let mut total = 0;
            while let Ok(Some(tlv)) = objects.read() {
                prop_assert!(tlv.encoded.ends_with(tlv.value));
                total += tlv.encoded.len();
            }
            prop_assert!(total <= bytes.len());
        }
    }
}
