//! Command APDUs as a chip takes them apart (ISO/IEC 7816-4 §5.2).

/// A command; `le` is the number of octets wanted, zero when none.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) cla: u8,
    pub(crate) ins: u8,
    pub(crate) p1: u8,
    pub(crate) p2: u8,
    pub(crate) data: Vec<u8>,
    pub(crate) le: usize,
}

impl Command {
    /// `None` for a wrong length.
    pub(crate) fn parse(apdu: &[u8]) -> Option<Self> {
        let (&[cla, ins, p1, p2], body) = apdu.split_first_chunk::<4>()?;
        let zero = |value: usize, most: usize| if value == 0 { most } else { value };
        let (data, le): (&[u8], usize) = match body {
            [] => (&[], 0),
            [le] => (&[], zero(usize::from(*le), 256)),
            [0, high, low] => (
                &[],
                zero(usize::from(u16::from_be_bytes([*high, *low])), 65_536),
            ),
            [0, high, low, rest @ ..] => {
                let lc = usize::from(u16::from_be_bytes([*high, *low]));
                match rest.split_at_checked(lc)? {
                    (data, []) => (data, 0),
                    (data, [high, low]) => (
                        data,
                        zero(usize::from(u16::from_be_bytes([*high, *low])), 65_536),
                    ),
                    _ => return None,
                }
            }
            [lc, rest @ ..] => match rest.split_at_checked(usize::from(*lc))? {
                (data, []) => (data, 0),
                (data, [le]) => (data, zero(usize::from(*le), 256)),
                _ => return None,
            },
        };
        Some(Self {
            cla,
            ins,
            p1,
            p2,
            data: data.to_vec(),
            le,
        })
    }

    pub(crate) fn protected(&self) -> bool {
        self.cla & 0x0C == 0x0C
    }
}

/// Response data and status word.
pub(crate) struct Answer {
    pub(crate) data: Vec<u8>,
    pub(crate) status: u16,
}

impl Answer {
    pub(crate) fn ok(data: Vec<u8>) -> Self {
        Self {
            data,
            status: 0x9000,
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            data: Vec::new(),
            status,
        }
    }

    pub(crate) fn encode(mut self) -> Vec<u8> {
        self.data.extend_from_slice(&self.status.to_be_bytes());
        self.data
    }
}
