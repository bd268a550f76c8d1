//! What of a document is made disclosable: members of objects and elements of arrays, at any depth, by path.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use core::ops::Range;

use serde_json::{Map, Value, json};

use super::disclosure::{RESERVED, reserved, write_json};
use super::hash::{Digest, HashAlgorithm, order};
use crate::dcql::{ClaimPath, PathElement};
use crate::encoding::base64url_to;
use crate::error::Error;
use crate::json::write;

/// Turns claims into digests.
pub(super) struct Concealer<'a> {
    algorithm: HashAlgorithm,
    salts: &'a mut dyn FnMut() -> [u8; 16],
    /// The encoded disclosures, one after the other.
    encoded: Vec<u8>,
    /// What to sort each by, and where it stands.
    made: Vec<(u64, Range<usize>)>,
    scratch: Vec<u8>,
}

impl<'a> Concealer<'a> {
    /// `claims` is how many disclosures there will be, more or less.
    pub(super) fn new(
        algorithm: HashAlgorithm,
        salts: &'a mut dyn FnMut() -> [u8; 16],
        claims: usize,
    ) -> Self {
        Self {
            algorithm,
            salts,
            encoded: Vec::with_capacity(128 * claims),
            made: Vec::with_capacity(claims),
            scratch: Vec::with_capacity(128),
        }
    }

    /// Makes one disclosure, whose value is what `value` writes, and gives its digest.
    pub(super) fn disclosure(
        &mut self,
        name: Option<&str>,
        value: impl FnOnce(&mut Vec<u8>),
    ) -> Digest {
        self.scratch.clear();
        write_json(&(self.salts)(), name, &mut self.scratch, value);
        let start = self.encoded.len();
        base64url_to(&self.scratch, &mut self.encoded);
        let range = start..self.encoded.len();
        let text = self.encoded.get(range.clone()).unwrap_or_default();
        let digest = self.algorithm.digest(text);
        self.made.push((order(digest.as_bytes()), range));
        digest
    }

    pub(super) fn decoy(&mut self) -> Digest {
        self.algorithm.decoy((self.salts)())
    }

    /// The disclosures, sorted by digest, so that their order says nothing about the claims (RFC 9901 §4.2.4.1), with a
    /// tilde before and after each.
    pub(super) fn into_suffix(mut self) -> Vec<u8> {
        self.made.sort_unstable_by_key(|(order, _)| *order);
        let mut suffix = Vec::with_capacity(self.encoded.len() + self.made.len() + 1);
        for (_, range) in self.made {
            suffix.push(b'~');
            suffix.extend_from_slice(self.encoded.get(range).unwrap_or_default());
        }
        suffix.push(b'~');
        suffix
    }
}

/// Which parts of a document become disclosable, and where decoys stand.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    disclosable: bool,
    decoys: usize,
    members: BTreeMap<String, Frame>,
    elements: BTreeMap<u32, Frame>,
    every: Option<Box<Frame>>,
}

/// The most decoys in one object or array.
const MAX_DECOYS: usize = 1024;

impl Frame {
    /// Each path leads to members or elements that become disclosable each on its own; `null` in a path means every
    /// element of an array (OpenID4VP 1.0 §7). A path may lead below another one: then the inner disclosure's digest is
    /// inside the outer disclosure (RFC 9901 §4.2.6).
    #[must_use]
    pub fn new(paths: &[ClaimPath]) -> Self {
        let mut frame = Self::default();
        for path in paths {
            frame.at(path.elements()).disclosable = true;
        }
        frame
    }

    /// Adds decoy digests to the object or array at `path`, or to the document itself (RFC 9901 §4.2.5).
    #[must_use]
    pub fn decoys(mut self, path: Option<&ClaimPath>, count: usize) -> Self {
        self.at(path.map(ClaimPath::elements).unwrap_or_default())
            .decoys = count;
        self
    }

    fn at(&mut self, path: &[PathElement]) -> &mut Self {
        path.iter().fold(self, |frame, step| match step {
            PathElement::Key(name) => frame.members.entry(name.clone()).or_default(),
            PathElement::Index(index) => frame.elements.entry(*index).or_default(),
            PathElement::All(()) => frame.every.get_or_insert_default(),
        })
    }

    /// Replaces in `claims` what the frame names by digests.
    pub(super) fn object(
        &self,
        claims: Map<String, Value>,
        to: &mut Concealer<'_>,
    ) -> Result<Map<String, Value>, Error> {
        if !self.elements.is_empty() || self.every.is_some() {
            return Err(NOWHERE);
        }
        if self.members.keys().any(|name| !claims.contains_key(name)) {
            return Err(NOWHERE);
        }
        let mut out = Map::new();
        let mut digests = Vec::new();
        for (name, value) in claims {
            if reserved(&name) {
                return Err(RESERVED);
            }
            let Some(frame) = self.members.get(&name) else {
                unreserved(&value)?;
                out.insert(name, value);
                continue;
            };
            let value = frame.value(value, to)?;
            if frame.disclosable {
                digests.push(to.disclosure(Some(&name), |json| write(&value, json)));
            } else {
                out.insert(name, value);
            }
        }
        digests.extend((0..self.decoys.min(MAX_DECOYS)).map(|_| to.decoy()));
        if !digests.is_empty() {
            digests.sort_unstable();
            let digests = digests.iter().map(Digest::as_str);
            out.insert("_sd".to_owned(), digests.collect());
        }
        Ok(out)
    }

    fn array(&self, elements: Vec<Value>, to: &mut Concealer<'_>) -> Result<Vec<Value>, Error> {
        let beyond = |index: &u32| *index as usize >= elements.len();
        if !self.members.is_empty() || self.elements.keys().any(beyond) {
            return Err(NOWHERE);
        }
        let mut out = Vec::with_capacity(elements.len());
        for (index, value) in (0u32..).zip(elements) {
            let Some(frame) = self.elements.get(&index).or(self.every.as_deref()) else {
                unreserved(&value)?;
                out.push(value);
                continue;
            };
            let value = frame.value(value, to)?;
            out.push(match frame.disclosable {
                true => json!({"...": to.disclosure(None, |json| write(&value, json)).as_str()}),
                false => value,
            });
        }
        for _ in 0..self.decoys.min(MAX_DECOYS) {
            let decoy = to.decoy();
            // Anywhere, for a decoy that is always last is none; its own digest is random enough to say where.
            let place = decoy.as_str().bytes().take(8).fold(0usize, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(byte.into())
            });
            out.insert(place % (out.len() + 1), json!({"...": decoy.as_str()}));
        }
        Ok(out)
    }

    fn value(&self, value: Value, to: &mut Concealer<'_>) -> Result<Value, Error> {
        match value {
            Value::Object(claims) => self.object(claims, to).map(Value::Object),
            Value::Array(elements) => self.array(elements, to).map(Value::Array),
            leaf if self.is_leaf() => Ok(leaf),
            _ => Err(NOWHERE),
        }
    }

    fn is_leaf(&self) -> bool {
        self.members.is_empty()
            && self.elements.is_empty()
            && self.every.is_none()
            && self.decoys == 0
    }
}

const NOWHERE: Error = Error::DisclosureInvalid {
    why: "a path leads to nothing",
};

/// Holds that no name that carries digests stands anywhere in what is signed as it is (RFC 9901 §4.1).
pub(super) fn unreserved(value: &Value) -> Result<(), Error> {
    match value {
        Value::Object(members) if members.keys().any(|name| reserved(name)) => Err(RESERVED),
        Value::Object(members) => members.values().try_for_each(unreserved),
        Value::Array(elements) => elements.iter().try_for_each(unreserved),
        _ => Ok(()),
    }
}

/// Reads a path as people write it, `a.b`, `c[0]`, `c[*].d`, or as an RFC 6901 JSON pointer, `/a/b/0`. A step of a pointer
/// is an element where `document` has an array there.
///
/// # Errors
/// `malformed` for another spelling, `too_large` beyond [`ClaimPath::MAX`] steps.
pub fn parse_path(text: &str, document: &Value) -> Result<ClaimPath, Error> {
    const BAD: Error = Error::malformed("path to a claim");
    let mut steps = Vec::new();
    if let Some(pointer) = text.strip_prefix('/') {
        let mut here = Some(document);
        for token in pointer.split('/') {
            let name = token.replace("~1", "/").replace("~0", "~");
            let (step, next) = match here {
                Some(Value::Array(elements)) => {
                    let index = index(token)?;
                    (PathElement::Index(index), elements.get(index as usize))
                }
                other => {
                    let next = other.and_then(|value| value.get(&name));
                    (PathElement::Key(name), next)
                }
            };
            here = next;
            steps.push(step);
        }
    } else {
        for part in text.split('.') {
            let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            if !name.is_empty() {
                steps.push(PathElement::Key(name.to_owned()));
            } else if steps.is_empty() || rest.is_empty() {
                return Err(BAD);
            }
            while !rest.is_empty() {
                let (inside, after) = rest
                    .strip_prefix('[')
                    .and_then(|rest| rest.split_once(']'))
                    .ok_or(BAD)?;
                steps.push(match inside {
                    "*" => PathElement::All(()),
                    digits => PathElement::Index(index(digits)?),
                });
                rest = after;
            }
        }
    }
    if steps.len() > ClaimPath::MAX {
        return Err(Error::too_large("path to a claim", ClaimPath::MAX));
    }
    ClaimPath::try_from(steps).map_err(|_| BAD)
}

/// Decimal digits without leading zeros (RFC 6901 §4).
fn index(digits: &str) -> Result<u32, Error> {
    let canonical = digits == "0" || !digits.starts_with(['0', '+']);
    digits
        .parse()
        .ok()
        .filter(|_| canonical)
        .ok_or(Error::malformed("index in a path to a claim"))
}
