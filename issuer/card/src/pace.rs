//! Password authenticated connection establishment (Doc 9303-11 §4.4): generic and integrated mapping in every group of
//! [`Domain`], chip authentication mapping over its curves, 3DES or AES, opened by the card access number or the MRZ.

use rand_core::CryptoRngCore;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::apdu::{Command, MAX_RESPONSE_DATA, Response};
use crate::crypto::{Cipher, Key, KeyUse};
use crate::curve::on_curve;
use crate::error::CardError;
use crate::mrz::MrzKey;
use crate::security_info::{Domain, Mapping, PaceInfo};
use crate::sm::SecureChannel;
use crate::tlv;
use crate::transport::Transceiver;

pub(crate) mod group;
mod integrated;
use group::{Ecdh, Group};

/// What opens the chip, and its reference in MSE:Set AT (§4.4.4.1).
pub(crate) enum Password<'a> {
    /// Reference 1.
    Mrz(&'a MrzKey),
    /// Reference 2; six digits.
    Can(&'a str),
}

impl Password<'_> {
    fn reference(&self) -> u8 {
        match self {
            Self::Mrz(_) => 1,
            Self::Can(_) => 2,
        }
    }

    /// K_π (§9.7.3): the MRZ is hashed first, a card access number is taken as it stands.
    fn key(&self, cipher: Cipher) -> Key {
        match self {
            Self::Mrz(mrz) => cipher.derive(&Sha1::digest(mrz.information()), KeyUse::Password),
            Self::Can(can) => cipher.derive(can.as_bytes(), KeyUse::Password),
        }
    }
}

/// Runs the protocol and returns the channel it opens.
///
/// # Errors
/// [`CardError::AccessDenied`] when the password is not this chip's.
pub(crate) fn establish(
    card: &mut dyn Transceiver,
    info: &PaceInfo<'_>,
    password: &Password<'_>,
    rng: &mut dyn CryptoRngCore,
) -> Result<SecureChannel, CardError> {
    match info.domain {
        Domain::Curve(curve) => {
            on_curve!(curve, C => run(card, info, password, rng, &Ecdh::<C>::new()))
        }
        Domain::Modp(group) => run(card, info, password, rng, &group),
    }
}

fn run<G: Group>(
    card: &mut dyn Transceiver,
    info: &PaceInfo<'_>,
    password: &Password<'_>,
    rng: &mut dyn CryptoRngCore,
    group: &G,
) -> Result<SecureChannel, CardError> {
    set_authentication_template(card, info, password)?;

    let encrypted = general_authenticate(card, Step::Nonce, &[])?;
    let nonce = decrypt_nonce(&password.key(info.cipher), &encrypted)?;

    let generator = match info.mapping {
        Mapping::Generic | Mapping::ChipAuthentication => {
            // Map nonce: Ĝ = s·G + H, where H is agreed with keys of one use (§4.4.3.3.1).
            let own = group.secret(rng)?;
            let own_public = group.octets(&group.power(&group.generator(), &own))?;
            let answer = general_authenticate(card, Step::Mapping, &own_public)?;
            let agreed = group.power(&group.received(&answer)?, &own);
            group.map(&nonce, &agreed)?
        }
        Mapping::Integrated => {
            let mut own = Zeroizing::new(vec![0; integrated::nonce_length(info.cipher)]);
            rng.fill_bytes(&mut own);
            send_nonce(card, &own)?;
            group.map_integrated(info.cipher, &nonce, &own)?
        }
    };

    // Key agreement over the mapped generator.
    let own = group.secret(rng)?;
    let own_public = group.octets(&group.power(&generator, &own))?;
    let chip_public = general_authenticate(card, Step::Agreement, &own_public)?;
    if chip_public == own_public {
        return Err(CardError::Protocol("the chip sent our own key back"));
    }
    let shared = group.shared(&group.power(&group.received(&chip_public)?, &own))?;

    let authentication = info.cipher.derive(&shared, KeyUse::Authentication);
    let token = authentication_token(&authentication, info, &group.data_object(&chip_public)?)?;
    let step = match info.mapping {
        Mapping::ChipAuthentication => Step::AuthenticationWithData,
        Mapping::Generic | Mapping::Integrated => Step::Authentication,
    };
    let answer = general_authenticate(card, step, &token)?;
    let expected = authentication_token(&authentication, info, &group.data_object(&own_public)?)?;
    if !bool::from(expected.as_slice().ct_eq(&answer)) {
        return Err(CardError::AccessDenied);
    }
    Ok(SecureChannel::new(info.cipher, &shared, 0))
}

/// MSE:Set AT: which protocol, which password, and over which curve if there is a choice.
fn set_authentication_template(
    card: &mut dyn Transceiver,
    info: &PaceInfo<'_>,
    password: &Password<'_>,
) -> Result<(), CardError> {
    let mut data = tlv::encode(0x80, info.protocol)?;
    data.extend(tlv::encode(0x83, &[password.reference()])?);
    if info.ambiguous {
        data.extend(tlv::encode(0x84, &[info.parameter_id])?);
    }
    let command = Command::new(0x22, 0xC1, 0xA4).data(data).encode()?;
    let response = Response::parse(&card.transmit(&command)?)?;
    match response.status {
        // 63Cx warns that few tries are left; the chip still goes on (§4.4.4.1).
        0x9000 | 0x63C1..=0x63CF => Ok(()),
        status => Err(CardError::Status {
            command: "MSE:Set AT",
            status,
        }),
    }
}

/// The four rounds of GENERAL AUTHENTICATE (§4.4.4.2): the tags sent and answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Nonce,
    Mapping,
    Agreement,
    Authentication,
    /// With chip authentication mapping, the answer has encrypted chip authentication data behind the token.
    AuthenticationWithData,
}

impl Step {
    fn is_last(self) -> bool {
        matches!(self, Self::Authentication | Self::AuthenticationWithData)
    }

    fn tags(self) -> (Option<u32>, u32) {
        match self {
            Self::Nonce => (None, 0x80),
            Self::Mapping => (Some(0x81), 0x82),
            Self::Agreement => (Some(0x83), 0x84),
            Self::Authentication | Self::AuthenticationWithData => (Some(0x85), 0x86),
        }
    }
}

fn general_authenticate(
    card: &mut dyn Transceiver,
    step: Step,
    payload: &[u8],
) -> Result<Vec<u8>, CardError> {
    let (sent, answered) = step.tags();
    let inner = match sent {
        Some(tag) => tlv::encode(tag, payload)?,
        None => Vec::new(),
    };
    let data = tlv::encode(0x7C, &inner)?;
    // A key of 2048 bits takes an extended command, and its answer is as long.
    let le = if data.len() > 255 {
        MAX_RESPONSE_DATA
    } else {
        256
    };
    let mut command = Command::new(0x86, 0, 0).data(data).le(le);
    if !step.is_last() {
        // Command chaining: all but the last.
        command.cla = 0x10;
    }
    let response = Response::parse(&card.transmit(&command.encode()?)?)?;
    let data = match response.status {
        0x9000 => response.data,
        // Only the last round tells a wrong password from a right one (§4.4.4.2: 6300, and 63Cx).
        0x6300..=0x63CF | 0x6982 | 0x6988 if step.is_last() => {
            return Err(CardError::AccessDenied);
        }
        // 6983: the password is blocked after too many wrong tries.
        0x6983 => return Err(CardError::AccessDenied),
        status => {
            return Err(CardError::Status {
                command: "GENERAL AUTHENTICATE",
                status,
            });
        }
    };
    const WHAT: CardError = CardError::Protocol("GENERAL AUTHENTICATE response");
    let inner = tlv::only_ber(&data, 0x7C, "GENERAL AUTHENTICATE").map_err(|_| WHAT)?;
    // Further objects (certificate references) may follow in other protocols; not in this one.
    let mut objects = tlv::Objects::ber(inner);
    let value = objects
        .expect(answered, "GENERAL AUTHENTICATE")
        .map_err(|_| WHAT)?;
    if step == Step::AuthenticationWithData {
        // What the chip proves with these data it proves to this terminal and to nobody else; the issuer runs chip
        // authentication itself. So they must be there and are not judged.
        let data = objects
            .expect(0x8A, "GENERAL AUTHENTICATE")
            .map_err(|_| WHAT)?;
        if data.is_empty() || !data.len().is_multiple_of(16) {
            return Err(WHAT);
        }
    }
    objects.end("GENERAL AUTHENTICATE").map_err(|_| WHAT)?;
    Ok(value.to_vec())
}

/// Integrated mapping: the terminal's nonce, to which the chip answers with nothing (§4.4.4.2). Chips write nothing in
/// three ways.
fn send_nonce(card: &mut dyn Transceiver, nonce: &[u8]) -> Result<(), CardError> {
    let data = tlv::encode(0x7C, &tlv::encode(0x81, nonce)?)?;
    let mut command = Command::new(0x86, 0, 0).data(data).le(256);
    command.cla = 0x10;
    let response = Response::parse(&card.transmit(&command.encode()?)?)?;
    match (response.status, response.data.as_slice()) {
        (0x9000, [] | [0x7C, 0] | [0x7C, 2, 0x82, 0]) => Ok(()),
        (0x9000, _) => Err(CardError::Protocol("GENERAL AUTHENTICATE response")),
        (status, _) => Err(CardError::Status {
            command: "GENERAL AUTHENTICATE",
            status,
        }),
    }
}

/// The nonce is one or two blocks of AES (§4.4.3.3: a multiple of the block size).
fn decrypt_nonce(key: &Key, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
    if ![16, 32].contains(&encrypted.len()) {
        return Err(CardError::Protocol("encrypted nonce of another length"));
    }
    let mut nonce = Zeroizing::new(encrypted.to_vec());
    key.decrypt(key.zero_iv(), &mut nonce);
    Ok(nonce)
}

/// T = MAC(K_MAC, public key object of the other side) (§4.4.3.4, §9.4.5).
fn authentication_token(
    key: &Key,
    info: &PaceInfo<'_>,
    public: &[u8],
) -> Result<Vec<u8>, CardError> {
    let mut object = tlv::encode(0x06, info.protocol)?;
    object.extend_from_slice(public);
    Ok(key.mac_unpadded(&tlv::encode(0x7F49, &object)?).to_vec())
}

#[cfg(test)]
mod tests;
