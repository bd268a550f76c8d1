//! Command and response APDUs (ISO/IEC 7816-4 §5): short form where it fits, extended where it must.

use crate::error::CardError;

/// Most command data one APDU carries here; far above what any command of Doc 9303 needs.
pub(crate) const MAX_COMMAND_DATA: usize = 4096;
/// Most response data accepted from a chip: the most an extended `Le` can ask for.
pub(crate) const MAX_RESPONSE_DATA: usize = 65_536;

/// One command. `le` is the number of octets wanted (`None`: no response data expected).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// Class, without secure messaging bits.
    pub(crate) cla: u8,
    /// Instruction.
    pub(crate) ins: u8,
    /// First parameter.
    pub(crate) p1: u8,
    /// Second parameter.
    pub(crate) p2: u8,
    /// Command data, possibly empty.
    pub(crate) data: Vec<u8>,
    /// Most response octets wanted: 1 to 65,536.
    pub(crate) le: Option<usize>,
}

impl Command {
    /// A command of class `00`.
    #[must_use]
    pub(crate) fn new(ins: u8, p1: u8, p2: u8) -> Self {
        Self {
            cla: 0,
            ins,
            p1,
            p2,
            data: Vec::new(),
            le: None,
        }
    }

    /// With command data.
    #[must_use]
    pub(crate) fn data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = data.into();
        self
    }

    /// Wanting up to `le` response octets.
    #[must_use]
    pub(crate) fn le(mut self, le: usize) -> Self {
        self.le = Some(le);
        self
    }

    /// Takes a bare command apart: short form, or extended where its data or `Le` needs it.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for anything but a whole command.
    pub(crate) fn parse(apdu: &[u8]) -> Result<Self, CardError> {
        const WHAT: CardError = CardError::Malformed("command");
        let (&[cla, ins, p1, p2], body) = apdu.split_first_chunk::<4>().ok_or(WHAT)?;
        let short = |le: u8| if le == 0 { 256 } else { usize::from(le) };
        let long = |high: u8, low: u8| match u16::from_be_bytes([high, low]) {
            0 => MAX_RESPONSE_DATA,
            le => usize::from(le),
        };
        let (data, le): (&[u8], Option<usize>) = match body {
            [] => (&[], None),
            [le] => (&[], Some(short(*le))),
            [0, high, low] => (&[], Some(long(*high, *low))),
            [0, high, low, rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                match rest.split_at_checked(length).ok_or(WHAT)? {
                    (data, []) => (data, None),
                    (data, [high, low]) => (data, Some(long(*high, *low))),
                    _ => return Err(WHAT),
                }
            }
            [length, rest @ ..] => match rest.split_at_checked(usize::from(*length)).ok_or(WHAT)? {
                (data, []) => (data, None),
                (data, [le]) => (data, Some(short(*le))),
                _ => return Err(WHAT),
            },
        };
        Ok(Self {
            cla,
            ins,
            p1,
            p2,
            data: data.to_vec(),
            le,
        })
    }

    /// The four header octets.
    #[must_use]
    pub(crate) fn header(&self) -> [u8; 4] {
        [self.cla, self.ins, self.p1, self.p2]
    }

    /// The APDU: short when data fits in 255 and `Le` in 256 octets, extended otherwise.
    ///
    /// # Errors
    /// [`CardError::TooLarge`] beyond [`MAX_COMMAND_DATA`] or an `Le` of 65,536.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, CardError> {
        if self.data.len() > MAX_COMMAND_DATA {
            return Err(CardError::TooLarge {
                what: "command data",
                limit: MAX_COMMAND_DATA,
            });
        }
        if self.le.is_some_and(|le| le == 0 || le > MAX_RESPONSE_DATA) {
            return Err(CardError::TooLarge {
                what: "expected response",
                limit: MAX_RESPONSE_DATA,
            });
        }
        let mut out = self.header().to_vec();
        let extended = self.data.len() > 255 || self.le.is_some_and(|le| le > 256);
        if !self.data.is_empty() {
            if extended {
                out.push(0);
                out.extend_from_slice(&(self.data.len() as u16).to_be_bytes());
            } else {
                out.push(self.data.len() as u8);
            }
            out.extend_from_slice(&self.data);
        }
        if let Some(le) = self.le {
            out.extend_from_slice(&encode_le(le, extended, self.data.is_empty()));
        }
        Ok(out)
    }
}

/// `Le` octets: the maximum is written as zero; case 2E starts with a zero octet of its own.
fn encode_le(le: usize, extended: bool, no_data: bool) -> Vec<u8> {
    // Truncation is the encoding: 256 and 65,536 are written as 00 and 0000.
    let [high, low] = (le as u16).to_be_bytes();
    match (extended, no_data) {
        (false, _) => vec![low],
        (true, true) => vec![0, high, low],
        (true, false) => vec![high, low],
    }
}

/// One response: data and status word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    /// Response data.
    pub(crate) data: Vec<u8>,
    /// SW1 SW2.
    pub(crate) status: u16,
}

impl Response {
    /// Splits the status word off.
    ///
    /// # Errors
    /// [`CardError::Protocol`] when there is none, [`CardError::TooLarge`] beyond the bound.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CardError> {
        if bytes.len() > MAX_RESPONSE_DATA + 2 {
            return Err(CardError::TooLarge {
                what: "response",
                limit: MAX_RESPONSE_DATA,
            });
        }
        match bytes.split_last_chunk::<2>() {
            Some((data, status)) => Ok(Self {
                data: data.to_vec(),
                status: u16::from_be_bytes(*status),
            }),
            None => Err(CardError::Protocol("response without a status word")),
        }
    }

    /// The data if the status is `9000`.
    ///
    /// # Errors
    /// [`CardError::Status`] naming `command` otherwise.
    pub(crate) fn success(self, command: &'static str) -> Result<Vec<u8>, CardError> {
        if self.status == 0x9000 {
            Ok(self.data)
        } else {
            Err(CardError::Status {
                command,
                status: self.status,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_seven_cases_of_iso_7816_4() {
        let base = || Command::new(0xA4, 0x01, 0x02);
        let cases: [(Command, Vec<u8>); 7] = [
            (base(), vec![0, 0xA4, 1, 2]),
            (base().le(256), vec![0, 0xA4, 1, 2, 0]),
            (base().data([9]), vec![0, 0xA4, 1, 2, 1, 9]),
            (base().data([9]).le(4), vec![0, 0xA4, 1, 2, 1, 9, 4]),
            (base().le(257), vec![0, 0xA4, 1, 2, 0, 1, 1]),
            (
                base().data([9]).le(65_536),
                vec![0, 0xA4, 1, 2, 0, 0, 1, 9, 0, 0],
            ),
            (base().le(65_536), vec![0, 0xA4, 1, 2, 0, 0, 0]),
        ];
        for (command, expected) in cases {
            assert_eq!(command.encode().unwrap(), expected);
            assert_eq!(Command::parse(&expected).unwrap(), command);
        }
        let long = base().data(vec![7; 256]).encode().unwrap();
        assert_eq!(long.get(..7).unwrap(), [0, 0xA4, 1, 2, 0, 1, 0]);
    }

    #[test]
    fn bounds() {
        assert!(
            Command::new(0, 0, 0)
                .data(vec![0; MAX_COMMAND_DATA + 1])
                .encode()
                .is_err()
        );
        assert!(Command::new(0, 0, 0).le(0).encode().is_err());
        assert!(Command::new(0, 0, 0).le(65_537).encode().is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_commands_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(command) = Command::parse(&bytes) {
                prop_assert!(command.data.len() <= bytes.len());
            }
        }

        #[test]
        fn arbitrary_responses_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let parsed = Response::parse(&bytes);
            prop_assert_eq!(parsed.is_ok(), bytes.len() >= 2);
        }
    }
}
