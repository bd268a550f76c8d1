//! Where the terminal's signing key is kept, and an operator's.
//!
//! | | protection | for |
//! |---|---|---|
//! | [`TpmKey`] | a TPM 2.0: the key is usable on one machine only | terminals |
//! | `Pkcs11Key` | a PKCS#11 token: the key is usable, never readable | terminals, operators' cards |
//! | [`FileKey`], sealed | a file and a PIN | operators without a token |
//! | [`FileKey`] | a file that only its owner can read | development |

mod file;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod place;
mod sealed;
#[cfg(unix)]
mod tpm;

use rand_core::CryptoRngCore;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::did;
use tessera_verifier::key::PublicKey;
use zeroize::Zeroizing;

use crate::error::TerminalError;
use crate::private_file;

pub use file::FileKey;
#[cfg(feature = "pkcs11")]
pub use pkcs11::Pkcs11Key;
pub use place::KeyPlace;
#[cfg(unix)]
pub use tpm::TpmKey;

/// A PIN is one line.
const MAX_PIN_FILE: u64 = 256;

/// How a key is kept from being copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protection {
    /// Not at all: whoever reads the file has the key. For development only.
    File,
    /// By a PIN alone: whoever reads the file can try PINs.
    Sealed,
    /// By a PKCS#11 token.
    Pkcs11,
    /// By a TPM 2.0.
    Tpm,
}

impl Protection {
    /// `file`, `sealed`, `pkcs11` or `tpm`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Sealed => "sealed",
            Self::Pkcs11 => "pkcs11",
            Self::Tpm => "tpm",
        }
    }
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

impl LocalSigner for Box<dyn TerminalKey> {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        (**self).sign(message)
    }
}

/// Asks for a PIN, where one is needed: from a file, the environment or a person.
pub type AskPin<'a> = &'a mut dyn FnMut() -> Result<Zeroizing<String>, TerminalError>;

/// Opens the key at a place.
///
/// # Errors
/// [`TerminalError::KeyFile`], [`TerminalError::Token`], [`TerminalError::Pin`].
pub fn open(place: &KeyPlace, ask: AskPin<'_>) -> Result<Box<dyn TerminalKey>, TerminalError> {
    match place {
        KeyPlace::File(path) => {
            let text = private_file::read(path, sealed::MAX_FILE)?;
            if text.starts_with(b"{") {
                return Ok(Box::new(sealed::open(&text, &pin(place, ask)?)?));
            }
            Ok(Box::new(FileKey::from_pem(&text, path)?))
        }
        #[cfg(feature = "pkcs11")]
        KeyPlace::Pkcs11 {
            module,
            token,
            object,
            ..
        } => Ok(Box::new(Pkcs11Key::open(
            module,
            token,
            object,
            &pin(place, ask)?,
        )?)),
        #[cfg(unix)]
        KeyPlace::Tpm { file, device, .. } => {
            Ok(Box::new(TpmKey::open(device, file, &pin(place, ask)?)?))
        }
        #[cfg(not(all(feature = "pkcs11", unix)))]
        _ => Err(TerminalError::Token(
            "this program was built without such keys".to_owned(),
        )),
    }
}

/// Makes a new key at a place; `sealed` asks for a PIN for a file as well.
///
/// # Errors
/// [`TerminalError::KeyFile`], [`TerminalError::Token`], [`TerminalError::Pin`].
pub fn generate(
    place: &KeyPlace,
    sealed: bool,
    ask: AskPin<'_>,
    rng: &mut dyn CryptoRngCore,
) -> Result<Box<dyn TerminalKey>, TerminalError> {
    match place {
        KeyPlace::File(path) if sealed => {
            let key = FileKey::generate()?;
            sealed::save_new(&key, path, &pin(place, ask)?, rng)?;
            Ok(Box::new(key.sealed()))
        }
        KeyPlace::File(path) => {
            let key = FileKey::generate()?;
            key.save_new(path)?;
            Ok(Box::new(key))
        }
        #[cfg(feature = "pkcs11")]
        KeyPlace::Pkcs11 {
            module,
            token,
            object,
            ..
        } => Ok(Box::new(Pkcs11Key::generate(
            module,
            token,
            object,
            &pin(place, ask)?,
        )?)),
        #[cfg(unix)]
        KeyPlace::Tpm { file, device, .. } => {
            Ok(Box::new(TpmKey::generate(device, file, &pin(place, ask)?)?))
        }
        #[cfg(not(all(feature = "pkcs11", unix)))]
        _ => Err(TerminalError::Token(
            "this program was built without such keys".to_owned(),
        )),
    }
}

/// The first line of the file the place names, or what `ask` gives.
fn pin(place: &KeyPlace, ask: AskPin<'_>) -> Result<Zeroizing<String>, TerminalError> {
    let Some(path) = place.pin_source() else {
        return ask();
    };
    let bytes = private_file::read(path, MAX_PIN_FILE)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| TerminalError::Pin("the file of the PIN is not text"))?;
    Ok(Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}
