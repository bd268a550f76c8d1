//! EF.SOD, the document security object (Doc 9303-10 §4.6.2): CMS SignedData over the digests of the
//! data groups.

use const_oid::ObjectIdentifier;

use crate::algorithms::DigestAlgorithm;
use crate::anchors::{CscaAnchors, Standing};
use crate::cms::{INTEGER, OCTET_STRING, SEQUENCE, SignedData};
use crate::error::CardError;
use crate::mrz::Mrz;
use crate::tlv::{self, Objects};
use crate::x509::Parsed;

/// Largest security object read, in bytes; real ones have two to eight thousand.
pub(crate) const MAX_SOD: usize = 65_536;
/// Doc 9303-10 §4.6.2.3: ub-DataGroups.
const MOST_GROUPS: usize = 16;

const LDS_SECURITY_OBJECT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.1");

/// A security object taken apart; **its signature is not checked**. [`Unverified::verify`] does.
pub(crate) struct Unverified<'a>(SignedData<'a>);

/// The digests the issuing state signed. Only [`Unverified::verify`] makes one.
pub(crate) struct SecurityObject {
    algorithm: DigestAlgorithm,
    groups: Vec<(u8, Vec<u8>)>,
}

impl<'a> Unverified<'a> {
    /// Parses EF.SOD with its outer tag `77`.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, CardError> {
        if bytes.len() > MAX_SOD {
            return Err(CardError::TooLarge {
                what: "EF.SOD",
                limit: MAX_SOD,
            });
        }
        let content_info = tlv::only_ber(bytes, 0x77, "EF.SOD")?;
        SignedData::parse(content_info, LDS_SECURITY_OBJECT).map(Self)
    }

    /// Passive authentication (Doc 9303-11 §5.1): the chain to an anchor first, then the signature
    /// of the object, then what its signed attributes say about the content.
    pub(crate) fn verify<'anchors>(
        &self,
        anchors: &'anchors CscaAnchors,
        standing: &Standing,
    ) -> Result<(SecurityObject, Scope<'anchors>), CardError> {
        let signer = self.0.signer_certificate()?;
        let states = anchors.check(&signer, standing)?;
        let signed = self.0.verify(&signer, standing.legacy)?;
        if let Some(time) = signed.signing_time {
            signer.check_signing_time(time, standing.now)?;
        }
        let object = SecurityObject::parse(signed.content)?;
        object.algorithm.allowed(standing.legacy)?;
        Ok((object, Scope { states, signer }))
    }
}

/// Which documents the signer of a security object may sign.
pub(crate) struct Scope<'a> {
    /// The states that the vouching anchors are trusted for.
    states: Vec<&'a str>,
    signer: Parsed,
}

impl Scope<'_> {
    /// Whether the document of this zone is one of them.
    ///
    /// # Errors
    /// [`CardError::CscaOfAnotherState`], [`CardError::ChipNotAuthentic`].
    pub(crate) fn check(&self, mrz: &Mrz) -> Result<(), CardError> {
        if !self.states.contains(&mrz.issuing_state.as_str()) {
            return Err(CardError::CscaOfAnotherState);
        }
        self.signer.check_document_type(&mrz.document_type)
    }
}

impl SecurityObject {
    /// LDSSecurityObject (Doc 9303-10 §4.6.2.3), version 0 or 1.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CardError> {
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
            prop_assert!(crate::x509::Parsed::from_der(&bytes).is_err());
        }
    }
}
