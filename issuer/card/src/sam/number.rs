//! Resident identity numbers (GB 11643): eighteen characters, the last a check digit of ISO/IEC 7064
//! MOD 11-2, with the day of birth and, in the parity of the order number, the sex inside. Foreigners' numbers since 2023
//! are made the same way, begin with 9, and say nothing of the sex.

use crate::date::Date;
use crate::error::CardError;

/// Checks a number and that it agrees with the birth date (`YYYYMMDD`) and sex printed beside it.
///
/// # Errors
/// [`CardError::Malformed`] naming what does not fit; never the number.
pub(super) fn check(number: &[u8; 18], birth: &[u8; 8], male: bool) -> Result<(), CardError> {
    check_form(number, birth)?;
    if (number[16] & 1 == 1) != male {
        return Err(CardError::Malformed("resident number and sex disagree"));
    }
    Ok(())
}

/// Checks the number of a foreigner's card of 2023 and that it agrees with the birth date (`YYYYMMDD`).
///
/// # Errors
/// As [`check`].
pub(super) fn check_foreigner(number: &[u8; 18], birth: &[u8; 8]) -> Result<(), CardError> {
    if number[0] != b'9' {
        return Err(CardError::Malformed("card number"));
    }
    check_form(number, birth)
}

fn check_form(number: &[u8; 18], birth: &[u8; 8]) -> Result<(), CardError> {
    let (digits, last) = (&number[..17], number[17]);
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(CardError::Malformed("resident number"));
    }
    if check_digit(digits) != last {
        return Err(CardError::Malformed("resident number check digit"));
    }
    let inside = &number[6..14];
    let value = |part: &[u8]| {
        part.iter()
            .fold(0_i32, |sum, digit| sum * 10 + i32::from(digit - b'0'))
    };
    let month_day = (value(&inside[4..6]) as u8, value(&inside[6..]) as u8);
    if Date::new(value(&inside[..4]), month_day.0, month_day.1).is_none() {
        return Err(CardError::Malformed("resident number date"));
    }
    if inside != birth {
        return Err(CardError::Malformed(
            "resident number and birth date disagree",
        ));
    }
    Ok(())
}

/// The check digit over seventeen digits: p = (p + d)·2 mod 11, then (12 − p) mod 11; ten is `X`.
fn check_digit(digits: &[u8]) -> u8 {
    let p = digits
        .iter()
        .fold(0_u32, |p, digit| (p + u32::from(digit - b'0')) * 2 % 11);
    match (12 - p) % 11 {
        10 => b'X',
        value => b'0' + value as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example in the text of GB 11643-1999 (a person who does not exist: see its annex).
    #[test]
    fn a_number_agrees_with_itself_and_no_other() {
        let good = b"11010519491231002X";
        assert_eq!(check(good, b"19491231", false), Ok(()));
        assert!(check(good, b"19491231", true).is_err());
        assert!(check(good, b"19491230", false).is_err());
        for index in 0..18 {
            for digit in b'0'..=b'9' {
                let mut bad = *good;
                bad[index] = digit;
                assert_eq!(
                    check(&bad, b"19491231", false).is_ok(),
                    bad == *good,
                    "{index}"
                );
            }
        }
        assert!(check(b"11010519491331002X", b"19491331", false).is_err());
    }

    /// The number that the announcement of the card of 2023 shows.
    #[test]
    fn a_foreigners_number() {
        let good = b"911124198108030024";
        assert_eq!(check_foreigner(good, b"19810803"), Ok(()));
        assert!(check_foreigner(good, b"19810804").is_err());
        assert!(check_foreigner(b"911124198108030025", b"19810803").is_err());
        assert!(check_foreigner(b"11010519491231002X", b"19491231").is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_numbers_never_panic(number in any::<[u8; 18]>(), birth in any::<[u8; 8]>(), male in any::<bool>()) {
            prop_assert!(check(&number, &birth, male).is_err());
        }
    }
}
