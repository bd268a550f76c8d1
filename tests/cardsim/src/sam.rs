//! A reader with a security module and a resident card on it, behind anything that carries octets: a pseudo-terminal or a
//! TCP connection. Its frames are written apart from the reader's on purpose; see the crate's documentation.

use std::io::{Read, Write};
use std::time::Duration;

/// What is on the reader.
#[derive(Clone)]
pub struct SamCard {
    text: [u8; 256],
    photo: Vec<u8>,
}

/// A way for the reader to misbehave when it is asked to read the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SamFault {
    /// The check octet is wrong.
    BadCheck,
    /// The answer ends early and the line stays silent.
    Truncated,
    /// The length counts more than there is room for in any answer.
    WrongLength,
    /// Octets that are no frame.
    Noise,
    /// Every octet takes this many milliseconds.
    Slow(u64),
    /// No answer at all.
    Stuck,
    /// The module refuses with this status.
    Refused(u8),
    /// Text and photo have other lengths than their header says.
    WrongHeader,
}

impl std::str::FromStr for SamFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "bad-check" => Ok(Self::BadCheck),
            "truncated" => Ok(Self::Truncated),
            "wrong-length" => Ok(Self::WrongLength),
            "noise" => Ok(Self::Noise),
            "slow" => Ok(Self::Slow(20)),
            "stuck" => Ok(Self::Stuck),
            "refused" => Ok(Self::Refused(0x41)),
            "wrong-header" => Ok(Self::WrongHeader),
            other => Err(format!("{other} is no fault of a reader")),
        }
    }
}

/// Holder's data as the text record has them; which fields count depends on the kind of card.
#[derive(Debug, Clone)]
pub struct SamHolder {
    /// Chinese name.
    pub name: String,
    /// `1` male, `2` female.
    pub sex: String,
    /// `YYYYMMDD`.
    pub birth: String,
    /// The card's number.
    pub number: String,
    /// `YYYYMMDD`.
    pub from: String,
    /// `YYYYMMDD` or `长期`.
    pub until: String,
}

impl SamCard {
    /// A card from `(octet offset, text)` pairs of its record, the rest spaces.
    #[must_use]
    pub fn of(fields: &[(usize, &str)], photo: &[u8]) -> Self {
        let mut text = [0; 256];
        for unit in text.chunks_mut(2) {
            unit.copy_from_slice(&[0x20, 0x00]);
        }
        for (offset, content) in fields {
            let units: Vec<u8> = content.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for (to, from) in text.iter_mut().skip(*offset).zip(units) {
                *to = from;
            }
        }
        let mut photo = photo.to_vec();
        photo.resize(1024, 0);
        Self { text, photo }
    }

    /// A resident identity card.
    #[must_use]
    pub fn resident(holder: &SamHolder, photo: &[u8]) -> Self {
        Self::of(&Self::common(holder), photo)
    }

    /// A residence permit for residents of Hong Kong, Macao or Taiwan.
    #[must_use]
    pub fn permit(holder: &SamHolder, photo: &[u8]) -> Self {
        let mut fields = Self::common(holder);
        fields.extend([(220, "H00000000"), (238, "01"), (248, "J")]);
        Self::of(&fields, photo)
    }

    /// A foreigner's permanent residence card of 2017.
    #[must_use]
    pub fn foreigner_2017(holder: &SamHolder, english: &str, photo: &[u8]) -> Self {
        let fields = [
            (0, english),
            (120, holder.sex.as_str()),
            (122, &holder.number),
            (152, "UTO"),
            (158, &holder.name),
            (188, &holder.from),
            (204, &holder.until),
            (220, &holder.birth),
            (236, "01"),
            (240, "0000"),
            (248, "I"),
        ];
        Self::of(&fields, photo)
    }

    /// A foreigner's permanent residence card of 2023.
    #[must_use]
    pub fn foreigner_2023(holder: &SamHolder, english: &str, photo: &[u8]) -> Self {
        let fields = [
            (0, holder.name.as_str()),
            (30, &holder.sex),
            (32, "00"),
            (36, &holder.birth),
            (52, english),
            (122, &holder.number),
            (188, &holder.from),
            (204, &holder.until),
            (242, "UTO"),
            (248, "Y"),
        ];
        Self::of(&fields, photo)
    }

    fn common(holder: &SamHolder) -> Vec<(usize, &str)> {
        vec![
            (0, &holder.name),
            (30, &holder.sex),
            (32, "01"),
            (36, &holder.birth),
            (52, "样本市样本路一号"),
            (122, &holder.number),
            (158, "样本市公安局"),
            (188, &holder.from),
            (204, &holder.until),
        ]
    }
}

/// A reader.
pub struct SamReader {
    card: Option<SamCard>,
    id: [u8; 16],
    fault: Option<SamFault>,
    selected: bool,
}

impl SamReader {
    /// A reader whose module prints as `05.03-20180101-0001234567-0007654321`, with a card on it or none.
    #[must_use]
    pub fn new(card: Option<SamCard>) -> Self {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&[5, 0, 3, 0]);
        id[4..8].copy_from_slice(&20_180_101_u32.to_le_bytes());
        id[8..12].copy_from_slice(&1_234_567_u32.to_le_bytes());
        id[12..].copy_from_slice(&7_654_321_u32.to_le_bytes());
        Self {
            card,
            id,
            fault: None,
            selected: false,
        }
    }

    /// The module's number as it is printed.
    pub const PRINTED: &str = "05.03-20180101-0001234567-0007654321";

    /// The same reader with a fault.
    #[must_use]
    pub fn with(mut self, fault: SamFault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Answers commands until the line is closed.
    ///
    /// # Errors
    /// When the line fails otherwise.
    pub fn serve(&mut self, mut line: impl Read + Write) -> std::io::Result<()> {
        let mut command = Vec::new();
        let mut octet = [0];
        loop {
            match line.read(&mut octet) {
                Ok(0) => return Ok(()),
                Ok(_) => command.push(octet[0]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                // The other end of a pseudo-terminal was closed.
                Err(error) if error.raw_os_error() == Some(5) => return Ok(()),
                Err(error) => return Err(error),
            }
            // The longest common tail with the preamble: noise before a command is thrown away.
            while !command.is_empty() && !fits(&command) {
                command.remove(0);
            }
            if command.len() > 7 && command.len() == 7 + length(&command) {
                let answer = self.answer(&command);
                command.clear();
                self.send(&mut line, &answer)?;
            }
        }
    }

    fn send(&self, line: &mut impl Write, answer: &[u8]) -> std::io::Result<()> {
        // Only the answer with the record, the longest by far.
        let reading = answer.len() > 1000;
        match self.fault.filter(|_| reading) {
            Some(SamFault::Slow(pause)) => {
                for octet in answer {
                    line.write_all(&[*octet])?;
                    line.flush()?;
                    std::thread::sleep(Duration::from_millis(pause));
                }
            }
            Some(SamFault::Truncated) => line.write_all(&answer[..answer.len() / 2])?,
            Some(SamFault::Stuck) => {}
            _ => line.write_all(answer)?,
        }
        line.flush()
    }

    /// One command frame in, one answer frame out.
    pub fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let (covered, check) = command.split_at(command.len() - 1);
        if xor(&covered[5..]) != check[0] {
            return frame(0x10, &[]);
        }
        match (covered[7], covered[8]) {
            (0x10 | 0x11, 0xFF) => frame(0x90, &[]),
            (0x12, 0xFF) => frame(0x90, &self.id.clone()),
            (0x20, 0x01) if self.card.is_some() => frame(0x9F, &[0; 4]),
            (0x20, 0x01) => frame(0x80, &[]),
            (0x20, 0x02) if self.card.is_some() => {
                self.selected = true;
                frame(0x90, &[0; 8])
            }
            (0x20, 0x02) => frame(0x81, &[]),
            (0x30, 0x01) => self.read(),
            (0x30, 0x03 | 0x05) => frame(0x91, &[]),
            _ => frame(0x21, &[]),
        }
    }

    fn read(&mut self) -> Vec<u8> {
        let Some(card) = self.card.as_ref().filter(|_| self.selected) else {
            return frame(0x41, &[]);
        };
        if let Some(SamFault::Refused(status)) = self.fault {
            return frame(status, &[]);
        }
        let mut content = vec![1, 0, 4, 0];
        if self.fault == Some(SamFault::WrongHeader) {
            content = vec![0, 0xF0, 4, 0x10];
        }
        content.extend(card.text);
        content.extend(&card.photo);
        self.selected = false;
        let mut answer = frame(0x90, &content);
        match self.fault {
            Some(SamFault::BadCheck) => *answer.last_mut().unwrap_or(&mut 0) ^= 0x5A,
            Some(SamFault::WrongLength) => answer[5] = 0xFF,
            Some(SamFault::Noise) => answer.iter_mut().for_each(|octet| *octet ^= 0x33),
            _ => {}
        }
        answer
    }
}

fn fits(command: &[u8]) -> bool {
    let preamble = [0xAA, 0xAA, 0xAA, 0x96, 0x69];
    command.iter().zip(preamble).all(|(a, b)| *a == b)
}

fn length(command: &[u8]) -> usize {
    usize::from(command[5]) << 8 | usize::from(command[6])
}

fn frame(status: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0xAA, 0xAA, 0xAA, 0x96, 0x69];
    out.extend(((data.len() + 4) as u16).to_be_bytes());
    out.extend([0, 0, status]);
    out.extend(data);
    out.push(xor(&out[5..]));
    out
}

fn xor(octets: &[u8]) -> u8 {
    octets.iter().fold(0, |sum, octet| sum ^ octet)
}
