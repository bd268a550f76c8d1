//! Every object identifier of an algorithm that this crate knows, and nothing else: adding one means
//! adding an arm here. What is genuine but not implemented becomes [`CardError::Unsupported`].

use const_oid::ObjectIdentifier;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

use crate::curve::{self, Curve};
use crate::error::CardError;
use crate::modp::Modp;
use crate::rsa_key::RsaKey;
use crate::tlv::{self, Objects, Tlv};

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const SHA_1: ObjectIdentifier = oid("1.3.14.3.2.26");
const SHA_224: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.4");
const SHA_256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");
const ECDSA_WITH_SHA_1: ObjectIdentifier = oid("1.2.840.10045.4.1");
const ECDSA_WITH_SHA_224: ObjectIdentifier = oid("1.2.840.10045.4.3.1");
const ECDSA_WITH_SHA_256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA_384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA_512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");
const RSA_ENCRYPTION: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_WITH_SHA_1: ObjectIdentifier = oid("1.2.840.113549.1.1.5");
const MGF_1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const RSA_WITH_SHA_256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
const RSA_WITH_SHA_384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
const RSA_WITH_SHA_512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
const RSA_WITH_SHA_224: ObjectIdentifier = oid("1.2.840.113549.1.1.14");
/// dhKeyAgreement (PKCS #3) and dhpublicnumber (X9.42, RFC 3279 §2.3.3).
const DH_KEY_AGREEMENT: ObjectIdentifier = oid("1.2.840.113549.1.3.1");
const DH_PUBLIC_NUMBER: ObjectIdentifier = oid("1.2.840.10046.2.1");
const EC_PUBLIC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
/// ecdsa-plain-signatures (TR-03111 §5.2.1.1); the digest is the last number.
const ECDSA_PLAIN: [u8; 9] = [4, 0, 0x7F, 0, 7, 1, 1, 4, 1];

/// Bits of an RSA key that signs certificates, security objects or lists today.
const FEWEST_BITS: usize = 2048;

/// A digest algorithm of certificates, security objects and active authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestAlgorithm {
    /// Only where a policy still takes it: collisions are practical.
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl DigestAlgorithm {
    /// Every one, the usual first.
    pub(crate) const ALL: [Self; 5] = [
        Self::Sha256,
        Self::Sha1,
        Self::Sha224,
        Self::Sha384,
        Self::Sha512,
    ];

    /// From a DER AlgorithmIdentifier; parameters absent or NULL (RFC 5754 §2).
    pub(crate) fn parse(der: &[u8]) -> Result<Self, CardError> {
        let identifier = Identifier::parse(der)?;
        let digest = match identifier.oid {
            SHA_1 => Self::Sha1,
            SHA_224 => Self::Sha224,
            SHA_256 => Self::Sha256,
            SHA_384 => Self::Sha384,
            SHA_512 => Self::Sha512,
            oid => return Err(unsupported("digest", oid)),
        };
        identifier.without_parameters()?;
        Ok(digest)
    }

    /// The digest of `data`.
    pub(crate) fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha224 => Sha224::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    /// Octets of a digest.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of an `ecdsa-plain-…` algorithm of ActiveAuthenticationInfo, content octets of its
    /// object identifier (Doc 9303-11 §6.1.2.4).
    pub(crate) fn of_plain_ecdsa(identifier: &[u8]) -> Result<Self, CardError> {
        match identifier.split_last() {
            Some((1, head)) if head == ECDSA_PLAIN => Ok(Self::Sha1),
            Some((2, head)) if head == ECDSA_PLAIN => Ok(Self::Sha224),
            Some((3, head)) if head == ECDSA_PLAIN => Ok(Self::Sha256),
            Some((4, head)) if head == ECDSA_PLAIN => Ok(Self::Sha384),
            Some((5, head)) if head == ECDSA_PLAIN => Ok(Self::Sha512),
            _ => Err(match ObjectIdentifier::from_bytes(identifier) {
                Ok(oid) => unsupported("active authentication algorithm", oid),
                Err(_) => CardError::Malformed("algorithm identifier"),
            }),
        }
    }

    /// Refuses SHA-1 unless `legacy` says that it may still be used.
    ///
    /// # Errors
    /// [`CardError::LegacyAlgorithm`].
    pub(crate) fn allowed(self, legacy: bool) -> Result<(), CardError> {
        if self == Self::Sha1 && !legacy {
            Err(CardError::LegacyAlgorithm("SHA-1"))
        } else {
            Ok(())
        }
    }
}

/// A signature algorithm of certificates and security objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    /// ecdsa-with-…, the signature as a DER sequence (RFC 5758 §3.2).
    Ecdsa(DigestAlgorithm),
    /// …WithRSAEncryption (RFC 4055 §5).
    Pkcs1(DigestAlgorithm),
    /// RSASSA-PSS (RFC 4055 §3).
    Pss(Pss),
}

/// The parameters of RSASSA-PSS; the mask generation uses the same digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pss {
    digest: DigestAlgorithm,
    salt: usize,
}

impl SignatureAlgorithm {
    /// From a DER AlgorithmIdentifier of a certificate or a revocation list.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, CardError> {
        use DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
        let identifier = Identifier::parse(der)?;
        let algorithm = match identifier.oid {
            ECDSA_WITH_SHA_1 => Self::Ecdsa(Sha1),
            ECDSA_WITH_SHA_224 => Self::Ecdsa(Sha224),
            ECDSA_WITH_SHA_256 => Self::Ecdsa(Sha256),
            ECDSA_WITH_SHA_384 => Self::Ecdsa(Sha384),
            ECDSA_WITH_SHA_512 => Self::Ecdsa(Sha512),
            RSA_WITH_SHA_1 => Self::Pkcs1(Sha1),
            RSA_WITH_SHA_224 => Self::Pkcs1(Sha224),
            RSA_WITH_SHA_256 => Self::Pkcs1(Sha256),
            RSA_WITH_SHA_384 => Self::Pkcs1(Sha384),
            RSA_WITH_SHA_512 => Self::Pkcs1(Sha512),
            RSA_PSS => {
                let parameters = identifier.parameters.ok_or(MALFORMED)?;
                return Pss::parse(parameters.encoded).map(Self::Pss);
            }
            oid => return Err(unsupported("signature algorithm", oid)),
        };
        identifier.without_parameters()?;
        Ok(algorithm)
    }

    /// As [`SignatureAlgorithm::parse`], for a SignerInfo: `rsaEncryption` stands for PKCS #1 v1.5
    /// with the digest algorithm named beside it (RFC 3370 §3.2).
    pub(crate) fn parse_for_signer(der: &[u8], digest: DigestAlgorithm) -> Result<Self, CardError> {
        let identifier = Identifier::parse(der)?;
        if identifier.oid == RSA_ENCRYPTION {
            identifier.without_parameters()?;
            return Ok(Self::Pkcs1(digest));
        }
        Self::parse(der)
    }

    /// The digest the algorithm is made with.
    pub(crate) fn digest(self) -> DigestAlgorithm {
        match self {
            Self::Ecdsa(digest) | Self::Pkcs1(digest) => digest,
            Self::Pss(pss) => pss.digest,
        }
    }
}

impl Pss {
    /// RSASSA-PSS-params (RFC 4055 §3.1): every field has a default.
    fn parse(der: &[u8]) -> Result<Self, CardError> {
        const WHAT: &str = "RSASSA-PSS parameters";
        let mut fields = Objects::new(tlv::only(der, 0x30, WHAT)?);
        let (mut digest, mut mask, mut salt) = (DigestAlgorithm::Sha1, DigestAlgorithm::Sha1, 20);
        let mut last = 0;
        while let Some(field) = fields.read()? {
            if field.tag <= last {
                return Err(CardError::Malformed(WHAT));
            }
            last = field.tag;
            match field.tag {
                0xA0 => digest = DigestAlgorithm::parse(field.value)?,
                0xA1 => {
                    let generation = Identifier::parse(field.value)?;
                    if generation.oid != MGF_1 {
                        return Err(unsupported("mask generation", generation.oid));
                    }
                    let parameters = generation.parameters.ok_or(MALFORMED)?;
                    mask = DigestAlgorithm::parse(parameters.encoded)?;
                }
                0xA2 => {
                    // Some signers fill the key with salt.
                    salt = match tlv::only(field.value, 0x02, WHAT)? {
                        [short] if *short < 0x80 => usize::from(*short),
                        [high, low] if *high < 0x80 => {
                            usize::from(u16::from_be_bytes([*high, *low]))
                        }
                        _ => return Err(CardError::Malformed(WHAT)),
                    }
                }
                0xA3 if tlv::only(field.value, 0x02, WHAT)? == [1] => {}
                _ => return Err(CardError::Malformed(WHAT)),
            }
        }
        if mask != digest {
            return Err(CardError::Unsupported {
                what: "mask generation",
                name: "over another digest".to_owned(),
            });
        }
        Ok(Self { digest, salt })
    }
}

/// A public key of a certificate or of DG15.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// A point that is known to lie on the curve.
    Ec { curve: Curve, point: Vec<u8> },
    /// Any RSA signature scheme.
    Rsa(RsaKey),
    /// A number for key agreement, in a known group; whether it is a member of it is checked with its use.
    Dh { group: Modp, number: Vec<u8> },
    /// RSASSA-PSS only, perhaps with these parameters only (RFC 4055 §3.3).
    RsaPss(RsaKey, Option<Pss>),
}

impl PublicKey {
    /// From a DER SubjectPublicKeyInfo.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, CardError> {
        let (identifier, bits) = subject_public_key(der)?;
        match identifier.oid {
            EC_PUBLIC_KEY => {
                let parameters = identifier.parameters.ok_or(PUBLIC_KEY)?;
                let curve = Curve::from_parameters(parameters.encoded)?;
                if !curve.has_point(bits) {
                    return Err(PUBLIC_KEY);
                }
                Ok(Self::Ec {
                    curve,
                    point: bits.to_vec(),
                })
            }
            RSA_ENCRYPTION => {
                identifier.without_parameters()?;
                RsaKey::parse(bits).map(Self::Rsa)
            }
            DH_KEY_AGREEMENT | DH_PUBLIC_NUMBER => Ok(Self::Dh {
                group: group(&identifier)?,
                number: tlv::only(bits, 0x02, "public key")?.to_vec(),
            }),
            RSA_PSS => {
                let restriction = identifier
                    .parameters
                    .map(|parameters| Pss::parse(parameters.encoded))
                    .transpose()?;
                Ok(Self::RsaPss(RsaKey::parse(bits)?, restriction))
            }
            oid => Err(unsupported("key type", oid)),
        }
    }

    /// Refuses an RSA key of fewer than 2048 bits (Doc 9303-12 §4.4.1.1: the least for document signers) unless `legacy`
    /// says that it may still be used.
    ///
    /// # Errors
    /// [`CardError::LegacyAlgorithm`].
    pub(crate) fn allowed(&self, legacy: bool) -> Result<(), CardError> {
        match self {
            Self::Rsa(key) | Self::RsaPss(key, _) if key.bits() < FEWEST_BITS && !legacy => {
                Err(CardError::LegacyAlgorithm("an RSA key of so few bits"))
            }
            _ => Ok(()),
        }
    }

    /// Whether `signature` is this key's over `message`.
    pub(crate) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let digest = algorithm.digest().digest(message);
        match (self, algorithm) {
            (Self::Ec { curve, point }, SignatureAlgorithm::Ecdsa(_)) => {
                curve::der_signature(signature)
                    .is_some_and(|(r, s)| curve.verify(point, &digest, r, s))
            }
            (Self::Rsa(key), SignatureAlgorithm::Pkcs1(hash)) => {
                key.verify_pkcs1(hash, &digest, signature)
            }
            (Self::Rsa(key) | Self::RsaPss(key, None), SignatureAlgorithm::Pss(pss)) => {
                key.verify_pss(pss.digest, pss.salt, &digest, signature)
            }
            (Self::RsaPss(key, Some(only)), SignatureAlgorithm::Pss(pss)) => {
                // The salt may be longer than the key's parameters say, never shorter.
                only.digest == pss.digest
                    && pss.salt >= only.salt
                    && key.verify_pss(pss.digest, pss.salt, &digest, signature)
            }
            _ => false,
        }
    }
}

/// The algorithm and the key bits of a SubjectPublicKeyInfo.
pub(crate) fn subject_public_key(der: &[u8]) -> Result<(Identifier<'_>, &[u8]), CardError> {
    let mut fields = Objects::new(tlv::only(der, 0x30, "public key")?);
    let identifier = fields.read()?.ok_or(PUBLIC_KEY)?;
    let bits = fields.expect(0x03, "public key")?;
    fields.end("public key")?;
    match bits.split_first() {
        Some((0, bits)) => Ok((Identifier::parse(identifier.encoded)?, bits)),
        _ => Err(PUBLIC_KEY),
    }
}

/// The group that a key of Diffie-Hellman names: p, g and, in X9.42, q, before what decides nothing.
fn group(identifier: &Identifier<'_>) -> Result<Modp, CardError> {
    const WHAT: &str = "parameters of a group";
    let parameters = identifier.parameters.ok_or(PUBLIC_KEY)?;
    let mut fields = Objects::new(tlv::only(parameters.encoded, 0x30, WHAT)?);
    let (prime, generator) = (fields.expect(0x02, WHAT)?, fields.expect(0x02, WHAT)?);
    let order = match identifier.oid == DH_PUBLIC_NUMBER {
        true => Some(fields.expect(0x02, WHAT)?),
        false => None,
    };
    Modp::of(prime, generator, order).ok_or_else(|| CardError::Unsupported {
        what: "group",
        name: "parameters of no known group".to_owned(),
    })
}

const MALFORMED: CardError = CardError::Malformed("algorithm identifier");
const PUBLIC_KEY: CardError = CardError::Malformed("public key");

/// An AlgorithmIdentifier taken apart.
pub(crate) struct Identifier<'a> {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) parameters: Option<Tlv<'a>>,
}

impl<'a> Identifier<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, CardError> {
        const WHAT: &str = "algorithm identifier";
        let mut fields = Objects::new(tlv::only(der, 0x30, WHAT)?);
        let oid = fields.expect(0x06, WHAT)?;
        let parameters = fields.read()?;
        fields.end(WHAT)?;
        Ok(Self {
            oid: ObjectIdentifier::from_bytes(oid).map_err(|_| MALFORMED)?,
            parameters,
        })
    }

    /// Demands parameters that are absent or NULL.
    fn without_parameters(&self) -> Result<(), CardError> {
        match self.parameters {
            Some(parameters) if parameters.encoded != [5, 0] => Err(MALFORMED),
            _ => Ok(()),
        }
    }
}

fn unsupported(what: &'static str, oid: ObjectIdentifier) -> CardError {
    CardError::Unsupported {
        what,
        name: oid.to_string(),
    }
}
