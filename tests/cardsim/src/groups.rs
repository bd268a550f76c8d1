//! The groups in which the chip agrees keys, by OpenSSL: points of a curve, and the MODP groups of RFC 5114.

use openssl::bn::{BigNum, BigNumContext};
use openssl::dh::Dh;
use openssl::ec::{EcGroup, EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use rand_core::RngCore;
use serde::{Deserialize, Serialize};

use crate::keys::Cipher;
use crate::rng::ChipRng;
use crate::scheme::Curve;
use crate::tlv::{constructed, tlv};

/// A group of RFC 5114 §2, which Diffie-Hellman uses in place of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Modp {
    /// 1024 bits, with a subgroup of 160.
    Bits1024,
    /// 2048 bits, with a subgroup of 224.
    Bits2048Order224,
    /// 2048 bits, with a subgroup of 256.
    Bits2048Order256,
}

impl Modp {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::Bits1024,
        Self::Bits2048Order224,
        Self::Bits2048Order256,
    ];

    pub(crate) fn parameter_id(self) -> u8 {
        match self {
            Self::Bits1024 => 0,
            Self::Bits2048Order224 => 1,
            Self::Bits2048Order256 => 2,
        }
    }
}

/// A generic mapping: what is sent, the mapped generator, and the secret behind what is sent.
pub(crate) struct Mapped {
    pub(crate) public: Vec<u8>,
    pub(crate) generator: Vec<u8>,
    pub(crate) secret: Vec<u8>,
}

/// A group that computes with octets.
pub(crate) enum Group {
    Points(Points),
    Numbers(Numbers),
}

impl Group {
    /// The curve, or the MODP group where one takes its place.
    pub(crate) fn new(curve: Curve, modp: Option<Modp>) -> Result<Self, ErrorStack> {
        match modp {
            Some(modp) => Numbers::new(modp).map(Self::Numbers),
            None => Points::new(curve).map(Self::Points),
        }
    }

    pub(crate) fn map(
        &self,
        nonce: &[u8],
        other: &[u8],
        rng: &mut ChipRng,
    ) -> Result<Mapped, ErrorStack> {
        match self {
            Self::Points(points) => points.map(nonce, other, rng),
            Self::Numbers(numbers) => numbers.map(nonce, other, rng),
        }
    }

    /// Ĝ of integrated mapping (Doc 9303-11 §4.4.3.3.2).
    pub(crate) fn map_integrated(
        &self,
        cipher: Cipher,
        nonce: &[u8],
        other: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        match self {
            Self::Points(points) => {
                let bits = points.group.degree() as usize;
                points.encode(&pseudo_random(cipher, nonce, other, bits))
            }
            Self::Numbers(numbers) => {
                let bits = numbers.p.num_bits() as usize;
                numbers.encode(&pseudo_random(cipher, nonce, other, bits))
            }
        }
    }

    /// The own key over `generator` and what is agreed with `other`.
    pub(crate) fn agree(
        &self,
        generator: &[u8],
        other: &[u8],
        rng: &mut ChipRng,
    ) -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
        match self {
            Self::Points(points) => points.agree(generator, other, rng),
            Self::Numbers(numbers) => numbers.agree(generator, other, rng),
        }
    }

    /// What a known secret agrees with `other`.
    pub(crate) fn shared(&self, other: &[u8], own: &BigNum) -> Result<Vec<u8>, ErrorStack> {
        match self {
            Self::Points(points) => points.shared(other, own),
            Self::Numbers(numbers) => numbers.power(&BigNum::from_slice(other)?, own),
        }
    }

    /// The public key object that an authentication token covers (§9.4).
    pub(crate) fn object(&self, public: &[u8]) -> Vec<u8> {
        match self {
            Self::Points(_) => tlv(0x86, public),
            Self::Numbers(_) => {
                let zeros = public.iter().take_while(|octet| **octet == 0).count();
                tlv(0x84, &public[zeros..])
            }
        }
    }
}

/// R(s, t) of integrated mapping.
fn pseudo_random(cipher: Cipher, nonce: &[u8], other: &[u8], bits: usize) -> Vec<u8> {
    let long = matches!(cipher, Cipher::Aes192 | Cipher::Aes256);
    let hex = |text: &str| BigNum::from_hex_str(text).map(|number| number.to_vec());
    let (c0, c1) = match long {
        false => (
            hex("A668892A7C41E3CA739F40B057D85904"),
            hex("A4E136AC725F738B01C1F60217C188AD"),
        ),
        true => (
            hex("D463D65234124EF7897054986DCA0A174E28DF758CBAA03F240616414D5A1676"),
            hex("54BD7255F0AAF831BEC3423FCF39D69B6CBF066677D0FAAE5AADD99DF8E53517"),
        ),
    };
    let (c0, c1) = (c0.unwrap_or_default(), c1.unwrap_or_default());
    let encrypted = |key: &[u8], block: &[u8]| {
        let key = key.get(..cipher.key_length()).unwrap_or(key);
        cipher.encrypt(key, &vec![0; cipher.block()], block)
    };
    let mut key = encrypted(other, nonce);
    let mut out = Vec::new();
    while out.len() * 8 < bits + 64 {
        out.extend(encrypted(&key, &c1));
        key = encrypted(&key, &c0);
    }
    out
}

/// Points of one curve as octets.
pub(crate) struct Points {
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

    /// Generic mapping.
    fn map(&self, nonce: &[u8], other: &[u8], rng: &mut ChipRng) -> Result<Mapped, ErrorStack> {
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
        Ok(Mapped {
            public: self.octets(&self.times(&base, &own)?)?,
            generator: self.octets(&generator)?,
            secret: own.to_vec(),
        })
    }

    /// Integrated mapping: the point that a pseudo-random number stands for (appendix B.1). Which of two roots is taken
    /// changes the sign of the generator and with it of what is agreed, whose x coordinate is the same.
    fn encode(&self, random: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let (mut p, mut a, mut b) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
        self.group
            .components_gfp(&mut p, &mut a, &mut b, &mut context)?;
        let mut t = BigNum::new()?;
        t.nnmod(&*BigNum::from_slice(random)?, &p, &mut context)?;
        let one = BigNum::from_u32(1)?;
        let alpha = negated(&times(&t, &t, &p)?, &p)?;
        let sum = plus(&alpha, &times(&alpha, &alpha, &p)?, &p)?;
        let ratio = times(&b, &inverse(&a, &p)?, &p)?;
        let x2 = times(
            &negated(&ratio, &p)?,
            &plus(&one, &inverse(&sum, &p)?, &p)?,
            &p,
        )?;
        let x3 = times(&alpha, &x2, &p)?;
        let mut refused = ErrorStack::get();
        for x in [x2, x3] {
            let cube = times(&times(&x, &x, &p)?, &x, &p)?;
            let h = plus(&plus(&cube, &times(&a, &x, &p)?, &p)?, &b, &p)?;
            let mut y = BigNum::new()?;
            match y.mod_sqrt(&h, &p, &mut context) {
                Ok(()) => {
                    let (x, y) = (x.to_vec_padded(self.width)?, y.to_vec_padded(self.width)?);
                    return Ok([&[4], x.as_slice(), &y].concat());
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
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

    /// CA_IC of chip authentication mapping (§4.4.3.5.2): the static key over the mapping's secret.
    pub(crate) fn authentication_data(
        &self,
        key: &BigNum,
        mapping: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        let mut order = BigNum::new()?;
        self.group.order(&mut order, &mut *BigNumContext::new()?)?;
        let inverted = inverse(&BigNum::from_slice(mapping)?, &order)?;
        times(&inverted, key, &order)?.to_vec_padded(order.num_bytes())
    }

    fn shared(&self, other: &[u8], own: &BigNum) -> Result<Vec<u8>, ErrorStack> {
        let product = self.times(&self.point(other)?, own)?;
        let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
        let mut context = BigNumContext::new()?;
        product.affine_coordinates(&self.group, &mut x, &mut y, &mut context)?;
        x.to_vec_padded(self.width)
    }
}

fn times(x: &BigNum, y: &BigNum, p: &BigNum) -> Result<BigNum, ErrorStack> {
    let mut out = BigNum::new()?;
    out.mod_mul(x, y, p, &mut *BigNumContext::new()?)
        .map(|()| out)
}

fn plus(x: &BigNum, y: &BigNum, p: &BigNum) -> Result<BigNum, ErrorStack> {
    let mut out = BigNum::new()?;
    out.mod_add(x, y, p, &mut *BigNumContext::new()?)
        .map(|()| out)
}

fn negated(x: &BigNum, p: &BigNum) -> Result<BigNum, ErrorStack> {
    let mut out = BigNum::new()?;
    out.mod_sub(&*BigNum::new()?, x, p, &mut *BigNumContext::new()?)
        .map(|()| out)
}

fn inverse(x: &BigNum, p: &BigNum) -> Result<BigNum, ErrorStack> {
    let mut out = BigNum::new()?;
    out.mod_inverse(x, p, &mut *BigNumContext::new()?)
        .map(|()| out)
}

/// Numbers modulo a prime, as octets of its length.
pub(crate) struct Numbers {
    p: BigNum,
    g: BigNum,
    q: BigNum,
}

impl Numbers {
    pub(crate) fn new(modp: Modp) -> Result<Self, ErrorStack> {
        let parameters = match modp {
            Modp::Bits1024 => Dh::get_1024_160()?,
            Modp::Bits2048Order224 => Dh::get_2048_224()?,
            Modp::Bits2048Order256 => Dh::get_2048_256()?,
        };
        let order = match parameters.prime_q() {
            Some(order) => order.to_owned()?,
            None => BigNum::new()?,
        };
        Ok(Self {
            p: parameters.prime_p().to_owned()?,
            g: parameters.generator().to_owned()?,
            q: order,
        })
    }

    /// A secret of the chip.
    pub(crate) fn secret(&self, octets: &[u8]) -> Result<BigNum, ErrorStack> {
        let mut secret = BigNum::new()?;
        secret.nnmod(
            &*BigNum::from_slice(octets)?,
            &self.q,
            &mut *BigNumContext::new()?,
        )?;
        Ok(secret)
    }

    /// base ^ exponent.
    fn power(&self, base: &BigNum, exponent: &BigNum) -> Result<Vec<u8>, ErrorStack> {
        let mut out = BigNum::new()?;
        out.mod_exp(base, exponent, &self.p, &mut *BigNumContext::new()?)?;
        out.to_vec_padded(self.p.num_bytes())
    }

    fn map(&self, nonce: &[u8], other: &[u8], rng: &mut ChipRng) -> Result<Mapped, ErrorStack> {
        let own = self.drawn(rng)?;
        let shared = BigNum::from_slice(&self.power(&BigNum::from_slice(other)?, &own)?)?;
        let scaled = self.power(&self.g, &BigNum::from_slice(nonce)?)?;
        let generator = times(&BigNum::from_slice(&scaled)?, &shared, &self.p)?;
        Ok(Mapped {
            public: self.power(&self.g, &own)?,
            generator: generator.to_vec(),
            secret: own.to_vec(),
        })
    }

    /// x ^ ((p − 1) / q) (appendix B.2).
    fn encode(&self, random: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let (mut less_one, mut cofactor) = (BigNum::new()?, BigNum::new()?);
        less_one.checked_sub(&self.p, &*BigNum::from_u32(1)?)?;
        cofactor.checked_div(&less_one, &self.q, &mut context)?;
        self.power(&BigNum::from_slice(random)?, &cofactor)
    }

    fn agree(
        &self,
        generator: &[u8],
        other: &[u8],
        rng: &mut ChipRng,
    ) -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
        let own = self.drawn(rng)?;
        let public = self.power(&BigNum::from_slice(generator)?, &own)?;
        Ok((public, self.power(&BigNum::from_slice(other)?, &own)?))
    }

    fn drawn(&self, rng: &mut ChipRng) -> Result<BigNum, ErrorStack> {
        let mut octets = [0; 64];
        rng.fill_bytes(&mut octets);
        self.secret(&octets)
    }

    /// The public key of a secret as SubjectPublicKeyInfo, by dhpublicnumber (RFC 3279 §2.3.3).
    pub(crate) fn spki(&self, secret: &BigNum) -> Result<Vec<u8>, ErrorStack> {
        let integer = |octets: Vec<u8>| {
            let zero: &[u8] = match octets.first() {
                Some(first) if *first < 0x80 => &[],
                _ => &[0],
            };
            tlv(2, &[zero, &octets].concat())
        };
        let public = BigNum::from_slice(&self.power(&self.g, secret)?)?;
        let parameters = constructed(
            0x30,
            &[
                &integer(self.p.to_vec()),
                &integer(self.g.to_vec()),
                &integer(self.q.to_vec()),
            ],
        );
        // 1.2.840.10046.2.1.
        let oid = tlv(6, &[0x2A, 0x86, 0x48, 0xCE, 0x3E, 2, 1]);
        let algorithm = constructed(0x30, &[&oid, &parameters]);
        let bits = [&[0], integer(public.to_vec()).as_slice()].concat();
        Ok(constructed(0x30, &[&algorithm, &tlv(3, &bits)]))
    }
}
