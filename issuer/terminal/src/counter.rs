//! The counter in every statement. It only rises, also over a power cut, so that the issuer can
//! refuse a statement that was recorded and sent again.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::TerminalError;
use crate::private_file::{self, beside};

/// Gives each statement a number above all before it.
pub trait Counter {
    /// The next number; it is durable before this returns.
    ///
    /// # Errors
    /// [`TerminalError::Counter`]: nothing may be sent then.
    fn next(&mut self) -> Result<u64, TerminalError>;
}

/// A counter for tests and demonstrations: it starts over with the process.
#[derive(Debug, Default)]
pub struct MemoryCounter(u64);

impl Counter for MemoryCounter {
    fn next(&mut self) -> Result<u64, TerminalError> {
        self.0 = self.0.checked_add(1).ok_or_else(exhausted)?;
        Ok(self.0)
    }
}

/// A counter in a file beside the key. The file is locked while the counter lives, so that two
/// programs on one machine cannot give out the same number.
#[derive(Debug)]
pub struct FileCounter {
    path: PathBuf,
    last: u64,
    _lock: File,
}

impl FileCounter {
    /// Opens the counter, or starts one at zero.
    ///
    /// # Errors
    /// [`TerminalError::Counter`] when another program holds it, or what is there is not a number: a
    /// damaged counter is never started over, because the issuer would then refuse this terminal.
    pub fn open(path: &Path) -> Result<Self, TerminalError> {
        let lock_path = beside(path, "lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|e| failed(&lock_path, e))?;
        lock.try_lock()
            .map_err(|_| failed(&lock_path, "another program is using this terminal"))?;
        let last = match File::open(path) {
            Ok(file) => read_number(file).map_err(|e| failed(path, e))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(failed(path, error)),
        };
        Ok(Self {
            path: path.to_owned(),
            last,
            _lock: lock,
        })
    }

    /// After a power cut the file holds either the old number or the new one.
    fn store(&self, value: u64) -> std::io::Result<()> {
        private_file::replace(&self.path, format!("{value}\n").as_bytes())
    }
}

impl Counter for FileCounter {
    fn next(&mut self) -> Result<u64, TerminalError> {
        let value = self.last.checked_add(1).ok_or_else(exhausted)?;
        self.store(value).map_err(|e| failed(&self.path, e))?;
        self.last = value;
        Ok(value)
    }
}

fn read_number(file: File) -> std::io::Result<u64> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text)?;
    text.trim_end().parse().map_err(|_| {
        std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "is not a number; put the last one back",
        )
    })
}

fn failed(path: &Path, error: impl std::fmt::Display) -> TerminalError {
    TerminalError::Counter(format!("{}: {error}", path.display()))
}

fn exhausted() -> TerminalError {
    TerminalError::Counter("no number is left".to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn rises_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counter");
        {
            let mut counter = FileCounter::open(&path).unwrap();
            assert_eq!((counter.next().unwrap(), counter.next().unwrap()), (1, 2));
        }
        assert_eq!(FileCounter::open(&path).unwrap().next().unwrap(), 3);
    }

    #[test]
    fn a_damaged_counter_is_not_started_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counter");
        std::fs::write(&path, "many").unwrap();
        assert_eq!(
            FileCounter::open(&path).unwrap_err().code(),
            "counter_not_durable"
        );
    }

    #[test]
    fn two_programs_cannot_share_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counter");
        let _first = FileCounter::open(&path).unwrap();
        assert!(FileCounter::open(&path).is_err());
    }
}
