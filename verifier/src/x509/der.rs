//! As much DER (X.690 §10) as certificates need: elements of definite, shortest length, borrowed from the input.

use crate::error::Error;

pub(super) const BAD: Error = Error::malformed("DER");

pub(super) mod tag {
    pub(in crate::x509) const BOOLEAN: u8 = 0x01;
    pub(in crate::x509) const INTEGER: u8 = 0x02;
    pub(in crate::x509) const BIT_STRING: u8 = 0x03;
    pub(in crate::x509) const OCTET_STRING: u8 = 0x04;
    pub(in crate::x509) const OID: u8 = 0x06;
    pub(in crate::x509) const UTC_TIME: u8 = 0x17;
    pub(in crate::x509) const GENERALIZED_TIME: u8 = 0x18;
    pub(in crate::x509) const SEQUENCE: u8 = 0x30;
}

/// An element: its tag, its content, and both as they stand.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// Takes elements off the front of a buffer. Nothing recurses: whoever wants what is inside an element makes a reader of
/// its content.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next element, whatever it is.
    pub(super) fn any(&mut self) -> Result<Element<'a>, Error> {
        let start = self.0;
        let (tag, length, rest) = match *start {
            // High tag numbers occur in no certificate.
            [tag, ..] if tag & 0x1f == 0x1f => return Err(BAD),
            [tag, length @ 0..=0x7f, ref rest @ ..] => (tag, usize::from(length), rest),
            [tag, 0x81, length @ 0x80..=0xff, ref rest @ ..] => (tag, usize::from(length), rest),
            [tag, 0x82, high @ 1..=0xff, low, ref rest @ ..] => {
                (tag, usize::from(u16::from_be_bytes([high, low])), rest)
            }
            // Indefinite, not the shortest, or longer than any certificate that is read.
            _ => return Err(BAD),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(BAD)?;
        let whole = start
            .get(..start.len().saturating_sub(rest.len()))
            .ok_or(BAD)?;
        self.0 = rest;
        Ok(Element {
            tag,
            content,
            whole,
        })
    }

    /// The next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Error> {
        let element = self.any()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(BAD)
        }
    }

    /// The next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Error> {
        match self.0.first() {
            Some(first) if *first == tag => self.any().map(Some),
            _ => Ok(None),
        }
    }

    /// The content of the next element, a sequence.
    pub(super) fn sequence(&mut self) -> Result<Self, Error> {
        Ok(Self(self.expect(tag::SEQUENCE)?.content))
    }

    /// A number that is not negative, without the sign octet (§8.3: in its shortest form).
    pub(super) fn unsigned(&mut self) -> Result<&'a [u8], Error> {
        match self.expect(tag::INTEGER)?.content {
            [] => Err(BAD),
            [0] => Ok(&[0]),
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Ok(rest),
            content @ [1..=0x7f, ..] => Ok(content),
            _ => Err(BAD),
        }
    }

    /// A truth value (§11.1: all bits or none).
    pub(super) fn boolean(element: &Element<'_>) -> Result<bool, Error> {
        match element.content {
            [0xff] => Ok(true),
            [0] => Ok(false),
            _ => Err(BAD),
        }
    }

    /// A bit string of whole octets.
    pub(super) fn octets(&mut self) -> Result<&'a [u8], Error> {
        match self.expect(tag::BIT_STRING)?.content {
            [0, octets @ ..] => Ok(octets),
            _ => Err(BAD),
        }
    }

    /// Nothing is left.
    pub(super) fn end(self) -> Result<(), Error> {
        match self.0 {
            [] => Ok(()),
            _ => Err(BAD),
        }
    }
}
