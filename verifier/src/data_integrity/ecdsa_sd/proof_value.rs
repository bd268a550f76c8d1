//! The two forms of `proofValue` (vc-di-ecdsa §3.5: serializeBaseProofValue,
//! serializeDerivedProofValue and their inverses).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::{Reader, Writer};
use crate::data_integrity::disclosure::{
    components, decode, read_indexes, read_labels, read_texts, write_indexes, write_texts,
};
use crate::encoding::multibase_base64url;
use crate::error::Error;

const BASE: [u8; 3] = [0xd9, 0x5d, 0x00];
const DERIVED: [u8; 3] = [0xd9, 0x5d, 0x01];

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
        write_texts(&mut writer, &self.mandatory_pointers);
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

fn signatures(reader: &mut Reader<'_>) -> Result<Vec<[u8; 64]>, Error> {
    let count = reader.array()?;
    (0..count).map(|_| reader.bytes()).collect()
}

impl BaseValue {
    pub(super) fn decode(text: &str) -> Result<Self, Error> {
        let bytes = decode(text)?;
        let mut reader = components(&bytes, &BASE, 5)?;
        let value = Self {
            signature: reader.bytes()?,
            parts: BaseParts {
                public_key: reader.bytes()?,
                hmac_key: reader.bytes()?,
                signatures: signatures(&mut reader)?,
                mandatory_pointers: read_texts(&mut reader)?,
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
        write_indexes(&mut writer, &self.mandatory_indexes);
        multibase_base64url(&writer.0)
    }

    pub(super) fn decode(text: &str) -> Result<Self, Error> {
        let bytes = decode(text)?;
        if bytes.starts_with(&BASE) {
            return Err(Error::BaseProofRefused);
        }
        let mut reader = components(&bytes, &DERIVED, 5)?;
        let value = Self {
            signature: reader.bytes()?,
            public_key: reader.bytes()?,
            signatures: signatures(&mut reader)?,
            labels: read_labels(&mut reader, Reader::bytes)?,
            mandatory_indexes: read_indexes(&mut reader)?,
        };
        reader.end()?;
        Ok(value)
    }
}
