//! Files: bounded reading, private or atomic writing.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::failure::Failure;

/// Reads at most `limit` bytes of a file.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::file(path, "read", &error))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::file(
            path,
            "read",
            &format!("it is larger than {limit} bytes"),
        ));
    }
    Ok(bytes)
}

/// Reads a short text file.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read(path, 1 << 20)?;
    String::from_utf8(bytes)
        .map(|text| text.trim().to_owned())
        .map_err(|_| Failure::file(path, "read", &"it is not UTF-8 text"))
}

/// Replaces a file in one step, so that a reader sees the old or the new one and never half of it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = Path::new(&name);
    File::create(beside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(beside, path))
        .map_err(|error| Failure::file(path, "write", &error))
}

/// Creates a file that only its owner may read; an existing one is an error.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(|error| Failure::file(path, "create", &error))
}
