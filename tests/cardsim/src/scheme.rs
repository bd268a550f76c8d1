//! Keys and signatures of authorities, document signers and chips, by OpenSSL: another
//! implementation than the reader's, so that what both agree on is probably what the standards say.

use const_oid::ObjectIdentifier;
use der::asn1::{Any, Null};
use der::{Decode, Encode};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{Asn1Flag, EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};
use serde::{Deserialize, Serialize};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::SimError;
use crate::tlv::{constructed, tlv};

const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// A curve, with its number among the standardised domain parameters (Doc 9303-11 §9.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Curve {
    P224,
    P256,
    P384,
    P521,
    Brainpool224,
    Brainpool256,
    Brainpool320,
    Brainpool384,
    Brainpool512,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::P224,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Brainpool224,
        Self::Brainpool256,
        Self::Brainpool320,
        Self::Brainpool384,
        Self::Brainpool512,
    ];

    pub(crate) fn parameter_id(self) -> u8 {
        match self {
            Self::P224 => 10,
            Self::Brainpool224 => 11,
            Self::P256 => 12,
            Self::Brainpool256 => 13,
            Self::Brainpool320 => 14,
            Self::P384 => 15,
            Self::Brainpool384 => 16,
            Self::Brainpool512 => 17,
            Self::P521 => 18,
        }
    }

    pub(crate) fn group(self) -> Result<EcGroup, ErrorStack> {
        EcGroup::from_curve_name(match self {
            Self::P224 => Nid::SECP224R1,
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
            Self::P521 => Nid::SECP521R1,
            Self::Brainpool224 => Nid::BRAINPOOL_P224R1,
            Self::Brainpool256 => Nid::BRAINPOOL_P256R1,
            Self::Brainpool320 => Nid::BRAINPOOL_P320R1,
            Self::Brainpool384 => Nid::BRAINPOOL_P384R1,
            Self::Brainpool512 => Nid::BRAINPOOL_P512R1,
        })
    }
}

/// A digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Digest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    fn openssl(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha224 => MessageDigest::sha224(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }

    pub(crate) fn of(self, data: &[u8]) -> Result<Vec<u8>, SimError> {
        Ok(hash(self.openssl(), data)?.to_vec())
    }

    /// Place in lists of object identifiers, SHA-1 first.
    fn index(self) -> usize {
        match self {
            Self::Sha1 => 0,
            Self::Sha224 => 1,
            Self::Sha256 => 2,
            Self::Sha384 => 3,
            Self::Sha512 => 4,
        }
    }

    /// The last number of ecdsa-plain-….
    pub(crate) fn plain_number(self) -> u8 {
        self.index() as u8 + 1
    }

    /// The identifier, with the NULL many documents carry.
    pub(crate) fn identifier(self) -> AlgorithmIdentifierOwned {
        let oids = [
            "1.3.14.3.2.26",
            "2.16.840.1.101.3.4.2.4",
            "2.16.840.1.101.3.4.2.1",
            "2.16.840.1.101.3.4.2.2",
            "2.16.840.1.101.3.4.2.3",
        ];
        AlgorithmIdentifierOwned {
            oid: ObjectIdentifier::new_unwrap(oids[self.index()]),
            parameters: Some(Any::from(Null)),
        }
    }
}

/// What kind of key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyKind {
    /// ECDSA with the curve named in the key.
    Ec(Curve),
    /// ECDSA with the curve's parameters spelled out in the key.
    EcExplicit(Curve),
    /// RSA PKCS #1 v1.5 with this many bits.
    Rsa(u32),
    /// RSASSA-PSS with this many bits and a salt of this many octets.
    RsaPss(u32, u8),
    /// The same with a key that says that it is for RSASSA-PSS with SHA-256 and at least this much salt (RFC 4055 §3.3).
    RsaPssOnly(u32, u8, u8),
}

/// How an authority or a document signer signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheme {
    /// The key.
    pub key: KeyKind,
    /// The digest.
    pub digest: Digest,
}

impl Default for Scheme {
    fn default() -> Self {
        Self {
            key: KeyKind::Ec(Curve::P256),
            digest: Digest::Sha256,
        }
    }
}

/// A private key and how it is used.
#[derive(Clone)]
pub(crate) struct SignKey {
    pub(crate) scheme: Scheme,
    pub(crate) key: PKey<Private>,
}

impl SignKey {
    pub(crate) fn generate(scheme: Scheme) -> Result<Self, SimError> {
        let key = match scheme.key {
            KeyKind::Ec(curve) => ec_key(curve, Asn1Flag::NAMED_CURVE)?,
            KeyKind::EcExplicit(curve) => ec_key(curve, Asn1Flag::EXPLICIT_CURVE)?,
            KeyKind::Rsa(bits) | KeyKind::RsaPss(bits, _) | KeyKind::RsaPssOnly(bits, _, _) => {
                PKey::from_rsa(Rsa::generate(bits)?)?
            }
        };
        Ok(Self { scheme, key })
    }

    pub(crate) fn from_der(scheme: Scheme, der: &[u8]) -> Result<Self, SimError> {
        Ok(Self {
            scheme,
            key: PKey::private_key_from_der(der)?,
        })
    }

    /// PKCS #8, DER.
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, SimError> {
        Ok(self.key.private_key_to_pkcs8()?)
    }

    /// SubjectPublicKeyInfo, DER.
    pub(crate) fn spki(&self) -> Result<Vec<u8>, SimError> {
        let spki = self.key.public_key_to_der()?;
        let KeyKind::RsaPssOnly(_, _, least) = self.scheme.key else {
            return Ok(spki);
        };
        let mut info = SubjectPublicKeyInfoOwned::from_der(&spki)?;
        info.algorithm = AlgorithmIdentifierOwned {
            oid: RSA_PSS,
            parameters: Some(Any::from_der(&pss_parameters(Digest::Sha256, least)?)?),
        };
        Ok(info.to_der()?)
    }

    /// The signature algorithm's identifier.
    pub(crate) fn identifier(&self) -> Result<AlgorithmIdentifierOwned, SimError> {
        let index = self.scheme.digest.index();
        let (oid, parameters) = match self.scheme.key {
            KeyKind::Ec(_) | KeyKind::EcExplicit(_) => (
                [
                    "1.2.840.10045.4.1",
                    "1.2.840.10045.4.3.1",
                    "1.2.840.10045.4.3.2",
                    "1.2.840.10045.4.3.3",
                    "1.2.840.10045.4.3.4",
                ][index],
                None,
            ),
            KeyKind::Rsa(_) => (
                [
                    "1.2.840.113549.1.1.5",
                    "1.2.840.113549.1.1.14",
                    "1.2.840.113549.1.1.11",
                    "1.2.840.113549.1.1.12",
                    "1.2.840.113549.1.1.13",
                ][index],
                Some(Any::from(Null)),
            ),
            KeyKind::RsaPss(_, salt) | KeyKind::RsaPssOnly(_, salt, _) => {
                return Ok(AlgorithmIdentifierOwned {
                    oid: RSA_PSS,
                    parameters: Some(Any::from_der(&pss_parameters(self.scheme.digest, salt)?)?),
                });
            }
        };
        Ok(AlgorithmIdentifierOwned {
            oid: ObjectIdentifier::new_unwrap(oid),
            parameters,
        })
    }

    /// A signature as certificates and CMS carry it.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SimError> {
        let mut signer = Signer::new(self.scheme.digest.openssl(), &self.key)?;
        if let KeyKind::RsaPss(_, salt) | KeyKind::RsaPssOnly(_, salt, _) = self.scheme.key {
            signer.set_rsa_padding(Padding::PKCS1_PSS)?;
            signer.set_rsa_pss_saltlen(RsaPssSaltlen::custom(i32::from(salt)))?;
            signer.set_rsa_mgf1_md(self.scheme.digest.openssl())?;
        }
        Ok(signer.sign_oneshot_to_vec(message)?)
    }
}

fn pss_parameters(digest: Digest, salt: u8) -> Result<Vec<u8>, SimError> {
    let digest = digest.identifier().to_der()?;
    let mgf1 = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8").to_der()?;
    let mask = constructed(0x30, &[&mgf1, &digest]);
    let own = [0, salt];
    Ok(constructed(
        0x30,
        &[
            &tlv(0xA0, &digest),
            &tlv(0xA1, &mask),
            &tlv(0xA2, &tlv(2, if salt < 0x80 { &own[1..] } else { &own })),
        ],
    ))
}

/// A key pair over a curve.
fn ec_key(curve: Curve, form: Asn1Flag) -> Result<PKey<Private>, SimError> {
    let mut group = curve.group()?;
    group.set_asn1_flag(form);
    Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
}

/// A chip's answer to an active authentication challenge (Doc 9303-11 §6.1).
pub(crate) fn active_authentication(
    key: &[u8],
    digest: Digest,
    challenge: &[u8],
    entropy: &[u8],
) -> Result<Vec<u8>, SimError> {
    let key = PKey::private_key_from_der(key)?;
    if key.id() == Id::EC {
        let key = key.ec_key()?;
        let signature = EcdsaSig::sign(&digest.of(challenge)?, &key)?;
        let mut order = BigNum::new()?;
        key.group().order(&mut order, &mut *BigNumContext::new()?)?;
        let width = order.num_bytes();
        let mut plain = signature.r().to_vec_padded(width)?;
        plain.extend(signature.s().to_vec_padded(width)?);
        return Ok(plain);
    }
    // ISO/IEC 9796-2 scheme 1, partial recovery: 6A ‖ M1 ‖ H(M1 ‖ M2) ‖ trailer.
    let rsa = key.rsa()?;
    let trailer: &[u8] = [
        &[0xBC][..],
        &[0x38, 0xCC],
        &[0x34, 0xCC],
        &[0x36, 0xCC],
        &[0x35, 0xCC],
    ][digest.index()];
    let width = rsa.size() as usize;
    let length = width - 1 - digest.of(&[])?.len() - trailer.len();
    let recovered: Vec<u8> = entropy.iter().cycle().take(length).copied().collect();
    let hashed = digest.of(&[&recovered, challenge].concat())?;
    let block = [&[0x6A], recovered.as_slice(), &hashed, trailer].concat();
    let mut signature = vec![0; width];
    rsa.private_encrypt(&block, &mut signature, Padding::NONE)?;
    Ok(signature)
}
