//! Sums of products of points and scalars in variable time: for what a verifier knows, never for secrets.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{G1, G1Affine, Scalar, backend, double, identity, normalize, projective};

/// Teeth of a comb: each addition covers so many bits of a scalar.
const TEETH: usize = 8;
/// Additions a comb takes for a scalar of 256 bits.
const COLUMNS: usize = 256 / TEETH;
/// Width of the signed windows for points without a comb.
const WINDOW: u32 = 5;

/// The subset sums of 2⁰P, 2³²P, … 2²²⁴P (Lim and Lee): 255 points, 24 KiB natively.
pub(in crate::bbs) struct Comb(Box<[G1Affine]>);

impl Comb {
    /// Whether the back end has memory for combs.
    pub(in crate::bbs) const WANTED: bool = backend::TABLES;

    pub(in crate::bbs) fn new(point: &G1Affine) -> Self {
        let mut sums: Vec<G1> = Vec::with_capacity((1 << TEETH) - 1);
        let mut tooth = projective(point);
        for _ in 0..TEETH {
            // What the lower teeth give, with this one added to each.
            let with_tooth: Vec<G1> = sums.iter().map(|sum| *sum + tooth).collect();
            sums.push(tooth);
            sums.extend(with_tooth);
            for _ in 0..COLUMNS {
                tooth = double(&tooth);
            }
        }
        Self(normalize(&sums).into_boxed_slice())
    }
}

/// The sum of fixed and of other points, each times its scalar.
pub(in crate::bbs) fn variable_time_sum(
    combs: &[(&Comb, Scalar)],
    points: &[(G1Affine, Scalar)],
) -> G1 {
    comb_sum(combs) + window_sum(points)
}

fn comb_sum(terms: &[(&Comb, Scalar)]) -> G1 {
    let terms: Vec<(&Comb, [u8; 32])> = terms
        .iter()
        .map(|(comb, scalar)| (*comb, scalar.to_octets()))
        .collect();
    let mut sum = identity();
    for column in (0..COLUMNS).rev() {
        sum = double(&sum);
        for (comb, octets) in &terms {
            // Big-endian: the last four octets are what the first tooth stands for.
            let (words, _) = octets.as_chunks::<4>();
            let index = words.iter().fold(0, |index, word| {
                index << 1 | (u32::from_be_bytes(*word) >> column & 1) as usize
            });
            if let Some(point) = index.checked_sub(1).and_then(|index| comb.0.get(index)) {
                sum += point;
            }
        }
    }
    sum
}

/// Straus's method over signed windows.
fn window_sum(terms: &[(G1Affine, Scalar)]) -> G1 {
    if terms.is_empty() {
        return identity();
    }
    let size = 1 << (WINDOW - 2);
    let mut odd: Vec<G1> = Vec::with_capacity(terms.len() * size);
    for (point, _) in terms {
        let mut multiple = projective(point);
        let twice = double(&multiple);
        for _ in 0..size {
            odd.push(multiple);
            multiple += twice;
        }
    }
    let odd = normalize(&odd);
    let digits: Vec<[i8; 257]> = terms.iter().map(|(_, scalar)| windows(*scalar)).collect();
    let mut sum = identity();
    for bit in (0..257).rev() {
        sum = double(&sum);
        for (digits, odd) in digits.iter().zip(odd.chunks(size)) {
            let digit = digits.get(bit).copied().unwrap_or_default();
            let multiple = odd.get(usize::from(digit.unsigned_abs() >> 1));
            match (digit, multiple) {
                (1.., Some(multiple)) => sum += multiple,
                (..=-1, Some(multiple)) => sum -= multiple,
                _ => {}
            }
        }
    }
    sum
}

/// Digits that are zero or odd and below 2⁴ in size, with four zeros after each that is not zero.
fn windows(scalar: Scalar) -> [i8; 257] {
    let octets = scalar.to_octets();
    // Bit 256 is the carry out of the last window.
    let bit = |index: usize| {
        let octet = octets.iter().rev().nth(index / 8).copied();
        i16::from(octet.unwrap_or_default() >> (index % 8) & 1)
    };
    let mut digits = [0; 257];
    let mut carry = 0;
    let mut skip = 0;
    for (index, digit) in digits.iter_mut().enumerate() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        if bit(index) + carry == 1 {
            let window = (0..WINDOW as usize).map(|offset| bit(index + offset) << offset);
            let value = window.sum::<i16>() + carry;
            let negative = value >= 1 << (WINDOW - 1);
            carry = i16::from(negative);
            let value = if negative {
                value - (1 << WINDOW)
            } else {
                value
            };
            *digit = value as i8;
            skip = WINDOW - 1;
        }
    }
    digits
}
