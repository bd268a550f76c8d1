//! A key in a PKCS#11 token (OASIS PKCS #11 2.40): it is used there and never leaves it.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature, sha256};
use tessera_verifier::key::PublicKey;

use super::{Protection, TerminalKey};
use crate::error::TerminalError;

/// `prime256v1` as DER (RFC 5480 §2.1.1.1): the value of CKA_EC_PARAMS.
const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
/// The DER head of an OCTET STRING of 65 octets, in which CKA_EC_POINT holds the point.
const POINT: [u8; 2] = [0x04, 0x41];

/// A P-256 key pair in a token, opened with its PIN.
pub struct Pkcs11Key {
    session: Mutex<Session>,
    private: ObjectHandle,
    public: PublicKey,
}

impl Pkcs11Key {
    /// Opens the only key pair labelled `object` in the only token labelled `token`.
    ///
    /// # Errors
    /// [`TerminalError::Token`] when token or key is absent or there are several, when the key could leave the token, or
    /// when another key of this token is open in this program (a PIN is asked once per token and program, so that a second
    /// one would not be checked); [`TerminalError::Pin`] when the token refuses the PIN.
    pub fn open(
        module: &Path,
        token: &str,
        object: &str,
        pin: &str,
    ) -> Result<Self, TerminalError> {
        let session = session(module, token, pin)?;
        let private = only(&session, ObjectClass::PRIVATE_KEY, object)?;
        let public = only(&session, ObjectClass::PUBLIC_KEY, object)?;
        stays_inside(&session, private)?;
        let public = point(&session, public)?;
        let key = Self {
            session: Mutex::new(session),
            private,
            public,
        };
        key.try_out()?;
        Ok(key)
    }

    /// Makes a key pair labelled `object` in the token: sensitive, not extractable, for signing only.
    ///
    /// # Errors
    /// As for [`Self::open`]; [`TerminalError::Token`] also when there is such a key already.
    pub fn generate(
        module: &Path,
        token: &str,
        object: &str,
        pin: &str,
    ) -> Result<Self, TerminalError> {
        let session = session(module, token, pin)?;
        let label = Attribute::Label(object.as_bytes().to_vec());
        let there = session
            .find_objects(std::slice::from_ref(&label))
            .map_err(failed)?;
        if !there.is_empty() {
            return Err(TerminalError::Token(
                "the token has an object of this label already".to_owned(),
            ));
        }
        let id = Attribute::Id(sha256(object.as_bytes())[..8].to_vec());
        let public = [
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::EcParams(P256.to_vec()),
            label.clone(),
            id.clone(),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            label,
            id,
        ];
        let (public, private) = session
            .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
            .map_err(failed)?;
        stays_inside(&session, private)?;
        let public = point(&session, public)?;
        let key = Self {
            session: Mutex::new(session),
            private,
            public,
        };
        key.try_out()?;
        Ok(key)
    }

    /// Two objects of one label need not be a pair: a signature tells, before anybody is asked for a card.
    fn try_out(&self) -> Result<(), TerminalError> {
        let message = b"tessera-terminal: is this a pair?";
        let signature = self
            .sign(message)
            .map_err(|_| TerminalError::Token("the key does not sign".to_owned()))?;
        self.public
            .verify(message, &signature)
            .map_err(|_| TerminalError::Token("private and public key are not a pair".to_owned()))
    }
}

impl LocalSigner for Pkcs11Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        // CKM_ECDSA takes the digest and gives r ‖ s.
        let signature = session
            .sign(&Mechanism::Ecdsa, self.private, &sha256(message))
            .map_err(|_| SignError)?;
        Signature::from_bytes(&signature).map_err(|_| SignError)
    }
}

impl TerminalKey for Pkcs11Key {
    fn protection(&self) -> Protection {
        Protection::Pkcs11
    }
}

fn session(module: &Path, token: &str, pin: &str) -> Result<Session, TerminalError> {
    let library = Pkcs11::new(module).map_err(|_| {
        TerminalError::Token(format!("{} is not a PKCS#11 library", module.display()))
    })?;
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(failed(error)),
    }
    let mut slots = Vec::new();
    for slot in library.get_slots_with_initialized_token().map_err(failed)? {
        if library.get_token_info(slot).map_err(failed)?.label() == token {
            slots.push(slot);
        }
    }
    let slot = match slots.as_slice() {
        [slot] => *slot,
        [] => return Err(TerminalError::Token("no token has this label".to_owned())),
        _ => {
            return Err(TerminalError::Token(
                "several tokens have this label".to_owned(),
            ));
        }
    };
    let session = library.open_rw_session(slot).map_err(failed)?;
    match session.login(UserType::User, Some(&AuthPin::from(pin))) {
        Ok(()) => Ok(session),
        Err(Error::Pkcs11(
            RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
            _,
        )) => Err(TerminalError::Pin("the token does not accept the PIN")),
        Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(TerminalError::Pin("the token is locked")),
        Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Err(TerminalError::Token(
            "another key of this token is in use".to_owned(),
        )),
        Err(error) => Err(failed(error)),
    }
}

fn only(session: &Session, class: ObjectClass, label: &str) -> Result<ObjectHandle, TerminalError> {
    let wanted = [
        Attribute::Class(class),
        Attribute::KeyType(KeyType::EC),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    match session.find_objects(&wanted).map_err(failed)?.as_slice() {
        [object] => Ok(*object),
        [] => Err(TerminalError::Token(
            "the token has no such key pair".to_owned(),
        )),
        _ => Err(TerminalError::Token(
            "the token has several such keys".to_owned(),
        )),
    }
}

/// A key that the token would hand out is no better than a file.
fn stays_inside(session: &Session, private: ObjectHandle) -> Result<(), TerminalError> {
    let asked = [AttributeType::Sensitive, AttributeType::Extractable];
    let told = session.get_attributes(private, &asked).map_err(failed)?;
    if told.contains(&Attribute::Sensitive(true)) && told.contains(&Attribute::Extractable(false)) {
        return Ok(());
    }
    Err(TerminalError::Token(
        "the key can leave the token: make one that is sensitive and not extractable".to_owned(),
    ))
}

fn point(session: &Session, public: ObjectHandle) -> Result<PublicKey, TerminalError> {
    let asked = [AttributeType::EcParams, AttributeType::EcPoint];
    let told = session.get_attributes(public, &asked).map_err(failed)?;
    let p256 = told.contains(&Attribute::EcParams(P256.to_vec()));
    let point = told.iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(der) => der.strip_prefix(&POINT),
        _ => None,
    });
    point
        .filter(|_| p256)
        .and_then(|point| PublicKey::from_uncompressed(point).ok())
        .ok_or_else(|| TerminalError::Token("the key is not a P-256 key".to_owned()))
}

/// What a library says of itself goes to the operator; it holds no PIN.
fn failed(error: Error) -> TerminalError {
    TerminalError::Token(error.to_string())
}
