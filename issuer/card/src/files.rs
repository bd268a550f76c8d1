//! The files of a chip (Doc 9303-10 §3.1, §4.2) and how to read one within bounds.

use crate::apdu::{Command, Response};
use crate::error::CardError;
use crate::sm::SecureChannel;
use crate::tlv::{self, Header, Lengths};
use crate::transport::Transceiver;

/// Plaintext octets asked for at a time: the most whose protected response fits a short APDU with
/// either cipher (cryptogram, status and MAC objects in 256 octets).
const CHUNK: usize = 0xDF;
/// Most octets of one protected answer asked for, where a chip allows extended length.
const MAX_CHUNK: usize = 8192;
/// Octets that protection adds to an answer, at most.
const PROTECTION: usize = 48;
/// READ BINARY with a 15-bit offset ends here; beyond, the odd instruction carries the offset.
const SHORT_OFFSETS: usize = 0x8000;
/// The eMRTD application (Doc 9303-10 §3.2).
const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];

/// An elementary file: identifier, outer tag, name, and the size beyond which reading stops.
#[derive(Clone, Copy)]
pub(crate) struct File {
    id: u16,
    tag: u32,
    name: &'static str,
    limit: usize,
}

/// EF.CardAccess: what access protocols the chip offers; in the master file, readable by anyone.
pub(crate) const CARD_ACCESS: File = file(0x011C, 0x31, "EF.CardAccess", 4096);
/// EF.COM: unsigned index.
pub(crate) const COM: File = file(0x011E, 0x60, "EF.COM", 1024);
/// EF.SOD: the document security object.
pub(crate) const SOD: File = file(0x011D, 0x77, "EF.SOD", crate::sod::MAX_SOD);
/// EF.DG1: the machine readable zone.
pub(crate) const DG1: File = file(0x0101, 0x61, "EF.DG1", 256);
/// EF.DG2: the portrait.
pub(crate) const DG2: File = file(0x0102, 0x75, "EF.DG2", crate::dg2::MAX_DG2);
/// EF.DG14: security options.
pub(crate) const DG14: File = file(0x010E, 0x6E, "EF.DG14", 8192);
/// EF.DG15: the active authentication public key.
pub(crate) const DG15: File = file(0x010F, 0x6F, "EF.DG15", 8192);

const fn file(id: u16, tag: u32, name: &'static str, limit: usize) -> File {
    File {
        id,
        tag,
        name,
        limit,
    }
}

/// A chip and, once access control has succeeded, the channel to it.
pub(crate) struct Session<'a> {
    pub(crate) card: &'a mut dyn Transceiver,
    pub(crate) channel: Option<SecureChannel>,
    /// Plaintext octets asked for at a time.
    chunk: usize,
}

impl<'a> Session<'a> {
    /// A chip that has just got power.
    pub(crate) fn new(card: &'a mut dyn Transceiver) -> Self {
        Self {
            card,
            channel: None,
            chunk: CHUNK,
        }
    }

    /// Reads in larger pieces where EF.ATR/INFO says that the chip can (Doc 9303-10 §3.1.1, ISO/IEC
    /// 7816-4 §12.7.1: extended length information). A chip without the file, or with a strange one,
    /// is read in short pieces.
    pub(crate) fn learn_length(&mut self) {
        if let Some(response) = self.announced_response() {
            // The protected answer carries padding, tags, status and code besides the plain octets.
            let room = response.min(MAX_CHUNK).saturating_sub(PROTECTION);
            self.chunk = self.chunk.max(room);
        }
    }

    /// The largest response data object 7F66 announces.
    fn announced_response(&mut self) -> Option<usize> {
        let select = Command::new(0xA4, 0x02, 0x0C).data([0x2F, 0x01]);
        self.send(&select).ok()?.success("SELECT of a file").ok()?;
        let content = data(self.send(&Command::new(0xB0, 0, 0).le(256)).ok()?).ok()?;
        // Historical bytes and other objects stand around it; the file has no outer tag.
        let mut objects = tlv::Objects::ber(&content);
        while let Some(object) = objects.read().ok()? {
            if object.tag == 0x7F66 {
                let mut sizes = tlv::Objects::ber(object.value);
                sizes.expect(0x02, "EF.ATR").ok()?;
                let response = sizes.expect(0x02, "EF.ATR").ok()?;
                return match response {
                    [] => None,
                    short if short.len() <= 4 => Some(
                        short
                            .iter()
                            .fold(0, |sum, octet| sum << 8 | usize::from(*octet)),
                    ),
                    _ => Some(MAX_CHUNK),
                };
            }
        }
        None
    }

    /// Sends a command, under protection if there is a channel.
    pub(crate) fn send(&mut self, command: &Command) -> Result<Response, CardError> {
        match &mut self.channel {
            Some(channel) => channel.exchange(self.card, command),
            None => Response::parse(&self.card.transmit(&command.encode()?)?),
        }
    }

    /// Selects the eMRTD application.
    pub(crate) fn select_application(&mut self) -> Result<(), CardError> {
        let command = Command::new(0xA4, 0x04, 0x0C).data(APPLICATION);
        self.send(&command)?
            .success("SELECT of the application")
            .map(drop)
    }

    /// Reads a file that must be there.
    pub(crate) fn read(&mut self, file: File) -> Result<Vec<u8>, CardError> {
        self.read_optional(file)?
            .ok_or(CardError::Protocol("a mandatory file is missing"))
    }

    /// Reads a file; `None` where the chip has none.
    ///
    /// # Errors
    /// [`CardError::TooLarge`] before reading on when the file's own length is beyond its bound.
    pub(crate) fn read_optional(&mut self, file: File) -> Result<Option<Vec<u8>>, CardError> {
        let select = Command::new(0xA4, 0x02, 0x0C).data(file.id.to_be_bytes());
        let selected = self.send(&select)?;
        match selected.status {
            0x9000 => {}
            // File not found; security status not satisfied for what it does not let us see.
            0x6A82 | 0x6A83 => return Ok(None),
            status => {
                return Err(CardError::Status {
                    command: "SELECT of a file",
                    status,
                });
            }
        }
        let mut content = self.read_chunk(0, 8)?;
        let header =
            Header::parse(&content, Lengths::Any)?.ok_or(CardError::Malformed(file.name))?;
        let total = header.total().ok_or(CardError::Malformed(file.name))?;
        if header.tag != file.tag {
            return Err(CardError::Malformed(file.name));
        }
        if total > file.limit {
            return Err(CardError::TooLarge {
                what: file.name,
                limit: file.limit,
            });
        }
        // A short file may come with octets that lie behind its content.
        content.truncate(total);
        while content.len() < total {
            let wanted = (total - content.len()).min(self.chunk);
            let chunk = self.read_chunk(content.len(), wanted)?;
            if chunk.is_empty() || chunk.len() > wanted {
                return Err(CardError::Protocol("file ends before its length"));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(Some(content))
    }

    fn read_chunk(&mut self, offset: usize, length: usize) -> Result<Vec<u8>, CardError> {
        if offset < SHORT_OFFSETS {
            let [_, _, p1, p2] = (offset as u32).to_be_bytes();
            return data(self.send(&Command::new(0xB0, p1, p2).le(length))?);
        }
        // ISO/IEC 7816-4 §11.3.3: the offset in data object 54, the answer in data object 53.
        let [_, b2, b1, b0] = (offset as u32).to_be_bytes();
        let octets: &[u8] = if b2 == 0 { &[b1, b0] } else { &[b2, b1, b0] };
        let command = Command::new(0xB1, 0, 0)
            .data(tlv::encode(0x54, octets)?)
            .le(length.saturating_add(6).min(self.chunk));
        let answer = data(self.send(&command)?)?;
        Ok(tlv::only_ber(&answer, 0x53, "READ BINARY response")?.to_vec())
    }
}

/// 6282: the end of the file came before `Le` octets; what was read is still good.
fn data(response: Response) -> Result<Vec<u8>, CardError> {
    match response.status {
        0x9000 | 0x6282 => Ok(response.data),
        status => Err(CardError::Status {
            command: "READ BINARY",
            status,
        }),
    }
}
