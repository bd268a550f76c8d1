//! The active liveness challenge on its way: what the issuer asks, and the frames a camera sends in answer.
//!
//! The issuer draws head movements at random and gives them out with a nonce. The capturing side films the person and
//! sends the frames as one [`encode`]d answer. A hash [`chain`] that begins with the nonce runs through number, time and
//! picture of every frame; the holder's device signs its end ([`prepare`]), or a terminal signs the bytes of the whole
//! answer with the rest of its evidence. So frames can be neither exchanged, reordered, retimed nor carried over to
//! another session without the key.
//!
//! An answer is `TSF1`, the length of the proof (two bytes), the proof, the count of frames (one byte), and for every
//! frame the milliseconds since the challenge was shown (four bytes), the length of the picture (four bytes) and the
//! picture (JPEG or PNG). Numbers are big-endian. At a terminal the proof is empty.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::crypto::sha256;
use crate::encoding::base64url;
use crate::error::Error;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;
use crate::vci::proof::verify_typed;

const TYP: &str = "tessera-liveness+jwt";
const MAGIC: &[u8; 4] = b"TSF1";
/// The media type of an answer.
pub const MEDIA_TYPE: &str = "application/vnd.tessera.frames";
/// Most frames in an answer.
pub const MAX_FRAMES: usize = 48;
/// Most bytes of one frame.
pub const MAX_FRAME_BYTES: usize = 512 * 1024;
/// Most bytes of an answer.
pub const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;
/// Most bytes of a proof.
const MAX_PROOF_BYTES: usize = 4 * 1024;

/// A movement of the head, from the person's own point of view, beginning and ending with a look into the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// Turn to one's own left.
    Left,
    /// Turn to one's own right.
    Right,
    /// Lift the chin.
    Up,
}

impl Movement {
    /// Every movement that can be asked.
    pub const ALL: [Self; 3] = [Self::Left, Self::Right, Self::Up];

    /// `left`, `right` or `up`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Up => "up",
        }
    }
}

/// What the issuer asks of one person, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivenessChallenge {
    /// Begins the chain of the frames; usable once.
    pub nonce: String,
    /// In this order, each from the look into the camera and back to it.
    pub movements: Vec<Movement>,
    /// Seconds from the first frame to the last.
    pub seconds: u32,
    /// RFC 3339; an answer that arrives later is refused.
    pub expires_at: String,
}

/// One picture of an answer.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// Milliseconds since the challenge was shown.
    pub at_ms: u32,
    /// JPEG or PNG.
    pub image: &'a [u8],
}

/// An answer, its form checked and its pictures not looked at. Personal data: no `Debug`.
pub struct Answer<'a> {
    /// The signed end of the chain; empty where something else signs the whole answer.
    pub proof: &'a str,
    /// At least one, oldest first, times rising.
    pub frames: Vec<Frame<'a>>,
}

impl<'a> Answer<'a> {
    /// Takes an answer apart. Every length is checked against what is there before it is used.
    ///
    /// # Errors
    /// `too_large` above [`MAX_ANSWER_BYTES`], [`MAX_FRAMES`] or [`MAX_FRAME_BYTES`]; `malformed` for anything that is
    /// not exactly the form this module describes, without frames, or with times that do not rise.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        const BROKEN: Error = Error::malformed("liveness answer");
        if bytes.len() > MAX_ANSWER_BYTES {
            return Err(Error::too_large("liveness answer", MAX_ANSWER_BYTES));
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(BROKEN)?;
        let (length, rest) = rest.split_first_chunk().ok_or(BROKEN)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length > MAX_PROOF_BYTES {
            return Err(Error::too_large("liveness proof", MAX_PROOF_BYTES));
        }
        let (proof, rest) = rest.split_at_checked(length).ok_or(BROKEN)?;
        let proof = core::str::from_utf8(proof).map_err(|_| BROKEN)?;
        let (&count, mut rest) = rest.split_first().ok_or(BROKEN)?;
        if usize::from(count) > MAX_FRAMES {
            return Err(Error::too_large("liveness frames", MAX_FRAMES));
        }
        let mut frames: Vec<Frame<'a>> = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let (at_ms, after) = rest.split_first_chunk().ok_or(BROKEN)?;
            let (length, after) = after.split_first_chunk().ok_or(BROKEN)?;
            let at_ms = u32::from_be_bytes(*at_ms);
            let length = u32::from_be_bytes(*length) as usize;
            if length > MAX_FRAME_BYTES {
                return Err(Error::too_large("liveness frame", MAX_FRAME_BYTES));
            }
            let (image, after) = after.split_at_checked(length).ok_or(BROKEN)?;
            if frames.last().is_some_and(|before| before.at_ms >= at_ms) {
                return Err(BROKEN);
            }
            frames.push(Frame { at_ms, image });
            rest = after;
        }
        if frames.is_empty() || !rest.is_empty() {
            return Err(BROKEN);
        }
        Ok(Self { proof, frames })
    }
}

/// Puts an answer together. Wiped when dropped.
///
/// # Errors
/// Whatever [`Answer::parse`] would say to it.
pub fn encode(proof: &str, frames: &[Frame<'_>]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let size = frames
        .iter()
        .map(|frame| frame.image.len().saturating_add(8))
        .fold(proof.len().saturating_add(7), usize::saturating_add);
    if size > MAX_ANSWER_BYTES {
        return Err(Error::too_large("liveness answer", MAX_ANSWER_BYTES));
    }
    let proof_length = u16::try_from(proof.len())
        .map_err(|_| Error::too_large("liveness proof", MAX_PROOF_BYTES))?;
    let count =
        u8::try_from(frames.len()).map_err(|_| Error::too_large("liveness frames", MAX_FRAMES))?;
    // Of the final size at once: a buffer that grows leaves copies of the pictures behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&proof_length.to_be_bytes());
    bytes.extend_from_slice(proof.as_bytes());
    bytes.push(count);
    for frame in frames {
        let length = u32::try_from(frame.image.len())
            .map_err(|_| Error::too_large("liveness frame", MAX_FRAME_BYTES))?;
        bytes.extend_from_slice(&frame.at_ms.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(frame.image);
    }
    Answer::parse(&bytes)?;
    Ok(bytes)
}

/// The end of the hash chain, base64url.
///
/// `h0 = SHA-256("tessera-liveness-v1" ‖ 0 ‖ nonce)`, and for frame `i`, counted from 0,
/// `h(i+1) = SHA-256(h(i) ‖ i ‖ at_ms ‖ SHA-256(picture))`, numbers in four bytes, big-endian.
#[must_use]
pub fn chain(nonce: &str, frames: &[Frame<'_>]) -> String {
    let mut start = b"tessera-liveness-v1\0".to_vec();
    start.extend_from_slice(nonce.as_bytes());
    let end = (0_u32..)
        .zip(frames)
        .fold(sha256(&start), |before, (index, frame)| {
            let mut link = before.to_vec();
            link.extend_from_slice(&index.to_be_bytes());
            link.extend_from_slice(&frame.at_ms.to_be_bytes());
            link.extend_from_slice(&sha256(frame.image));
            sha256(&link)
        });
    base64url(&end)
}

/// The holder's statement that these frames answer the issuer `aud`, to be signed by `device_key`: a JWT of type
/// `tessera-liveness+jwt` whose nonce is the end of the [`chain`].
#[must_use]
pub fn prepare(device_key: &PublicKey, aud: &str, chain: &str, iat: Timestamp) -> jws::Unsigned {
    let payload = json!({"aud": aud, "nonce": chain, "iat": iat.unix()});
    jws::Unsigned::new(json!({"typ": TYP, "jwk": device_key.to_jwk()}), &payload)
}

/// Checks the statement about these frames as an answer to the challenge with this nonce; the key is for the caller to
/// compare with the session's.
///
/// # Errors
/// Those of [`crate::vci::proof::verify`]; `nonce_mismatch` where the statement is about other frames, another order,
/// other times or another challenge.
pub fn verify(
    answer: &Answer<'_>,
    aud: &str,
    nonce: &str,
    now: Timestamp,
) -> Result<PublicKey, Error> {
    let proof = verify_typed(answer.proof, TYP, aud, now)?;
    if proof.nonce != chain(nonce, &answer.frames) {
        return Err(Error::NonceMismatch);
    }
    Ok(proof.key)
}
