//! The virtual reader of vsmartcard: the card is the TCP client; every message is a big-endian u16
//! length and that many octets; a message of one octet is control.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

use socket2::SockRef;

use crate::chip::Chip;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const ATR: u8 = 4;

/// A contactless card without historical bytes: T=0 announced, T=1 offered, check octet
/// (ISO/IEC 7816-3 §8.2, as PC/SC part 3 makes them up for contactless chips).
const ANSWER_TO_RESET: [u8; 5] = [0x3B, 0x80, 0x80, 0x01, 0x01];

/// Puts the chip into the virtual reader at `address` and answers until the reader closes.
///
/// # Errors
/// When the reader cannot be reached or breaks the framing.
pub fn serve(chip: &mut Chip, address: impl ToSocketAddrs) -> io::Result<()> {
    serve_over(chip, TcpStream::connect(address)?)
}

/// As [`serve`], over a connection to the reader that the caller has made. Who keeps a clone of it and shuts that down
/// takes the card out of the reader.
///
/// # Errors
/// When the reader breaks the framing.
pub fn serve_over(chip: &mut Chip, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        // Without this every APDU waits for a delayed acknowledgement; the kernel forgets it.
        #[cfg(target_os = "linux")]
        SockRef::from(&stream).set_tcp_quickack(true)?;
        let Some(message) = receive(&mut stream)? else {
            return Ok(());
        };
        match message.as_slice() {
            [POWER_OFF | POWER_ON | RESET] => chip.reset(),
            [ATR] => send(&mut stream, &ANSWER_TO_RESET)?,
            apdu => send(&mut stream, &chip.transmit(apdu))?,
        }
    }
}

/// One message; `None` when the other end has closed.
fn receive(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    match stream.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(Some(message))
}

fn send(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "answer beyond one message"))?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed)
}
