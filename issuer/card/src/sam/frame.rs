//! The frames between host and reader: `AA AA AA 96 69 ‖ length ‖ body ‖ check`, where `length` counts
//! body and check, and `check` is the exclusive or of everything from `length` on before it.

use crate::error::CardError;

const PREAMBLE: [u8; 5] = [0xAA, 0xAA, 0xAA, 0x96, 0x69];
/// Octets before the body: preamble and length.
pub const HEAD: usize = 7;
/// Longest answer: the record with fingerprints has 2314 octets behind its length.
pub const MOST: usize = 2400;
const WHAT: CardError = CardError::Malformed("reader frame");

/// A command: instruction, parameter, data.
///
/// # Errors
/// [`CardError::TooLarge`] beyond [`MOST`] octets.
pub fn encode(command: [u8; 2], data: &[u8]) -> Result<Vec<u8>, CardError> {
    let length = data.len().saturating_add(3);
    let octets = match u16::try_from(length) {
        Ok(octets) if length <= MOST => octets.to_be_bytes(),
        _ => {
            return Err(CardError::TooLarge {
                what: "reader frame",
                limit: MOST,
            });
        }
    };
    let mut out = PREAMBLE.to_vec();
    out.extend(octets);
    out.extend(command);
    out.extend_from_slice(data);
    out.push(check(out.get(PREAMBLE.len()..).unwrap_or_default()));
    Ok(out)
}

/// How many octets follow a head of [`HEAD`] octets, so that a transport knows how much to read.
///
/// # Errors
/// [`CardError::Malformed`] for another preamble or a length no answer has.
pub fn remaining(head: &[u8; HEAD]) -> Result<usize, CardError> {
    let [preamble @ .., high, low] = head;
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    // Three status octets and the check octet at least.
    if *preamble != PREAMBLE || !(4..=MOST).contains(&length) {
        return Err(WHAT);
    }
    Ok(length)
}

/// The three status octets and the data of a whole answer.
///
/// # Errors
/// [`CardError::Malformed`] for anything but one whole frame with the right check octet.
pub fn decode(frame: &[u8]) -> Result<([u8; 3], &[u8]), CardError> {
    let (head, rest) = frame.split_first_chunk::<HEAD>().ok_or(WHAT)?;
    if remaining(head)? != rest.len() {
        return Err(WHAT);
    }
    let (last, covered) = frame.split_last().ok_or(WHAT)?;
    if check(covered.get(PREAMBLE.len()..).unwrap_or_default()) != *last {
        return Err(CardError::Malformed("reader frame check octet"));
    }
    let body = covered.get(HEAD..).ok_or(WHAT)?;
    body.split_first_chunk::<3>()
        .map(|(status, data)| (*status, data))
        .ok_or(WHAT)
}

fn check(octets: &[u8]) -> u8 {
    octets.iter().fold(0, |sum, octet| sum ^ octet)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn find_select_and_read() {
        for (command, frame) in [
            (
                [0x20, 0x01],
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x20, 0x01, 0x22],
            ),
            (
                [0x20, 0x02],
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x20, 0x02, 0x21],
            ),
            (
                [0x30, 0x01],
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x30, 0x01, 0x32],
            ),
        ] {
            assert_eq!(encode(command, &[]).unwrap(), frame);
        }
        assert!(encode([0x30, 0x01], &[0; MOST]).is_err());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let good = encode([0, 0], &[0x90, 1, 2, 3]).unwrap();
        assert_eq!(decode(&good).unwrap(), ([0, 0, 0x90], &[1, 2, 3][..]));
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bad).is_err(), "bit {bit}");
        }
        for length in 0..good.len() {
            assert!(decode(&good[..length]).is_err(), "{length}");
        }
        assert!(decode(&[good.as_slice(), &[0]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_frames_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(decode(&bytes).is_err() || bytes.starts_with(&PREAMBLE));
            let whole = encode([1, 2], &bytes).unwrap();
            prop_assert_eq!(decode(&whole).is_ok(), !bytes.is_empty());
        }
    }
}
