//! Selection by JSON Pointer (vc-di-ecdsa §3.4: jsonPointerToPaths, selectPaths, selectJsonLd).
//!
//! The specification skolemizes the document, expands every selection of it anew and compares the
//! resulting statements with those of the whole. Here each statement remembers the JSON value it
//! stems from, which gives the same groups from a single expansion: what is selected is a set of
//! JSON values.

use alloc::string::String;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::jsonld::Source;
use crate::table::Set;

/// The values of one document that a list of pointers selects.
#[derive(Default)]
pub(in crate::data_integrity) struct Selection {
    /// Targets of pointers, and all that is in them.
    whole: Set<Source>,
    /// Objects on the way to a target: their identifiers and types are selected with it.
    objects: Set<Source>,
    /// Arrays of which only some items may be selected.
    arrays: Set<Source>,
}

/// How a selection treats a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::data_integrity) enum Choice {
    Whole,
    Part,
    Nothing,
}

impl Selection {
    /// Selects what `pointers` point at.
    ///
    /// # Errors
    /// `disclosure_invalid` for a pointer that is not one or points at nothing in `document`.
    pub(in crate::data_integrity) fn new(
        document: &Value,
        pointers: &[String],
    ) -> Result<Self, Error> {
        let mut selection = Self::default();
        for pointer in pointers {
            selection.add(document, pointer)?;
        }
        Ok(selection)
    }

    pub(in crate::data_integrity) fn add(
        &mut self,
        document: &Value,
        pointer: &str,
    ) -> Result<(), Error> {
        let missing = Error::DisclosureInvalid {
            why: "a pointer does not match the document",
        };
        let path = match pointer.strip_prefix('/') {
            Some(path) => Some(path),
            None if pointer.is_empty() => None,
            None => return Err(missing),
        };
        let mut value = document;
        for token in path.into_iter().flat_map(|path| path.split('/')) {
            let next = match value {
                Value::Object(members) => {
                    self.objects.insert(Source::of(value));
                    unescape(token).and_then(|name| members.get(name.as_ref()))
                }
                Value::Array(items) => {
                    self.arrays.insert(Source::of(value));
                    index(token).and_then(|index| items.get(index))
                }
                _ => None,
            };
            value = next.ok_or(missing.clone())?;
        }
        self.whole(value);
        Ok(())
    }

    fn whole(&mut self, value: &Value) {
        if !self.whole.insert(Source::of(value)) {
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.whole(item)),
            Value::Object(members) => members.values().for_each(|member| self.whole(member)),
            _ => {}
        }
    }

    pub(in crate::data_integrity) fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// How `source` is selected.
    pub(in crate::data_integrity) fn choice(&self, source: Source) -> Choice {
        if self.whole.contains(&source) {
            Choice::Whole
        } else if self.objects.contains(&source) || self.arrays.contains(&source) {
            Choice::Part
        } else {
            Choice::Nothing
        }
    }

    /// Whether a statement that stems from `source` is selected.
    ///
    /// # Errors
    /// `disclosure_invalid` when it belongs to an ordered list of which only some items are
    /// selected: part of a list is another list, which nobody signed.
    pub(in crate::data_integrity) fn includes(&self, source: Source) -> Result<bool, Error> {
        if self.whole.contains(&source) || self.objects.contains(&source) {
            return Ok(true);
        }
        if self.arrays.contains(&source) {
            return Err(Error::DisclosureInvalid {
                why: "part of an ordered list is selected",
            });
        }
        Ok(false)
    }

    /// The selected part of `document`, whose outermost `proof` is left out; `None` when nothing
    /// is selected.
    pub(in crate::data_integrity) fn reveal(&self, document: &Value) -> Option<Map<String, Value>> {
        match self.part(document, true) {
            Some(Value::Object(members)) => Some(members),
            _ => None,
        }
    }

    fn part(&self, value: &Value, outermost: bool) -> Option<Value> {
        let is_proof = |name: &str| outermost && name == "proof";
        match (self.choice(Source::of(value)), value) {
            (Choice::Nothing, _) => None,
            (Choice::Whole, Value::Object(members)) if outermost => {
                let members = members.iter().filter(|(name, _)| !is_proof(name));
                Some(Value::Object(
                    members
                        .map(|(name, value)| (name.clone(), value.clone()))
                        .collect(),
                ))
            }
            (Choice::Whole, _) => Some(value.clone()),
            (Choice::Part, Value::Object(members)) => {
                let mut part = Map::new();
                for (name, member) in members.iter().filter(|(name, _)| !is_proof(name)) {
                    // createInitialSelection: types always, identifiers unless blank.
                    let always = match name.as_str() {
                        "@context" | "type" | "@type" => true,
                        "id" | "@id" => member.as_str().is_some_and(|id| !id.starts_with("_:")),
                        _ => false,
                    };
                    let member = match always {
                        true => Some(member.clone()),
                        false => self.part(member, false),
                    };
                    if let Some(member) = member {
                        part.insert(name.clone(), member);
                    }
                }
                Some(Value::Object(part))
            }
            (Choice::Part, Value::Array(items)) => Some(Value::Array(
                items
                    .iter()
                    .filter_map(|item| self.part(item, false))
                    .collect(),
            )),
            (Choice::Part, _) => None,
        }
    }
}

/// RFC 6901 §4: `~1` is `/` and `~0` is `~`; anything else after `~` is an error.
fn unescape(token: &str) -> Option<alloc::borrow::Cow<'_, str>> {
    if !token.contains('~') {
        return Some(token.into());
    }
    let mut out = String::with_capacity(token.len());
    let mut rest = token.split('~');
    out.push_str(rest.next()?);
    for part in rest {
        out.push(match part.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        out.push_str(part.get(1..)?);
    }
    Some(out.into())
}

/// RFC 6901 §4: digits without leading zeros.
fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    let digits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && digits).then(|| token.parse().ok()).flatten()
}
