//! The coded photograph of a resident card: its coding is proprietary, so the operator installs a decoder, and without
//! one such a card cannot be compared with a face.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::failure::{Code, Failure};

/// Most octets a decoder may print. The picture has 102 by 126 points.
const PICTURE_BYTES_MAX: u64 = 1024 * 1024;

/// Turns the coded photograph into a JPEG or PNG picture. Blocking.
pub trait PhotoDecoder: Send + Sync {
    /// The picture.
    ///
    /// # Errors
    /// `photo_decoder_unavailable` where none is installed or it does not answer in time; `card_photo_unreadable` where
    /// it finds no picture.
    fn decode(&self, coded: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure>;
}

/// No decoder is installed.
#[derive(Debug, Clone, Copy, Default)]
pub struct AbsentDecoder;

impl PhotoDecoder for AbsentDecoder {
    fn decode(&self, _coded: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        Err(Code::PhotoDecoderUnavailable.into())
    }
}

/// A program that reads the coded photograph from standard input and writes a picture to standard output. It gets no
/// arguments, no environment and no other files, is ended after its time, and nothing it prints elsewhere is read.
#[derive(Debug, Clone)]
pub struct ProgramDecoder {
    program: PathBuf,
    patience: Duration,
}

impl ProgramDecoder {
    /// The program at `program`, which must be an absolute path to a file, with so much time for one photograph.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn new(program: &Path, patience: Duration) -> Result<Self, String> {
        if !program.is_absolute() || !program.is_file() {
            return Err(format!(
                "{}: not a program by absolute path",
                program.display()
            ));
        }
        Ok(Self {
            program: program.to_owned(),
            patience,
        })
    }
}

impl PhotoDecoder for ProgramDecoder {
    fn decode(&self, coded: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let unavailable = |cause: &dyn std::fmt::Display| {
            tracing::error!(cause = %cause, "the photo decoder does not work");
            Failure::from(Code::PhotoDecoderUnavailable)
        };
        let child = Command::new(&self.program)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = Running(child.map_err(|error| unavailable(&error))?);
        let (input, output) = (child.0.stdin.take(), child.0.stdout.take());
        let coded = Zeroizing::new(coded.to_vec());
        let (done, finished) = mpsc::channel();
        // Both ends in a thread of their own: a program that reads nothing or prints for ever must not hold this one.
        std::thread::spawn(move || {
            // A decoder may stop reading once it has seen enough; what it prints decides.
            let _fed = input.map(|mut input| input.write_all(&coded));
            let mut picture = Zeroizing::new(Vec::with_capacity(PICTURE_BYTES_MAX as usize + 1));
            let read =
                output.map(|output| output.take(PICTURE_BYTES_MAX + 1).read_to_end(&mut picture));
            let _gone = done.send(match read {
                Some(Ok(_)) => Some(picture),
                _ => None,
            });
        });
        let picture = finished
            .recv_timeout(self.patience)
            .map_err(|_| unavailable(&"no answer in time"))?;
        let sound = picture.filter(|picture| {
            (1..=PICTURE_BYTES_MAX).contains(&(picture.len() as u64)) && child.succeeded()
        });
        sound.ok_or_else(|| Code::CardPhotoUnreadable.into())
    }
}

/// A decoder at work; ended when this is dropped, whatever came of it.
struct Running(Child);

impl Running {
    /// Whether it ended well. It has closed its output: what remains is its exit.
    fn succeeded(&mut self) -> bool {
        for _ in 0..100 {
            match self.0.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Err(_) => return false,
            }
        }
        false
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _killed = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Instant;

    use super::*;

    fn run(script: &str, patience: Duration) -> Result<Vec<u8>, &'static str> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("decoder");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let decoder = ProgramDecoder::new(&program, patience).unwrap();
        // A file just written may still be busy in a sibling test's fork.
        for _ in 0..20 {
            match decoder.decode(&[7; 1024]) {
                Err(failure) if failure.code == Code::PhotoDecoderUnavailable => {}
                other => return other.map(|p| p.to_vec()).map_err(|f| f.code.as_str()),
            }
            if patience < Duration::from_secs(1) {
                break;
            }
        }
        Err("photo_decoder_unavailable")
    }

    #[test]
    fn what_a_decoder_may_do_and_what_ends_it() {
        let long = Duration::from_secs(20);
        assert_eq!(run("exec /bin/cat", long), Ok(vec![7; 1024]));
        // The environment is empty: nothing of the service's secrets reaches it.
        let names = run("/usr/bin/env | /usr/bin/cut -d= -f1", long).unwrap();
        assert!(!String::from_utf8(names).unwrap().contains("CARGO"));
        assert_eq!(run("/bin/cat; exit 3", long), Err("card_photo_unreadable"));
        assert_eq!(run("exit 0", long), Err("card_photo_unreadable"));
        let endless = "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done";
        assert_eq!(run(endless, long), Err("card_photo_unreadable"));
        let begun = Instant::now();
        let stuck = run("exec /bin/sleep 60", Duration::from_millis(200));
        assert_eq!(stuck, Err("photo_decoder_unavailable"));
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn absent_means_closed() {
        let refused = AbsentDecoder.decode(&[0; 1024]).unwrap_err();
        assert_eq!(refused.code, Code::PhotoDecoderUnavailable);
        let long = Duration::from_secs(1);
        assert!(ProgramDecoder::new(Path::new("decoder"), long).is_err());
        assert!(ProgramDecoder::new(Path::new("/nonexistent/decoder"), long).is_err());
    }
}
