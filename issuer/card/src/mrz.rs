//! The machine readable zone: TD1, TD2 and TD3 (Doc 9303-4, -5, -6), strict, every check digit checked.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::date::Date;
use crate::error::CardError;
use crate::tlv;

mod fields;
pub use fields::MrzDate;
use fields::{Line, check_digit};

/// The sizes of document Doc 9303 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MrzFormat {
    /// Card, three lines of 30.
    Td1,
    /// Larger card, two lines of 36.
    Td2,
    /// Booklet, two lines of 44.
    Td3,
}

/// What the zone says. Personal data: zeroized on drop, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Mrz {
    /// Size of document.
    #[zeroize(skip)]
    pub format: MrzFormat,
    /// One or two letters, for example `P` or `ID`.
    pub document_type: String,
    /// Issuing state or organisation, three-letter code (fewer for `D`).
    pub issuing_state: String,
    /// Document number without fillers, in full even where it overflows its field.
    pub document_number: String,
    /// Primary identifier; components separated by one space.
    pub surname: String,
    /// Secondary identifier; components separated by one space; may be empty.
    pub given_names: String,
    /// Nationality, three-letter code (fewer for `D`).
    pub nationality: String,
    /// Date of birth; two-digit year.
    pub birth_date: MrzDate,
    /// `'F'`, `'M'`, or `'<'` where unspecified.
    pub sex: char,
    /// Date of expiry; two-digit year.
    pub expiry: MrzDate,
    /// Optional data elements without trailing fillers, in document order.
    pub optional_data: Vec<String>,
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mrz({:?}, ..)", self.format)
    }
}

impl Mrz {
    /// Parses a zone given as one string of 90, 72 or 88 characters, without line breaks.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for another length, a character outside `A–Z 0–9 <`, a wrong check
    /// digit or a field that is not what its place demands.
    pub fn parse(text: &[u8]) -> Result<Self, CardError> {
        if !text
            .iter()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == b'<')
        {
            return Err(CardError::Malformed("MRZ character"));
        }
        match text.len() {
            90 => parse_td1(Line(text)),
            72 => parse_two_lines(Line(text), MrzFormat::Td2, 36),
            88 => parse_two_lines(Line(text), MrzFormat::Td3, 44),
            _ => Err(CardError::Malformed("MRZ length")),
        }
    }

    /// Parses EF.DG1: `61 { 5F1F mrz }` (Doc 9303-10 §4.7.1).
    ///
    /// # Errors
    /// As [`Mrz::parse`], and for any other structure.
    pub fn parse_dg1(dg1: &[u8]) -> Result<Self, CardError> {
        let inner = tlv::only_ber(dg1, 0x61, "DG1")?;
        Self::parse(tlv::only_ber(inner, 0x5F1F, "DG1 MRZ")?)
    }

    /// The day the document expires, its century chosen nearest to `now` (seconds since the epoch).
    ///
    /// # Errors
    /// [`CardError::Malformed`] when the zone does not name a day.
    pub fn expiry_date(&self, now: i64) -> Result<Date, CardError> {
        self.expiry
            .nearest_to(Date::from_unix(now))
            .ok_or(CardError::Malformed("MRZ date of expiry"))
    }

    /// The key with which this document's chip can be opened.
    ///
    /// # Errors
    /// [`CardError::AccessKeyInvalid`] for a number no zone has room for.
    pub fn access_key(&self) -> Result<MrzKey, CardError> {
        MrzKey::new(
            &self.document_number,
            self.birth_date.yymmdd(),
            self.expiry.yymmdd(),
        )
    }
}

/// TD1 (Doc 9303-5 §4.2.2).
fn parse_td1(all: Line<'_>) -> Result<Mrz, CardError> {
    let (upper, middle, lower) = (all.part(0, 30)?, all.part(30, 60)?, all.part(60, 90)?);
    let mut composite = Zeroizing::new(upper.part(5, 30)?.0.to_vec());
    for (from, to) in [(0, 7), (8, 15), (18, 29)] {
        composite.extend_from_slice(middle.part(from, to)?.0);
    }
    check_digit(&composite, middle.at(29)?, "MRZ composite check digit")?;
    let (document_number, optional) =
        document_number(upper.part(5, 14)?, upper.at(14)?, upper.part(15, 30)?)?;
    let (surname, given_names) = lower.names()?;
    Ok(Mrz {
        format: MrzFormat::Td1,
        document_type: upper.part(0, 2)?.text("MRZ document type")?,
        issuing_state: upper.part(2, 5)?.text("MRZ issuing state")?,
        document_number,
        surname,
        given_names,
        nationality: middle.part(15, 18)?.text("MRZ nationality")?,
        birth_date: middle.date(0)?,
        sex: middle.sex(7)?,
        expiry: middle.full_date(8)?,
        optional_data: vec![optional, middle.part(18, 29)?.trimmed()],
    })
}

/// TD2 (Doc 9303-6 §4.2.2) and TD3 (Doc 9303-4 §4.2.2) differ in the width and the end of line two.
fn parse_two_lines(all: Line<'_>, format: MrzFormat, width: usize) -> Result<Mrz, CardError> {
    let (upper, lower) = (all.part(0, width)?, all.part(width, 2 * width)?);
    let mut composite = Zeroizing::new(Vec::new());
    for (from, to) in [(0, 10), (13, 20), (21, width - 1)] {
        composite.extend_from_slice(lower.part(from, to)?.0);
    }
    check_digit(
        &composite,
        lower.at(width - 1)?,
        "MRZ composite check digit",
    )?;
    let (document_number, optional) = match format {
        MrzFormat::Td3 => {
            let number = lower.part(0, 9)?;
            check_digit(number.0, lower.at(9)?, "MRZ document number check digit")?;
            let personal = lower.part(28, 42)?;
            // Doc 9303-4 §4.2.2.2: the digit of an empty personal number may be a filler.
            if !(personal.trimmed().is_empty() && lower.at(42)? == b'<') {
                check_digit(personal.0, lower.at(42)?, "MRZ personal number check digit")?;
            }
            (number.text("MRZ document number")?, personal.trimmed())
        }
        _ => document_number(lower.part(0, 9)?, lower.at(9)?, lower.part(28, width - 1)?)?,
    };
    let (surname, given_names) = upper.part(5, width)?.names()?;
    Ok(Mrz {
        format,
        document_type: upper.part(0, 2)?.text("MRZ document type")?,
        issuing_state: upper.part(2, 5)?.text("MRZ issuing state")?,
        document_number,
        surname,
        given_names,
        nationality: lower.part(10, 13)?.text("MRZ nationality")?,
        birth_date: lower.date(13)?,
        sex: lower.sex(20)?,
        expiry: lower.full_date(21)?,
        optional_data: vec![optional],
    })
}

/// A number longer than nine characters has a filler for its check digit and goes on, with the real
/// check digit last, at the start of the optional data (Doc 9303-5 §4.2.2.1 note j).
fn document_number(
    field: Line<'_>,
    digit: u8,
    optional: Line<'_>,
) -> Result<(String, String), CardError> {
    const WHAT: &str = "MRZ document number check digit";
    if digit != b'<' {
        check_digit(field.0, digit, WHAT)?;
        return Ok((field.text("MRZ document number")?, optional.trimmed()));
    }
    let end = optional
        .0
        .iter()
        .position(|c| *c == b'<')
        .unwrap_or(optional.0.len());
    let (overflow, rest) = (
        optional.part(0, end)?,
        optional.part(end, optional.0.len())?,
    );
    let (last, head) = overflow.0.split_last().ok_or(CardError::Malformed(WHAT))?;
    let mut number = Zeroizing::new(field.0.to_vec());
    number.extend_from_slice(head);
    if head.is_empty() || number.contains(&b'<') {
        return Err(CardError::Malformed(WHAT));
    }
    check_digit(&number, *last, WHAT)?;
    Ok((
        Line(&number).trimmed(),
        rest.0
            .iter()
            .skip(1)
            .map(|c| char::from(*c))
            .collect::<String>()
            .trim_end_matches('<')
            .to_owned(),
    ))
}

/// The three fields that open a chip, checked for form, with their check digits.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct MrzKey {
    information: Vec<u8>,
}

impl MrzKey {
    /// From the document number (fillers optional) and two `YYMMDD` dates. What is unknown of the date of birth is
    /// fillers here as in the zone (Doc 9303-11 §9.7.2 takes the fields as they are printed).
    ///
    /// # Errors
    /// [`CardError::AccessKeyInvalid`] for anything that could not stand in a zone.
    pub fn new(document_number: &str, birth: &str, expiry: &str) -> Result<Self, CardError> {
        let number = document_number.trim_end_matches('<');
        let fits = (1..=22).contains(&number.len())
            && number
                .bytes()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'<');
        if !fits {
            return Err(CardError::AccessKeyInvalid("document number"));
        }
        let mut information = Vec::with_capacity(40);
        let padded = Zeroizing::new(format!("{number:<<9}"));
        for (field, what) in [
            (padded.as_str(), "document number"),
            (birth, "date of birth"),
            (expiry, "date of expiry"),
        ] {
            let legal = match what {
                "document number" => true,
                "date of birth" => fields::is_date(field.as_bytes()),
                _ => field.len() == 6 && field.bytes().all(|c| c.is_ascii_digit()),
            };
            if !legal {
                return Err(CardError::AccessKeyInvalid(what));
            }
            information.extend_from_slice(field.as_bytes());
            information.push(fields::compute_check_digit(field.as_bytes()));
        }
        Ok(Self { information })
    }

    /// The MRZ information of Doc 9303-11 §9.7.2: each field followed by its check digit.
    pub(crate) fn information(&self) -> &[u8] {
        &self.information
    }
}

#[cfg(test)]
mod tests;
