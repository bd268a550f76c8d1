//! Doors to parsers that stand behind a signature or a secure channel, so that fuzzing reaches them without forging
//! either. Nothing here decides anything; no product turns this feature on.

use rand_core::CryptoRngCore;

use crate::active_auth;
use crate::algorithms::PublicKey;
use crate::apdu::{Command, Response};
use crate::chip_data::{AccessKey, ChipData};
use crate::cms::SignedData;
use crate::crl::RevocationList;
use crate::crypto::Cipher;
use crate::error::CardError;
use crate::files::{self, Session};
use crate::security_info::SecurityInfos;
use crate::sm::SecureChannel;
use crate::sod::{SecurityObject, Unverified};
use crate::transport::Transceiver;
use crate::x509::Parsed;

/// A command APDU, as a chip authentication relays it.
///
/// # Errors
/// As the parser.
pub fn command(bytes: &[u8]) -> Result<(), CardError> {
    let parsed = Command::parse(bytes)?;
    let encoded = parsed.encode()?;
    match Command::parse(&encoded)? == parsed {
        true => Ok(()),
        false => Err(CardError::Protocol(
            "a command that reads differently once written",
        )),
    }
}

/// A response APDU, bare and under a channel of each cipher.
///
/// # Errors
/// As the parser; a protected answer never opens, because its keys are not known here.
pub fn response(bytes: &[u8]) -> Result<(), CardError> {
    for cipher in [Cipher::TripleDes, Cipher::Aes128] {
        SecureChannel::new(cipher, b"known to nobody", 0)
            .open(bytes)
            .err();
    }
    Response::parse(bytes).map(drop)
}

/// EF.CardAccess and DG14: what each protocol finds in them.
///
/// # Errors
/// As the parsers.
pub fn security_infos(bytes: &[u8]) -> Result<(), CardError> {
    let infos = match SecurityInfos::parse(bytes) {
        Ok(infos) => infos,
        Err(_) => SecurityInfos::parse_dg14(bytes)?,
    };
    infos.pace();
    infos.active_authentication();
    infos.chip_authentication().map(drop)
}

/// EF.SOD, and what stands inside one behind its signature.
///
/// # Errors
/// As the parsers.
pub fn security_object(bytes: &[u8]) -> Result<(), CardError> {
    if let Ok(signed) = SecurityObject::parse(bytes) {
        signed.check(1, bytes).err();
        return Ok(());
    }
    Unverified::parse(bytes).map(drop)
}

/// A CMS SignedData of any content type that this crate takes, its certificate and signature.
///
/// # Errors
/// As the parsers.
pub fn signed_data(bytes: &[u8], content: const_oid::ObjectIdentifier) -> Result<(), CardError> {
    let object = SignedData::parse(bytes, content)?;
    let signer = object.signer_certificate()?;
    object.verify(&signer, true).map(drop)
}

/// A certificate: everything that is asked of one.
///
/// # Errors
/// As the parser.
pub fn certificate(bytes: &[u8]) -> Result<(), CardError> {
    let parsed = Parsed::from_der(bytes)?;
    parsed.is_authority().ok();
    parsed.check_document_signer().ok();
    parsed.check_master_list_signer().ok();
    parsed.check_validity("document signer", 0).ok();
    parsed.signed_by(&parsed);
    parsed.country();
    parsed.authority_key_identifier().map(drop)
}

/// A revocation list.
///
/// # Errors
/// As the parser.
pub fn revocation_list(bytes: &[u8]) -> Result<(), CardError> {
    let list = RevocationList::parse(bytes)?;
    list.entry(&[1]);
    list.current(0);
    Ok(())
}

/// DG15 and an answer to a challenge under its key.
///
/// # Errors
/// As active authentication.
pub fn active_authentication(dg15: &[u8], signature: &[u8]) -> Result<(), CardError> {
    active_auth::verify(dg15, None, b"8 octets", signature)
}

/// A SubjectPublicKeyInfo.
///
/// # Errors
/// As the parser.
pub fn public_key(bytes: &[u8]) -> Result<(), CardError> {
    PublicKey::from_spki(bytes).map(drop)
}

/// Reads the files of a chip that asks for no secure messaging at all.
///
/// # Errors
/// As reading.
pub fn read_open_chip(card: &mut dyn Transceiver) -> Result<ChipData, CardError> {
    let mut session = Session::new(card);
    session.learn_length();
    session.select_application()?;
    Ok(ChipData {
        com: session.read_optional(files::COM)?,
        sod: session.read(files::SOD)?,
        dg1: session.read(files::DG1)?,
        dg2: session.read(files::DG2)?,
        dg14: session.read_optional(files::DG14)?,
        dg15: session.read_optional(files::DG15)?,
        aa_signature: None,
    })
}

/// Opens a chip by whatever it says of itself.
///
/// # Errors
/// As [`crate::OpenChip::open`].
pub fn open_chip(
    card: &mut dyn Transceiver,
    key: &AccessKey,
    rng: &mut dyn CryptoRngCore,
) -> Result<(), CardError> {
    crate::OpenChip::open(card, key, crate::Access::PaceOrBac, rng).map(drop)
}
