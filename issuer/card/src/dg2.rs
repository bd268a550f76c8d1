//! EF.DG2 (Doc 9303-10 §4.7.2): a CBEFF group of biometric templates around ISO/IEC 19794-5 face
//! records, or their successors of ISO/IEC 39794-5, around one picture.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::CardError;
use crate::tlv::{self, Objects};

/// Largest DG2 read, in bytes; real ones have fifteen to forty thousand.
pub(crate) const MAX_DG2: usize = 262_144;
/// ISO/IEC 19794-5:2005 §5.4, table 2: the fixed part of the facial record header.
const FACIAL_RECORD_HEADER: usize = 14;
const FACIAL_INFORMATION: usize = 20;
const FEATURE_POINT: usize = 8;
const IMAGE_INFORMATION: usize = 12;

/// How a portrait is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortraitFormat {
    /// JPEG (ISO/IEC 10918-1).
    Jpeg,
    /// JPEG 2000, either a JP2 file or a bare codestream (ISO/IEC 15444-1).
    Jpeg2000,
}

impl PortraitFormat {
    /// `image/jpeg` or `image/jp2`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Jpeg2000 => "image/jp2",
        }
    }

    /// From the first octets of the picture itself: headers have been known to lie.
    fn sniff(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\0\0\0\x0CjP  \r\n\x87\n")
            || bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51])
        {
            Some(Self::Jpeg2000)
        } else {
            None
        }
    }
}

/// The holder's portrait as the chip carries it. Personal data: zeroized on drop, never printed.
#[derive(PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Portrait {
    #[zeroize(skip)]
    format: PortraitFormat,
    bytes: Vec<u8>,
}

impl fmt::Debug for Portrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Portrait({:?}, ..)", self.format)
    }
}

impl Portrait {
    /// The first picture of an EF.DG2.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for any other structure, [`CardError::TooLarge`] beyond 256 KiB,
    /// [`CardError::Unsupported`] for a picture that is neither JPEG nor JPEG 2000.
    pub fn parse_dg2(dg2: &[u8]) -> Result<Self, CardError> {
        if dg2.len() > MAX_DG2 {
            return Err(CardError::TooLarge {
                what: "EF.DG2",
                limit: MAX_DG2,
            });
        }
        let group = tlv::only_ber(
            tlv::only_ber(dg2, 0x75, "DG2")?,
            0x7F61,
            "DG2 template group",
        )?;
        let mut templates = Objects::ber(group);
        let count = templates.expect(0x02, "DG2 template count")?;
        if !matches!(count, [1..=9]) {
            return Err(CardError::Malformed("DG2 template count"));
        }
        let mut template = Objects::ber(templates.expect(0x7F60, "DG2 template")?);
        template.expect(0xA1, "DG2 biometric header")?;
        match template.read()? {
            Some(block) if block.tag == 0x5F2E => Self::parse_record(block.value),
            Some(block) if block.tag == 0x7F2E => Self::parse_extensible(block.value),
            _ => Err(CardError::Malformed("DG2 biometric data block")),
        }
    }

    /// ISO/IEC 19794-5:2005 §5: header, then for each picture its information and octets.
    fn parse_record(record: &[u8]) -> Result<Self, CardError> {
        let mut octets = Octets(record);
        if octets.take(8)? != b"FAC\x00010\x00" {
            return Err(CardError::Malformed("face record version"));
        }
        let length = octets.number(4)?;
        let pictures = octets.number(2)?;
        if length != record.len() || pictures == 0 || length < FACIAL_RECORD_HEADER {
            return Err(CardError::Malformed("face record length"));
        }
        let block = octets.number(4)?;
        // Feature points: the count is the first field after the block length.
        let points = octets.number(2)?;
        octets.take(FACIAL_INFORMATION - 6)?;
        octets.take(points.saturating_mul(FEATURE_POINT))?;
        octets.take(IMAGE_INFORMATION)?;
        let head = FACIAL_INFORMATION + points.saturating_mul(FEATURE_POINT) + IMAGE_INFORMATION;
        let picture = block
            .checked_sub(head)
            .ok_or(CardError::Malformed("face image length"))?;
        Self::of(octets.take(picture)?)
    }

    /// ISO/IEC 39794-5:2019, in the application profile of travel documents: on the way from the FaceImageDataBlock to
    /// the picture each member is found by its tag, because most of those beside it may be absent.
    fn parse_extensible(block: &[u8]) -> Result<Self, CardError> {
        // [1], FaceImageDataBlock, representationBlocks, one of them, imageRepresentation, base, imageRepresentation2DBlock.
        const WAY: [u32; 7] = [0xA1, 0x65, 0xA1, 0x30, 0xA1, 0xA0, 0xA0];
        let mut value = block;
        for tag in WAY {
            value = member(value, tag)?;
        }
        // representationData2D.
        Self::of(member(value, 0x80)?)
    }

    fn of(bytes: &[u8]) -> Result<Self, CardError> {
        let format = PortraitFormat::sniff(bytes).ok_or_else(|| CardError::Unsupported {
            what: "portrait format",
            name: "neither JPEG nor JPEG 2000".to_owned(),
        })?;
        Ok(Self {
            format,
            bytes: bytes.to_vec(),
        })
    }

    /// How the picture is encoded.
    #[must_use]
    pub fn format(&self) -> PortraitFormat {
        self.format
    }

    /// The encoded picture.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The first object with this tag.
fn member(objects: &[u8], tag: u32) -> Result<&[u8], CardError> {
    let mut objects = Objects::ber(objects);
    while let Some(object) = objects.read()? {
        if object.tag == tag {
            return Ok(object.value);
        }
    }
    Err(CardError::Malformed("face image data block"))
}

/// Fixed-width fields of a binary record.
struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], CardError> {
        const SHORT: CardError = CardError::Malformed("face record is cut short");
        let (head, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(head)
    }

    /// A big-endian number of at most four octets.
    fn number(&mut self, octets: usize) -> Result<usize, CardError> {
        let field = self.take(octets)?;
        Ok(field
            .iter()
            .fold(0, |sum, octet| sum << 8 | usize::from(*octet)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    /// A record with two feature points and a picture of six octets.
    fn sample() -> Vec<u8> {
        let picture = [0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xD9];
        let block = FACIAL_INFORMATION + 2 * FEATURE_POINT + IMAGE_INFORMATION + picture.len();
        let mut record = b"FAC\x00010\x00".to_vec();
        record.extend(((FACIAL_RECORD_HEADER + block) as u32).to_be_bytes());
        record.extend([0, 1]);
        record.extend((block as u32).to_be_bytes());
        record.extend([0, 2]);
        record.extend([0; FACIAL_INFORMATION - 6 + 2 * FEATURE_POINT + IMAGE_INFORMATION]);
        record.extend(picture);
        let mut template = tlv::encode(0xA1, &[0x80, 2, 1, 1]).unwrap();
        template.extend(tlv::encode(0x5F2E, &record).unwrap());
        let mut group = vec![2, 1, 1];
        group.extend(tlv::encode(0x7F60, &template).unwrap());
        tlv::encode(0x75, &tlv::encode(0x7F61, &group).unwrap()).unwrap()
    }

    #[test]
    fn finds_the_picture() {
        let portrait = Portrait::parse_dg2(&sample()).unwrap();
        assert_eq!(portrait.format(), PortraitFormat::Jpeg);
        assert_eq!(portrait.bytes(), [0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xD9]);
        assert_eq!(format!("{portrait:?}"), "Portrait(Jpeg, ..)");
    }

    proptest! {
        #[test]
        fn mutations_never_panic_and_stay_inside(index in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let good = sample();
            let mut bad = good.clone();
            *bad.get_mut(index.index(good.len())).unwrap() = byte;
            if let Ok(portrait) = Portrait::parse_dg2(&bad) {
                prop_assert!(portrait.bytes().len() < good.len());
            }
            prop_assert!(Portrait::parse_dg2(good.get(..cut.index(good.len())).unwrap()).is_err());
        }

        #[test]
        fn arbitrary_records_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut record = b"FAC\x00010\x00".to_vec();
            record.extend(&bytes);
            if let Ok(portrait) = Portrait::parse_record(&record) {
                prop_assert!(portrait.bytes().len() <= bytes.len());
            }
            prop_assert!(Portrait::parse_dg2(&bytes).is_err());
        }
    }
}
