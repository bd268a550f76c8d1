//! Throwaway country signing authorities and document signers (Doc 9303-12 §7.1), as X.509.

use const_oid::ObjectIdentifier;
use der::asn1::{Any, BitString, GeneralizedTime, Null, OctetString};
use der::{DateTime, Decode, Encode};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rand_core::CryptoRngCore;
use sha1::{Digest, Sha1};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::certificate::{CertificateInner, TbsCertificateInner, Version};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

use crate::SimError;
use crate::profile::{Fault, Profile};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;
const CSCA_NAME: &str = "CN=Specimen CSCA,O=Specimen State,C=UT";
const SIGNER_NAME: &str = "CN=Specimen Document Signer,O=Specimen State,C=UT";
/// Under the enterprise number reserved for examples (RFC 5612).
const UNKNOWN_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1");

/// A country signing authority made for one test run: its key and its self-signed certificate.
pub struct Csca {
    key: SigningKey,
    certificate: Vec<u8>,
    key_identifier: Vec<u8>,
}

/// A document signer: key and certificate.
pub(crate) struct DocumentSigner {
    pub(crate) key: SigningKey,
    pub(crate) certificate: Vec<u8>,
}

impl Csca {
    /// A new authority, valid from a day before `now` (seconds since the epoch) for fifteen years.
    /// Every one has the same subject name, as a state keeps its name when it changes its key.
    ///
    /// # Errors
    /// [`SimError::Encoding`] when a certificate cannot be encoded.
    pub fn throwaway(rng: &mut dyn CryptoRngCore, now: i64) -> Result<Self, SimError> {
        let key = new_key(rng);
        let key_identifier = key_identifier(&key)?;
        let body = Body {
            subject: CSCA_NAME,
            key: &key,
            serial: serial(rng),
            validity: (now - 12 * YEAR, now + 15 * YEAR),
            extensions: vec![
                extension(
                    true,
                    &BasicConstraints {
                        ca: true,
                        path_len_constraint: Some(0),
                    },
                )?,
                extension(true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
                extension(
                    false,
                    &SubjectKeyIdentifier(OctetString::new(key_identifier.clone())?),
                )?,
            ],
        };
        Ok(Self {
            certificate: body.sign(&key)?,
            key,
            key_identifier,
        })
    }

    /// The certificate, DER: what a trust store takes.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Key and certificate in one file, so that several cards can be made under one authority.
    ///
    /// # Errors
    /// [`SimError::Encoding`] when the key cannot be encoded.
    pub fn to_json(&self) -> Result<String, SimError> {
        let encoding = |error: String| SimError::Encoding(error);
        let key = self
            .key
            .to_pkcs8_der()
            .map_err(|error| encoding(error.to_string()))?;
        let file = File {
            key: crate::profile::Octets(key.as_bytes().to_vec()),
            certificate: crate::profile::Octets(self.certificate.clone()),
        };
        serde_json::to_string_pretty(&file).map_err(|error| encoding(error.to_string()))
    }

    /// Reads what [`Csca::to_json`] wrote.
    ///
    /// # Errors
    /// [`SimError::Encoding`] when it is not that.
    pub fn from_json(text: &str) -> Result<Self, SimError> {
        let file: File =
            serde_json::from_str(text).map_err(|error| SimError::Encoding(error.to_string()))?;
        let key = SigningKey::from_pkcs8_der(&file.key.0)
            .map_err(|error| SimError::Encoding(error.to_string()))?;
        Ok(Self {
            key_identifier: key_identifier(&key)?,
            key,
            certificate: file.certificate.0,
        })
    }

    /// A second authority that claims to be this one: same name, same key identifier, another key.
    pub(crate) fn impostor(&self, rng: &mut dyn CryptoRngCore, now: i64) -> Result<Self, SimError> {
        let mut impostor = Self::throwaway(rng, now)?;
        impostor.key_identifier.clone_from(&self.key_identifier);
        Ok(impostor)
    }

    /// A document signer under this authority for the profile's time of issue, with its faults.
    pub(crate) fn document_signer(
        &self,
        rng: &mut dyn CryptoRngCore,
        profile: &Profile,
    ) -> Result<DocumentSigner, SimError> {
        let now = profile.now;
        let key = new_key(rng);
        let identifier = AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new(self.key_identifier.clone())?),
            ..AuthorityKeyIdentifier::default()
        };
        let validity = match profile.has(Fault::ExpiredSigner) {
            true => (now - 11 * YEAR, now - DAY),
            false => (now - DAY, now + 11 * YEAR),
        };
        let usage = if profile.has(Fault::SignerSignsCertificates) {
            KeyUsages::DigitalSignature | KeyUsages::KeyCertSign
        } else if profile.has(Fault::SignerWithoutUsage) {
            KeyUsages::NonRepudiation.into()
        } else {
            KeyUsages::DigitalSignature.into()
        };
        let mut extensions = vec![
            extension(false, &identifier)?,
            extension(true, &KeyUsage(usage))?,
            extension(
                false,
                &SubjectKeyIdentifier(OctetString::new(key_identifier(&key)?)?),
            )?,
        ];
        if profile.has(Fault::SignerIsAuthority) {
            let basic = BasicConstraints {
                ca: true,
                path_len_constraint: Some(0),
            };
            extensions.push(extension(true, &basic)?);
        }
        if profile.has(Fault::UnknownExtension) {
            extensions.push(Extension {
                extn_id: UNKNOWN_EXTENSION,
                critical: true,
                extn_value: OctetString::new(Null.to_der()?)?,
            });
        }
        let body = Body {
            subject: SIGNER_NAME,
            key: &key,
            serial: serial(rng),
            validity,
            extensions,
        };
        Ok(DocumentSigner {
            certificate: body.sign(&self.key)?,
            key,
        })
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct File {
    key: crate::profile::Octets,
    certificate: crate::profile::Octets,
}

/// What differs between the two kinds of certificate; the issuer is always the authority.
struct Body<'a> {
    subject: &'static str,
    key: &'a SigningKey,
    serial: Vec<u8>,
    validity: (i64, i64),
    extensions: Vec<Extension>,
}

impl Body<'_> {
    fn sign(self, authority: &SigningKey) -> Result<Vec<u8>, SimError> {
        let name = |text: &str| -> Result<Name, SimError> { Ok(text.parse()?) };
        let tbs: TbsCertificateInner = TbsCertificateInner {
            version: Version::V3,
            serial_number: SerialNumber::new(&self.serial)?,
            signature: ecdsa_with_sha256(),
            issuer: name(CSCA_NAME)?,
            validity: Validity {
                not_before: time(self.validity.0)?,
                not_after: time(self.validity.1)?,
            },
            subject: name(self.subject)?,
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(&spki(self.key)?)?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions),
        };
        let signature: DerSignature = authority.sign(&tbs.to_der()?);
        let certificate: CertificateInner = CertificateInner {
            tbs_certificate: tbs,
            signature_algorithm: ecdsa_with_sha256(),
            signature: BitString::from_bytes(signature.as_bytes())?,
        };
        Ok(certificate.to_der()?)
    }
}

/// ecdsa-with-SHA256; RFC 5758 §3.2: no parameters.
pub(crate) fn ecdsa_with_sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
        parameters: None,
    }
}

/// id-sha256, with the NULL many documents carry.
pub(crate) fn sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
        parameters: Some(Any::from(Null)),
    }
}

pub(crate) fn new_key(mut rng: &mut dyn CryptoRngCore) -> SigningKey {
    SigningKey::random(&mut rng)
}

/// SubjectPublicKeyInfo, DER.
pub(crate) fn spki(key: &SigningKey) -> Result<Vec<u8>, SimError> {
    let encoded = key.verifying_key().to_public_key_der();
    encoded
        .map(|der| der.as_bytes().to_vec())
        .map_err(|error| SimError::Encoding(error.to_string()))
}

/// RFC 5280 §4.2.1.2 method 1: SHA-1 of the public key bits.
fn key_identifier(key: &SigningKey) -> Result<Vec<u8>, SimError> {
    let info = SubjectPublicKeyInfoOwned::from_der(&spki(key)?)?;
    Ok(Sha1::digest(info.subject_public_key.raw_bytes()).to_vec())
}

fn serial(rng: &mut dyn CryptoRngCore) -> Vec<u8> {
    let mut octets = vec![0; 8];
    rng.fill_bytes(&mut octets);
    // Positive and not zero (RFC 5280 §4.1.2.2).
    octets[0] = octets[0] & 0x7F | 0x40;
    octets
}

/// Before 2050 UTCTime, after it GeneralizedTime (RFC 5280 §4.1.2.5).
fn time(seconds: i64) -> Result<Time, SimError> {
    let seconds = u64::try_from(seconds).map_err(|_| SimError::Profile("time of issue"))?;
    let date = DateTime::from_unix_duration(std::time::Duration::from_secs(seconds))?;
    if date.year() < 2050 {
        Ok(Time::UtcTime(der::asn1::UtcTime::from_date_time(date)?))
    } else {
        Ok(Time::GeneralTime(GeneralizedTime::from_date_time(date)))
    }
}

fn extension<T: const_oid::AssociatedOid + Encode>(
    critical: bool,
    value: &T,
) -> Result<Extension, SimError> {
    Ok(Extension {
        extn_id: T::OID,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}
