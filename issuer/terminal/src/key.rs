//! Where the terminal's signing key is kept.
//!
//! | | protection | for |
//! |---|---|---|
//! | [`FileKey`] | a file that only its owner can read | development |

mod file;

pub use file::FileKey;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::did;

/// How a key is kept from being copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protection {
    /// Not at all: whoever reads the file has the key. For development only.
    File,
}

/// The key whose `did:key` is the name of a terminal, or of an operator.
pub trait TerminalKey: LocalSigner + Send + Sync {
    /// How it is kept.
    fn protection(&self) -> Protection;

    /// The `did:key` of its public key.
    fn did(&self) -> String {
        did::did_key(self.public_key())
    }
}
