//! base58btc: numbers in base 58, five digits at a time, and a `1` for each leading zero byte.

use alloc::string::String;
use alloc::vec::Vec;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The value of each character, 58 for those that are no digits.
const VALUES: [u8; 256] = {
    let mut values = [58; 256];
    let mut value = 0;
    while value < 58 {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};
/// So many digits go into a word of 32 bits.
const AT_ONCE: usize = 5;
const POWER: u64 = 58u64.pow(AT_ONCE as u32);

/// Writes `bytes`, in time quadratic in their number.
pub(super) fn encode(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    // Most significant word first; the first may be short.
    let mut words: Vec<u32> = bytes
        .rchunks(4)
        .rev()
        .map(|chunk| {
            chunk
                .iter()
                .fold(0, |word, byte| word << 8 | u32::from(*byte))
        })
        .collect();
    let mut digits = Vec::with_capacity(bytes.len() * 7 / 5 + AT_ONCE);
    let mut rest = words.as_mut_slice();
    while let [first, ..] = rest {
        if *first == 0 {
            rest = rest.split_first_mut().map_or(&mut [], |(_, rest)| rest);
            continue;
        }
        let mut remainder = 0u64;
        for word in &mut *rest {
            let value = remainder << 32 | u64::from(*word);
            // Below 2^32, for the remainder is below the divisor.
            *word = (value / POWER) as u32;
            remainder = value % POWER;
        }
        for _ in 0..AT_ONCE {
            digits.push((remainder % 58) as usize);
            remainder /= 58;
        }
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let zeros = core::iter::repeat_n(0, zeros);
    zeros
        .chain(digits.into_iter().rev())
        .filter_map(|digit| ALPHABET.get(digit).map(|letter| char::from(*letter)))
        .collect()
}

/// Reads digits, in time quadratic in their number; `None` for other characters.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let zeros = text.bytes().take_while(|digit| *digit == b'1').count();
    // Least significant word first.
    let mut words: Vec<u32> = Vec::with_capacity(text.len() / AT_ONCE + 1);
    for digits in text.as_bytes().chunks(AT_ONCE) {
        let (mut carry, mut factor) = (0u64, 1u64);
        for digit in digits {
            let value = VALUES
                .get(usize::from(*digit))
                .filter(|value| **value < 58)?;
            carry = carry * 58 + u64::from(*value);
            factor *= 58;
        }
        for word in &mut words {
            let value = u64::from(*word) * factor + carry;
            *word = value as u32;
            carry = value >> 32;
        }
        if carry > 0 {
            words.push(carry as u32);
        }
    }
    let mut bytes = alloc::vec![0; zeros];
    let significant = words.iter().rev().flat_map(|word| word.to_be_bytes());
    bytes.extend(significant.skip_while(|byte| *byte == 0));
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use alloc::vec::Vec;
    use proptest::prelude::{any, proptest};

    /// From the base58 draft (draft-msporny-base58) and Bitcoin's own tests.
    #[test]
    fn the_published_examples() {
        for (bytes, text) in [
            (&b"Hello World!"[..], "2NEpo7TZRRrLZSi2U"),
            (
                b"The quick brown fox jumps over the lazy dog.",
                "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
            ),
            (&[0, 0, 0x28, 0x7f, 0xb4, 0xcd], "11233QC4"),
            (&[0x61], "2g"),
            (&[0; 10], "1111111111"),
            (&[], ""),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
        }
        for text in ["0", "O", "I", "l", "2g ", "é", "+"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn all_bytes_come_back(zeros in 0usize..4, bytes: Vec<u8>, text in any::<alloc::string::String>()) {
            let bytes = [alloc::vec![0; zeros], bytes].concat();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
            if let Some(bytes) = decode(&text) {
                assert_eq!(encode(&bytes), text);
            }
        }

        #[test]
        fn all_digits_come_back(text in "[1-9A-HJ-NP-Za-km-z]{0,200}") {
            let bytes = decode(&text);
            assert_eq!(bytes.map(|bytes| encode(&bytes)), Some(text));
        }
    }
}
