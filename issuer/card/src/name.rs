//! Comparing the names of certificates.

use crate::error::CardError;
use crate::tlv::{self, Objects};

/// Most attributes of a name looked at; real ones have three to six.
const MOST: usize = 32;

const UTF8_STRING: u32 = 0x0C;
const PRINTABLE_STRING: u32 = 0x13;
const TELETEX_STRING: u32 = 0x14;
const IA5_STRING: u32 = 0x16;
const SEQUENCE: u32 = 0x30;
const SET: u32 = 0x31;

/// Whether two DER names are the same one (RFC 5280 §7.1): states write their country in small letters in one certificate
/// and in capitals in the next (Doc 9303-12 §7.1, notes to table 5), and change the type of string.
///
/// Nothing is trusted for its name; it says whose key and whose list to try.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one == other || matches!((parse(one), parse(other)), (Ok(one), Ok(other)) if one == other)
}

/// An attribute: how many relative names come before its own, its type, and its value.
type Attribute = (usize, Vec<u8>, Value);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// Characters, without regard to case and to repeated white space.
    Text(String),
    /// Anything else, with its tag.
    Octets(Vec<u8>),
}

fn parse(name: &[u8]) -> Result<Vec<Attribute>, CardError> {
    const WHAT: &str = "name";
    let mut attributes = Vec::new();
    let mut relative_names = Objects::new(tlv::only(name, SEQUENCE, WHAT)?);
    let mut index = 0;
    while let Some(relative) = relative_names.read()? {
        let mut members = Objects::new(tlv::only(relative.encoded, SET, WHAT)?);
        while let Some(member) = members.read()? {
            if attributes.len() == MOST {
                return Err(CardError::Malformed(WHAT));
            }
            let mut fields = Objects::new(tlv::only(member.encoded, SEQUENCE, WHAT)?);
            let kind = fields.expect(0x06, WHAT)?.to_vec();
            let value = fields.read()?.ok_or(CardError::Malformed(WHAT))?;
            fields.end(WHAT)?;
            let text = match value.tag {
                UTF8_STRING | PRINTABLE_STRING | TELETEX_STRING | IA5_STRING => {
                    core::str::from_utf8(value.value).ok().map(str::to_owned)
                }
                _ => None,
            };
            // What certificates call a TeletexString is in Latin-1.
            let text = text.or_else(|| {
                let latin = || value.value.iter().map(|octet| char::from(*octet)).collect();
                (value.tag == TELETEX_STRING).then(latin)
            });
            let value = match text {
                Some(text) => Value::Text(folded(&text)),
                None => Value::Octets(value.encoded.to_vec()),
            };
            attributes.push((index, kind, value));
        }
        index += 1;
    }
    // A relative name is a set: the order of its members means nothing.
    attributes.sort_unstable();
    Ok(attributes)
}

fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const COUNTRY: [u8; 3] = [0x55, 4, 6];
    const COMMON: [u8; 3] = [0x55, 4, 3];

    fn attribute(kind: [u8; 3], tag: u32, text: &[u8]) -> Vec<u8> {
        let both = [
            tlv::encode(6, &kind).unwrap(),
            tlv::encode(tag, text).unwrap(),
        ];
        tlv::encode(SEQUENCE, &both.concat()).unwrap()
    }

    fn name(relative: &[Vec<u8>]) -> Vec<u8> {
        let sets: Vec<Vec<u8>> = relative
            .iter()
            .map(|members| tlv::encode(SET, members).unwrap())
            .collect();
        tlv::encode(SEQUENCE, &sets.concat()).unwrap()
    }

    #[test]
    fn case_spaces_and_string_types_do_not_count() {
        let country = attribute(COUNTRY, PRINTABLE_STRING, b"UT");
        let common = attribute(COMMON, UTF8_STRING, b"Specimen CSCA");
        let one = name(&[country.clone(), common.clone()]);
        for other in [
            name(&[attribute(COUNTRY, PRINTABLE_STRING, b"ut"), common.clone()]),
            name(&[
                country.clone(),
                attribute(COMMON, PRINTABLE_STRING, b" specimen  CSCA "),
            ]),
        ] {
            assert!(same(&one, &other) && same(&other, &one));
        }
        let both = [country.clone(), common.clone()].concat();
        let reversed = [common.clone(), country.clone()].concat();
        assert!(same(&name(std::slice::from_ref(&both)), &name(&[reversed])));
        for other in [
            name(&[attribute(COUNTRY, PRINTABLE_STRING, b"UU"), common.clone()]),
            name(&[common.clone(), country.clone()]),
            name(&[both]),
            name(std::slice::from_ref(&country)),
            name(&[country.clone(), common.clone(), common.clone()]),
            name(&[
                country.clone(),
                attribute(COUNTRY, UTF8_STRING, b"Specimen CSCA"),
            ]),
            name(&[country, attribute(COMMON, 0x1E, b"Specimen CSCA")]),
        ] {
            assert!(!same(&one, &other) && !same(&other, &one));
        }
        // What cannot be read is the same as itself and nothing else.
        assert!(same(b"?", b"?") && !same(b"?", b"!"));
    }

    proptest! {
        #[test]
        fn arbitrary_names_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(same(&bytes, &bytes));
            prop_assert_eq!(same(&bytes, b"?"), bytes == b"?");
        }
    }
}
