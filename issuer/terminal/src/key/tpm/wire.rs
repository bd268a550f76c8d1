//! Commands and answers of a TPM 2.0 (Part 1 §18, Part 3 §5): big-endian, each with its length in front.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::TerminalError;

/// Largest answer of a TPM.
const MAX_ANSWER: usize = 4096;
const HEADER: usize = 10;
const NO_SESSIONS: u16 = 0x8001;
const SESSIONS: u16 = 0x8002;
/// The pseudo-session of a plain password (TPM_RS_PW).
const PASSWORD: u32 = 0x4000_0009;
/// A TPM that takes longer has failed. Making a key is the slowest thing asked of one.
const PATIENCE: Duration = Duration::from_secs(30);

/// TPM_RC_RETRY and TPM_RC_TESTING (Part 2 §6.6.3): the command was not started, and is sent again.
const RETRY: u32 = 0x922;
const TESTING: u32 = 0x90A;
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// TPM_CC.
pub(super) mod code {
    pub(crate) const CREATE_PRIMARY: u32 = 0x131;
    pub(crate) const CREATE: u32 = 0x153;
    pub(crate) const LOAD: u32 = 0x157;
    pub(crate) const SIGN: u32 = 0x15D;
    pub(crate) const FLUSH_CONTEXT: u32 = 0x165;
}

/// TPM_ALG_ID and TPM_ECC_CURVE.
pub(super) mod algorithm {
    pub(crate) const AES: u16 = 0x0006;
    pub(crate) const SHA256: u16 = 0x000B;
    pub(crate) const NULL: u16 = 0x0010;
    pub(crate) const ECDSA: u16 = 0x0018;
    pub(crate) const ECC: u16 = 0x0023;
    pub(crate) const CFB: u16 = 0x0043;
    pub(crate) const P256: u16 = 0x0003;
}

/// An open TPM: the kernel's device, or the socket of a simulator.
pub(super) enum Device {
    Kernel(File),
    Socket(UnixStream),
}

impl Device {
    pub(super) fn open(path: &Path) -> Result<Self, TerminalError> {
        let failed =
            |error: std::io::Error| TerminalError::Token(format!("{}: {error}", path.display()));
        if std::fs::metadata(path)
            .map_err(failed)?
            .file_type()
            .is_socket()
        {
            let socket = UnixStream::connect(path).map_err(failed)?;
            socket.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
            return Ok(Self::Socket(socket));
        }
        let device = File::options().read(true).write(true).open(path);
        device.map(Self::Kernel).map_err(failed)
    }

    /// A command on one handle, authorised by a password; returns the parameters of the answer.
    pub(super) fn authorised(
        &mut self,
        code: u32,
        handle: u32,
        password: &[u8],
        parameters: &Writer,
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        let answer = self.command(code, handle, password, parameters)?;
        let mut answer = Reader::new(&answer);
        Ok(Zeroizing::new(answer.parameters()?.to_vec()))
    }

    /// The same for a command that answers with a handle; the rest of its answer is not needed.
    pub(super) fn authorised_handle(
        &mut self,
        code: u32,
        handle: u32,
        password: &[u8],
        parameters: &Writer,
    ) -> Result<u32, TerminalError> {
        let answer = self.command(code, handle, password, parameters)?;
        Reader::new(&answer).u32()
    }

    /// TPM2_FlushContext.
    pub(super) fn flush(&mut self, handle: u32) -> Result<(), TerminalError> {
        self.exchange(NO_SESSIONS, code::FLUSH_CONTEXT, &handle.to_be_bytes())
            .map(drop)
    }

    fn command(
        &mut self,
        code: u32,
        handle: u32,
        password: &[u8],
        parameters: &Writer,
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        let mut session = Writer::default();
        session.u32(PASSWORD);
        session.bytes(&[]);
        session.0.push(0);
        session.bytes(password);
        let mut body = Writer::default();
        body.u32(handle);
        body.u32(u32::try_from(session.0.len()).unwrap_or(u32::MAX));
        body.0.extend_from_slice(&session.0);
        body.0.extend_from_slice(&parameters.0);
        self.exchange(SESSIONS, code, &body.0)
    }

    fn exchange(
        &mut self,
        tag: u16,
        code: u32,
        body: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        let mut message = Writer::default();
        message.u16(tag);
        message.u32(u32::try_from(body.len() + HEADER).unwrap_or(u32::MAX));
        message.u32(code);
        message.0.extend_from_slice(body);
        let mut attempts = 0;
        loop {
            let answer = self.talk(&message.0).map_err(|error| {
                TerminalError::Token(format!("the TPM does not answer: {error}"))
            })?;
            let mut reader = Reader::new(&answer);
            let (_tag, _size, status) = (reader.u16()?, reader.u32()?, reader.u32()?);
            attempts += 1;
            match status {
                0 => return Ok(Zeroizing::new(reader.rest().to_vec())),
                RETRY | TESTING if attempts < ATTEMPTS => std::thread::sleep(PAUSE),
                status => return Err(refusal(status)),
            }
        }
    }

    /// One command, one answer. The kernel's device hands an answer out whole; a socket may hand it out in pieces.
    fn talk(&mut self, message: &[u8]) -> std::io::Result<Zeroizing<Vec<u8>>> {
        let (input, output): (&mut dyn Read, &mut dyn Write) = match self {
            Self::Kernel(file) => (&mut &*file, &mut &*file),
            Self::Socket(socket) => (&mut &*socket, &mut &*socket),
        };
        output.write_all(message)?;
        let mut answer = Zeroizing::new(vec![0; MAX_ANSWER]);
        let (mut have, mut want) = (0, HEADER);
        while have < want {
            let room = answer.get_mut(have..).unwrap_or_default();
            match input.read(room)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                read => have += read,
            }
            if let Some(&[_, _, a, b, c, d]) = answer.first_chunk::<6>().filter(|_| have >= HEADER)
            {
                want = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                if !(HEADER..=MAX_ANSWER).contains(&want) {
                    return Err(std::io::ErrorKind::InvalidData.into());
                }
            }
        }
        answer.truncate(want);
        Ok(answer)
    }
}

/// What a response code (Part 2 §6.6) means to an operator. Bits of parameter, handle and session numbers are masked.
fn refusal(status: u32) -> TerminalError {
    match status {
        0x921 => TerminalError::Pin("the TPM is locked after too many wrong PINs"),
        // TPM_RC_AUTH_FAIL and TPM_RC_BAD_AUTH.
        _ if status & 0xBF == 0x8E || status & 0xBF == 0xA2 => {
            TerminalError::Pin("the TPM does not accept the PIN")
        }
        _ => TerminalError::Token(format!("the TPM refused ({status:#x})")),
    }
}

/// Builds structures. What is written may hold a PIN: wiped when dropped.
#[derive(Default)]
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    pub(super) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    /// A TPM2B: its size, then its bytes. Everything written here is far below 64 KiB.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
        self.0.extend_from_slice(bytes);
    }

    /// A TPM2B around what `inner` writes.
    pub(super) fn sized(&mut self, inner: impl FnOnce(&mut Self)) {
        let mut w = Self::default();
        inner(&mut w);
        self.bytes(&w.0);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// Takes structures apart; a structure that is cut short is an error.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], TerminalError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| TerminalError::Token("the TPM's answer is cut short".to_owned()))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn u16(&mut self) -> Result<u16, TerminalError> {
        let bytes = self.take(2)?;
        Ok(bytes.iter().fold(0, |n, &b| n << 8 | u16::from(b)))
    }

    pub(super) fn u32(&mut self) -> Result<u32, TerminalError> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().fold(0, |n, &b| n << 8 | u32::from(b)))
    }

    /// A TPM2B.
    pub(super) fn sized(&mut self) -> Result<&'a [u8], TerminalError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// The parameters of an answer with sessions: their size, then they.
    fn parameters(&mut self) -> Result<&'a [u8], TerminalError> {
        let length = self.u32()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn rest(self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer that lies about its size, or ends early, is an error and not a panic.
    #[test]
    fn hostile_answers_are_errors() {
        for bytes in [&[][..], &[0], &[0xFF, 0xFF, 1], &[0, 3, 1, 2]] {
            assert!(Reader::new(bytes).sized().is_err(), "{bytes:?}");
        }
        assert!(Reader::new(&[0xFF; 6]).parameters().is_err());
        assert!(Reader::new(&[0; 3]).u32().is_err());
    }

    #[test]
    fn a_wrong_pin_is_told_from_a_failed_tpm() {
        assert_eq!(refusal(0x98E).code(), "pin_refused");
        assert_eq!(refusal(0x9A2).code(), "pin_refused");
        assert_eq!(refusal(0x921).code(), "pin_refused");
        assert_eq!(refusal(0x101).code(), "key_token_failed");
    }
}
