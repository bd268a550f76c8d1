//! CSCA master lists (Doc 9303-12 §5, §9): authorities' certificates that a state has collected and
//! its master list signer has countersigned.

use const_oid::ObjectIdentifier;

use crate::anchors::{CscaAnchors, Standing};
use crate::cms::{self, SignedData};
use crate::error::CardError;
use crate::tlv::{self, Objects};

/// Largest list read, in bytes; the largest published one has about one and a half million.
const MAX_LIST: usize = 8 << 20;
/// Most certificates; the largest published list has some six hundred.
const MOST_CERTIFICATES: usize = 4096;

/// id-icao-cscaMasterList.
const CSCA_MASTER_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.2");

/// A master list whose countersignature has been checked. Only [`MasterList::verify`] makes one.
/// The certificates in it are what its signer collected; [`CscaAnchors::add_master_list`] judges each.
pub struct MasterList {
    certificates: Vec<Vec<u8>>,
}

impl MasterList {
    /// Verifies a master list: its signer's certificate has the purpose (extended key usage
    /// 2.23.136.1.1.3), is vouched for by an authority that is an anchor **already**, is valid at `now`
    /// (seconds since the epoch) and not revoked; and its signature covers the list. A list cannot
    /// vouch for itself: the authority of the state that signs it has to be added by hand first.
    ///
    /// # Errors
    /// As for a security object: [`CardError::CscaUnknown`], [`CardError::SignerNotValid`],
    /// [`CardError::SignerRevoked`], [`CardError::ChipNotAuthentic`], [`CardError::LegacyAlgorithm`],
    /// [`CardError::Malformed`], [`CardError::TooLarge`], [`CardError::Unsupported`].
    ///
    /// # Example
    /// ```
    /// use tessera_card::{CscaAnchors, MasterList};
    ///
    /// let error = MasterList::verify(b"not a list", &CscaAnchors::new(), 0).err();
    /// assert_eq!(error.map(|error| error.code()), Some("malformed"));
    /// ```
    pub fn verify(der: &[u8], anchors: &CscaAnchors, now: i64) -> Result<Self, CardError> {
        const WHAT: &str = "master list";
        if der.len() > MAX_LIST {
            return Err(CardError::TooLarge {
                what: WHAT,
                limit: MAX_LIST,
            });
        }
        let object = SignedData::parse(der, CSCA_MASTER_LIST)?;
        let signer = object.signer_certificate()?;
        let standing = Standing {
            now,
            legacy: false,
            revocation: false,
        };
        anchors.check_master_list_signer(&signer, &standing)?;
        let signed = object.verify(&signer, standing.legacy)?;
        if let Some(time) = signed.signing_time {
            signer.check_signing_time(time, now)?;
        }
        // CscaMasterList ::= SEQUENCE { version v0, certList SET OF Certificate }
        let mut fields = Objects::new(tlv::only(signed.content, cms::SEQUENCE, WHAT)?);
        if fields.expect(cms::INTEGER, WHAT)? != [0] {
            return Err(CardError::Malformed(WHAT));
        }
        let set = fields.expect(cms::SET, WHAT)?;
        fields.end(WHAT)?;
        let certificates = cms::members(set, MOST_CERTIFICATES)?;
        Ok(Self {
            certificates: certificates.into_iter().map(<[u8]>::to_vec).collect(),
        })
    }

    /// The certificates, DER, in the order of the list.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.certificates.iter().map(Vec::as_slice)
    }
}
