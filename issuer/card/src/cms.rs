//! CMS SignedData (RFC 5652) as travel documents use it: one signer, signed attributes, content
//! inside. Taken apart with the same strict TLV reader as everything else: what is signed is the
//! octets as sent, every list is bounded, and nothing recurses.

use const_oid::ObjectIdentifier;

use crate::algorithms::{DigestAlgorithm, SignatureAlgorithm};
use crate::date;
use crate::error::CardError;
use crate::name;
use crate::tlv::{self, Objects, Tlv};
use crate::x509::Parsed;

/// Most certificates and signed attributes looked at; real objects have one to three.
const MOST: usize = 8;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

pub(crate) const SEQUENCE: u32 = 0x30;
pub(crate) const SET: u32 = 0x31;
pub(crate) const INTEGER: u32 = 0x02;
pub(crate) const OCTET_STRING: u32 = 0x04;
pub(crate) const OID: u32 = 0x06;

/// A signed object taken apart; **its signature is not checked**. [`SignedData::verify`] does.
pub(crate) struct SignedData<'a> {
    content_type: ObjectIdentifier,
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

/// What a verified signature covers.
pub(crate) struct Signed<'a> {
    /// The content octets.
    pub(crate) content: &'a [u8],
    /// The signer's own statement of when, seconds since the epoch (RFC 5652 §11.3).
    pub(crate) signing_time: Option<i64>,
}

impl<'a> SignedData<'a> {
    /// Parses a ContentInfo whose content is of `content_type`.
    pub(crate) fn parse(
        bytes: &'a [u8],
        content_type: ObjectIdentifier,
    ) -> Result<Self, CardError> {
        const WHAT: &str = "security object";
        let mut fields = Objects::new(tlv::only(bytes, SEQUENCE, WHAT)?);
        expect_oid(&mut fields, SIGNED_DATA)?;
        let explicit = fields.expect(0xA0, WHAT)?;
        fields.end(WHAT)?;

        let mut fields = Objects::new(tlv::only(explicit, SEQUENCE, WHAT)?);
        fields.expect(INTEGER, WHAT)?;
        fields.expect(SET, WHAT)?;
        let content = content(fields.expect(SEQUENCE, WHAT)?, content_type)?;
        let mut next = fields.read()?;
        let mut certificates = Vec::new();
        if let Some(set) = next.filter(|object| object.tag == 0xA0) {
            certificates = members(set.value, MOST)?;
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
            content_type,
            content,
            certificates,
            signer,
        })
    }

    /// Checks the object's signature with the key of `signer`, whose own standing the caller has
    /// checked, and what the signed attributes say about the content. `legacy` admits SHA-1.
    ///
    /// # Errors
    /// [`CardError::ChipNotAuthentic`] naming what does not verify.
    pub(crate) fn verify(&self, signer: &Parsed, legacy: bool) -> Result<Signed<'a>, CardError> {
        let digest = DigestAlgorithm::parse(self.signer.digest)?;
        let algorithm = SignatureAlgorithm::parse_for_signer(self.signer.algorithm, digest)?;
        digest.allowed(legacy)?;
        if algorithm.digest() != digest {
            return Err(CardError::ChipNotAuthentic(
                "digest and signature algorithm disagree",
            ));
        }
        // RFC 5652 §5.4: signed as a SET OF in DER, sent under an implicit tag, and by some signers in another order than
        // DER's. Others sign the order in which they send. Both are signatures over this set of attributes.
        let mut sorted = members(self.signer.attributes, MOST)?;
        sorted.sort_unstable();
        let genuine = [self.signer.attributes, &sorted.concat()]
            .iter()
            .any(|set| {
                let signed = tlv::encode(SET, set).unwrap_or_default();
                signer
                    .key()
                    .verify(algorithm, &signed, self.signer.signature)
            });
        if !genuine {
            return Err(CardError::ChipNotAuthentic("signature"));
        }
        Ok(Signed {
            signing_time: self.check_attributes(digest)?,
            content: self.content,
        })
    }

    /// The one certificate the signer information names.
    pub(crate) fn signer_certificate(&self) -> Result<Parsed, CardError> {
        for der in &self.certificates {
            let certificate = match Parsed::from_der(der) {
                Ok(certificate) => certificate,
                // Another certificate of an unknown kind beside the signer's does no harm.
                Err(CardError::Unsupported { .. }) if self.certificates.len() > 1 => continue,
                Err(error) => return Err(error),
            };
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
                    name::same(issuer.encoded, &certificate.issuer()?)
                        && serial == certificate.serial()
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

    /// RFC 5652 §11: content type and message digest, each exactly once with exactly one value; the
    /// signing time at most once.
    fn check_attributes(&self, digest: DigestAlgorithm) -> Result<Option<i64>, CardError> {
        const WHAT: &str = "signed attribute";
        let (mut content_type, mut message_digest, mut time) = (None, None, None);
        for attribute in members(self.signer.attributes, MOST)? {
            let mut fields = Objects::new(tlv::only(attribute, SEQUENCE, WHAT)?);
            let oid = fields.expect(OID, WHAT)?;
            let values = fields.expect(SET, WHAT)?;
            fields.end(WHAT)?;
            let slot = match ObjectIdentifier::from_bytes(oid) {
                Ok(CONTENT_TYPE) => &mut content_type,
                Ok(MESSAGE_DIGEST) => &mut message_digest,
                Ok(SIGNING_TIME) => &mut time,
                _ => continue,
            };
            if slot.replace(values).is_some() {
                return Err(CardError::Malformed("signed attribute given twice"));
            }
        }
        let (Some(content_type), Some(message_digest)) = (content_type, message_digest) else {
            return Err(CardError::ChipNotAuthentic("a signed attribute is missing"));
        };
        if tlv::only(content_type, OID, WHAT)? != self.content_type.as_bytes() {
            return Err(CardError::ChipNotAuthentic("content type"));
        }
        if tlv::only(message_digest, OCTET_STRING, WHAT)? != digest.digest(self.content) {
            return Err(CardError::ChipNotAuthentic("message digest"));
        }
        let Some(time) = time else {
            return Ok(None);
        };
        let mut values = Objects::new(time);
        let time = values.read()?.ok_or(CardError::Malformed(WHAT))?;
        values.end(WHAT)?;
        date::parse_time(time.tag, time.value)
            .map(Some)
            .ok_or(CardError::Malformed("signing time"))
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

/// EncapsulatedContentInfo: the type and, in an octet string, the content.
fn content(bytes: &[u8], content_type: ObjectIdentifier) -> Result<&[u8], CardError> {
    const WHAT: &str = "content of the security object";
    let mut fields = Objects::new(bytes);
    expect_oid(&mut fields, content_type)?;
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

/// The members of a set of at most `most`, each with its tag.
pub(crate) fn members(set: &[u8], most: usize) -> Result<Vec<&[u8]>, CardError> {
    let mut objects = Objects::new(set);
    let mut members = Vec::new();
    while let Some(object) = objects.read()? {
        if members.len() == most {
            return Err(CardError::Malformed("too many members of a set"));
        }
        members.push(object.encoded);
    }
    Ok(members)
}
