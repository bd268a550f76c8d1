//! Files: locked, private, bounded, replaced whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::envelope::MAX_FILE_BYTES;
use crate::error::Error;

/// Writes `bytes` so that a crash leaves either the old file or the new one: a fresh file beside it, its data on the
/// disk, rename over the old one, the folder on the disk.
pub(super) fn replace(fresh: &Path, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = open_private(fresh).map_err(io)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(fresh, path));
    if let Err(error) = written {
        // Half a file is of no use to anybody, and the disk may be full.
        let _ = std::fs::remove_file(fresh);
        return Err(io(error));
    }
    // The rename itself lives in the folder.
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io)
}

/// Overwrites the first `length` bytes of a file, if it is there, and removes it.
pub(super) fn shred(path: &Path, length: usize) -> Result<(), Error> {
    match OpenOptions::new().write(true).open(path) {
        Ok(mut file) => {
            file.write_all(&vec![0; length])
                .and_then(|()| file.sync_all())
                .map_err(io)?;
            remove(path)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io(error)),
    }
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io(error)),
        _ => Ok(()),
    }
}

pub(super) fn lock(folder: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = options.open(folder.join(super::LOCK)).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::StoreLocked),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

pub(super) fn read_bounded(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::StoreMissing,
            _ => io(error),
        })?;
    Ok(bytes)
}

#[cfg(unix)]
fn open_private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn open_private(path: &Path) -> std::io::Result<File> {
    File::create(path)
}

#[cfg(unix)]
pub(super) fn create_private_folder(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(io)
}

#[cfg(not(unix))]
pub(super) fn create_private_folder(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(io)
}

pub(super) fn io(error: std::io::Error) -> Error {
    Error::StoreIo(error.kind())
}
