//! Access control and chip authentication, the chip's end: PACE and BAC as state machines.

use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::PKey;
use rand_core::RngCore;

use crate::apdu::Answer;
use crate::files::pace_protocol;
use crate::groups::Group;
use crate::keys::{Cipher, padded};
use crate::profile::{Card, ChipAuth, Mapping};
use crate::rng::ChipRng;
use crate::secure::Channel;
use crate::tlv::{constructed, find, tlv};

/// Where a run of PACE stands (Doc 9303-11 §4.4.4.2).
pub(crate) struct Pace {
    cipher: Cipher,
    group: Group,
    mapping: Mapping,
    oid: Vec<u8>,
    /// The chip's static key, for chip authentication mapping.
    key: Option<BigNum>,
    step: Step,
}

enum Step {
    /// MSE:Set AT chose the password.
    Chosen { password: Vec<u8> },
    /// The nonce went out.
    Nonce { nonce: Vec<u8> },
    /// Ĝ is known, and with generic mapping the secret it came about with.
    Mapped { generator: Vec<u8>, secret: Vec<u8> },
    /// Keys are known; the terminal's token is awaited.
    Agreed {
        secret: Vec<u8>,
        own: Vec<u8>,
        other: Vec<u8>,
        mapping: Vec<u8>,
    },
}

impl Pace {
    /// MSE:Set AT.
    pub(crate) fn choose(card: &Card, data: &[u8]) -> Result<Self, u16> {
        let (curve, cipher) = card.pace_over();
        let (mapping, modp) = card.pace_by();
        let oid = pace_protocol(mapping, modp, cipher);
        if find(data, 0x80) != Some(&oid) {
            return Err(0x6A80);
        }
        if find(data, 0x84).is_some_and(|parameters| {
            parameters != [modp.map_or(curve.parameter_id(), |modp| modp.parameter_id())]
        }) {
            return Err(0x6A88);
        }
        let password = match find(data, 0x83) {
            Some([1]) => {
                let information = hash(MessageDigest::sha1(), card.access_information.as_bytes());
                cipher.derive(&information.map_err(|_| 0x6F00_u16)?, 3)
            }
            Some([2]) => cipher.derive(card.can.as_bytes(), 3),
            _ => return Err(0x6A88),
        };
        let key = match mapping {
            Mapping::ChipAuthentication => Some(static_key(card).map_err(|_| 0x6F00_u16)?),
            Mapping::Generic | Mapping::Integrated => None,
        };
        Ok(Self {
            cipher,
            group: Group::new(curve, modp).map_err(|_| 0x6F00_u16)?,
            mapping,
            oid,
            key,
            step: Step::Chosen { password },
        })
    }

    /// One GENERAL AUTHENTICATE: the answer, the next state, and the channel at the end.
    pub(crate) fn advance(
        self,
        data: &[u8],
        rng: &mut ChipRng,
    ) -> Result<(Answer, Option<Self>, Option<Channel>), u16> {
        let inner = find(data, 0x7C).ok_or(0x6A80_u16)?;
        let dynamic = |tag: u32, value: &[u8]| Answer::ok(tlv(0x7C, &tlv(tag, value)));
        let Self {
            cipher,
            group,
            mapping,
            oid,
            key,
            step,
        } = self;
        let (answer, step) = match step {
            Step::Chosen { password } => {
                // As many octets as integrated mapping takes: a block, or two with the longer keys.
                let long = mapping == Mapping::Integrated && cipher.key_length() > 16;
                let mut nonce = vec![0; if long { 32 } else { 16 }];
                rng.fill_bytes(&mut nonce);
                let zero = vec![0; cipher.block()];
                let sent = cipher.encrypt(&password, &zero, &nonce);
                (dynamic(0x80, &sent), Step::Nonce { nonce })
            }
            Step::Nonce { nonce } => {
                let other = find(inner, 0x81).ok_or(0x6A80_u16)?;
                if mapping == Mapping::Integrated {
                    let generator = group.map_integrated(cipher, &nonce, other);
                    let next = Step::Mapped {
                        generator: generator.map_err(|_| 0x6A80_u16)?,
                        secret: Vec::new(),
                    };
                    (Answer::ok(tlv(0x7C, &[])), next)
                } else {
                    let mapped = group.map(&nonce, other, rng).map_err(|_| 0x6A80_u16)?;
                    let next = Step::Mapped {
                        generator: mapped.generator,
                        secret: mapped.secret,
                    };
                    (dynamic(0x82, &mapped.public), next)
                }
            }
            Step::Mapped {
                generator,
                secret: mapped,
            } => {
                let other = find(inner, 0x83).ok_or(0x6A80_u16)?;
                let agreed = group.agree(&generator, other, rng);
                let (own, secret) = agreed.map_err(|_| 0x6A80_u16)?;
                let next = Step::Agreed {
                    secret,
                    own: own.clone(),
                    other: other.to_vec(),
                    mapping: mapped,
                };
                (dynamic(0x84, &own), next)
            }
            Step::Agreed {
                secret,
                own,
                other,
                mapping: mapped,
            } => {
                let authentication = cipher.derive(&secret, 2);
                let token = |key: &[u8]| {
                    let object = constructed(0x7F49, &[&tlv(6, &oid), &group.object(key)]);
                    cipher.mac(&authentication, &object)
                };
                if find(inner, 0x85) != Some(&token(&own)) {
                    return Err(0x6300);
                }
                let channel = Channel::new(cipher, &secret, vec![0; cipher.block()]);
                let mut answer = tlv(0x86, &token(&other));
                if let (Some(key), Group::Points(points)) = (&key, &group) {
                    let data = points.authentication_data(key, &mapped);
                    let encryption = cipher.derive(&secret, 1);
                    let iv = cipher.encrypt(&encryption, &[0; 16], &[0xFF; 16]);
                    let padded = padded(data.map_err(|_| 0x6F00_u16)?, cipher.block());
                    answer.extend(tlv(0x8A, &cipher.encrypt(&encryption, &iv, &padded)));
                }
                return Ok((Answer::ok(tlv(0x7C, &answer)), None, Some(channel)));
            }
        };
        let next = Self {
            cipher,
            group,
            mapping,
            oid,
            key,
            step,
        };
        Ok((answer, Some(next), None))
    }
}

/// The chip's static key.
fn static_key(card: &Card) -> Result<BigNum, ErrorStack> {
    let octets = card
        .chip_auth_key
        .as_ref()
        .map_or(&[][..], |key| key.0.as_slice());
    match card.chip_auth_modp() {
        Some(_) => BigNum::from_slice(octets),
        None => PKey::private_key_from_der(octets)?
            .ec_key()?
            .private_key()
            .to_owned(),
    }
}

/// Chip authentication (§6.2): the channel that the terminal's key and the chip's yield.
pub(crate) fn chip_authentication(
    card: &Card,
    over: ChipAuth,
    other: &[u8],
) -> Result<Channel, ErrorStack> {
    let group = Group::new(over.curve, card.chip_auth_modp())?;
    let secret = group.shared(other, &static_key(card)?)?;
    Ok(Channel::new(
        over.cipher,
        &secret,
        vec![0; over.cipher.block()],
    ))
}

/// EXTERNAL AUTHENTICATE of BAC (§4.3.3): the answer and the channel, or a status word.
pub(crate) fn basic(
    card: &Card,
    own_nonce: [u8; 8],
    data: &[u8],
    rng: &mut ChipRng,
) -> Result<(Answer, Channel), u16> {
    let tdes = Cipher::Tdes;
    let digest = hash(MessageDigest::sha1(), card.access_information.as_bytes());
    let digest = digest.map_err(|_| 0x6F00_u16)?;
    let seed = &digest[..16];
    let (encryption, authentication) = (tdes.derive(seed, 1), tdes.derive(seed, 2));
    let (cryptogram, code) = data.split_last_chunk::<8>().ok_or(0x6700_u16)?;
    if cryptogram.len() != 32 || tdes.mac(&authentication, cryptogram) != *code {
        return Err(0x6300);
    }
    let plain = tdes
        .decrypt(&encryption, &[0; 8], cryptogram)
        .ok_or(0x6300_u16)?;
    let (nonces, other_key) = plain.split_at(16);
    let (other_nonce, echoed) = nonces.split_at(8);
    if echoed != own_nonce {
        return Err(0x6300);
    }
    let mut own_key = [0; 16];
    rng.fill_bytes(&mut own_key);
    let response = [&own_nonce, other_nonce, &own_key].concat();
    let mut sent = tdes.encrypt(&encryption, &[0; 8], &response);
    let code = tdes.mac(&authentication, &sent);
    sent.extend(code);
    let secret: Vec<u8> = own_key.iter().zip(other_key).map(|(a, b)| a ^ b).collect();
    let counter = [&own_nonce[4..], &other_nonce[4..]].concat();
    Ok((Answer::ok(sent), Channel::new(tdes, &secret, counter)))
}
