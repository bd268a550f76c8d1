//! Readers with a security module, on a serial line or a TCP connection.
//!
//! Everything a reader sends is bounded in size (its frame's own length, checked before it is read) and in time: an
//! exchange that is not through in time is an error, and so is every later one on the same line, because a late answer
//! would be taken for the next command's. For the same reason an answer that is there before its command is thrown away:
//! nothing in it says what it answers, and it may be about the person before.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::termios::{self, ControlModes, OptionalActions, QueueSelector, SpecialCodeIndex};
use tessera_card::TransportError;
use tessera_card::sam::{self, SamTransport, frame};
use zeroize::Zeroizing;

use crate::error::TerminalError;

/// The longest a single wait for octets lasts, so that the whole exchange can be given up in time.
const TICK: Duration = Duration::from_millis(100);
/// Between two questions whether a card is there.
const PAUSE: Duration = Duration::from_millis(250);
/// Reads of a connection's stale octets before it is given up.
const MOST_STALE: usize = 64;
/// How long one exchange may take: reading a card takes about a second.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A reader with a security module.
pub struct SamReader {
    line: Box<dyn Line>,
    patience: Duration,
    broken: bool,
    name: String,
}

/// Octets to and from a reader.
trait Line {
    /// Writes all of `octets`.
    fn send(&mut self, octets: &[u8]) -> std::io::Result<()>;

    /// Reads what is there, at most `buffer`; `None` when nothing came within a [`TICK`].
    fn receive(&mut self, buffer: &mut [u8]) -> std::io::Result<Option<usize>>;

    /// Throws away what has come in so far, without waiting.
    fn discard(&mut self) -> std::io::Result<()>;
}

impl SamReader {
    /// Opens the serial line at `device`, 115,200 bits a second, 8N1, and takes it for this program alone.
    ///
    /// # Errors
    /// [`TerminalError::Reader`] when there is no such line or it is in use.
    pub fn serial(device: &Path, patience: Duration) -> Result<Self, TerminalError> {
        let failed = |error: rustix::io::Errno| {
            TerminalError::Reader(format!("serial line {}: {error}", device.display()))
        };
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line = rustix::fs::open(device, flags, Mode::empty()).map_err(failed)?;
        // Two programs on one line would read each other's answers; the lock goes with the file.
        rustix::fs::flock(&line, FlockOperation::NonBlockingLockExclusive).map_err(failed)?;
        let mut modes = termios::tcgetattr(&line).map_err(failed)?;
        modes.make_raw();
        modes.control_modes -= ControlModes::CSTOPB | ControlModes::CRTSCTS;
        modes.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
        modes.set_speed(115_200).map_err(failed)?;
        // A read returns what is there, or nothing after a tenth of a second: a TICK.
        modes.special_codes[SpecialCodeIndex::VMIN] = 0;
        modes.special_codes[SpecialCodeIndex::VTIME] = 1;
        termios::tcsetattr(&line, OptionalActions::Flush, &modes).map_err(failed)?;
        Ok(Self::on(Serial(File::from(line)), patience, "SAM, serial"))
    }

    /// Connects to a reader at `host:port`.
    ///
    /// # Errors
    /// [`TerminalError::Reader`] when nobody answers there.
    pub fn tcp(address: &str, patience: Duration) -> Result<Self, TerminalError> {
        let failed =
            |error: std::io::Error| TerminalError::Reader(format!("reader at {address}: {error}"));
        let mut last = std::io::Error::from(ErrorKind::AddrNotAvailable);
        for candidate in address.to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&candidate, patience) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(failed)?;
                    stream.set_read_timeout(Some(TICK)).map_err(failed)?;
                    stream.set_write_timeout(Some(patience)).map_err(failed)?;
                    return Ok(Self::on(stream, patience, "SAM, TCP"));
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    fn on(line: impl Line + 'static, patience: Duration, name: &str) -> Self {
        Self {
            line: Box::new(line),
            patience,
            broken: false,
            name: name.to_owned(),
        }
    }

    /// What the statement calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until a card lies on the reader. `progress` is called with the time left.
    ///
    /// # Errors
    /// [`TerminalError::NoCard`] after `patience`; otherwise what the reader did.
    pub fn wait_for_card(
        &mut self,
        patience: Duration,
        progress: &mut dyn FnMut(Duration),
    ) -> Result<(), TerminalError> {
        let until = Instant::now() + patience;
        while !sam::find(self)? {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TerminalError::NoCard(patience.as_secs()));
            }
            progress(left);
            std::thread::sleep(PAUSE.min(left));
        }
        Ok(())
    }

    fn exchange_once(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let until = Instant::now() + self.patience;
        self.line.discard().map_err(failed)?;
        self.line.send(command).map_err(failed)?;
        let mut head = [0; frame::HEAD];
        self.fill(&mut head, until)?;
        let Ok(remaining) = frame::remaining(&head) else {
            // Not an answer. What it is instead, the frame's own reader says.
            self.broken = true;
            return Ok(head.to_vec());
        };
        // One buffer of the final size: the record holds a photograph.
        let mut answer = Zeroizing::new(vec![0; frame::HEAD + remaining]);
        let (start, rest) = answer.split_at_mut(frame::HEAD);
        start.copy_from_slice(&head);
        self.fill(rest, until)?;
        Ok(std::mem::take(&mut *answer))
    }

    fn fill(&mut self, mut buffer: &mut [u8], until: Instant) -> Result<(), TransportError> {
        while !buffer.is_empty() {
            if Instant::now() >= until {
                return Err(TransportError::Reader("no answer in time".to_owned()));
            }
            if let Some(count) = self.line.receive(buffer).map_err(failed)? {
                buffer = buffer.get_mut(count..).unwrap_or_default();
            }
        }
        Ok(())
    }
}

impl SamTransport for SamReader {
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if self.broken {
            return Err(TransportError::Reader("the line is out of step".to_owned()));
        }
        let answer = self.exchange_once(command);
        self.broken |= answer.is_err();
        answer
    }
}

impl std::fmt::Debug for SamReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SamReader({})", self.name)
    }
}

/// A serial line in raw mode whose reads return after a tick.
struct Serial(File);

impl Line for Serial {
    fn send(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.0.write_all(octets)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> std::io::Result<Option<usize>> {
        match self.0.read(buffer) {
            Ok(0) => Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(None),
            read => read.map(Some),
        }
    }

    fn discard(&mut self) -> std::io::Result<()> {
        termios::tcflush(&self.0, QueueSelector::IFlush).map_err(Into::into)
    }
}

impl Line for TcpStream {
    fn send(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.write_all(octets)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> std::io::Result<Option<usize>> {
        match self.read(buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) =>
            {
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    fn discard(&mut self) -> std::io::Result<()> {
        let mut stale = [0; frame::HEAD + frame::MOST];
        self.set_nonblocking(true)?;
        // As much as one answer at a time; a line that never falls silent is no reader's.
        let mut left = MOST_STALE;
        let emptied = loop {
            match self.read(&mut stale) {
                Ok(0) => break Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) if left == 0 => break Err(ErrorKind::InvalidData.into()),
                Ok(_) => left -= 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.set_nonblocking(false)?;
        emptied
    }
}

fn failed(error: std::io::Error) -> TransportError {
    TransportError::Reader(error.to_string())
}
