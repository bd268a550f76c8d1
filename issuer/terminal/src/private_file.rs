//! Files that only their owner may read, written so that a power cut leaves the old one or the new one.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::TerminalError;

/// Writes a new file with mode 0600 and syncs it.
///
/// # Errors
/// [`TerminalError::KeyFile`] when the file exists already or cannot be written.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), TerminalError> {
    let write = || -> std::io::Result<()> {
        let mut file = owners(OpenOptions::new().write(true).create_new(true)).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_folder(path)
    };
    write().map_err(|error| failed(path, error))
}

/// Reads a file that only its owner can read, at most `most` octets of it.
///
/// # Errors
/// [`TerminalError::KeyFile`] when it is absent, larger, or readable by others.
pub(crate) fn read(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
    let file = File::open(path).map_err(|error| failed(path, error))?;
    check_mode(&file, path)?;
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(most).unwrap_or(0) + 1));
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(path, error))?;
    if bytes.len() as u64 > most {
        return Err(failed(path, "is too large"));
    }
    Ok(bytes)
}

/// Writes beside, syncs, renames over, syncs the folder.
///
/// # Errors
/// The file system's; the old file is still there then.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = beside(path, "new");
    let mut file = owners(OpenOptions::new().write(true).create(true).truncate(true)).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    sync_folder(path)
}

/// Removes a file for good; that there is none is no error.
///
/// # Errors
/// The file system's.
pub(crate) fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(path),
    }
}

/// The path with `.extension` behind it.
pub(crate) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(unix)]
fn owners(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn owners(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn check_mode(file: &File, path: &Path) -> Result<(), TerminalError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file
        .metadata()
        .map_err(|error| failed(path, error))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(failed(
        path,
        format_args!("can be read by others: chmod 600 {}", path.display()),
    ))
}

#[cfg(not(unix))]
fn check_mode(_file: &File, _path: &Path) -> Result<(), TerminalError> {
    Ok(())
}

fn failed(path: &Path, why: impl std::fmt::Display) -> TerminalError {
    TerminalError::KeyFile(format!("{}: {why}", path.display()))
}
