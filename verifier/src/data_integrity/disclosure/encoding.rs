//! The parts that proof values have in common.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::cbor::{Reader, Writer};
use crate::encoding::from_multibase_base64url;
use crate::error::Error;

/// Proof values beyond this are refused unread: a credential of 4,000 statements has a base proof
/// of this size.
const MAX_TEXT: usize = 400_000;

/// The bytes of a proof value.
pub(in crate::data_integrity) fn decode(text: &str) -> Result<Vec<u8>, Error> {
    if text.len() > MAX_TEXT {
        return Err(Error::too_large("proof value", MAX_TEXT));
    }
    from_multibase_base64url(text)
}

/// The components after the header, of which there must be as many as `count` says.
pub(in crate::data_integrity) fn components<'a>(
    bytes: &'a [u8],
    header: &[u8; 3],
    count: usize,
) -> Result<Reader<'a>, Error> {
    let body = bytes
        .strip_prefix(header)
        .ok_or(Error::malformed("proof value header"))?;
    let mut reader = Reader(body);
    match reader.array()? == count {
        true => Ok(reader),
        false => Err(Error::malformed("proof value")),
    }
}

pub(in crate::data_integrity) fn write_texts(writer: &mut Writer, texts: &[String]) {
    writer.array(texts.len());
    for text in texts {
        writer.text(text);
    }
}

pub(in crate::data_integrity) fn read_texts(reader: &mut Reader<'_>) -> Result<Vec<String>, Error> {
    let count = reader.array()?;
    (0..count).map(|_| reader.text()).collect()
}

pub(in crate::data_integrity) fn write_indexes(writer: &mut Writer, indexes: &[usize]) {
    writer.array(indexes.len());
    for index in indexes {
        writer.unsigned(*index);
    }
}

/// Indexes, which must ascend.
pub(in crate::data_integrity) fn read_indexes(
    reader: &mut Reader<'_>,
) -> Result<Vec<usize>, Error> {
    let count = reader.array()?;
    let indexes: Vec<usize> = (0..count)
        .map(|_| reader.unsigned())
        .collect::<Result<_, _>>()?;
    match indexes.is_sorted_by(|a, b| a < b) {
        true => Ok(indexes),
        false => Err(Error::malformed("indexes")),
    }
}

/// A map from numbers of canonical labels, ascending, to signed labels, no two alike.
pub(in crate::data_integrity) fn read_labels<'a, T: Copy + Ord>(
    reader: &mut Reader<'a>,
    label: impl Fn(&mut Reader<'a>) -> Result<T, Error>,
) -> Result<BTreeMap<usize, T>, Error> {
    let count = reader.map()?;
    let mut labels = BTreeMap::new();
    let mut used = BTreeSet::new();
    for _ in 0..count {
        let number = reader.unsigned()?;
        let ascending = labels
            .last_key_value()
            .is_none_or(|(last, _)| *last < number);
        // Two nodes with one label would be one node in what was signed.
        let label = label(reader)?;
        if !ascending || !used.insert(label) {
            return Err(Error::malformed("label map"));
        }
        labels.insert(number, label);
    }
    Ok(labels)
}
