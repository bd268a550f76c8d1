//! DEFLATE (RFC 1951) in its two wrappings: gzip (RFC 1952) and zlib (RFC 1950).

use alloc::vec;
use alloc::vec::Vec;

use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use crate::error::Error;

/// The best compression: a list is written once and fetched by everybody.
const LEVEL: u8 = 9;
/// What one round of decompression may add at first; doubled each round, so that a small list costs little memory.
const FIRST: usize = 32 * 1024;

const MALFORMED: Error = Error::malformed("compressed status list");

/// Compresses into gzip, without name or time.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Deflate, no flags, no time, best compression, unknown system.
    let mut out = [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff][..],
        &compress_to_vec(bytes, LEVEL),
    ]
    .concat();
    out.extend(crc32fast::hash(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

/// Compresses into zlib.
pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec_zlib(bytes, LEVEL)
}

/// Decompresses one gzip member, and nothing after it, into at most `limit` bytes.
pub(super) fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let body = gzip_body(bytes).ok_or(MALFORMED)?;
    // RFC 1952 §2.3.1: the last four bytes are the length, so that the memory is taken at once. A member that says it
    // wrong is refused below.
    let (_, size) = body.split_last_chunk::<4>().ok_or(MALFORMED)?;
    let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
    if size > limit {
        return Err(Error::too_large("status list", limit));
    }
    let (out, trailer) = inflate(body, size, limit, 0)?;
    let expected = [
        crc32fast::hash(&out).to_le_bytes(),
        (out.len() as u32).to_le_bytes(),
    ]
    .concat();
    if trailer == expected {
        Ok(out)
    } else {
        Err(MALFORMED)
    }
}

/// Decompresses one zlib stream, and nothing after it, into at most `limit` bytes.
pub(super) fn unzlib(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let flags =
        inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32;
    match inflate(bytes, FIRST, limit, flags)? {
        (out, []) => Ok(out),
        _ => Err(MALFORMED),
    }
}

/// What follows the header of a gzip member (RFC 1952 §2.3); names, comments and the like are skipped.
fn gzip_body(bytes: &[u8]) -> Option<&[u8]> {
    let (header, mut rest) = bytes.split_at_checked(10)?;
    let [0x1f, 0x8b, 8, flags, ..] = header else {
        return None;
    };
    if flags & 0xe0 != 0 {
        return None;
    }
    if flags & 0x04 != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [0x08, 0x10] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 0x02 != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// Decompresses a DEFLATE stream into a buffer of `first` bytes at first and `limit` at last; gives what it became and
/// what follows it.
fn inflate(
    bytes: &[u8],
    first: usize,
    limit: usize,
    flags: u32,
) -> Result<(Vec<u8>, &[u8]), Error> {
    let flags = flags | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = DecompressorOxide::new();
    let mut out = vec![0; first.min(limit)];
    let (mut read, mut written) = (0, 0);
    loop {
        let input = bytes.get(read..).ok_or(MALFORMED)?;
        let (status, consumed, produced) = decompress(&mut state, input, &mut out, written, flags);
        read += consumed;
        written += produced;
        match status {
            TINFLStatus::Done => {
                out.truncate(written);
                return Ok((out, bytes.get(read..).ok_or(MALFORMED)?));
            }
            TINFLStatus::HasMoreOutput if out.len() < limit => {
                out.resize((out.len() * 2).clamp(FIRST.min(limit), limit), 0);
            }
            TINFLStatus::HasMoreOutput => return Err(Error::too_large("status list", limit)),
            _ => return Err(MALFORMED),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_comes_back_and_nothing_else() {
        let bytes: Vec<u8> = (0..100_000u32)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8)
            .collect();
        for (packed, unpack) in [
            (
                gzip(&bytes),
                gunzip as fn(&[u8], usize) -> Result<Vec<u8>, Error>,
            ),
            (zlib(&bytes), unzlib),
        ] {
            assert_eq!(unpack(&packed, bytes.len()).unwrap(), bytes);
            assert_eq!(
                unpack(&packed, bytes.len() - 1).unwrap_err().code(),
                "too_large"
            );
            assert!(unpack(&[&packed[..], &[0]].concat(), bytes.len()).is_err());
            assert!(unpack(&packed[..packed.len() - 1], bytes.len()).is_err());
            let mut broken = packed.clone();
            *broken.last_mut().unwrap() ^= 1;
            assert!(unpack(&broken, bytes.len()).is_err());
        }
    }

    /// RFC 1952 §2.3: what may stand between the header and the body.
    #[test]
    fn members_of_a_gzip_header_are_skipped() {
        let bytes = b"SPECIMEN".repeat(100);
        let packed = gzip(&bytes);
        let (header, body) = packed.split_at(10);
        let with = |flags: u8, more: &[u8]| {
            let mut header = header.to_vec();
            header[3] = flags;
            gunzip(&[&header[..], more, body].concat(), bytes.len())
        };
        assert_eq!(with(0, &[]).unwrap(), bytes);
        for (flags, more) in [
            (0x01, &b""[..]),
            (0x02, b"cc"),
            (0x04, b"\x05\x00extra"),
            (0x04, b"\x00\x00"),
            (0x08, b"name\0"),
            (0x10, b"comment\0"),
            (0x1e, b"\x01\x00xname\0comment\0cc"),
        ] {
            assert_eq!(with(flags, more).unwrap(), bytes, "{flags:x}");
        }
        // Cut off within them, and flags that are reserved.
        for flags in [0x02, 0x04, 0x08, 0x20, 0x40, 0x80] {
            let mut short = header.to_vec();
            short[3] = flags;
            assert!(gunzip(&short, bytes.len()).is_err(), "{flags:x}");
            assert!(with(flags & 0xe0 | 0x02, b"cc").is_err() == (flags & 0xe0 != 0));
        }
    }

    /// The length at the end is believed only to refuse: a member that claims too much is not unpacked.
    #[test]
    fn a_member_that_claims_too_much_is_refused_unread() {
        let bytes = b"SPECIMEN".repeat(100);
        let mut packed = gzip(&bytes);
        let at = packed.len() - 4;
        packed[at..].copy_from_slice(&u32::MAX.to_le_bytes());
        let refused = gunzip(&packed, 4096).unwrap_err();
        assert_eq!(refused.code(), "too_large");
        packed[at..].copy_from_slice(&1u32.to_le_bytes());
        assert_eq!(gunzip(&packed, 4096).unwrap_err().code(), "malformed");
    }
}
