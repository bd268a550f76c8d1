//! The certificates of Doc 9303-12, taken apart: country signing authorities, document signers and
//! master list signers.

use std::collections::BTreeSet;

use const_oid::{AssociatedOid, ObjectIdentifier};
use der::{Decode, Encode};
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
};

use crate::algorithms::{DigestAlgorithm, PublicKey, SignatureAlgorithm};
use crate::date;
use crate::error::CardError;
use crate::tlv::{self, Objects};

/// Largest certificate read, in bytes; real ones have one to two thousand.
pub(crate) const MAX_CERTIFICATE: usize = 8192;

const MALFORMED: CardError = CardError::Malformed("certificate");

/// Critical extensions whose meaning is checked here or does not bear on the decision.
const UNDERSTOOD: [ObjectIdentifier; 10] = [
    KeyUsage::OID,
    BasicConstraints::OID,
    AuthorityKeyIdentifier::OID,
    SubjectKeyIdentifier::OID,
    // extendedKeyUsage is for master list and deviation list signers; refused in a document signer.
    EXTENDED_KEY_USAGE,
    PRIVATE_KEY_USAGE_PERIOD,
    // Other names of the same authority, where its lists are, and under which of its policies it issued: any policy will do.
    SUBJECT_ALTERNATIVE_NAME,
    ISSUER_ALTERNATIVE_NAME,
    CRL_DISTRIBUTION_POINTS,
    CERTIFICATE_POLICIES,
];

const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const PRIVATE_KEY_USAGE_PERIOD: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.16");
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const ISSUER_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.18");
const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
/// id-icao-mrtd-security-extensions-documentTypeList.
const DOCUMENT_TYPES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.6.2");
const COUNTRY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
/// id-icao-mrtd-security-cscaMasterListSigningKey (Doc 9303-12 §7.1.3.2.2).
const MASTER_LIST_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.3");

/// A certificate taken apart; its signature is **not** checked by parsing.
pub(crate) struct Parsed {
    certificate: Certificate,
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    signed: Vec<u8>,
}

impl Parsed {
    /// Parses strict DER.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CardError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CardError::TooLarge {
                what: "certificate",
                limit: MAX_CERTIFICATE,
            });
        }
        let certificate = Certificate::from_der(der).map_err(|_| MALFORMED)?;
        // The signature covers the octets as sent, which a re-encoding might not reproduce.
        let mut outer = Objects::new(der);
        let body = outer.expect(0x30, "certificate")?;
        let signed = Objects::new(body)
            .read()?
            .ok_or(MALFORMED)?
            .encoded
            .to_vec();
        let tbs = &certificate.tbs_certificate;
        // Extensions, without which no certificate here has a purpose, are of version 3 (RFC 5280 §4.1.2.1).
        if tbs.signature != certificate.signature_algorithm || tbs.version != Version::V3 {
            return Err(MALFORMED);
        }
        let octets = |value: Result<Vec<u8>, der::Error>| value.map_err(|_| MALFORMED);
        let key = PublicKey::from_spki(&octets(tbs.subject_public_key_info.to_der())?)?;
        let algorithm =
            SignatureAlgorithm::parse(&octets(certificate.signature_algorithm.to_der())?)?;
        let parsed = Self {
            certificate,
            key,
            algorithm,
            signed,
        };
        parsed.check_extensions()?;
        Ok(parsed)
    }

    fn extensions(&self) -> &[Extension] {
        let extensions = self.certificate.tbs_certificate.extensions.as_ref();
        extensions.map(Vec::as_slice).unwrap_or_default()
    }

    /// RFC 5280 §4.2: what is critical and not understood must be refused, and what is there twice: one reader would take
    /// the first and another the last.
    fn check_extensions(&self) -> Result<(), CardError> {
        let mut seen = BTreeSet::new();
        for extension in self.extensions() {
            if !seen.insert(extension.extn_id) {
                return Err(CardError::Malformed("extension given twice"));
            }
            if extension.critical && !UNDERSTOOD.contains(&extension.extn_id) {
                return Err(CardError::Unsupported {
                    what: "critical extension",
                    name: extension.extn_id.to_string(),
                });
            }
        }
        Ok(())
    }

    fn extension<'a, T: Decode<'a> + AssociatedOid>(&'a self) -> Result<Option<T>, CardError> {
        let found = self.certificate.tbs_certificate.get::<T>();
        Ok(found
            .map_err(|_| MALFORMED)?
            .map(|(_, extension)| extension))
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }

    pub(crate) fn issuer(&self) -> Result<Vec<u8>, CardError> {
        self.certificate
            .tbs_certificate
            .issuer
            .to_der()
            .map_err(|_| MALFORMED)
    }

    pub(crate) fn serial(&self) -> &[u8] {
        self.certificate.tbs_certificate.serial_number.as_bytes()
    }

    pub(crate) fn subject_key_identifier(&self) -> Result<Option<Vec<u8>>, CardError> {
        let found = self.extension::<SubjectKeyIdentifier>()?;
        Ok(found.map(|identifier| identifier.0.into_bytes()))
    }

    pub(crate) fn subject(&self) -> Result<Vec<u8>, CardError> {
        self.certificate
            .tbs_certificate
            .subject
            .to_der()
            .map_err(|_| MALFORMED)
    }

    pub(crate) fn check_validity(&self, whose: &'static str, now: i64) -> Result<(), CardError> {
        let (not_before, not_after) = self.validity();
        if (not_before..=not_after).contains(&now) {
            Ok(())
        } else {
            Err(CardError::SignerNotValid {
                whose,
                not_before,
                not_after,
                now,
            })
        }
    }

    /// Start and end of validity, seconds since the epoch.
    pub(crate) fn validity(&self) -> (i64, i64) {
        let validity = &self.certificate.tbs_certificate.validity;
        let seconds = |time: x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        (seconds(validity.not_before), seconds(validity.not_after))
    }

    /// The signer's own statement of when it signed must lie in the validity of its certificate, in
    /// the time its key was to be used (Doc 9303-12 §7.1, privateKeyUsagePeriod), and not ahead.
    ///
    /// # Errors
    /// [`CardError::SignedOutsideValidity`].
    pub(crate) fn check_signing_time(&self, time: i64, now: i64) -> Result<(), CardError> {
        let (not_before, not_after) = self.validity();
        let (from, until) = self.private_key_usage()?;
        let start = not_before.max(from.unwrap_or(i64::MIN));
        let end = not_after.min(until.unwrap_or(i64::MAX)).min(now);
        if (start..=end).contains(&time) {
            Ok(())
        } else {
            Err(CardError::SignedOutsideValidity)
        }
    }

    /// PrivateKeyUsagePeriod (Doc 9303-12 §7.1.1): `[0]` notBefore, `[1]` notAfter.
    fn private_key_usage(&self) -> Result<(Option<i64>, Option<i64>), CardError> {
        let mut period = (None, None);
        if let Some(value) = self.sequence(PRIVATE_KEY_USAGE_PERIOD)? {
            let mut fields = Objects::new(value);
            while let Some(field) = fields.read()? {
                let time = date::parse_time(0x18, field.value).ok_or(MALFORMED)?;
                match field.tag {
                    0x80 => period.0 = Some(time),
                    0x81 => period.1 = Some(time),
                    _ => return Err(MALFORMED),
                }
            }
        }
        Ok(period)
    }

    /// The content of an extension that is a sequence.
    fn sequence(&self, oid: ObjectIdentifier) -> Result<Option<&[u8]>, CardError> {
        let mut all = self.extensions().iter();
        let found = all.find(|extension| extension.extn_id == oid);
        found
            .map(|extension| tlv::only(extension.extn_value.as_bytes(), 0x30, "certificate"))
            .transpose()
    }

    /// DocumentTypeList (Doc 9303-12 §7.1.1.6): a document signer that names the types of documents it signs, as their
    /// zones give them, signs no others. A single letter stands for all types that begin with it.
    ///
    /// # Errors
    /// [`CardError::ChipNotAuthentic`] for a type that is not on the list.
    pub(crate) fn check_document_type(&self, document_type: &str) -> Result<(), CardError> {
        const WHAT: &str = "document types of the signer";
        let Some(list) = self.sequence(DOCUMENT_TYPES)? else {
            return Ok(());
        };
        let mut fields = Objects::new(list);
        fields.expect(0x02, WHAT)?;
        let mut types = Objects::new(fields.expect(0x31, WHAT)?);
        fields.end(WHAT)?;
        while let Some(listed) = types.read()? {
            // Some lists repeat the filler of the zone.
            let listed = listed.value.trim_ascii_end();
            let listed = listed.strip_suffix(b"<").unwrap_or(listed);
            let same = match listed {
                [letter] => document_type.as_bytes().first() == Some(letter),
                _ => document_type.as_bytes() == listed,
            };
            if same {
                return Ok(());
            }
        }
        Err(CardError::ChipNotAuthentic(
            "type of the document, which its signer may not sign",
        ))
    }

    /// The country of the subject, two capital letters (Doc 9303-12 §7.1: countryName, upper case in
    /// new certificates).
    pub(crate) fn country(&self) -> Option<String> {
        let names = self.certificate.tbs_certificate.subject.0.iter();
        let mut values = names
            .flat_map(|name| name.0.iter())
            .filter(|value| value.oid == COUNTRY_NAME);
        let text = core::str::from_utf8(values.next()?.value.value()).ok()?;
        let letters = text.len() == 2 && text.bytes().all(|c| c.is_ascii_alphabetic());
        // A second country is a contradiction, not an alternative.
        (letters && values.next().is_none()).then(|| text.to_ascii_uppercase())
    }

    /// Whether this certificate may sign certificates (Doc 9303-12 §7.1: basic constraints with `cA`,
    /// key usage with `keyCertSign`).
    pub(crate) fn is_authority(&self) -> Result<bool, CardError> {
        let usage = self.extension::<KeyUsage>()?;
        Ok(self.says_authority()? && usage.is_some_and(|usage| usage.key_cert_sign()))
    }

    /// Whether its basic constraints have `cA`.
    fn says_authority(&self) -> Result<bool, CardError> {
        let basic = self.extension::<BasicConstraints>()?;
        Ok(basic.is_some_and(|basic| basic.ca))
    }

    /// Whether this certificate may sign revocation lists.
    pub(crate) fn may_sign_crls(&self) -> Result<bool, CardError> {
        Ok(self
            .extension::<KeyUsage>()?
            .is_some_and(|usage| usage.crl_sign()))
    }

    /// The key identifier of the authority that signed this certificate.
    pub(crate) fn authority_key_identifier(&self) -> Result<Option<Vec<u8>>, CardError> {
        Ok(self
            .extension::<AuthorityKeyIdentifier>()?
            .and_then(|authority| authority.key_identifier)
            .map(|identifier| identifier.into_bytes()))
    }

    /// Whether the certificate is made with SHA-1.
    pub(crate) fn digest(&self) -> DigestAlgorithm {
        self.algorithm.digest()
    }

    /// Doc 9303-12 §7.1.3.2.2: a master list signer's key usage, exactly that one purpose.
    pub(crate) fn check_master_list_signer(&self) -> Result<(), CardError> {
        const REFUSED: CardError = CardError::ChipNotAuthentic("key usage of the list's signer");
        let purposes = self.extension::<ExtendedKeyUsage>()?.ok_or(REFUSED)?;
        let usage = self.extension::<KeyUsage>()?;
        if purposes.0 != [MASTER_LIST_SIGNING]
            || !usage.is_some_and(|usage| usage.digital_signature() && !usage.key_cert_sign())
            || self.says_authority()?
        {
            return Err(REFUSED);
        }
        Ok(())
    }

    /// Doc 9303-12 §7.1, table 6: key usage is `digitalSignature`; never an authority itself.
    pub(crate) fn check_document_signer(&self) -> Result<(), CardError> {
        let refused = |what: &'static str| Err(CardError::ChipNotAuthentic(what));
        let usage = self.extension::<KeyUsage>()?;
        if !usage.is_some_and(|usage| usage.digital_signature() && !usage.key_cert_sign()) {
            return refused("key usage of the document signer");
        }
        if self.says_authority()? {
            return refused("an authority signed the document");
        }
        if self.extension::<ExtendedKeyUsage>()?.is_some() {
            return refused("extended key usage of the document signer");
        }
        Ok(())
    }

    /// Whether `authority`'s key signed this certificate.
    pub(crate) fn signed_by(&self, authority: &Self) -> bool {
        let signature = self.certificate.signature.as_bytes();
        signature.is_some_and(|signature| {
            authority
                .key
                .verify(self.algorithm, &self.signed, signature)
        })
    }
}
