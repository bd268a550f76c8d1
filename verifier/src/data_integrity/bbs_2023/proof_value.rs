//! The forms of `proofValue` (vc-di-bbs §3.3: serializeBaseProofValue, serializeDerivedProofValue and their inverses).
//!
//! For pseudonyms the published vectors differ from the text: they give both kinds the header of holder binding with
//! pseudonyms, write the entropy as a bignum, and leave the domain out of derived proofs. Both are read; a
//! [`PseudonymLayout`] says which is written.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::bbs::SIGNATURE_LENGTH;
use crate::cbor::{Reader, Writer};
use crate::data_integrity::disclosure::{
    components, decode, read_indexes, read_labels, read_texts, write_indexes, write_texts,
};
use crate::encoding::multibase_base64url;
use crate::error::Error;

/// What a credential is bound to besides its claims (featureOption, vc-di-bbs §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeatureOption {
    /// Nothing: who has the base proof can show it.
    Baseline,
    /// A secret of the holder (§4.1).
    AnonymousHolderBinding,
    /// A secret from which pseudonyms are made (§4.2).
    Pseudonym,
    /// Both (§4.3).
    HolderBindingPseudonym,
}

impl FeatureOption {
    pub(super) const fn has_holder_secret(self) -> bool {
        matches!(
            self,
            Self::AnonymousHolderBinding | Self::HolderBindingPseudonym
        )
    }

    pub(super) const fn has_pseudonym(self) -> bool {
        matches!(self, Self::Pseudonym | Self::HolderBindingPseudonym)
    }
}

/// How proof values with pseudonyms are written: the text and its vectors disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PseudonymLayout {
    /// As in the published vectors.
    #[default]
    Vectors,
    /// As in the text of §3.3.
    Text,
}

/// The third byte of the header of a base proof; that of a derived proof is one more.
const BASELINE: u8 = 2;
const HOLDER_BINDING: u8 = 4;
const PSEUDONYM: u8 = 6;
const HOLDER_BINDING_PSEUDONYM: u8 = 8;

const fn header(last: u8) -> [u8; 3] {
    [0xd9, 0x5d, last]
}

/// CBOR's major type and number of the tag for a bignum (RFC 8949 §3.4.3).
const BIGNUM: u8 = 0xc2;

fn feature_byte(feature: FeatureOption, layout: PseudonymLayout) -> u8 {
    match (feature, layout) {
        (FeatureOption::Baseline, _) => BASELINE,
        (FeatureOption::AnonymousHolderBinding, _) => HOLDER_BINDING,
        (FeatureOption::Pseudonym, PseudonymLayout::Text) => PSEUDONYM,
        (FeatureOption::Pseudonym | FeatureOption::HolderBindingPseudonym, _) => {
            HOLDER_BINDING_PSEUDONYM
        }
    }
}

/// A base proof: for the holder alone.
pub(super) struct BaseValue {
    pub(super) signature: [u8; SIGNATURE_LENGTH],
    pub(super) header: [u8; 64],
    pub(super) public_key: [u8; 96],
    pub(super) hmac_key: [u8; 32],
    pub(super) mandatory_pointers: Vec<String>,
    /// Whether the signature is a blind one.
    pub(super) blind: bool,
    /// There if and only if pseudonyms can be made.
    pub(super) signer_nym_entropy: Option<[u8; 32]>,
}

impl BaseValue {
    pub(super) fn encode(&self, feature: FeatureOption, layout: PseudonymLayout) -> String {
        let mut writer = Writer(header(feature_byte(feature, layout)).to_vec());
        writer.array(5 + usize::from(self.signer_nym_entropy.is_some()));
        writer.bytes(&self.signature);
        writer.bytes(&self.header);
        writer.bytes(&self.public_key);
        writer.bytes(&self.hmac_key);
        write_texts(&mut writer, &self.mandatory_pointers);
        match (&self.signer_nym_entropy, layout) {
            (None, _) => {}
            (Some(entropy), PseudonymLayout::Text) => writer.bytes(entropy),
            (Some(entropy), PseudonymLayout::Vectors) => {
                let leading = entropy.iter().take_while(|byte| **byte == 0).count();
                writer.0.push(BIGNUM);
                writer.bytes(entropy.get(leading..).unwrap_or_default());
            }
        }
        multibase_base64url(&writer.0)
    }

    pub(super) fn decode(text: &str) -> Result<Self, Error> {
        let bytes = decode(text)?;
        let (blind, pseudonym) = match bytes.get(2) {
            Some(&BASELINE) => (false, false),
            Some(&HOLDER_BINDING) => (true, false),
            Some(&(PSEUDONYM | HOLDER_BINDING_PSEUDONYM)) => (true, true),
            _ => return Err(Error::malformed("proof value header")),
        };
        let last = bytes.get(2).copied().unwrap_or_default();
        let mut reader = components(&bytes, &header(last), 5 + usize::from(pseudonym))?;
        let value = Self {
            signature: reader.bytes()?,
            header: reader.bytes()?,
            public_key: reader.bytes()?,
            hmac_key: reader.bytes()?,
            mandatory_pointers: read_texts(&mut reader)?,
            blind,
            signer_nym_entropy: match pseudonym {
                true => Some(entropy(&mut reader)?),
                false => None,
            },
        };
        reader.end()?;
        Ok(value)
    }
}

/// 32 bytes, or a bignum without leading zeros.
fn entropy(reader: &mut Reader<'_>) -> Result<[u8; 32], Error> {
    let Some(number) = reader.0.strip_prefix(&[BIGNUM]) else {
        return reader.bytes();
    };
    reader.0 = number;
    let bytes = reader.byte_string(32)?;
    if bytes.first() == Some(&0) {
        return Err(Error::malformed("CBOR"));
    }
    let mut entropy = [0; 32];
    for (to, from) in entropy.iter_mut().rev().zip(bytes.iter().rev()) {
        *to = *from;
    }
    Ok(entropy)
}

/// What a derived proof says of a blind signature.
pub(super) struct BlindPart {
    /// How many messages the issuer knows (lengthBBSMessages).
    pub(super) messages: usize,
    pub(super) pseudonym: Option<PseudonymPart>,
}

/// What a derived proof says of a pseudonym.
pub(super) struct PseudonymPart {
    pub(super) point: [u8; 48],
    /// The text puts it into the proof, the vectors do not.
    pub(super) nym_domain: Option<Vec<u8>>,
}

/// A derived proof: for a verifier.
pub(super) struct DerivedValue {
    pub(super) proof: Vec<u8>,
    /// Number of a canonical label (`c14n0` is 0) to that of the label that was signed (`b0` is 0).
    pub(super) labels: BTreeMap<usize, usize>,
    pub(super) mandatory_indexes: Vec<usize>,
    pub(super) selective_indexes: Vec<usize>,
    pub(super) presentation_header: Vec<u8>,
    pub(super) blind: Option<BlindPart>,
}

/// Most bytes of a part whose length is not fixed.
const MAX_BYTES: usize = 100_000;

impl DerivedValue {
    pub(super) fn encode(&self, feature: FeatureOption, layout: PseudonymLayout) -> String {
        let mut writer = Writer(header(feature_byte(feature, layout) + 1).to_vec());
        let pseudonym = self
            .blind
            .as_ref()
            .and_then(|blind| blind.pseudonym.as_ref());
        let nym_domain = pseudonym
            .and_then(|pseudonym| pseudonym.nym_domain.as_ref())
            .filter(|_| layout == PseudonymLayout::Text);
        writer.array(
            5 + usize::from(self.blind.is_some())
                + usize::from(pseudonym.is_some())
                + usize::from(nym_domain.is_some()),
        );
        writer.bytes(&self.proof);
        writer.map(self.labels.len());
        for (canonical, signed) in &self.labels {
            writer.unsigned(*canonical);
            writer.unsigned(*signed);
        }
        write_indexes(&mut writer, &self.mandatory_indexes);
        write_indexes(&mut writer, &self.selective_indexes);
        writer.bytes(&self.presentation_header);
        if let Some(nym_domain) = nym_domain {
            match core::str::from_utf8(nym_domain) {
                Ok(text) => writer.text(text),
                Err(_) => writer.bytes(nym_domain),
            }
        }
        if let Some(pseudonym) = pseudonym {
            writer.bytes(&pseudonym.point);
        }
        if let Some(blind) = &self.blind {
            writer.unsigned(blind.messages);
        }
        multibase_base64url(&writer.0)
    }

    pub(super) fn decode(text: &str) -> Result<Self, Error> {
        let bytes = decode(text)?;
        let last = bytes.get(2).copied().unwrap_or_default();
        let (blind, pseudonym) = match last {
            _ if !bytes.starts_with(&[0xd9, 0x5d]) => {
                return Err(Error::malformed("proof value header"));
            }
            BASELINE | HOLDER_BINDING | PSEUDONYM | HOLDER_BINDING_PSEUDONYM => {
                return Err(Error::BaseProofRefused);
            }
            3 => (false, false),
            5 => (true, false),
            7 | 9 => (true, true),
            _ => return Err(Error::malformed("proof value header")),
        };
        let count = 5 + usize::from(blind) + usize::from(pseudonym);
        let (mut reader, with_domain) = match components(&bytes, &header(last), count) {
            Err(_) if pseudonym => (components(&bytes, &header(last), count + 1)?, true),
            reader => (reader?, false),
        };
        let value = Self {
            proof: reader.byte_string(MAX_BYTES)?.to_vec(),
            labels: read_labels(&mut reader, Reader::unsigned)?,
            mandatory_indexes: read_indexes(&mut reader)?,
            selective_indexes: read_indexes(&mut reader)?,
            presentation_header: reader.byte_string(MAX_BYTES)?.to_vec(),
            blind: match blind {
                false => None,
                true => {
                    let nym_domain = match with_domain {
                        true => Some(reader.text_or_bytes(MAX_BYTES)?.to_vec()),
                        false => None,
                    };
                    let pseudonym = match pseudonym {
                        true => Some(PseudonymPart {
                            point: reader.bytes()?,
                            nym_domain,
                        }),
                        false => None,
                    };
                    Some(BlindPart {
                        messages: reader.unsigned()?,
                        pseudonym,
                    })
                }
            },
        };
        reader.end()?;
        Ok(value)
    }
}
