//! Secure messaging, the chip's end (Doc 9303-11 §9.8).

use crate::apdu::{Answer, Command};
use crate::keys::{self, Cipher};
use crate::tlv;

/// Session keys and the send sequence counter.
pub(crate) struct Channel {
    cipher: Cipher,
    encryption: Vec<u8>,
    authentication: Vec<u8>,
    counter: Vec<u8>,
}

impl Channel {
    /// A channel whose keys come from `secret`; the counter's width is the cipher's block.
    pub(crate) fn new(cipher: Cipher, secret: &[u8], counter: Vec<u8>) -> Self {
        Self {
            cipher,
            encryption: cipher.derive(secret, 1),
            authentication: cipher.derive(secret, 2),
            counter,
        }
    }

    fn count(&mut self) {
        for octet in self.counter.iter_mut().rev() {
            *octet = octet.wrapping_add(1);
            if *octet != 0 {
                break;
            }
        }
    }

    fn iv(&self) -> Vec<u8> {
        match self.cipher {
            Cipher::Tdes => vec![0; 8],
            aes => aes.one_block(&self.encryption, &self.counter),
        }
    }

    /// The code over counter, optional header, and data objects.
    fn code(&self, header: Option<[u8; 4]>, objects: &[u8]) -> [u8; 8] {
        let mut input = self.counter.clone();
        if let Some(header) = header {
            input.extend(keys::padded(header.to_vec(), self.cipher.block()));
        }
        if self.cipher != Cipher::Tdes {
            // §9.8.7.4: the input is padded before CMAC, which pads again by its own rule.
            if header.is_none() || !objects.is_empty() {
                input.extend(keys::padded(objects.to_vec(), 16));
            }
            return self.cipher.mac(&self.authentication, &input);
        }
        if header.is_some() && objects.is_empty() {
            // A lone header is padded already; the retail MAC would add another block.
            input.truncate(input.len() - 4);
            return self.cipher.mac(&self.authentication, &input);
        }
        input.extend_from_slice(objects);
        self.cipher.mac(&self.authentication, &input)
    }

    /// Opens a command; `None` means status 6988 and the end of the session.
    pub(crate) fn open(&mut self, command: &Command) -> Option<Command> {
        self.count();
        let mut rest = command.data.as_slice();
        let mut plain = Command {
            data: Vec::new(),
            le: 0,
            cla: command.cla & !0x0C,
            ..command.clone()
        };
        let mut covered = 0;
        let mut cryptogram = None;
        loop {
            let (tag, value, after) = tlv::split(rest)?;
            match tag {
                0x87 => cryptogram = Some(value.strip_prefix(&[1])?),
                0x85 => cryptogram = Some(value),
                0x97 => {
                    let le = value
                        .iter()
                        .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
                    plain.le = match (le, value.len()) {
                        (0, 1) => 256,
                        (0, _) => 65_536,
                        (le, _) => le,
                    };
                }
                0x8E => {
                    let header = [command.cla, command.ins, command.p1, command.p2];
                    let objects = command.data.get(..covered)?;
                    if value != self.code(Some(header), objects) || !after.is_empty() {
                        return None;
                    }
                    if let Some(cryptogram) = cryptogram {
                        let iv = self.iv();
                        let padded = self.cipher.decrypt(&self.encryption, &iv, cryptogram)?;
                        plain.data = keys::unpadded(padded)?;
                    }
                    return Some(plain);
                }
                _ => return None,
            }
            covered += rest.len() - after.len();
            rest = after;
        }
    }

    /// Wraps an answer; `odd` is whether the command's instruction was.
    pub(crate) fn seal(&mut self, answer: &Answer, odd: bool) -> Vec<u8> {
        self.count();
        let mut objects = Vec::new();
        if !answer.data.is_empty() {
            let padded = keys::padded(answer.data.clone(), self.cipher.block());
            let cryptogram = self.cipher.encrypt(&self.encryption, &self.iv(), &padded);
            objects = match odd {
                true => tlv::tlv(0x85, &cryptogram),
                false => tlv::constructed(0x87, &[&[1], &cryptogram]),
            };
        }
        objects.extend(tlv::tlv(0x99, &answer.status.to_be_bytes()));
        let code = self.code(None, &objects);
        objects.extend(tlv::tlv(0x8E, &code));
        objects
    }
}
