//! What is running here.

use std::io::Read;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::TerminalError;

/// base64url of SHA-256 over the program file at `path`, read in pieces.
///
/// It tells the issuer which release a terminal says it runs, so that a forgotten one is noticed. A machine that was taken
/// over says whatever it likes.
///
/// # Errors
/// [`TerminalError::Measurement`] when the file cannot be read.
pub fn measure(path: &Path) -> Result<String, TerminalError> {
    let failed = |error: std::io::Error| TerminalError::Measurement(error.to_string());
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece).map_err(failed)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(URL_SAFE_NO_PAD.encode(context.finish()));
        };
        context.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_program_is_known_by_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        std::fs::write(&path, b"abc").unwrap();
        // FIPS 180-4, the example of one block.
        assert_eq!(
            measure(&path).unwrap(),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        );
        assert!(measure(&folder.path().join("none")).is_err());
    }
}
