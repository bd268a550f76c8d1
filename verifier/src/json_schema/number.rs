//! Numbers as JSON Schema compares them: by value, whatever way they are written.

use core::cmp::Ordering;

use serde_json::Number;

/// The order of two numbers.
pub(super) fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// A number without a fraction, also when it is written with one (`1.0`).
pub(super) fn integer(number: &Number) -> Option<i128> {
    if let Some(number) = number.as_i64() {
        return Some(number.into());
    }
    if let Some(number) = number.as_u64() {
        return Some(number.into());
    }
    let float = number.as_f64()?;
    // Beyond 2^53 a float says nothing of units any more; it is still whole.
    #[expect(clippy::cast_possible_truncation, reason = "within 2^100")]
    let whole = (float.abs() < 1e30).then_some(float as i128)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "compared with what it was made from"
    )]
    let back = whole as f64;
    (back.to_bits() == float.to_bits() || (back == 0.0 && float == 0.0)).then_some(whole)
}

/// Whether `number` is a multiple of `unit`, which is above zero.
pub(super) fn is_multiple(number: &Number, unit: &Number) -> bool {
    if let (Some(number), Some(unit)) = (integer(number), integer(unit)) {
        return number.checked_rem(unit) == Some(0);
    }
    let (Some(number), Some(unit)) = (number.as_f64(), unit.as_f64()) else {
        return false;
    };
    let quotient = number / unit;
    // Decimal fractions are not exact in binary: within the error of one division.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "compared with what it was made from"
    )]
    let nearest = (quotient + if quotient < 0.0 { -0.5 } else { 0.5 }) as i64;
    #[expect(clippy::cast_precision_loss, reason = "bounded by the comparison")]
    let difference = quotient - nearest as f64;
    quotient.abs() < 9e15 && difference.abs() <= quotient.abs().max(1.0) * f64::EPSILON
}
