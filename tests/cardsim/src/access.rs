//! Access control and chip authentication, the chip's end: PACE and BAC as state machines.

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::PKey;
use rand_core::RngCore;

use crate::apdu::Answer;
use crate::files::PACE_GM;
use crate::keys::Cipher;
use crate::profile::Card;
use crate::rng::ChipRng;
use crate::scheme::Curve;
use crate::secure::Channel;
use crate::tlv::{constructed, find, tlv};

/// Where a run of PACE stands (Doc 9303-11 §4.4.4.2).
pub(crate) struct Pace {
    cipher: Cipher,
    curve: Curve,
    oid: Vec<u8>,
    step: Step,
}

enum Step {
    /// MSE:Set AT chose the password.
    Chosen { password: Vec<u8> },
    /// The nonce went out.
    Nonce { nonce: [u8; 16] },
    /// Ĝ is known.
    Mapped { generator: Vec<u8> },
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
        let (curve, cipher) = card.pace_over();
        let oid = [&PACE_GM[..], &[cipher.number()]].concat();
        if find(data, 0x80) != Some(&oid) {
            return Err(0x6A80);
        }
        if find(data, 0x84).is_some_and(|parameters| parameters != [curve.parameter_id()]) {
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
        Ok(Self {
            cipher,
            curve,
            oid,
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
            curve,
            oid,
            step,
        } = self;
        let points = Points::new(curve).map_err(|_| 0x6F00_u16)?;
        let (answer, step) = match step {
            Step::Chosen { password } => {
                let mut nonce = [0; 16];
                rng.fill_bytes(&mut nonce);
                let zero = vec![0; cipher.block()];
                let sent = cipher.encrypt(&password, &zero, &nonce);
                (dynamic(0x80, &sent), Step::Nonce { nonce })
            }
            Step::Nonce { nonce } => {
                let other = find(inner, 0x81).ok_or(0x6A80_u16)?;
                let mapped = points.map(&nonce, other, rng).map_err(|_| 0x6A80_u16)?;
                let (sent, generator) = mapped;
                (dynamic(0x82, &sent), Step::Mapped { generator })
            }
            Step::Mapped { generator } => {
                let other = find(inner, 0x83).ok_or(0x6A80_u16)?;
                let agreed = points.agree(&generator, other, rng);
                let (own, secret) = agreed.map_err(|_| 0x6A80_u16)?;
                let next = Step::Agreed {
                    secret,
                    own: own.clone(),
                    other: other.to_vec(),
                };
                (dynamic(0x84, &own), next)
            }
            Step::Agreed { secret, own, other } => {
                let authentication = cipher.derive(&secret, 2);
                let token = |key: &[u8]| {
                    let object = constructed(0x7F49, &[&tlv(6, &oid), &tlv(0x86, key)]);
                    cipher.mac(&authentication, &object)
                };
                if find(inner, 0x85) != Some(&token(&own)) {
                    return Err(0x6300);
                }
                let channel = Channel::new(cipher, &secret, vec![0; cipher.block()]);
                return Ok((dynamic(0x86, &token(&other)), None, Some(channel)));
            }
        };
        let next = Self {
            cipher,
            curve,
            oid,
            step,
        };
        Ok((answer, Some(next), None))
    }
}

/// Points of one curve as octets.
struct Points {
    group: EcGroup,
    width: i32,
}

impl Points {
    fn new(curve: Curve) -> Result<Self, ErrorStack> {
        let group = curve.group()?;
        let width = (group.degree() as i32 + 7) / 8;
        Ok(Self { group, width })
    }

    fn point(&self, octets: &[u8]) -> Result<EcPoint, ErrorStack> {
        EcPoint::from_bytes(&self.group, octets, &mut *BigNumContext::new()?)
    }

    fn octets(&self, point: &EcPoint) -> Result<Vec<u8>, ErrorStack> {
        let form = PointConversionForm::UNCOMPRESSED;
        point.to_bytes(&self.group, form, &mut *BigNumContext::new()?)
    }

    fn times(&self, point: &EcPoint, by: &BigNum) -> Result<EcPoint, ErrorStack> {
        let mut product = EcPoint::new(&self.group)?;
        product.mul2(&self.group, point, by, &mut *BigNumContext::new()?)?;
        Ok(product)
    }

    fn secret(&self, rng: &mut ChipRng) -> Result<BigNum, ErrorStack> {
        let mut octets = [0; 80];
        rng.fill_bytes(&mut octets);
        let (mut order, mut secret) = (BigNum::new()?, BigNum::new()?);
        let mut context = BigNumContext::new()?;
        self.group.order(&mut order, &mut context)?;
        secret.nnmod(&*BigNum::from_slice(&octets)?, &order, &mut context)?;
        Ok(secret)
    }

    /// The own key of the mapping and Ĝ.
    fn map(
        &self,
        nonce: &[u8],
        other: &[u8],
        rng: &mut ChipRng,
    ) -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
        let own = self.secret(rng)?;
        let base = self
            .group
            .generator_opt()
            .map(|base| base.to_owned(&self.group));
        let base = base.unwrap_or_else(|| EcPoint::new(&self.group))?;
        let shared = self.times(&self.point(other)?, &own)?;
        let number = BigNum::from_slice(nonce)?;
        let mut generator = EcPoint::new(&self.group)?;
        let scaled = self.times(&base, &number)?;
        generator.add(&self.group, &scaled, &shared, &mut *BigNumContext::new()?)?;
        Ok((
            self.octets(&self.times(&base, &own)?)?,
            self.octets(&generator)?,
        ))
    }

    /// The own key over `generator` and the x coordinate agreed with `other`.
    fn agree(
        &self,
        generator: &[u8],
        other: &[u8],
        rng: &mut ChipRng,
    ) -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
        let own = self.secret(rng)?;
        let public = self.times(&self.point(generator)?, &own)?;
        Ok((self.octets(&public)?, self.shared(other, &own)?))
    }

    fn shared(&self, other: &[u8], own: &BigNum) -> Result<Vec<u8>, ErrorStack> {
        let product = self.times(&self.point(other)?, own)?;
        let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
        let mut context = BigNumContext::new()?;
        product.affine_coordinates(&self.group, &mut x, &mut y, &mut context)?;
        x.to_vec_padded(self.width)
    }
}

/// Chip authentication (§6.2): the channel that the terminal's key and the chip's yield.
pub(crate) fn chip_authentication(
    key: &[u8],
    curve: Curve,
    cipher: Cipher,
    other: &[u8],
) -> Result<Channel, ErrorStack> {
    let key = PKey::private_key_from_der(key)?.ec_key()?;
    let own = key.private_key().to_owned()?;
    let secret = Points::new(curve)?.shared(other, &own)?;
    Ok(Channel::new(cipher, &secret, vec![0; cipher.block()]))
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
