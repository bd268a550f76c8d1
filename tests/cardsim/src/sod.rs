//! Signing the data groups: LDSSecurityObject in CMS SignedData, made with the `cms` crate (the
//! reader takes it apart by hand).

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use der::asn1::{Any, OctetString, SetOfVec};
use der::{Decode, Encode, Sequence, Tag};
use p256::ecdsa::DerSignature;
use p256::ecdsa::signature::Signer;
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;

use crate::SimError;
use crate::authority::{DocumentSigner, ecdsa_with_sha256, sha256};
use crate::profile::Fault;
use crate::tlv::tlv;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// Doc 9303-10 §4.6.2.3.
#[derive(Sequence)]
struct LdsSecurityObject {
    version: u8,
    hash_algorithm: AlgorithmIdentifierOwned,
    data_group_hash_values: Vec<DataGroupHash>,
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
    faults: &[Fault],
) -> Result<Vec<u8>, SimError> {
    let digests = groups.iter().map(|(number, content)| {
        Ok(DataGroupHash {
            number: *number,
            value: OctetString::new(Sha256::digest(content).to_vec())?,
        })
    });
    let object = LdsSecurityObject {
        version: 0,
        hash_algorithm: sha256(),
        data_group_hash_values: digests.collect::<der::Result<_>>()?,
    }
    .to_der()?;

    let content_type = match faults.contains(&Fault::WrongContentType) {
        true => DATA,
        false => LDS_SECURITY_OBJECT,
    };
    let digest = match faults.contains(&Fault::WrongMessageDigest) {
        true => Sha256::digest(b"another object"),
        false => Sha256::digest(&object),
    };
    let attributes = SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, Any::encode_from(&content_type)?)?,
        attribute(MESSAGE_DIGEST, Any::new(Tag::OctetString, digest.to_vec())?)?,
    ])?;
    let signature: DerSignature = signer.key.sign(&attributes.to_der()?);
    let certificate = Certificate::from_der(&signer.certificate)?;
    let information = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.tbs_certificate.issuer.clone(),
            serial_number: certificate.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: sha256(),
        signed_attrs: Some(attributes),
        signature_algorithm: ecdsa_with_sha256(),
        signature: OctetString::new(signature.as_bytes())?,
        unsigned_attrs: None,
    };
    let signed = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![sha256()])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: LDS_SECURITY_OBJECT,
            econtent: Some(Any::new(Tag::OctetString, object)?),
        },
        certificates: Some(CertificateSet(SetOfVec::try_from(vec![
            CertificateChoices::Certificate(certificate),
        ])?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![information])?),
    };
    let info = ContentInfo {
        content_type: SIGNED_DATA,
        content: Any::encode_from(&signed)?,
    };
    Ok(tlv(0x77, &info.to_der()?))
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, SimError> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value])?,
    })
}
