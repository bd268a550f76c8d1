//! A key in a TPM 2.0 (TCG TPM 2.0 Library, Part 3), with the five commands that takes.
//!
//! The key is made under the storage primary key of the owner hierarchy, which the TPM derives anew from its seed
//! whenever it is asked, and is kept outside as a blob that only this TPM can open. A PIN is the key's own
//! authorisation, guarded by the TPM's lockout.

mod wire;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature, sha256};
use tessera_verifier::key::PublicKey;

use self::wire::{Device, Reader, Writer, algorithm, code};
use super::{Protection, TerminalKey};
use crate::error::TerminalError;
use crate::private_file;

const VERSION: u32 = 1;
/// Two blobs of some hundred octets, in base64.
const MAX_FILE: u64 = 8192;
/// The authorisation of an object is at most as long as its name algorithm's digest (Part 1 §19.6.4.2).
const MAX_PIN: usize = 32;
const OWNER: u32 = 0x4000_0001;
const NULL: u32 = 0x4000_0007;
/// TPMA_OBJECT of the storage primary key: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted,
/// decrypt (TCG TPM v2.0 Provisioning Guidance §7.5.1).
const STORAGE: u32 = 0x0003_0472;
/// TPMA_OBJECT of a signing key: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign.
const SIGNING: u32 = 0x0004_0072;
/// noDA: without a PIN there is nothing to guess, and a lockout would stop the terminal.
const NO_LOCKOUT: u32 = 0x0000_0400;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    version: u32,
    /// TPM2B_PUBLIC without its size.
    public: String,
    /// TPM2B_PRIVATE without its size: encrypted by the TPM.
    private: String,
}

/// A P-256 key that only one TPM can use.
pub struct TpmKey {
    device: Mutex<Device>,
    handle: u32,
    pin: zeroize::Zeroizing<Vec<u8>>,
    public: PublicKey,
}

impl TpmKey {
    /// Makes a key in the TPM at `device` and keeps it, wrapped, in a new file. `pin` may be empty.
    ///
    /// # Errors
    /// [`TerminalError::Token`] when the TPM fails, [`TerminalError::Pin`] for a PIN longer than 32 octets,
    /// [`TerminalError::KeyFile`] when the file is there already or cannot be written.
    pub fn generate(device: &Path, file: &Path, pin: &str) -> Result<Self, TerminalError> {
        check_pin(pin)?;
        if file.exists() {
            return Err(TerminalError::KeyFile(format!("{} exists", file.display())));
        }
        let mut tpm = Device::open(device)?;
        let parent = primary(&mut tpm)?;
        let guarded = if pin.is_empty() { NO_LOCKOUT } else { 0 };
        let template = template(
            SIGNING | guarded,
            &[algorithm::NULL],
            &[algorithm::ECDSA, algorithm::SHA256],
        );
        let mut parameters = Writer::default();
        parameters.sized(|w| {
            w.bytes(pin.as_bytes());
            w.bytes(&[]);
        });
        parameters.bytes(&template);
        parameters.bytes(&[]);
        parameters.u32(0);
        let made = tpm.authorised(code::CREATE, parent, &[], &parameters)?;
        tpm.flush(parent)?;
        let mut made = Reader::new(&made);
        let (private, public) = (made.sized()?, made.sized()?);
        let wrapped = Wrapped {
            version: VERSION,
            public: STANDARD.encode(public),
            private: STANDARD.encode(private),
        };
        let text = serde_json::to_vec_pretty(&wrapped)
            .map_err(|_| TerminalError::Token("the key cannot be written down".to_owned()))?;
        private_file::create(file, &text)?;
        Self::load(tpm, &wrapped, pin)
    }

    /// Opens the key in `file` with the TPM that made it.
    ///
    /// # Errors
    /// [`TerminalError::KeyFile`] for a file that is none, [`TerminalError::Token`] when the TPM is another one or fails,
    /// [`TerminalError::Pin`] when it refuses the PIN.
    pub fn open(device: &Path, file: &Path, pin: &str) -> Result<Self, TerminalError> {
        check_pin(pin)?;
        let text = private_file::read(file, MAX_FILE)?;
        let wrapped: Wrapped = serde_json::from_slice(&text)
            .ok()
            .filter(|wrapped: &Wrapped| wrapped.version == VERSION)
            .ok_or_else(|| {
                TerminalError::KeyFile(format!("{} holds no TPM key", file.display()))
            })?;
        Self::load(Device::open(device)?, &wrapped, pin)
    }

    fn load(mut tpm: Device, wrapped: &Wrapped, pin: &str) -> Result<Self, TerminalError> {
        let decode = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|_| TerminalError::KeyFile("is damaged".to_owned()))
        };
        let (public, private) = (decode(&wrapped.public)?, decode(&wrapped.private)?);
        let parent = primary(&mut tpm)?;
        let mut parameters = Writer::default();
        parameters.bytes(&private);
        parameters.bytes(&public);
        let loaded = tpm.authorised_handle(code::LOAD, parent, &[], &parameters);
        tpm.flush(parent)?;
        let key = Self {
            device: Mutex::new(tpm),
            handle: loaded.map_err(|_| {
                TerminalError::Token(
                    "this TPM did not make this key, or the file is damaged".to_owned(),
                )
            })?,
            pin: zeroize::Zeroizing::new(pin.as_bytes().to_vec()),
            public: point(&public)?,
        };
        let message = b"tessera-terminal: does the PIN open it?";
        let signature = key.signed(message)?;
        let signature = Signature::from_bytes(&signature)
            .map_err(|_| TerminalError::Token("not a signature".to_owned()))?;
        key.public
            .verify(message, &signature)
            .map_err(|_| TerminalError::Token("the key signs wrongly".to_owned()))?;
        Ok(key)
    }

    fn signed(&self, message: &[u8]) -> Result<[u8; 64], TerminalError> {
        let mut parameters = Writer::default();
        parameters.bytes(&sha256(message));
        parameters.u16(algorithm::ECDSA);
        parameters.u16(algorithm::SHA256);
        // TPMT_TK_HASHCHECK: none is needed for a key that is not restricted.
        parameters.u16(0x8024);
        parameters.u32(NULL);
        parameters.bytes(&[]);
        let mut tpm = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = tpm.authorised(code::SIGN, self.handle, &self.pin, &parameters)?;
        drop(tpm);
        let mut answer = Reader::new(&answer);
        if (answer.u16()?, answer.u16()?) != (algorithm::ECDSA, algorithm::SHA256) {
            return Err(TerminalError::Token("another kind of signature".to_owned()));
        }
        let mut signature = [0; 64];
        let (r, s) = signature.split_at_mut(32);
        for half in [r, s] {
            let number = answer.sized()?;
            let from = half.len().checked_sub(number.len());
            let place = from.and_then(|from| half.get_mut(from..));
            place
                .ok_or_else(|| TerminalError::Token("another size of signature".to_owned()))?
                .copy_from_slice(number);
        }
        Ok(signature)
    }
}

impl Drop for TpmKey {
    fn drop(&mut self) {
        // Best effort: a TPM without resource manager has few places.
        let tpm = self
            .device
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let _ = tpm.flush(self.handle);
    }
}

impl LocalSigner for TpmKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self.signed(message).map_err(|_| SignError)?;
        Signature::from_bytes(&signature).map_err(|_| SignError)
    }
}

impl TerminalKey for TpmKey {
    fn protection(&self) -> Protection {
        Protection::Tpm
    }
}

/// The storage primary key: the same every time, derived by the TPM from its own seed.
fn primary(tpm: &mut Device) -> Result<u32, TerminalError> {
    let template = template(
        STORAGE,
        &[algorithm::AES, 128, algorithm::CFB],
        &[algorithm::NULL],
    );
    let mut parameters = Writer::default();
    parameters.sized(|w| {
        w.bytes(&[]);
        w.bytes(&[]);
    });
    parameters.bytes(&template);
    parameters.bytes(&[]);
    parameters.u32(0);
    tpm.authorised_handle(code::CREATE_PRIMARY, OWNER, &[], &parameters)
}

/// TPMT_PUBLIC of a P-256 key.
fn template(attributes: u32, symmetric: &[u16], scheme: &[u16]) -> Vec<u8> {
    let mut w = Writer::default();
    w.u16(algorithm::ECC);
    w.u16(algorithm::SHA256);
    w.u32(attributes);
    w.bytes(&[]);
    for &word in symmetric.iter().chain(scheme) {
        w.u16(word);
    }
    w.u16(algorithm::P256);
    w.u16(algorithm::NULL);
    w.bytes(&[]);
    w.bytes(&[]);
    w.into_bytes()
}

/// The point at the end of a TPMT_PUBLIC made from our template.
fn point(public: &[u8]) -> Result<PublicKey, TerminalError> {
    let mut r = Reader::new(public);
    let kind = (r.u16()?, r.u16()?);
    let _attributes = r.u32()?;
    let policy = r.sized()?.len();
    let parameters = [r.u16()?, r.u16()?, r.u16()?, r.u16()?, r.u16()?];
    let expected = [
        algorithm::NULL,
        algorithm::ECDSA,
        algorithm::SHA256,
        algorithm::P256,
        algorithm::NULL,
    ];
    let other = || TerminalError::KeyFile("holds another kind of key".to_owned());
    if kind != (algorithm::ECC, algorithm::SHA256) || policy != 0 || parameters != expected {
        return Err(other());
    }
    let mut point = vec![0x04];
    for _ in 0..2 {
        let coordinate = r.sized()?;
        let padding = 32_usize.checked_sub(coordinate.len()).ok_or_else(other)?;
        point.resize(point.len() + padding, 0);
        point.extend_from_slice(coordinate);
    }
    PublicKey::from_uncompressed(&point).map_err(|_| other())
}

fn check_pin(pin: &str) -> Result<(), TerminalError> {
    if pin.len() > MAX_PIN {
        return Err(TerminalError::Pin("a TPM takes at most 32 octets of PIN"));
    }
    Ok(())
}
