//! Putting disclosures back into the payload (RFC 9901 §7.1 steps 3 to 5).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::hash::{Digest, order};
use super::parts::{PartRef, Parts};
use crate::dcql::{ClaimPath, PathElement};
use crate::error::Error;
use crate::json::flat::{Items, Members, Node, Shape};

/// How deep disclosures and values may nest together.
const MAX_DEPTH: usize = 64;

/// The payload as disclosed.
pub(super) struct Processed {
    /// Without `_sd`, `_sd_alg` and undisclosed array elements.
    pub(super) payload: Value,
    /// Where each disclosure ended up, in the order of the disclosures.
    pub(super) paths: Vec<ClaimPath>,
}

/// Replaces every digest by its disclosure and refuses whatever does not fit exactly.
pub(super) fn process(
    payload: Node<'_>,
    parts: &Parts,
    digests: impl Iterator<Item = Digest>,
) -> Result<Processed, Error> {
    let Shape::Object(payload) = payload.shape() else {
        return Err(Error::malformed("SD-JWT payload"));
    };
    let mut by_digest: Vec<(Digest, usize)> = Vec::with_capacity(parts.len());
    by_digest.extend(digests.zip(0..));
    by_digest.sort_unstable();
    if by_digest
        .windows(2)
        .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
    {
        return Err(Error::DisclosureInvalid { why: "sent twice" });
    }
    let mut walk = Walk {
        parts,
        by_digest,
        met: Vec::with_capacity(2 * parts.len() + 8),
        paths: vec![None; parts.len()],
        at: Vec::with_capacity(8),
    };
    let mut object = walk.object(&payload)?;
    object.remove("_sd_alg");
    let unplaced = Error::DisclosureInvalid {
        why: "not referenced",
    };
    let paths = walk.paths.into_iter().collect::<Option<_>>();
    let paths = paths.ok_or(unplaced)?;
    walk.met.sort_unstable();
    if walk
        .met
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
    {
        return Err(TWICE);
    }
    Ok(Processed {
        payload: Value::Object(object),
        paths,
    })
}

const TWICE: Error = Error::DisclosureInvalid {
    why: "digest used twice",
};

/// One step of the way down.
#[derive(Clone)]
enum Step<'a> {
    Key(Cow<'a, str>),
    Index(u32),
}

struct Walk<'a> {
    parts: &'a Parts,
    /// Sorted by digest.
    by_digest: Vec<(Digest, usize)>,
    /// Every digest met that has no disclosure: none may come twice (step 4), which is looked at in the end. Its first
    /// characters stand before it, for sorting.
    met: Vec<(u64, Cow<'a, str>)>,
    /// Where each disclosure was met. Twice is refused at once, or each might multiply those inside it.
    paths: Vec<Option<ClaimPath>>,
    at: Vec<Step<'a>>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, value: Node<'a>) -> Result<Value, Error> {
        match value.shape() {
            Shape::Object(object) => Ok(Value::Object(self.object(&object)?)),
            Shape::Array(array) => Ok(Value::Array(self.array(array)?)),
            Shape::Scalar => Ok(value.to_value()),
        }
    }

    fn object(&mut self, object: &Members<'a>) -> Result<Map<String, Value>, Error> {
        let mut out = Map::new();
        let mut digests = None;
        for (name, value) in object.clone() {
            match &*name {
                "_sd" => digests = Some(value),
                // The name marks an array element's digest; anywhere else it could hide a claim.
                "..." => {
                    return Err(Error::DisclosureInvalid {
                        why: "digest outside an array",
                    });
                }
                _ => {
                    let value = self.below(|| Step::Key(name.clone()), value)?;
                    out.insert(name.into_owned(), value);
                }
            }
        }
        let digests = match digests.map(Node::shape) {
            None => return Ok(out),
            Some(Shape::Array(digests)) => digests,
            Some(_) => {
                return Err(Error::DisclosureInvalid {
                    why: "_sd is no array",
                });
            }
        };
        let mut names = Vec::new();
        for digest in digests {
            let Some((index, part)) = self.find(digest)? else {
                continue;
            };
            let name = part.name().ok_or(Error::DisclosureInvalid {
                why: "element disclosed as a claim",
            })?;
            names.push(name.clone());
            // `_sd_alg` belongs to the issuer-signed payload alone.
            if self.at.is_empty() && name == "_sd_alg" {
                return Err(Error::DisclosureInvalid {
                    why: "reserved claim name",
                });
            }
            let value = self.disclosed(index, Step::Key(name.clone()), part.value)?;
            out.insert(name.into_owned(), value);
        }
        // Step 3.c.ii.3: neither against a claim in clear nor against each other.
        names.sort_unstable();
        let clear = |(name, _): (Cow<'_, str>, _)| names.binary_search(&name).is_ok();
        if names
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b))
            || (!names.is_empty() && object.clone().any(clear))
        {
            return Err(COLLISION);
        }
        Ok(out)
    }

    fn array(&mut self, array: Items<'a>) -> Result<Vec<Value>, Error> {
        let mut out = Vec::new();
        let mut length = 0u32;
        for element in array {
            let here = Step::Index(length);
            let value = match hidden(element) {
                None => self.below(|| here, element)?,
                Some((1, digest)) => {
                    let Some((index, part)) = self.find(digest)? else {
                        continue;
                    };
                    if part.name.is_some() {
                        return Err(Error::DisclosureInvalid {
                            why: "claim disclosed as an element",
                        });
                    }
                    self.disclosed(index, here, part.value)?
                }
                Some(_) => {
                    return Err(Error::DisclosureInvalid {
                        why: "digest beside other members",
                    });
                }
            };
            length = length.saturating_add(1);
            out.push(value);
        }
        Ok(out)
    }

    /// The disclosure of a digest; none for a decoy or an undisclosed claim.
    fn find(&mut self, digest: Node<'a>) -> Result<Option<(usize, PartRef<'a>)>, Error> {
        let digest = digest.as_str().ok_or(Error::DisclosureInvalid {
            why: "digest is no string",
        })?;
        let found = self
            .by_digest
            .binary_search_by(|(other, _)| other.as_str().cmp(&digest));
        let Some((_, index)) = found.ok().and_then(|place| self.by_digest.get(place)) else {
            self.met.push((order(digest.as_bytes()), digest));
            return Ok(None);
        };
        if !matches!(self.paths.get(*index), Some(None)) {
            return Err(TWICE);
        }
        Ok(self.parts.get(*index).map(|part| (*index, part)))
    }

    fn disclosed(&mut self, index: usize, step: Step<'a>, value: Node<'a>) -> Result<Value, Error> {
        // A claims path is bounded; a disclosure further down cannot be asked for and is not honest.
        if self.at.len() >= ClaimPath::MAX {
            return Err(Error::too_large("nesting of disclosures", ClaimPath::MAX));
        }
        self.at.push(step);
        let path = self.at.iter().map(|step| match step {
            Step::Key(name) => PathElement::Key(name.clone().into_owned()),
            Step::Index(index) => PathElement::Index(*index),
        });
        if let Some(slot) = self.paths.get_mut(index) {
            *slot = ClaimPath::try_from(path.collect::<Vec<_>>()).ok();
        }
        let value = self.value(value);
        self.at.pop();
        value
    }

    fn below(&mut self, step: impl FnOnce() -> Step<'a>, value: Node<'a>) -> Result<Value, Error> {
        if value.is_scalar() {
            return self.value(value);
        }
        if self.at.len() >= MAX_DEPTH {
            return Err(Error::too_large("nesting of claims", MAX_DEPTH));
        }
        self.at.push(step());
        let value = self.value(value);
        self.at.pop();
        value
    }
}

/// The digest that an element of an array is, and how many members stand with it.
fn hidden(element: Node<'_>) -> Option<(usize, Node<'_>)> {
    match element.shape() {
        Shape::Object(members) => {
            let (_, digest) = members.clone().find(|(name, _)| name == "...")?;
            Some((members.count(), digest))
        }
        _ => None,
    }
}

const COLLISION: Error = Error::DisclosureInvalid {
    why: "collides with a claim",
};
