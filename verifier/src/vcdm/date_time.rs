//! `dateTimeStamp` of XML Schema 1.1 part 2 §3.4.28: a date and time that always names its zone.

use alloc::format;

use crate::time::Timestamp;

const DAY: i64 = 86_400;

/// A moment of the data model, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTimeStamp {
    second: Timestamp,
    nanosecond: u32,
}

impl DateTimeStamp {
    /// The second in which it lies.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        self.second
    }

    /// Reads the lexical form; years have four digits, and digits beyond the nanosecond are cut off.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (clock, rest) = text.split_at_checked(19)?;
        if clock.as_bytes().get(10) != Some(&b'T') {
            return None;
        }
        let (fraction, zone) = match rest.strip_suffix('Z') {
            Some(fraction) => (fraction, "Z"),
            None => rest.split_at_checked(rest.len().checked_sub(6)?)?,
        };
        if !is_zone(zone) {
            return None;
        }
        let digits = match fraction.strip_prefix('.') {
            None if fraction.is_empty() => "",
            Some(digits) if (1..=64).contains(&digits.len()) => digits,
            _ => return None,
        };
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let nanosecond = (0..9).fold(0u32, |n, place| {
            let digit = digits.as_bytes().get(place).map_or(0, |d| d - b'0');
            n * 10 + u32::from(digit)
        });
        // §3.3.7.2: 24:00:00 is the first moment of the day after.
        let (clock, days) = match clock.strip_suffix("T24:00:00") {
            Some(date) if nanosecond == 0 && digits.bytes().all(|d| d == b'0') => {
                (format!("{date}T00:00:00{zone}"), 1)
            }
            Some(_) => return None,
            None => (format!("{clock}{zone}"), 0),
        };
        let second = Timestamp::parse_rfc3339(&clock).ok()?;
        let shifted = second.add_seconds(days * DAY);
        (shifted.unix() == second.unix() + days * DAY).then_some(Self {
            second: shifted,
            nanosecond,
        })
    }
}

/// `Z`, or an offset of at most fourteen hours.
fn is_zone(zone: &str) -> bool {
    match zone.as_bytes() {
        b"Z" => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            let all = [h1, h2, m1, m2];
            if !all.iter().all(|digit| digit.is_ascii_digit()) {
                return false;
            }
            let [h1, h2, m1, m2] = all.map(|digit| u32::from(digit - b'0'));
            let (hours, minutes) = (h1 * 10 + h2, m1 * 10 + m2);
            minutes < 60 && hours * 60 + minutes <= 14 * 60
        }
        _ => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn moments_compare_whatever_their_zone() {
        let read = |text| DateTimeStamp::parse(text).unwrap();
        assert_eq!(
            read("2024-06-30T24:00:00Z"),
            read("2024-06-30T20:00:00.000-04:00")
        );
        assert!(read("2024-01-01T00:00:00.1Z") < read("2024-01-01T00:00:00.12Z"));
        assert!(read("2024-01-01T00:00:00.999999999Z") < read("2024-01-01T00:00:01Z"));
        assert_eq!(
            read("2024-01-01T00:00:00.123456789012Z"),
            read("2024-01-01T00:00:00.123456789Z")
        );
        assert_eq!(
            read("2024-01-01T14:00:00+14:00").timestamp().to_rfc3339(),
            "2024-01-01T00:00:00Z"
        );
    }

    #[test]
    fn a_time_without_zone_or_of_another_form_is_none() {
        for text in [
            "",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00+14:01",
            "2024-01-01T00:00:00+1:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00,5Z",
            "2024-01-01T24:00:01Z",
            "2024-01-01T24:00:00.1Z",
            "2024-01-01T24:00:00.0000000000001Z",
            "2024-02-30T00:00:00Z",
            "2024-01-01T00:00:60Z",
            "9999-12-31T24:00:00Z",
            "12024-01-01T00:00:00Z",
            "2024-01-01T00:00:00é",
        ] {
            assert!(DateTimeStamp::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn zones_and_the_last_moment_of_a_day() {
        let read = |text: &str| DateTimeStamp::parse(text);
        for text in [
            "2024-01-01T00:00:00+14:00",
            "2024-01-01T00:00:00-14:00",
            "2024-01-01T00:00:00+13:59",
        ] {
            assert!(read(text).is_some(), "{text}");
        }
        for text in [
            "2024-01-01T00:00:00+14:01",
            "2024-01-01T00:00:00+15:00",
            "2024-01-01T00:00:00+13:60",
            "2024-01-01T00:00:00+1x:00",
            "2024-01-01T00:00:00+01:0x",
            "2024-01-01T24:00:00.1Z",
            "2024-01-01T24:00:00.0000000001Z",
            "2024-01-01T24:00:01Z",
            "2024-01-01T00:00:00",
            "2024-01-01t00:00:00Z",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
        let next = read("2024-01-02T00:00:00Z");
        assert!(next.is_some());
        for text in ["2024-01-01T24:00:00Z", "2024-01-01T24:00:00.000Z"] {
            assert_eq!(read(text), next, "{text}");
        }
    }
}
