//! Files that are there whole or not at all.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Writes `path` anew, readable by the owner only: to a file beside it, flushed to the disk, then renamed over it.
///
/// # Errors
/// The file system's; the old file is then untouched.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    replace_with_mode(path, 0o600, write)
}

/// The same for a file that anybody may read.
///
/// # Errors
/// As [`replace`].
pub(crate) fn publish(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    replace_with_mode(path, 0o644, write)
}

/// Creates a folder and those above it, open to the owner only, whatever the umask is.
///
/// # Errors
/// The file system's.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Refuses a folder that anybody but its owner may enter or read.
///
/// # Errors
/// Says how to close it.
pub(crate) fn require_private(folder: &Path) -> io::Result<()> {
    let mode = std::fs::metadata(folder)?.permissions().mode();
    if mode & 0o077 != 0 {
        let path = folder.display();
        return Err(io::Error::other(format!(
            "{path} is open to others (mode {:03o}): run `chmod 700 {path}` first",
            mode & 0o777
        )));
    }
    Ok(())
}

fn replace_with_mode(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&beside)?;
    write(&mut file)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
