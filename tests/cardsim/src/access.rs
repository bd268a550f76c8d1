//! Access control, the chip's end: PACE and BAC as state machines.

use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use p256::{EncodedPoint, NonZeroScalar, ProjectivePoint, Scalar};
use rand_core::RngCore;
use sha1::{Digest, Sha1};

use crate::apdu::Answer;
use crate::files::PACE_OID;
use crate::keys::{self, Cipher, Key};
use crate::profile::Card;
use crate::rng::ChipRng;
use crate::secure::Channel;
use crate::tlv::{constructed, find, tlv};

/// Where a run of PACE stands (Doc 9303-11 §4.4.4.2).
pub(crate) enum Pace {
    /// MSE:Set AT chose the password.
    Chosen { password: Key },
    /// The nonce went out.
    Nonce { nonce: [u8; 16] },
    /// Ĝ is known.
    Mapped { generator: ProjectivePoint },
    /// Keys are known; the terminal's token is awaited.
    Agreed {
        secret: Vec<u8>,
        own: Vec<u8>,
        other: Vec<u8>,
    },
}

impl Pace {
    /// MSE:Set AT.
    pub(crate) fn choose(card: &Card, data: &[u8]) -> Result<Self, u16> {
        if find(data, 0x80) != Some(&PACE_OID) {
            return Err(0x6A80);
        }
        if find(data, 0x84).is_some_and(|parameters| parameters != [12]) {
            return Err(0x6A88);
        }
        let password = match find(data, 0x83) {
            Some([1]) => keys::derive(&Sha1::digest(card.access_information.as_bytes()), 3),
            Some([2]) => keys::derive(card.can.as_bytes(), 3),
            _ => return Err(0x6A88),
        };
        Ok(Self::Chosen { password })
    }

    /// One GENERAL AUTHENTICATE: the answer, the next state, and the channel at the end.
    pub(crate) fn advance(
        self,
        data: &[u8],
        rng: &mut ChipRng,
    ) -> Result<(Answer, Option<Self>, Option<Channel>), u16> {
        let inner = find(data, 0x7C).ok_or(0x6A80_u16)?;
        let dynamic = |tag: u32, value: &[u8]| Answer::ok(tlv(0x7C, &tlv(tag, value)));
        match self {
            Self::Chosen { password } => {
                let mut nonce = [0; 16];
                rng.fill_bytes(&mut nonce);
                let sent = Cipher::Aes.encrypt(&password, &[0; 16], &nonce);
                Ok((dynamic(0x80, &sent), Some(Self::Nonce { nonce }), None))
            }
            Self::Nonce { nonce } => {
                let other = point(find(inner, 0x81))?;
                let own = NonZeroScalar::random(rng);
                let shared = other * *own;
                let number = Scalar::from_u128(u128::from_be_bytes(nonce));
                let generator = ProjectivePoint::GENERATOR * number + shared;
                let sent = octets(&(ProjectivePoint::GENERATOR * *own));
                Ok((dynamic(0x82, &sent), Some(Self::Mapped { generator }), None))
            }
            Self::Mapped { generator } => {
                let sent = find(inner, 0x83).ok_or(0x6A80_u16)?;
                let key = NonZeroScalar::random(rng);
                let own = octets(&(generator * *key));
                let secret = octets(&(point(Some(sent))? * *key));
                let next = Self::Agreed {
                    secret: secret.get(1..33).unwrap_or_default().to_vec(),
                    own: own.clone(),
                    other: sent.to_vec(),
                };
                Ok((dynamic(0x84, &own), Some(next), None))
            }
            Self::Agreed { secret, own, other } => {
                let authentication = keys::derive(&secret, 2);
                let token = |key: &[u8]| {
                    let object = constructed(0x7F49, &[&tlv(6, &PACE_OID), &tlv(0x86, key)]);
                    Cipher::Aes.mac(&authentication, &object)
                };
                if find(inner, 0x85) != Some(&token(&own)) {
                    return Err(0x6300);
                }
                let channel = Channel::new(Cipher::Aes, &secret, vec![0; 16]);
                Ok((dynamic(0x86, &token(&other)), None, Some(channel)))
            }
        }
    }
}

fn point(sent: Option<&[u8]>) -> Result<ProjectivePoint, u16> {
    let encoded = EncodedPoint::from_bytes(sent.ok_or(0x6A80_u16)?).map_err(|_| 0x6A80_u16)?;
    Option::from(ProjectivePoint::from_encoded_point(&encoded)).ok_or(0x6A80)
}

fn octets(point: &ProjectivePoint) -> Vec<u8> {
    point
        .to_affine()
        .to_encoded_point(false)
        .as_bytes()
        .to_vec()
}

/// EXTERNAL AUTHENTICATE of BAC (§4.3.3): the answer and the channel, or a status word.
pub(crate) fn basic(
    card: &Card,
    own_nonce: [u8; 8],
    data: &[u8],
    rng: &mut ChipRng,
) -> Result<(Answer, Channel), u16> {
    let digest = Sha1::digest(card.access_information.as_bytes());
    let seed = &digest[..16];
    let (encryption, authentication) = (keys::derive(seed, 1), keys::derive(seed, 2));
    let (cryptogram, code) = data.split_last_chunk::<8>().ok_or(0x6700_u16)?;
    if cryptogram.len() != 32 || Cipher::Tdes.mac(&authentication, cryptogram) != *code {
        return Err(0x6300);
    }
    let plain = Cipher::Tdes
        .decrypt(&encryption, &[0; 8], cryptogram)
        .ok_or(0x6300_u16)?;
    let (nonces, other_key) = plain.split_at(16);
    let (other_nonce, echoed) = nonces.split_at(8);
    if echoed != own_nonce {
        return Err(0x6300);
    }
    let mut own_key = Key::default();
    rng.fill_bytes(&mut own_key);
    let response = [&own_nonce, other_nonce, &own_key].concat();
    let mut sent = Cipher::Tdes.encrypt(&encryption, &[0; 8], &response);
    let code = Cipher::Tdes.mac(&authentication, &sent);
    sent.extend(code);
    let secret: Vec<u8> = own_key.iter().zip(other_key).map(|(a, b)| a ^ b).collect();
    let counter = [&own_nonce[4..], &other_nonce[4..]].concat();
    Ok((
        Answer::ok(sent),
        Channel::new(Cipher::Tdes, &secret, counter),
    ))
}
