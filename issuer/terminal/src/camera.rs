//! The camera program: a photograph, or the frames that answer a liveness challenge.
//!
//! The pictures come through a pipe into buffers of their own, which are wiped: they are in no file of this terminal's.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::liveness::{self, Answer, LivenessChallenge, MAX_ANSWER_BYTES, Movement};
use tessera_verifier::time::Timestamp;
use zeroize::{Zeroize, Zeroizing};

use crate::error::TerminalError;

/// Largest photograph: what the issuer accepts.
pub const MAX_PHOTO: usize = 8 * 1024 * 1024;
/// Time a camera program may take for a photograph.
const PHOTO_PATIENCE: Duration = Duration::from_secs(30);
/// Most movements a terminal lets a person be asked for.
const MAX_MOVEMENTS: usize = 8;

/// Films a person who moves as the issuer asks.
pub trait Film {
    /// The frames, as [`liveness::encode`] makes them, with an empty proof. `patience` is the time left.
    ///
    /// # Errors
    /// [`TerminalError::Photo`] where the camera fails.
    fn film(
        &self,
        movements: &[Movement],
        patience: Duration,
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError>;
}

/// A program that writes a photograph (JPEG or PNG) to its standard output; with movements (`left`, `right`, `up`) as
/// arguments, the frames of a person who makes them.
#[derive(Debug, Clone)]
pub struct CameraProgram(PathBuf);

impl CameraProgram {
    /// The program at this path.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    /// Takes a photograph.
    ///
    /// # Errors
    /// [`TerminalError::Photo`] where the program fails, takes too long, or writes nothing or too much.
    pub fn photo(&self) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        self.run(&[], PHOTO_PATIENCE, MAX_PHOTO)
    }

    fn run(
        &self,
        movements: &[Movement],
        patience: Duration,
        most: usize,
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        let failed = |error: std::io::Error| TerminalError::Photo(error.to_string());
        let mut camera = Command::new(&self.0)
            .args(movements.iter().map(|movement| movement.as_str()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let output = camera.stdout.take();
        let reading = std::thread::spawn(move || output.map(|output| bounded(output, most)));
        let until = Instant::now() + patience;
        let status = loop {
            match camera.try_wait().map_err(failed)? {
                Some(status) => break status,
                // A camera that has written too much waits for a reader that has gone: it ends here as well.
                None if Instant::now() >= until => {
                    let _ = camera.kill();
                    break camera.wait().map_err(failed)?;
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        match reading.join().ok().flatten() {
            Some(pictures) if status.success() => pictures,
            _ => Err(TerminalError::Photo("the camera failed".to_owned())),
        }
    }
}

impl Film for CameraProgram {
    fn film(
        &self,
        movements: &[Movement],
        patience: Duration,
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        self.run(movements, patience, MAX_ANSWER_BYTES)
    }
}

/// Reads to the end into one buffer of the final size, so that no copies stay behind.
///
/// # Errors
/// [`TerminalError::Photo`] where nothing comes, or more than `most` bytes.
pub fn bounded(from: impl Read, most: usize) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
    let failed = |what: String| TerminalError::Photo(what);
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    match from.take(most as u64 + 1).read_to_end(&mut bytes) {
        Ok(0) => Err(failed("is empty".to_owned())),
        Ok(length) if length > most => {
            bytes.zeroize();
            Err(failed(format!("is larger than {most} bytes")))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Films what the issuer asks, and signs the chain of the frames with the terminal's key: no frame can be taken out, put
/// in, or carried over to another session.
pub(crate) fn answer(
    film: &dyn Film,
    challenge: &LivenessChallenge,
    (signer, audience): (&dyn LocalSigner, &str),
    clock: &dyn Fn() -> Timestamp,
) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
    let unusable = TerminalError::IssuerAnswer("liveness");
    if !(1..=MAX_MOVEMENTS).contains(&challenge.movements.len()) {
        return Err(unusable);
    }
    let Ok(expires) = Timestamp::parse_rfc3339(&challenge.expires_at) else {
        return Err(unusable);
    };
    let left = expires.unix().saturating_sub(clock().unix());
    let patience = Duration::from_secs(u64::try_from(left).map_err(|_| TerminalError::TimedOut)?);
    let filmed = film.film(&challenge.movements, patience)?;
    let no_frames = |_| TerminalError::Photo("the camera's output is no frames".to_owned());
    let frames = Answer::parse(&filmed).map_err(no_frames)?.frames;
    let chain = liveness::chain(&challenge.nonce, &frames);
    let proof = liveness::prepare(signer.public_key(), audience, &chain, clock())
        .sign(signer)
        .map_err(|_| TerminalError::Signing)?;
    liveness::encode(&proof, &frames).map_err(no_frames)
}
