//! Fields of a line: check digits, names, dates.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::date::Date;
use crate::error::CardError;

/// A stretch of the zone whose characters are already known to be legal.
#[derive(Clone, Copy)]
pub(super) struct Line<'a>(pub(super) &'a [u8]);

impl<'a> Line<'a> {
    pub(super) fn part(self, from: usize, to: usize) -> Result<Line<'a>, CardError> {
        self.0
            .get(from..to)
            .map(Line)
            .ok_or(CardError::Malformed("MRZ length"))
    }

    pub(super) fn at(self, index: usize) -> Result<u8, CardError> {
        self.0
            .get(index)
            .copied()
            .ok_or(CardError::Malformed("MRZ length"))
    }

    /// The characters without trailing fillers.
    pub(super) fn trimmed(self) -> String {
        let text: String = self.0.iter().map(|c| char::from(*c)).collect();
        text.trim_end_matches('<').to_owned()
    }

    /// As [`Line::trimmed`], but not empty.
    pub(super) fn text(self, what: &'static str) -> Result<String, CardError> {
        let text = self.trimmed();
        if text.is_empty() {
            return Err(CardError::Malformed(what));
        }
        Ok(text)
    }

    /// `PRIMARY<COMPONENTS<<SECONDARY<COMPONENTS<<<` (Doc 9303-3 §4.6).
    pub(super) fn names(self) -> Result<(String, String), CardError> {
        let text = self.text("MRZ name")?;
        if text.bytes().any(|c| c.is_ascii_digit()) {
            return Err(CardError::Malformed("MRZ name"));
        }
        let (primary, secondary) = text.split_once("<<").unwrap_or((&text, ""));
        if primary.is_empty() || secondary.contains("<<") {
            return Err(CardError::Malformed("MRZ name"));
        }
        Ok((
            primary.replace('<', " "),
            secondary.replace('<', " ").trim().to_owned(),
        ))
    }

    /// A date and its check digit; parts of it may be unknown.
    pub(super) fn date(self, from: usize) -> Result<MrzDate, CardError> {
        let field = self.part(from, from + 6)?;
        check_digit(field.0, self.at(from + 6)?, "MRZ date check digit")?;
        MrzDate::parse(field.0)
    }

    /// A date that must name a day.
    pub(super) fn full_date(self, from: usize) -> Result<MrzDate, CardError> {
        let date = self.date(from)?;
        if date.digits().is_none() {
            return Err(CardError::Malformed("MRZ date of expiry"));
        }
        Ok(date)
    }

    pub(super) fn sex(self, index: usize) -> Result<char, CardError> {
        match self.at(index)? {
            c @ (b'F' | b'M' | b'<') => Ok(char::from(c)),
            _ => Err(CardError::Malformed("MRZ sex")),
        }
    }
}

/// Weights 7, 3, 1 repeating, modulo 10 (Doc 9303-3 §4.9).
pub(super) fn compute_check_digit(field: &[u8]) -> u8 {
    let sum: u32 = field
        .iter()
        .zip([7, 3, 1].iter().cycle())
        .map(|(c, weight)| {
            let value = match c {
                b'0'..=b'9' => c - b'0',
                b'A'..=b'Z' => c - b'A' + 10,
                _ => 0,
            };
            u32::from(value) * weight
        })
        .sum();
    b'0' + (sum % 10) as u8
}

pub(super) fn check_digit(field: &[u8], digit: u8, what: &'static str) -> Result<(), CardError> {
    if compute_check_digit(field) == digit {
        Ok(())
    } else {
        Err(CardError::Malformed(what))
    }
}

/// Whether this has the form of a date with perhaps unknown parts.
pub(super) fn is_date(field: &[u8]) -> bool {
    let legal = |pair: &[u8]| pair == b"<<" || pair.iter().all(u8::is_ascii_digit);
    field.len() == 6 && field.chunks(2).all(legal)
}

/// `YYMMDD` as the zone gives it; pairs of fillers stand for unknown parts (Doc 9303-3 §4.8).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct MrzDate(String);

impl MrzDate {
    fn parse(field: &[u8]) -> Result<Self, CardError> {
        if !is_date(field) {
            return Err(CardError::Malformed("MRZ date"));
        }
        let date = Self(field.iter().map(|c| char::from(*c)).collect());
        // The year 2000 is a leap year, so every possible day of a two-digit year passes here.
        if let Some((year, month, day)) = date.digits()
            && Date::new(2000 + year, month, day).is_none()
            && Date::new(1900 + year, month, day).is_none()
        {
            return Err(CardError::Malformed("MRZ date"));
        }
        Ok(date)
    }

    /// The six characters.
    #[must_use]
    pub fn yymmdd(&self) -> &str {
        &self.0
    }

    /// Whether this is the day `YYYY-MM-DD` names, as far as two digits of the year can say.
    /// A date with unknown parts matches nothing.
    #[must_use]
    pub fn matches(&self, iso: &str) -> bool {
        match Date::parse_iso(iso) {
            Some(date) => {
                let (year, month, day) = date.parts();
                self.digits() == Some((year.rem_euclid(100), month, day))
            }
            None => false,
        }
    }

    /// The day with this two-digit year that is nearest to `near`; for dates of expiry.
    #[must_use]
    pub fn nearest_to(&self, near: Date) -> Option<Date> {
        let (year, month, day) = self.digits()?;
        let century = near.parts().0.div_euclid(100) * 100;
        [century - 100, century, century + 100]
            .into_iter()
            .filter_map(|base| Date::new(base + year, month, day))
            .min_by_key(|date| (date.days() - near.days()).abs())
    }

    /// Two-digit year, month, day; `None` where a part is unknown.
    pub(super) fn digits(&self) -> Option<(i32, u8, u8)> {
        let number: u32 = self.0.parse().ok()?;
        Some((
            (number / 10_000) as i32,
            (number / 100 % 100) as u8,
            (number % 100) as u8,
        ))
    }
}
