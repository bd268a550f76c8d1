//! EF.SOD, the document security object (Doc 9303-10 §4.6.2): CMS SignedData (RFC 5652) over the
//! digests of the data groups.
//!
//! Taken apart with the same strict TLV reader as everything else: what is signed is the octets as
//! sent, every list is bounded, and nothing recurses.

use const_oid::ObjectIdentifier;

use crate::algorithms::{DigestAlgorithm, SignatureAlgorithm};
use crate::error::CardError;
use crate::tlv::{self, Objects, Tlv};
use crate::x509::{CscaAnchors, Parsed};

/// Largest security object read, in bytes; real ones have two to eight thousand.
pub(crate) const MAX_SOD: usize = 65_536;
/// Most certificates and signed attributes looked at; real objects have one and three.
const MOST: usize = 8;
/// Doc 9303-10 §4.6.2.3: ub-DataGroups.
const MOST_GROUPS: usize = 16;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

const SEQUENCE: u32 = 0x30;
const SET: u32 = 0x31;
const INTEGER: u32 = 0x02;
const OCTET_STRING: u32 = 0x04;
const OID: u32 = 0x06;

/// A security object taken apart; **its signature is not checked**. [`Unverified::verify`] does.
pub(crate) struct Unverified<'a> {
    content: &'a [u8],
    certificates: Vec<&'a [u8]>,
    signer: SignerInfo<'a>,
}

struct SignerInfo<'a> {
    sid: Tlv<'a>,
    digest: &'a [u8],
    attributes: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

/// The digests the issuing state signed. Only [`Unverified::verify`] makes one.
pub(crate) struct SecurityObject {
    algorithm: DigestAlgorithm,
    groups: Vec<(u8, Vec<u8>)>,
}

impl<'a> Unverified<'a> {
    /// Parses EF.SOD with its outer tag `77`.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, CardError> {
        const WHAT: &str = "security object";
        if bytes.len() > MAX_SOD {
            return Err(CardError::TooLarge {
                what: "EF.SOD",
                limit: MAX_SOD,
            });
        }
        let content_info = tlv::only(tlv::only(bytes, 0x77, "EF.SOD")?, SEQUENCE, WHAT)?;
        let mut fields = Objects::new(content_info);
        expect_oid(&mut fields, SIGNED_DATA)?;
        let explicit = fields.expect(0xA0, WHAT)?;
        fields.end(WHAT)?;

        let mut fields = Objects::new(tlv::only(explicit, SEQUENCE, WHAT)?);
        fields.expect(INTEGER, WHAT)?;
        fields.expect(SET, WHAT)?;
        let content = content(fields.expect(SEQUENCE, WHAT)?)?;
        let mut next = fields.read()?;
        let mut certificates = Vec::new();
        if let Some(set) = next.filter(|object| object.tag == 0xA0) {
            certificates = members(set.value)?;
            next = fields.read()?;
        }
        // Revocation lists in the object are of no use: the signer's authority publishes its own.
        if next.is_some_and(|object| object.tag == 0xA1) {
            next = fields.read()?;
        }
        let Some(signers) = next.filter(|object| object.tag == SET) else {
            return Err(CardError::Malformed(WHAT));
        };
        fields.end(WHAT)?;
        // Doc 9303-10 §4.6.2.2 allows several; none in the field, and "which one counts" is a trap.
        let signer = SignerInfo::parse(tlv::only(signers.value, SEQUENCE, "signer information")?)?;
        Ok(Self {
            content,
            certificates,
            signer,
        })
    }

    /// Passive authentication (Doc 9303-11 §5.1): the chain to an anchor first, then the signature
    /// of the object, then what its signed attributes say about the content. With the object come
    /// the states whose documents the vouching anchors are trusted for.
    pub(crate) fn verify<'anchors>(
        &self,
        anchors: &'anchors CscaAnchors,
        now: i64,
    ) -> Result<(SecurityObject, Vec<&'anchors str>), CardError> {
        let signer = self.signer_certificate()?;
        let states = anchors.check(&signer, now)?;

        let algorithm = SignatureAlgorithm::parse(self.signer.algorithm)?;
        let digest = DigestAlgorithm::parse(self.signer.digest)?;
        if algorithm.digest() != digest {
            return Err(CardError::ChipNotAuthentic(
                "digest and signature algorithm disagree",
            ));
        }
        // RFC 5652 §5.4: signed as a SET OF, sent under an implicit tag.
        let signed = tlv::encode(SET, self.signer.attributes)?;
        if !signer
            .key()
            .verify(algorithm, &signed, self.signer.signature)
        {
            return Err(CardError::ChipNotAuthentic("signature"));
        }
        self.check_attributes(digest)?;
        Ok((SecurityObject::parse(self.content)?, states))
    }

    /// The one certificate the signer information names.
    fn signer_certificate(&self) -> Result<Parsed, CardError> {
        for der in &self.certificates {
            let certificate = Parsed::from_der(der)?;
            let named = match self.signer.sid.tag {
                // [0] SubjectKeyIdentifier.
                0x80 => certificate
                    .subject_key_identifier()?
                    .is_some_and(|identifier| identifier == self.signer.sid.value),
                _ => {
                    let mut fields = Objects::new(self.signer.sid.value);
                    let issuer = fields
                        .read()?
                        .ok_or(CardError::Malformed("signer identifier"))?;
                    let serial = fields.expect(INTEGER, "signer identifier")?;
                    fields.end("signer identifier")?;
                    issuer.encoded == certificate.issuer()? && serial == certificate.serial()
                }
            };
            if named {
                return Ok(certificate);
            }
        }
        Err(CardError::ChipNotAuthentic(
            "the document signer's certificate is not there",
        ))
    }

    /// RFC 5652 §11: content type and message digest, each exactly once with exactly one value.
    fn check_attributes(&self, digest: DigestAlgorithm) -> Result<(), CardError> {
        const WHAT: &str = "signed attribute";
        let (mut content_type, mut message_digest) = (None, None);
        for attribute in members(self.signer.attributes)? {
            let mut fields = Objects::new(tlv::only(attribute, SEQUENCE, WHAT)?);
            let oid = fields.expect(OID, WHAT)?;
            let values = fields.expect(SET, WHAT)?;
            fields.end(WHAT)?;
            let slot = match ObjectIdentifier::from_bytes(oid) {
                Ok(CONTENT_TYPE) => &mut content_type,
                Ok(MESSAGE_DIGEST) => &mut message_digest,
                _ => continue,
            };
            if slot.replace(values).is_some() {
                return Err(CardError::Malformed("signed attribute given twice"));
            }
        }
        let (Some(content_type), Some(message_digest)) = (content_type, message_digest) else {
            return Err(CardError::ChipNotAuthentic("a signed attribute is missing"));
        };
        if tlv::only(content_type, OID, WHAT)? != LDS_SECURITY_OBJECT.as_bytes() {
            return Err(CardError::ChipNotAuthentic("content type"));
        }
        if tlv::only(message_digest, OCTET_STRING, WHAT)? != digest.digest(self.content) {
            return Err(CardError::ChipNotAuthentic("message digest"));
        }
        Ok(())
    }
}

impl<'a> SignerInfo<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, CardError> {
        const WHAT: &str = "signer information";
        let mut fields = Objects::new(bytes);
        fields.expect(INTEGER, WHAT)?;
        let mut required = || fields.read()?.ok_or(CardError::Malformed(WHAT));
        let sid = required()?;
        let digest = required()?;
        let attributes = required()?;
        let algorithm = required()?;
        let signature = required()?;
        if let Some(unsigned) = fields.read()?
            && unsigned.tag != 0xA1
        {
            return Err(CardError::Malformed(WHAT));
        }
        fields.end(WHAT)?;
        // Doc 9303-10 §4.6.2.2 demands signed attributes.
        let shape = (digest.tag, attributes.tag, algorithm.tag, signature.tag);
        if ![SEQUENCE, 0x80].contains(&sid.tag) || shape != (SEQUENCE, 0xA0, SEQUENCE, OCTET_STRING)
        {
            return Err(CardError::Malformed(WHAT));
        }
        Ok(Self {
            sid,
            digest: digest.encoded,
            attributes: attributes.value,
            algorithm: algorithm.encoded,
            signature: signature.value,
        })
    }
}

impl SecurityObject {
    /// LDSSecurityObject (Doc 9303-10 §4.6.2.3), version 0 or 1.
    fn parse(bytes: &[u8]) -> Result<Self, CardError> {
        const WHAT: &str = "LDS security object";
        let mut fields = Objects::new(tlv::only(bytes, SEQUENCE, WHAT)?);
        let version = fields.expect(INTEGER, WHAT)?;
        let algorithm = fields.read()?.ok_or(CardError::Malformed(WHAT))?;
        let mut list = Objects::new(fields.expect(SEQUENCE, WHAT)?);
        // Version 1 adds the LDS and Unicode versions, which no decision depends on.
        match (version, fields.read()?) {
            ([0], None) => {}
            ([1], Some(info)) if info.tag == SEQUENCE => {}
            _ => return Err(CardError::Malformed(WHAT)),
        }
        fields.end(WHAT)?;
        let mut groups: Vec<(u8, Vec<u8>)> = Vec::new();
        while let Some(entry) = list.read()? {
            let mut fields = Objects::new(entry.value);
            let number = fields.expect(INTEGER, WHAT)?;
            let digest = fields.expect(OCTET_STRING, WHAT)?;
            fields.end(WHAT)?;
            match number {
                [number @ 1..=16]
                    if entry.tag == SEQUENCE
                        && groups.len() < MOST_GROUPS
                        && groups.iter().all(|(other, _)| other != number) =>
                {
                    groups.push((*number, digest.to_vec()));
                }
                _ => return Err(CardError::Malformed(WHAT)),
            }
        }
        Ok(Self {
            algorithm: DigestAlgorithm::parse(algorithm.encoded)?,
            groups,
        })
    }

    /// Whether the state signed a data group of this number.
    pub(crate) fn lists(&self, number: u8) -> bool {
        self.groups.iter().any(|(listed, _)| *listed == number)
    }

    /// Demands that `content` is the data group the state signed under this number.
    pub(crate) fn check(&self, number: u8, content: &[u8]) -> Result<(), CardError> {
        let digest = self.algorithm.digest(content);
        match self.groups.iter().find(|(listed, _)| *listed == number) {
            Some((_, signed)) if *signed == digest => Ok(()),
            _ => Err(CardError::DataGroupMismatch(number)),
        }
    }
}

/// EncapsulatedContentInfo: the type and, in an octet string, the content.
fn content(bytes: &[u8]) -> Result<&[u8], CardError> {
    const WHAT: &str = "content of the security object";
    let mut fields = Objects::new(bytes);
    expect_oid(&mut fields, LDS_SECURITY_OBJECT)?;
    let explicit = fields.expect(0xA0, WHAT)?;
    fields.end(WHAT)?;
    tlv::only(explicit, OCTET_STRING, WHAT)
}

fn expect_oid(fields: &mut Objects<'_>, oid: ObjectIdentifier) -> Result<(), CardError> {
    if fields.expect(OID, "content type")? == oid.as_bytes() {
        Ok(())
    } else {
        Err(CardError::Malformed("content type"))
    }
}

/// The members of a small set, each with its tag.
fn members(set: &[u8]) -> Result<Vec<&[u8]>, CardError> {
    let mut objects = Objects::new(set);
    let mut members = Vec::new();
    while let Some(object) = objects.read()? {
        if members.len() == MOST {
            return Err(CardError::Malformed("too many members of a set"));
        }
        members.push(object.encoded);
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Unverified::parse(&bytes).is_err());
            if let Ok(object) = SecurityObject::parse(&bytes) {
                prop_assert!(object.groups.len() <= MOST_GROUPS);
            }
            prop_assert!(Parsed::from_der(&bytes).is_err());
        }
    }
}
