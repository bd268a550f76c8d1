//! The two forms of `proofValue` (vc-di-ecdsa §3.5: serializeBaseProofValue,
//! serializeDerivedProofValue and their inverses).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::{Reader, Writer};
use crate::encoding::{from_multibase_base64url, multibase_base64url};
use crate::error::Error;

const BASE: [u8; 3] = [0xd9, 0x5d, 0x00];
const DERIVED: [u8; 3] = [0xd9, 0x5d, 0x01];

/// Proof values beyond this are refused unread: a credential of 4,000 statements has a base proof
/// of this size.
const MAX_TEXT: usize = 400_000;

/// The proof-scoped key as a Multikey: `0x8024` and the compressed point.
pub(super) type Multikey = [u8; 35];

/// All of a base proof but the signature.
#[derive(Clone)]
pub(in crate::data_integrity) struct BaseParts {
    pub(super) public_key: Multikey,
    pub(super) hmac_key: [u8; 32],
    pub(super) signatures: Vec<[u8; 64]>,
    pub(super) mandatory_pointers: Vec<String>,
}

impl core::fmt::Debug for BaseParts {
    /// The HMAC key unlinks labels from content and stays out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("BaseParts")
            .field("signatures", &self.signatures.len())
            .field("mandatory_pointers", &self.mandatory_pointers)
            .finish_non_exhaustive()
    }
}

impl BaseParts {
    /// The `proofValue` with the base signature.
    pub(in crate::data_integrity) fn encode(&self, signature: &[u8]) -> String {
        let mut writer = Writer(BASE.to_vec());
        writer.array(5);
        writer.bytes(signature);
        writer.bytes(&self.public_key);
        writer.bytes(&self.hmac_key);
        writer.array(self.signatures.len());
        for signature in &self.signatures {
            writer.bytes(signature);
        }
        writer.array(self.mandatory_pointers.len());
        for pointer in &self.mandatory_pointers {
            writer.text(pointer);
        }
        multibase_base64url(&writer.0)
    }
}

/// A base proof: for the holder alone.
pub(super) struct BaseValue {
    pub(super) signature: [u8; 64],
    pub(super) parts: BaseParts,
}

/// A derived proof: for a verifier.
pub(super) struct DerivedValue {
    pub(super) signature: [u8; 64],
    pub(super) public_key: Multikey,
    pub(super) signatures: Vec<[u8; 64]>,
    /// Number of a canonical label (`c14n0` is 0) to the label that was signed.
    pub(super) labels: BTreeMap<usize, [u8; 32]>,
    pub(super) mandatory_indexes: Vec<usize>,
}

fn decode(text: &str) -> Result<Vec<u8>, Error> {
    if text.len() > MAX_TEXT {
        return Err(Error::too_large("proof value", MAX_TEXT));
    }
    from_multibase_base64url(text)
}

fn components<'a>(bytes: &'a [u8], header: &[u8; 3]) -> Result<Reader<'a>, Error> {
    let body = bytes
        .strip_prefix(header)
        .ok_or(Error::malformed("proof value header"))?;
    let mut reader = Reader(body);
    match reader.array()? {
        5 => Ok(reader),
        _ => Err(Error::malformed("proof value")),
    }
}

fn signatures(reader: &mut Reader<'_>) -> Result<Vec<[u8; 64]>, Error> {
    let count = reader.array()?;
    (0..count).map(|_| reader.bytes()).collect()
}

impl BaseValue {
    pub(super) fn decode(text: &str) -> Result<Self, Error> {
        let bytes = decode(text)?;
        let mut reader = components(&bytes, &BASE)?;
        let value = Self {
            signature: reader.bytes()?,
            parts: BaseParts {
                public_key: reader.bytes()?,
                hmac_key: reader.bytes()?,
                signatures: signatures(&mut reader)?,
                mandatory_pointers: {
                    let count = reader.array()?;
                    (0..count)
                        .map(|_| reader.text())
                        .collect::<Result<_, _>>()?
                },
            },
        };
        reader.end()?;
        Ok(value)
    }
}

impl DerivedValue {
    pub(super) fn encode(&self) -> String {
        let mut writer = Writer(DERIVED.to_vec());
        writer.array(5);
        writer.bytes(&self.signature);
        writer.bytes(&self.public_key);
        writer.array(self.signatures.len());
        for signature in &self.signatures {
            writer.bytes(signature);
        }
        writer.map(self.labels.len());
        for (number, label) in &self.labels {
            writer.unsigned(*number);
            writer.bytes(label);
        }
        writer.array(self.mandatory_indexes.len());
        for index in &self.mandatory_indexes {
            writer.unsigned(*index);
        }
        multibase_base64url(&writer.0)
    }

    pub(super) fn decode(text: &str) -> Result<Self, Error> {
        let bytes = decode(text)?;
        if bytes.starts_with(&BASE) {
            return Err(Error::BaseProofRefused);
        }
        let mut reader = components(&bytes, &DERIVED)?;
        let value = Self {
            signature: reader.bytes()?,
            public_key: reader.bytes()?,
            signatures: signatures(&mut reader)?,
            labels: {
                let count = reader.map()?;
                let mut labels = BTreeMap::new();
                let mut used = BTreeSet::new();
                for _ in 0..count {
                    let number = reader.unsigned()?;
                    let ascending = labels
                        .last_key_value()
                        .is_none_or(|(last, _)| *last < number);
                    if !ascending {
                        return Err(Error::malformed("label map"));
                    }
                    // Two nodes with one label would be one node in what was signed.
                    let label: [u8; 32] = reader.bytes()?;
                    if !used.insert(label) {
                        return Err(Error::malformed("label map"));
                    }
                    labels.insert(number, label);
                }
                labels
            },
            mandatory_indexes: {
                let count = reader.array()?;
                (0..count)
                    .map(|_| reader.unsigned())
                    .collect::<Result<_, _>>()?
            },
        };
        reader.end()?;
        if !value.mandatory_indexes.is_sorted_by(|a, b| a < b) {
            return Err(Error::malformed("mandatory indexes"));
        }
        Ok(value)
    }
}
