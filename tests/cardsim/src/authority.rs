//! Throwaway country signing authorities and document signers (Doc 9303-12 §7.1), as X.509.

use const_oid::ObjectIdentifier;
use der::asn1::{BitString, GeneralizedTime, Null, OctetString};
use der::{DateTime, Decode, Encode};
use rand_core::CryptoRngCore;
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::certificate::{CertificateInner, TbsCertificateInner, Version};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

use crate::SimError;
use crate::profile::{Fault, Profile, Quirk};
use crate::scheme::{Digest, Scheme, SignKey};
use crate::sod::SignedObject;
use crate::tlv::{constructed, tlv};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;
const CSCA_MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");
const PRIVATE_KEY_USAGE_PERIOD: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.16");
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const MASTER_LIST_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.3");
/// Under the enterprise number reserved for examples (RFC 5612).
const UNKNOWN_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1");

/// A country signing authority made for one test run: its key and its self-signed certificate.
pub struct Csca {
    key: SignKey,
    certificate: Vec<u8>,
    key_identifier: Vec<u8>,
    country: String,
}

/// A document signer: key and certificate.
pub(crate) struct DocumentSigner {
    pub(crate) key: SignKey,
    pub(crate) certificate: Vec<u8>,
}

/// A certificate on a revocation list.
#[derive(Debug, Clone)]
pub struct Revoked {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// CRLReason (RFC 5280 §5.3.1); `None` leaves it out.
    pub reason: Option<u8>,
    /// Since when, seconds since the epoch.
    pub since: i64,
}

impl Csca {
    /// A new authority of the state `UT`, ECDSA over P-256, in use for twelve years before `now`
    /// (seconds since the epoch) and fifteen after. Every one has the same subject name, as a state
    /// keeps its name when it changes its key.
    ///
    /// # Errors
    /// [`SimError::Encoding`] when a certificate cannot be encoded.
    pub fn throwaway(rng: &mut dyn CryptoRngCore, now: i64) -> Result<Self, SimError> {
        Self::of_country("UT", Scheme::default(), rng, now)
    }

    /// A new authority of this country (two letters) with this scheme.
    ///
    /// # Errors
    /// As [`Csca::throwaway`].
    pub fn of_country(
        country: &str,
        scheme: Scheme,
        rng: &mut dyn CryptoRngCore,
        now: i64,
    ) -> Result<Self, SimError> {
        let key = SignKey::generate(scheme)?;
        let body = Self::body(country, &key, rng, now)?;
        Ok(Self {
            certificate: body.sign(&key)?,
            key_identifier: key_identifier(&key)?,
            key,
            country: country.to_owned(),
        })
    }

    /// The same authority under a certificate that lets it sign certificates and no revocation lists.
    ///
    /// # Errors
    /// As [`Csca::throwaway`].
    pub fn without_lists(
        &self,
        rng: &mut dyn CryptoRngCore,
        now: i64,
    ) -> Result<Vec<u8>, SimError> {
        let mut body = Self::body(&self.country, &self.key, rng, now)?;
        let usage = extension(true, &KeyUsage(KeyUsages::KeyCertSign.into()))?;
        for known in &mut body.extensions {
            if known.extn_id == usage.extn_id {
                known.clone_from(&usage);
            }
        }
        body.sign(&self.key)
    }

    /// The link certificate (Doc 9303-12 §4.2.2): the key of `next` signed with this authority's.
    ///
    /// # Errors
    /// As [`Csca::throwaway`].
    pub fn link(
        &self,
        next: &Self,
        rng: &mut dyn CryptoRngCore,
        now: i64,
    ) -> Result<Vec<u8>, SimError> {
        Self::body(&self.country, &next.key, rng, now)?.sign(&self.key)
    }

    /// A certificate of another country's authority that this one has signed: no state issues such.
    ///
    /// # Errors
    /// As [`Csca::throwaway`].
    pub fn cross(
        &self,
        other: &Self,
        rng: &mut dyn CryptoRngCore,
        now: i64,
    ) -> Result<Vec<u8>, SimError> {
        let mut body = Self::body(&other.country, &other.key, rng, now)?;
        body.issuer = csca_name(&self.country);
        body.sign(&self.key)
    }

    fn body<'a>(
        country: &str,
        key: &'a SignKey,
        rng: &mut dyn CryptoRngCore,
        now: i64,
    ) -> Result<Body<'a>, SimError> {
        Ok(Body {
            issuer: csca_name(country),
            subject: csca_name(country),
            key,
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
                    &SubjectKeyIdentifier(OctetString::new(key_identifier(key)?)?),
                )?,
            ],
        })
    }

    /// A revocation list of this authority (Doc 9303-12 §7.1.4), DER.
    ///
    /// # Errors
    /// [`SimError::Encoding`].
    pub fn crl(
        &self,
        number: u8,
        revoked: &[Revoked],
        (this_update, next_update): (i64, i64),
    ) -> Result<Vec<u8>, SimError> {
        let algorithm = self.key.identifier()?.to_der()?;
        let name: Name = csca_name(&self.country).parse()?;
        let mut entries = Vec::new();
        for entry in revoked {
            let certificate = x509_cert::Certificate::from_der(&entry.certificate)?;
            let serial = certificate.tbs_certificate.serial_number.to_der()?;
            let reason = match entry.reason {
                Some(reason) => {
                    let code = tlv(0x04, &tlv(0x0A, &[reason]));
                    constructed(
                        0x30,
                        &[&constructed(0x30, &[&[6, 3, 0x55, 0x1D, 21], &code])],
                    )
                }
                None => Vec::new(),
            };
            let since = time(entry.since)?.to_der()?;
            entries.extend(constructed(0x30, &[&serial, &since, &reason]));
        }
        let entries = match revoked {
            [] => Vec::new(),
            _ => tlv(0x30, &entries),
        };
        let identifier = tlv(0x04, &tlv(0x30, &tlv(0x80, &self.key_identifier)));
        let number = tlv(0x04, &tlv(0x02, &[number]));
        let extensions = constructed(
            0x30,
            &[
                &constructed(0x30, &[&[6, 3, 0x55, 0x1D, 35], &identifier]),
                &constructed(0x30, &[&[6, 3, 0x55, 0x1D, 20], &number]),
            ],
        );
        let body = constructed(
            0x30,
            &[
                &tlv(0x02, &[1]),
                &algorithm,
                &name.to_der()?,
                &time(this_update)?.to_der()?,
                &time(next_update)?.to_der()?,
                &entries,
                &tlv(0xA0, &extensions),
            ],
        );
        let signature = [&[0], self.key.sign(&body)?.as_slice()].concat();
        Ok(constructed(
            0x30,
            &[&body, &algorithm, &tlv(0x03, &signature)],
        ))
    }

    /// A master list (Doc 9303-12 §9) of these certificates, countersigned by a signer under this
    /// authority; `purpose` is whether the signer's certificate has the extended key usage.
    ///
    /// # Errors
    /// [`SimError::Encoding`].
    pub fn master_list(
        &self,
        certificates: &[&[u8]],
        purpose: bool,
        rng: &mut dyn CryptoRngCore,
        now: i64,
    ) -> Result<Vec<u8>, SimError> {
        let key = SignKey::generate(self.key.scheme)?;
        let identifier = AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new(self.key_identifier.clone())?),
            ..AuthorityKeyIdentifier::default()
        };
        let mut extensions = vec![
            extension(false, &identifier)?,
            extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
        ];
        if purpose {
            extensions.push(extension(
                true,
                &ExtendedKeyUsage(vec![MASTER_LIST_SIGNING]),
            )?);
        }
        let body = Body {
            issuer: csca_name(&self.country),
            subject: format!("CN=Specimen Master List Signer,C={}", self.country),
            key: &key,
            serial: serial(rng),
            validity: (now - DAY, now + YEAR),
            extensions,
        };
        let signer = DocumentSigner {
            certificate: body.sign(&self.key)?,
            key,
        };
        // SET OF in DER is sorted by encoding.
        let mut sorted = certificates.to_vec();
        sorted.sort_unstable();
        let content = constructed(0x30, &[&tlv(2, &[0]), &tlv(0x31, &sorted.concat())]);
        let signed = SignedObject {
            content_type: CSCA_MASTER_LIST,
            content,
            time: Some(now),
            faults: &[],
            quirks: &[],
        };
        signed.sign(&signer, &[self.certificate()])
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
        let file = File {
            key: crate::profile::Octets(self.key.to_der()?),
            scheme: Some(self.key.scheme),
            country: Some(self.country.clone()),
            certificate: crate::profile::Octets(self.certificate.clone()),
        };
        serde_json::to_string_pretty(&file).map_err(|error| SimError::Encoding(error.to_string()))
    }

    /// Reads what [`Csca::to_json`] wrote.
    ///
    /// # Errors
    /// [`SimError::Encoding`] when it is not that.
    pub fn from_json(text: &str) -> Result<Self, SimError> {
        let file: File =
            serde_json::from_str(text).map_err(|error| SimError::Encoding(error.to_string()))?;
        let key = SignKey::from_der(file.scheme.unwrap_or_default(), &file.key.0)?;
        Ok(Self {
            key_identifier: key_identifier(&key)?,
            key,
            certificate: file.certificate.0,
            country: file.country.unwrap_or_else(|| "UT".to_owned()),
        })
    }

    /// A second authority that claims to be this one: same name, same key identifier, another key.
    pub(crate) fn impostor(&self, rng: &mut dyn CryptoRngCore, now: i64) -> Result<Self, SimError> {
        let mut impostor = Self::of_country(&self.country, self.key.scheme, rng, now)?;
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
        let key = SignKey::generate(profile.signer)?;
        let identifier = AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new(self.key_identifier.clone())?),
            ..AuthorityKeyIdentifier::default()
        };
        let validity = if profile.has(Fault::ExpiredSigner) {
            (now - 11 * YEAR, now - DAY)
        } else if profile.has(Fault::SignerOutlivesAuthority) {
            (now - DAY, now + 20 * YEAR)
        } else if profile.has(Fault::IssuedTooEarly) {
            (now - 13 * YEAR, now + YEAR)
        } else {
            (now - DAY, now + 11 * YEAR)
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
        let usage_period = if profile.has(Fault::KeyUsedTooLate) {
            Some((now - 2 * DAY, now - DAY))
        } else if profile.has(Fault::KeyUsedTooEarly) {
            Some((now + DAY, now + 2 * DAY))
        } else {
            None
        };
        if let Some((from, until)) = usage_period {
            let moment = |tag: u32, seconds: i64| {
                let seconds = u64::try_from(seconds).unwrap_or_default();
                let date = DateTime::from_unix_duration(std::time::Duration::from_secs(seconds))?;
                let encoded = GeneralizedTime::from_date_time(date).to_der()?;
                Ok::<_, SimError>(tlv(tag, &encoded[2..]))
            };
            let period = [moment(0x80, from)?, moment(0x81, until)?];
            extensions.push(Extension {
                extn_id: PRIVATE_KEY_USAGE_PERIOD,
                critical: false,
                extn_value: OctetString::new(tlv(0x30, &period.concat()))?,
            });
        }
        if profile.does(Quirk::CriticalPolicies) {
            // One policy, under the enterprise number reserved for examples (RFC 5612).
            let policy = tlv(6, &[0x2B, 6, 1, 4, 1, 0x81, 0xFD, 0x59, 2]);
            extensions.push(Extension {
                extn_id: CERTIFICATE_POLICIES,
                critical: true,
                extn_value: OctetString::new(tlv(0x30, &tlv(0x30, &policy)))?,
            });
        }
        let mut number = serial(rng);
        if profile.does(Quirk::LongSerial) {
            number.resize(20, 0x5A);
        }
        if profile.does(Quirk::NegativeSerial) {
            number[0] |= 0x80;
        }
        let body = Body {
            issuer: match profile.does(Quirk::OtherCase) {
                true => format!(
                    "CN=specimen csca,O=Specimen  State,C={}",
                    self.country.to_lowercase()
                ),
                false => csca_name(&self.country),
            },
            subject: match profile.has(Fault::SignerOfAnotherCountry) {
                true => "CN=Specimen Document Signer,O=Specimen State,C=XX".to_owned(),
                false => format!(
                    "CN=Specimen Document Signer,O=Specimen State,C={}",
                    self.country
                ),
            },
            key: &key,
            serial: number,
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
    #[serde(default)]
    scheme: Option<Scheme>,
    #[serde(default)]
    country: Option<String>,
    certificate: crate::profile::Octets,
}

fn csca_name(country: &str) -> String {
    format!("CN=Specimen CSCA,O=Specimen State,C={country}")
}

/// What differs between the kinds of certificate.
struct Body<'a> {
    issuer: String,
    subject: String,
    key: &'a SignKey,
    serial: Vec<u8>,
    validity: (i64, i64),
    extensions: Vec<Extension>,
}

impl Body<'_> {
    fn sign(self, authority: &SignKey) -> Result<Vec<u8>, SimError> {
        let tbs: TbsCertificateInner = TbsCertificateInner {
            version: Version::V3,
            serial_number: SerialNumber::from_der(&tlv(2, &self.serial))?,
            signature: authority.identifier()?,
            issuer: self.issuer.parse()?,
            validity: Validity {
                not_before: time(self.validity.0)?,
                not_after: time(self.validity.1)?,
            },
            subject: self.subject.parse()?,
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(&self.key.spki()?)?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions),
        };
        let signature = authority.sign(&tbs.to_der()?)?;
        let certificate: CertificateInner = CertificateInner {
            tbs_certificate: tbs,
            signature_algorithm: authority.identifier()?,
            signature: BitString::from_bytes(&signature)?,
        };
        Ok(certificate.to_der()?)
    }
}

/// RFC 5280 §4.2.1.2 method 1: SHA-1 of the public key bits.
fn key_identifier(key: &SignKey) -> Result<Vec<u8>, SimError> {
    let info = SubjectPublicKeyInfoOwned::from_der(&key.spki()?)?;
    Digest::Sha1.of(info.subject_public_key.raw_bytes())
}

fn serial(rng: &mut dyn CryptoRngCore) -> Vec<u8> {
    let mut octets = vec![0; 8];
    rng.fill_bytes(&mut octets);
    // Positive and not zero (RFC 5280 §4.1.2.2).
    octets[0] = octets[0] & 0x7F | 0x40;
    octets
}

/// Before 2050 UTCTime, after it GeneralizedTime (RFC 5280 §4.1.2.5).
pub(crate) fn time(seconds: i64) -> Result<Time, SimError> {
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
