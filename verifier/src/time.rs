//! Points in time as arguments: the verifier has no clock of its own.

use alloc::string::String;
use alloc::string::ToString;
use core::fmt;

use crate::error::Error;

const DAY: i64 = 86_400;
/// 9999-12-31T23:59:59Z: the last second that RFC 3339 can write.
const LAST: i64 = 253_402_300_799;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds. Always within years 0000 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From seconds since the epoch, clamped to what RFC 3339 can write.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        const FIRST: i64 = -62_167_219_200;
        if seconds < FIRST {
            Self(FIRST)
        } else if seconds > LAST {
            Self(LAST)
        } else {
            Self(seconds)
        }
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// This moment plus `seconds` (which may be negative), saturating.
    #[must_use]
    pub const fn add_seconds(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Midnight (UTC) at or before this moment.
    #[must_use]
    pub const fn start_of_day(self) -> Self {
        Self(self.0 - self.0.rem_euclid(DAY))
    }

    /// The calendar day as `(year, month, day)` in UTC.
    #[must_use]
    pub const fn date(self) -> (i64, u32, u32) {
        civil(self.0.div_euclid(DAY))
    }

    /// Parses an RFC 3339 date-time (§5.6), with `Z` or a numeric offset; fractions of a second are cut off.
    ///
    /// # Errors
    /// `malformed` when the text is anything else, a leap second included.
    pub fn parse_rfc3339(text: &str) -> Result<Self, Error> {
        parse(text.as_bytes()).ok_or(Error::malformed("RFC 3339 time"))
    }

    /// Midnight (UTC) of a calendar day written `YYYY-MM-DD`.
    ///
    /// # Errors
    /// `malformed` when the text is no such day.
    pub fn parse_date(text: &str) -> Result<Self, Error> {
        let bytes = text.as_bytes();
        (bytes.len() == 10)
            .then(|| date(bytes))
            .flatten()
            .map(|days| Self(days * DAY))
            .ok_or(Error::malformed("calendar date"))
    }

    /// Writes `YYYY-MM-DDThh:mm:ssZ`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.to_string()
    }
}

/// As a NumericDate (RFC 7519 §2): whole seconds.
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::from_unix)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let second = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

fn number(bytes: &[u8], start: usize, len: usize) -> Option<i64> {
    bytes.get(start..start + len)?.iter().try_fold(0, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'))
    })
}

fn date(bytes: &[u8]) -> Option<i64> {
    let (year, month, day) = (
        number(bytes, 0, 4)?,
        number(bytes, 5, 2)?,
        number(bytes, 8, 2)?,
    );
    let separators = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    let length = days_in_month(year, month)?;
    (separators && (1..=length).contains(&day)).then(|| days(year, month, day))
}

fn parse(bytes: &[u8]) -> Option<Timestamp> {
    let day = date(bytes.get(..10)?)?;
    let separators = matches!(bytes.get(10), Some(b'T' | b't'))
        && bytes.get(13) == Some(&b':')
        && bytes.get(16) == Some(&b':');
    let (hour, minute, second) = (
        number(bytes, 11, 2)?,
        number(bytes, 14, 2)?,
        number(bytes, 17, 2)?,
    );
    if !separators || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = bytes.get(19..)?;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        rest = fraction.get(digits..)?;
    }
    let offset = match rest {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), clock @ ..] if clock.len() == 5 && clock.get(2) == Some(&b':') => {
            let (hours, minutes) = (number(clock, 0, 2)?, number(clock, 3, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if *sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let unix = day * DAY + hour * 3600 + minute * 60 + second - offset;
    (Timestamp::from_unix(unix).0 == unix).then_some(Timestamp(unix))
}

fn days_in_month(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        1..=12 => Some(31),
        _ => None,
    }
}

/// Days since the epoch of a proleptic Gregorian day: months counted from March, so leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days`].
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "1..=31"
)]
const fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = years + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month as u32, day as u32)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_rfc_examples() {
        let read = |text| Timestamp::parse_rfc3339(text).unwrap();
        assert_eq!(read("1970-01-01T00:00:00Z").unix(), 0);
        assert_eq!(
            read("1985-04-12T23:20:50.52Z").to_rfc3339(),
            "1985-04-12T23:20:50Z"
        );
        assert_eq!(
            read("1996-12-19T16:39:57-08:00"),
            read("1996-12-20T00:39:57Z")
        );
        assert_eq!(read("2000-02-29T00:00:00Z").unix(), 951_782_400);
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2023-02-29T00:00:00Z",
            "2023-01-01",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:00:00",
            "2023-01-01T00:00:60Z",
            "2023-01-01 00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-01-01T00:00:00.Z",
        ] {
            assert!(Timestamp::parse_rfc3339(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in -146_097..146_097 {
            let time = Timestamp::from_unix(day * DAY + 1);
            assert_eq!(Timestamp::parse_rfc3339(&time.to_rfc3339()).unwrap(), time);
        }
    }

    #[test]
    fn every_part_has_its_bounds_and_its_place() {
        let read = |text: &str| Timestamp::parse_rfc3339(text).ok().map(Timestamp::unix);
        let noon = read("2023-01-01T12:00:00Z").unwrap();
        for (text, later) in [
            ("2023-01-01T23:59:59Z", 11 * 3600 + 3599),
            ("2023-01-01T12:00:00+00:00", 0),
            ("2023-01-01T13:30:00+01:30", 0),
            ("2023-01-01T10:30:00-01:30", 0),
            ("2023-01-02T11:59:00+23:59", 0),
            ("2023-01-01t12:00:00z", 0),
            ("2023-01-01T12:00:00.123456789Z", 0),
        ] {
            assert_eq!(read(text), Some(noon + later), "{text}");
        }
        for text in [
            "2023-01-01T12:60:00Z",
            "2023-01-01T12:00:00+24:00",
            "2023-01-01T12:00:00+01:60",
            "2023-01-01T12:00:00+01-30",
            "2023-01-01T12:00:00+01:300",
            "2023-01-01T12:00:00+01:3",
            "2023-01-01T12:00:00 01:30",
            "2023-01-01T12:00:00.1234567890Z",
            "2023-01-01T12:00:00Zx",
            "2023/01-01T12:00:00Z",
            "2023-01/01T12:00:00Z",
            "2023-01-01T12.00:00Z",
            "2023-01-01T12:00.00Z",
            "2023-01-00T12:00:00Z",
            "2023-00-01T12:00:00Z",
            "2023-04-31T12:00:00Z",
            "2023-06-31T12:00:00Z",
            "1900-02-29T12:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read("2023-04-30T12:00:00Z").is_some());
        assert!(read("2023-05-31T12:00:00Z").is_some());
        assert!(read("2000-02-29T12:00:00Z").is_some());
        let evening = Timestamp::from_unix(noon + 3600);
        assert_eq!(evening.start_of_day().to_rfc3339(), "2023-01-01T00:00:00Z");
    }
}
