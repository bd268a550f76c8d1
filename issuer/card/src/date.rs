//! Calendar days, for dates of expiry. No clock: the time is always an argument.

/// A day of the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

impl Date {
    /// A day that exists, in the years 1 to 9999.
    #[must_use]
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=length).contains(&day)).then_some(Self {
            year,
            month,
            day,
        })
    }

    /// Parses `YYYY-MM-DD`.
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Self> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
            return None;
        };
        let number = |digits: &[u8]| -> Option<i32> {
            digits.iter().try_fold(0, |sum, digit| {
                digit
                    .is_ascii_digit()
                    .then(|| sum * 10 + i32::from(digit - b'0'))
            })
        };
        Self::new(
            number(&[y1, y2, y3, y4])?,
            u8::try_from(number(&[m1, m2])?).ok()?,
            u8::try_from(number(&[d1, d2])?).ok()?,
        )
    }

    /// The day (UTC) of a time in seconds since the epoch; clamped to the years 1 to 9999.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Self {
        // Days since 0000-03-01, so that leap days end a year (the civil-from-days method).
        let days = seconds.div_euclid(86_400).clamp(-719_162, 2_932_896) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year: year as i32,
            month: month as u8,
            day: day as u8,
        }
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let shifted_month = (i64::from(self.month) + 9) % 12;
        let of_year = (153 * shifted_month + 2) / 5 + i64::from(self.day) - 1;
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
            - 719_468
    }

    /// Year, month, day.
    #[must_use]
    pub fn parts(self) -> (i32, u8, u8) {
        (self.year, self.month, self.day)
    }
}

/// Seconds since the epoch of a UTCTime (tag 17) or GeneralizedTime (tag 18) in the form of RFC 5280
/// §4.1.2.5: in UTC, with seconds, without fractions.
pub(crate) fn parse_time(tag: u32, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let pair = |at: usize| -> Option<i64> {
        let pair = digits.get(at..at + 2)?;
        Some(
            pair.iter()
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')),
        )
    };
    let (year, at) = match (tag, digits.len()) {
        // RFC 5280 §4.1.2.5.1: two digits from 50 on are of the last century.
        (0x17, 12) => (pair(0)? + if pair(0)? < 50 { 2000 } else { 1900 }, 2),
        (0x18, 14) => (pair(0)? * 100 + pair(2)?, 4),
        _ => return None,
    };
    let (month, day) = (
        u8::try_from(pair(at)?).ok()?,
        u8::try_from(pair(at + 2)?).ok()?,
    );
    let date = Date::new(i32::try_from(year).ok()?, month, day)?;
    let (hour, minute, second) = (pair(at + 4)?, pair(at + 6)?, pair(at + 8)?);
    (hour < 24 && minute < 60 && second < 60)
        .then(|| date.days() * 86_400 + hour * 3600 + minute * 60 + second)
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("1969-12-31", -1),
            ("2026-11-22", 20_779),
        ] {
            let date = Date::parse_iso(text).unwrap();
            assert_eq!((date.days(), date.to_string().as_str()), (days, text));
        }
        for text in [
            "2001-02-29",
            "1900-02-29",
            "2000-13-01",
            "2000-00-01",
            "2000-01-32",
            "0000-01-01",
            "2000-1-01",
            "+200-01-01",
        ] {
            assert!(Date::parse_iso(text).is_none(), "{text}");
        }
    }

    #[test]
    fn times_of_certificates() {
        for (tag, text, seconds) in [
            (0x17, "700101000000Z", Some(0)),
            (0x17, "491231235959Z", Some(2_524_607_999)),
            (0x17, "500101000000Z", Some(-631_152_000)),
            (0x18, "20261122093000Z", Some(1_795_339_800)),
            (0x18, "20261122093060Z", None),
            (0x18, "20260230093000Z", None),
            (0x17, "2611220930Z", None),
            (0x17, "261122093000+0100", None),
            (0x18, "261122093000Z", None),
        ] {
            assert_eq!(parse_time(tag, text.as_bytes()), seconds, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_not(text in prop::collection::vec(any::<u8>(), 0..20)) {
            prop_assert!(parse_time(0x19, &text).is_none());
            let _ = parse_time(0x18, &text);
        }

        #[test]
        fn days_and_dates_agree(days in -719_162_i64..2_932_896) {
            prop_assert_eq!(Date::from_unix(days * 86_400 + 5).days(), days);
        }

        #[test]
        fn any_time_has_a_day(seconds in any::<i64>()) {
            prop_assert!((1..=9999).contains(&Date::from_unix(seconds).parts().0));
        }
    }
}
