//! Container mappings (JSON-LD 1.1 §9.15.1).

use alloc::vec::Vec;
use serde_json::Value;

use crate::jsonld::JsonLdError;

const INVALID: JsonLdError = JsonLdError::Invalid("invalid container mapping");

/// The container mapping of a term: a set of keywords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Container(pub(crate) u8);

impl Container {
    pub(crate) const LIST: Self = Self(1);
    pub(crate) const SET: Self = Self(2);
    pub(crate) const LANGUAGE: Self = Self(4);
    pub(crate) const INDEX: Self = Self(8);
    pub(crate) const ID: Self = Self(16);
    pub(crate) const TYPE: Self = Self(32);
    pub(crate) const GRAPH: Self = Self(64);

    pub(crate) const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn includes_any(self, others: u8) -> bool {
        self.0 & others != 0
    }

    /// Create Term Definition step 19: a keyword, or an array of keywords that go together.
    pub(super) fn parse(value: &Value) -> Result<Self, JsonLdError> {
        const OTHERS: u8 = Container::INDEX.0 | Container::ID.0;
        let single = core::slice::from_ref(value);
        let names = value.as_array().map_or(single, Vec::as_slice);
        let mut bits = 0;
        for name in names {
            bits |= match name.as_str() {
                Some("@list") => Self::LIST.0,
                Some("@set") => Self::SET.0,
                Some("@language") => Self::LANGUAGE.0,
                Some("@index") => Self::INDEX.0,
                Some("@id") => Self::ID.0,
                Some("@type") => Self::TYPE.0,
                Some("@graph") => Self::GRAPH.0,
                _ => return Err(INVALID),
            };
        }
        let without_set = bits & !Self::SET.0;
        let valid = match without_set.count_ones() {
            0 => bits != 0,
            1 => without_set != Self::LIST.0 || bits == Self::LIST.0,
            2 => without_set & Self::GRAPH.0 != 0 && without_set & OTHERS != 0,
            _ => false,
        };
        match valid {
            true => Ok(Self(bits)),
            false => Err(INVALID),
        }
    }
}
