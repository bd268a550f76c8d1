//! An operator's key in a file, sealed with the operator's own PIN: Argon2id (RFC 9106) and AES-256-GCM, with the key's
//! DID bound to it.
//!
//! Whoever copies the file can try PINs at leisure, at about a tenth of a second each: better a token or a TPM, which
//! count. The PIN of such a file has at least eight characters for that reason.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{FileKey, TerminalKey};
use crate::error::TerminalError;
use crate::private_file;

const VERSION: u32 = 1;
/// Memory in KiB, passes, lanes: the second recommended option of RFC 9106 §4, with one lane.
const COST: (u32, u32, u32) = (65_536, 3, 1);
/// Characters a PIN must have where nothing counts the guesses.
pub(super) const PIN_MIN: usize = 8;
pub(super) const MAX_FILE: u64 = 4096;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    version: u32,
    did: String,
    salt: String,
    nonce: String,
    ciphertext: String,
}

/// Writes the key to a new file, sealed.
///
/// # Errors
/// [`TerminalError::Pin`] for a PIN that is too short, [`TerminalError::KeyFile`] when the file cannot be written.
pub(super) fn save_new(
    key: &FileKey,
    path: &Path,
    pin: &str,
    rng: &mut dyn CryptoRngCore,
) -> Result<(), TerminalError> {
    if pin.chars().count() < PIN_MIN {
        return Err(TerminalError::Pin(
            "the PIN must have at least 8 characters",
        ));
    }
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    let did = key.did();
    let mut bytes = Zeroizing::new(key.to_pkcs8()?.to_vec());
    let nonce = cipher(pin, &salt)?
        .seal_in_place_append_tag(Aad::from(did.as_bytes()), &mut *bytes)
        .map_err(|_| damaged())?;
    let sealed = Sealed {
        version: VERSION,
        did,
        salt: STANDARD.encode(salt),
        nonce: STANDARD.encode(nonce.as_ref()),
        ciphertext: STANDARD.encode(&*bytes),
    };
    let text = serde_json::to_vec_pretty(&sealed).map_err(|_| damaged())?;
    private_file::create(path, &text)
}

/// Opens what [`save_new`] wrote.
///
/// # Errors
/// [`TerminalError::Pin`] when the PIN does not open it, [`TerminalError::KeyFile`] when it is damaged.
pub(super) fn open(text: &[u8], pin: &str) -> Result<FileKey, TerminalError> {
    let sealed: Sealed = serde_json::from_slice(text).map_err(|_| damaged())?;
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| damaged());
    let nonce: [u8; 12] = decode(&sealed.nonce)?.try_into().map_err(|_| damaged())?;
    let mut ciphertext = Zeroizing::new(decode(&sealed.ciphertext)?);
    if sealed.version != VERSION {
        return Err(damaged());
    }
    let plain = cipher(pin, &decode(&sealed.salt)?)?
        .open_in_place(
            Nonce::from(&nonce),
            Aad::from(sealed.did.as_bytes()),
            &mut ciphertext,
        )
        .map_err(|_| TerminalError::Pin("the PIN does not open the key"))?;
    FileKey::from_pkcs8(plain)
}

fn cipher(pin: &str, salt: &[u8]) -> Result<RandomizedNonceKey, TerminalError> {
    let params = Params::new(COST.0, COST.1, COST.2, Some(32)).map_err(|_| damaged())?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), salt, &mut *key)
        .map_err(|_| damaged())?;
    RandomizedNonceKey::new(&AES_256_GCM, &*key).map_err(|_| damaged())
}

fn damaged() -> TerminalError {
    TerminalError::KeyFile("the sealed key is damaged".to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_sealed_key_opens_with_its_pin_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.key");
        let key = FileKey::generate().unwrap();
        let mut rng = rand_core::OsRng;
        assert!(save_new(&key, &path, "1234567", &mut rng).is_err());
        save_new(&key, &path, "12345678", &mut rng).unwrap();
        let text = std::fs::read(&path).unwrap();
        assert_eq!(open(&text, "12345678").unwrap().did(), key.did());
        assert_eq!(open(&text, "12345679").err().unwrap().code(), "pin_refused");
        // The name in the file is the key's, or the file does not open.
        let other = FileKey::generate().unwrap().did();
        let renamed = String::from_utf8(text).unwrap().replace(&key.did(), &other);
        assert!(open(renamed.as_bytes(), "12345678").is_err());
    }
}
