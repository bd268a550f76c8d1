//! Signing the data groups: LDSSecurityObject in CMS SignedData, made with the `cms` crate (the
//! reader takes it apart by hand).

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use der::asn1::{Any, OctetString, PrintableString, SetOfVec};
use der::{Decode, Encode, Sequence, Tag};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::name::Name;

use crate::SimError;
use crate::authority::{DocumentSigner, time};
use crate::profile::{Fault, Profile, Quirk};
use crate::scheme::Digest;
use crate::tlv::tlv;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// Doc 9303-10 §4.6.2.3.
#[derive(Sequence)]
struct LdsSecurityObject {
    version: u8,
    hash_algorithm: AlgorithmIdentifierOwned,
    data_group_hash_values: Vec<DataGroupHash>,
}

/// The same of version 1.
#[derive(Sequence)]
struct LdsSecurityObjectV1 {
    version: u8,
    hash_algorithm: AlgorithmIdentifierOwned,
    data_group_hash_values: Vec<DataGroupHash>,
    lds_version_info: LdsVersionInfo,
}

#[derive(Sequence)]
struct LdsVersionInfo {
    lds_version: PrintableString,
    unicode_version: PrintableString,
}

#[derive(Sequence)]
struct DataGroupHash {
    number: u8,
    value: OctetString,
}

/// EF.SOD over these data groups.
pub(crate) fn sign(
    groups: &[(u8, &[u8])],
    signer: &DocumentSigner,
    profile: &Profile,
) -> Result<Vec<u8>, SimError> {
    let mut digests = Vec::new();
    for (number, content) in groups {
        digests.push(DataGroupHash {
            number: *number,
            value: OctetString::new(profile.lds_digest.of(content)?)?,
        });
    }
    let hash_algorithm = profile.lds_digest.identifier();
    let content = if profile.does(Quirk::Lds18) {
        // Fingerprints, and a DG11 with names in UTF-8: there, and not read here.
        for (number, content) in [(3, "fingers"), (11, "样本·美"), (12, "authority")] {
            digests.push(DataGroupHash {
                number,
                value: OctetString::new(profile.lds_digest.of(content.as_bytes())?)?,
            });
        }
        LdsSecurityObjectV1 {
            version: 1,
            hash_algorithm,
            data_group_hash_values: digests,
            lds_version_info: LdsVersionInfo {
                lds_version: PrintableString::new("0108")?,
                unicode_version: PrintableString::new("040000")?,
            },
        }
        .to_der()?
    } else {
        LdsSecurityObject {
            version: 0,
            hash_algorithm,
            data_group_hash_values: digests,
        }
        .to_der()?
    };
    let time = match (profile.has(Fault::SignedTooEarly), profile.signing_time) {
        (true, _) => Some(profile.now - 4 * 365 * 86_400),
        (false, true) => Some(profile.now),
        (false, false) => None,
    };
    let signed = SignedObject {
        content_type: LDS_SECURITY_OBJECT,
        content,
        time,
        faults: &profile.faults,
        quirks: &profile.quirks,
    };
    Ok(tlv(0x77, &signed.sign(signer, &[])?))
}

/// What goes into a CMS SignedData.
pub(crate) struct SignedObject<'a> {
    pub(crate) content_type: ObjectIdentifier,
    pub(crate) content: Vec<u8>,
    pub(crate) time: Option<i64>,
    pub(crate) faults: &'a [Fault],
    pub(crate) quirks: &'a [Quirk],
}

impl SignedObject<'_> {
    /// The ContentInfo, with the signer's certificate and others.
    pub(crate) fn sign(
        self,
        signer: &DocumentSigner,
        others: &[&[u8]],
    ) -> Result<Vec<u8>, SimError> {
        let digest = match self.faults.contains(&Fault::TwoDigests) {
            true => Digest::Sha512,
            false => signer.key.scheme.digest,
        };
        let content_type = match self.faults.contains(&Fault::WrongContentType) {
            true => DATA,
            false => self.content_type,
        };
        let message_digest = match self.faults.contains(&Fault::WrongMessageDigest) {
            true => digest.of(b"another object")?,
            false => digest.of(&self.content)?,
        };
        let mut attributes = vec![
            attribute(CONTENT_TYPE, Any::encode_from(&content_type)?)?,
            attribute(MESSAGE_DIGEST, Any::new(Tag::OctetString, message_digest)?)?,
        ];
        if let Some(seconds) = self.time {
            attributes.push(attribute(SIGNING_TIME, Any::encode_from(&time(seconds)?)?)?);
        }
        let attributes = SetOfVec::try_from(attributes)?;
        let signature = signer.key.sign(&attributes.to_der()?)?;
        let certificate = Certificate::from_der(&signer.certificate)?;
        let own = &certificate.tbs_certificate;
        let by_name = |issuer: Name| {
            SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer,
                serial_number: own.serial_number.clone(),
            })
        };
        let (version, sid) = if self.quirks.contains(&Quirk::SignerByKey) {
            let found = own.get::<SubjectKeyIdentifier>()?;
            let (_, identifier) = found.ok_or(SimError::Profile("signer's key identifier"))?;
            let sid = SignerIdentifier::SubjectKeyIdentifier(identifier);
            (CmsVersion::V3, sid)
        } else if self.quirks.contains(&Quirk::OtherCase) {
            let capitals = own.issuer.to_string().to_uppercase();
            (CmsVersion::V1, by_name(capitals.parse()?))
        } else {
            (CmsVersion::V1, by_name(own.issuer.clone()))
        };
        let information = SignerInfo {
            version,
            sid,
            digest_alg: digest.identifier(),
            signed_attrs: Some(attributes),
            signature_algorithm: signer.key.identifier()?,
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let mut certificates = vec![CertificateChoices::Certificate(certificate)];
        for other in others {
            certificates.push(CertificateChoices::Certificate(Certificate::from_der(
                other,
            )?));
        }
        let signed = SignedData {
            version: CmsVersion::V3,
            digest_algorithms: SetOfVec::try_from(vec![digest.identifier()])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: self.content_type,
                econtent: Some(Any::new(Tag::OctetString, self.content)?),
            },
            certificates: Some(CertificateSet(SetOfVec::try_from(certificates)?)),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![information])?),
        };
        let info = ContentInfo {
            content_type: SIGNED_DATA,
            content: Any::encode_from(&signed)?,
        };
        Ok(info.to_der()?)
    }
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, SimError> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value])?,
    })
}
