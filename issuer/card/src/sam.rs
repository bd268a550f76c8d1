//! The second-generation resident card, read through its security module (SAM).
//!
//! The module hands the card's text and photo to the host in the clear and signs nothing. So whatever
//! comes from here is **terminal-attested**: the terminal's word for it, never a chip's proof. There is
//! no way from a [`Reading`] to a [`crate::VerifiedChip`].

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::CardError;
use crate::transport::TransportError;

pub mod frame;
mod number;
mod record;

pub use record::{Kind, TextRecord};

/// Octets of the photo, in a proprietary coding that only a decoder of the operator's can open.
pub const PHOTO: usize = 1024;

/// Carries frames to a reader: a serial line, a TCP connection, a simulator.
pub trait SamTransport {
    /// Sends one whole command frame and returns one whole answer frame. The head of an answer says
    /// how much follows ([`frame::remaining`]); an implementation reads no more and gives up in time.
    ///
    /// # Errors
    /// [`TransportError`] when the reader is gone, silent, or sends something without end.
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError>;
}

/// What a reader said about the card on it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Reading {
    /// The module's number as it is printed on it, for the terminal's attestation.
    pub sam_id: String,
    /// The text.
    #[zeroize(skip)]
    pub text: TextRecord,
    /// The text as the module gave it, for the issuer to read itself.
    pub record: Vec<u8>,
    /// The photo, [`PHOTO`] octets.
    pub photo: Vec<u8>,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reading(..)")
    }
}

/// Identifies the module, finds and selects a card, and reads its text and photo.
///
/// # Errors
/// [`CardError::Sam`] with the module's status when it refuses a step (80 at *find*: no card is there);
/// [`CardError::Malformed`] for a broken frame or a record that contradicts itself;
/// [`CardError::Transport`].
///
/// # Example
/// ```
/// use tessera_card::{TransportError, sam};
///
/// struct Gone;
/// impl sam::SamTransport for Gone {
///     fn exchange(&mut self, _: &[u8]) -> Result<Vec<u8>, TransportError> {
///         Err(TransportError::Removed)
///     }
/// }
/// assert_eq!(sam::read(&mut Gone).err().map(|error| error.code()), Some("card_removed"));
/// ```
pub fn read(reader: &mut dyn SamTransport) -> Result<Reading, CardError> {
    let sam_id = identify(reader)?;
    step(reader, "find", [0x20, 0x01], 0x9F)?;
    step(reader, "select", [0x20, 0x02], 0x90)?;
    let mut content = step(reader, "read", [0x30, 0x01], 0x90)?;
    let reading = parse(&content).map(|(text, record, photo)| Reading {
        sam_id,
        text,
        record,
        photo,
    });
    content.zeroize();
    reading
}

/// Asks once whether a card lies on the reader.
///
/// # Errors
/// As [`read`], but that no card is there is no error.
pub fn find(reader: &mut dyn SamTransport) -> Result<bool, CardError> {
    match step(reader, "find", [0x20, 0x01], 0x9F) {
        Ok(_) => Ok(true),
        Err(CardError::Sam { status: 0x80, .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// The module's number, as it is printed on it.
///
/// # Errors
/// As [`read`].
pub fn identify(reader: &mut dyn SamTransport) -> Result<String, CardError> {
    let id = step(reader, "identification", [0x12, 0xFF], 0x90)?;
    sam_id(&id).ok_or(CardError::Malformed("security module number"))
}

/// The content of a read answer: lengths of text and photo, then both.
fn parse(content: &[u8]) -> Result<(TextRecord, Vec<u8>, Vec<u8>), CardError> {
    const WHAT: CardError = CardError::Malformed("record lengths");
    let (lengths, rest) = content.split_first_chunk::<4>().ok_or(WHAT)?;
    let (text, photo) = rest.split_first_chunk::<{ record::TEXT }>().ok_or(WHAT)?;
    if *lengths != [0x01, 0x00, 0x04, 0x00] || photo.len() != PHOTO {
        return Err(WHAT);
    }
    Ok((TextRecord::parse(text)?, text.to_vec(), photo.to_vec()))
}

fn step(
    reader: &mut dyn SamTransport,
    what: &'static str,
    command: [u8; 2],
    success: u8,
) -> Result<Vec<u8>, CardError> {
    let mut answer = reader.exchange(&frame::encode(command, &[])?)?;
    let data = match frame::decode(&answer)? {
        ([0, 0, status], data) if status == success => Ok(data.to_vec()),
        ([_, _, status], _) => Err(CardError::Sam { step: what, status }),
    };
    answer.zeroize();
    data
}

/// `05.03-20180101-0001234567-0007654321` from 16 octets, little-endian numbers.
fn sam_id(octets: &[u8]) -> Option<String> {
    let &[a, b, c, d, ref rest @ ..] = octets else {
        return None;
    };
    let (numbers, []) = rest.as_chunks::<4>() else {
        return None;
    };
    let &[day, series, order] = numbers else {
        return None;
    };
    let (kind, maker) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    let [day, series, order] = [day, series, order].map(u32::from_le_bytes);
    Some(format!(
        "{kind:02}.{maker:02}-{day:08}-{series:010}-{order:010}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that answers each command from a list.
    struct Scripted(Vec<Result<Vec<u8>, TransportError>>);

    impl SamTransport for Scripted {
        fn exchange(&mut self, _: &[u8]) -> Result<Vec<u8>, TransportError> {
            match self.0.is_empty() {
                true => Err(TransportError::Removed),
                false => self.0.remove(0),
            }
        }
    }

    fn answer(status: u8, data: &[u8]) -> Vec<u8> {
        let body = [&[status], data].concat();
        frame::encode([0, 0], &body).unwrap_or_default()
    }

    fn id() -> Vec<u8> {
        let mut id = vec![5, 0, 3, 0];
        for number in [20_180_101_u32, 1_234_567, 7_654_321] {
            id.extend(number.to_le_bytes());
        }
        id
    }

    fn good() -> Vec<Vec<u8>> {
        let text = record::specimen();
        let content = [&[1, 0, 4, 0][..], &text, &[7; PHOTO]].concat();
        vec![
            answer(0x90, &id()),
            answer(0x9F, &[0; 4]),
            answer(0x90, &[0; 8]),
            answer(0x90, &content),
        ]
    }

    fn run(answers: Vec<Vec<u8>>) -> Result<Reading, CardError> {
        read(&mut Scripted(answers.into_iter().map(Ok).collect()))
    }

    #[test]
    fn the_lengths_of_a_record_are_fixed() {
        let text = record::specimen();
        for (lengths, photo) in [([1, 0, 4, 1], PHOTO), ([1, 0, 4, 0], PHOTO - 1)] {
            let content = [&lengths[..], &text, &vec![7; photo]].concat();
            assert!(matches!(parse(&content), Err(CardError::Malformed(_))));
        }
        let content = [&[1, 0, 4, 0][..], &text, &[7; PHOTO]].concat();
        assert!(parse(&content).is_ok());
    }

    #[test]
    fn a_card_is_read_in_four_steps() {
        let reading = run(good());
        let reading = reading.as_ref().map(|reading| {
            (
                reading.sam_id.as_str(),
                reading.text.name.as_str(),
                reading.photo.len(),
            )
        });
        assert_eq!(
            reading,
            Ok(("05.03-20180101-0001234567-0007654321", "样本", PHOTO))
        );
        // The whole answer has the length the description of the module gives.
        assert_eq!(good().last().map(Vec::len), Some(1295));
    }

    #[test]
    fn finding_no_card_is_no_error() {
        let find = |status| find(&mut Scripted(vec![Ok(answer(status, &[0; 4]))]));
        assert_eq!((find(0x9F), find(0x80)), (Ok(true), Ok(false)));
        assert_eq!(
            find(0x66).err().map(|error| error.code()),
            Some("sam_refused")
        );
    }

    #[test]
    fn refusals_and_broken_answers_have_their_codes() {
        for (step, status) in [(0, 0x66), (1, 0x80), (2, 0x81), (3, 0x41)] {
            let mut answers = good();
            answers[step] = answer(status, &[]);
            assert_eq!(
                run(answers).err().map(|error| error.code()),
                Some("sam_refused")
            );
        }
        // "Found" at another step than find is no success.
        let mut answers = good();
        answers[2] = answer(0x9F, &[]);
        assert_eq!(
            run(answers).err().map(|error| error.code()),
            Some("sam_refused")
        );
        // A status in other octets than the third, and a module's number that goes on.
        let mut answers = good();
        answers[1] = frame::encode([0, 1], &[0x9F, 0, 0, 0, 0]).unwrap_or_default();
        assert_eq!(
            run(answers).err().map(|error| error.code()),
            Some("sam_refused")
        );
        let mut answers = good();
        answers[0] = answer(0x90, &[id(), vec![0]].concat());
        assert_eq!(
            run(answers).err().map(|error| error.code()),
            Some("malformed")
        );
        for step in 0..4 {
            let mut answers = good();
            let last = answers[step].len() - 1;
            answers[step][last] ^= 1;
            assert_eq!(
                run(answers).err().map(|error| error.code()),
                Some("malformed")
            );
            let mut answers = good();
            answers[step].pop();
            assert_eq!(
                run(answers).err().map(|error| error.code()),
                Some("malformed")
            );
            let mut answers = good();
            answers.truncate(step);
            assert_eq!(
                run(answers).err().map(|error| error.code()),
                Some("card_removed")
            );
        }
        let mut answers = good();
        answers[3] = answer(0x90, &[1, 0, 4, 0, 9, 9]);
        assert_eq!(
            run(answers).err().map(|error| error.code()),
            Some("malformed")
        );
    }
}
