//! Putting disclosures back into the payload (RFC 9901 §7.1 steps 3 to 5).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::disclosure::Disclosure;
use crate::dcql::{ClaimPath, PathElement};
use crate::error::Error;

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
pub(super) fn process(payload: &Value, disclosures: &[Disclosure]) -> Result<Processed, Error> {
    let mut paths = vec![None; disclosures.len()];
    let place = |index: usize, at: &[Step<'_>]| {
        let path = at.iter().map(|step| match step {
            Step::Key(name) => PathElement::Key((*name).to_owned()),
            Step::Index(index) => PathElement::Index(*index),
        });
        if let Some(slot) = paths.get_mut(index) {
            *slot = ClaimPath::try_from(path.collect::<Vec<_>>()).ok();
        }
    };
    let payload = walk::<true>(payload, disclosures, place)?;
    let paths = paths.into_iter().collect::<Option<_>>().ok_or(UNPLACED)?;
    Ok(Processed { payload, paths })
}

/// Holds what [`process`] holds and tells the place of each disclosure by its index, without building the payload.
pub(super) fn locate(
    payload: &Value,
    disclosures: &[Disclosure],
    place: impl FnMut(usize, &[Step<'_>]),
) -> Result<(), Error> {
    walk::<false>(payload, disclosures, place).map(drop)
}

const UNPLACED: Error = Error::DisclosureInvalid {
    why: "not referenced",
};

fn walk<const BUILD: bool>(
    payload: &Value,
    disclosures: &[Disclosure],
    place: impl FnMut(usize, &[Step<'_>]),
) -> Result<Value, Error> {
    let Value::Object(payload) = payload else {
        return Err(Error::malformed("SD-JWT payload"));
    };
    let digests = disclosures.iter().map(Disclosure::digest).zip(0..);
    let mut by_digest: Vec<(&str, usize)> = digests.collect();
    by_digest.sort_unstable();
    if by_digest
        .windows(2)
        .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
    {
        return Err(Error::DisclosureInvalid { why: "sent twice" });
    }
    let mut walk = Walk::<_, BUILD> {
        disclosures,
        by_digest,
        met: Vec::with_capacity(2 * disclosures.len() + 8),
        used: vec![false; disclosures.len()],
        at: Vec::with_capacity(8),
        place,
    };
    let mut object = walk.object(payload)?;
    object.remove("_sd_alg");
    if walk.used.contains(&false) {
        return Err(UNPLACED);
    }
    walk.met.sort_unstable();
    if walk
        .met
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
    {
        return Err(TWICE);
    }
    Ok(Value::Object(object))
}

const TWICE: Error = Error::DisclosureInvalid {
    why: "digest used twice",
};

/// One step of the way down.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(u32),
}

/// Without `BUILD` it holds the same and gives empty objects and arrays.
struct Walk<'a, P, const BUILD: bool> {
    disclosures: &'a [Disclosure],
    /// Sorted by digest.
    by_digest: Vec<(&'a str, usize)>,
    /// Every digest met that has no disclosure: none may come twice (step 4), which is looked at in the end.
    met: Vec<&'a str>,
    /// Which disclosures have been met. Twice is refused at once, or each might multiply those inside it.
    used: Vec<bool>,
    at: Vec<Step<'a>>,
    place: P,
}

impl<'a, P: FnMut(usize, &[Step<'_>]), const BUILD: bool> Walk<'a, P, BUILD> {
    fn value(&mut self, value: &'a Value) -> Result<Value, Error> {
        match value {
            Value::Object(object) => Ok(Value::Object(self.object(object)?)),
            Value::Array(array) => Ok(Value::Array(self.array(array)?)),
            other if BUILD => Ok(other.clone()),
            _ => Ok(Value::Null),
        }
    }

    fn object(&mut self, object: &'a Map<String, Value>) -> Result<Map<String, Value>, Error> {
        let mut out = Map::new();
        for (name, value) in object {
            match name.as_str() {
                "_sd" => {}
                // The name marks an array element's digest; anywhere else it could hide a claim.
                "..." => {
                    return Err(Error::DisclosureInvalid {
                        why: "digest outside an array",
                    });
                }
                _ => {
                    let value = self.below(Step::Key(name), value)?;
                    if BUILD {
                        out.insert(name.clone(), value);
                    }
                }
            }
        }
        let digests = match object.get("_sd") {
            None => return Ok(out),
            Some(Value::Array(digests)) => digests,
            Some(_) => {
                return Err(Error::DisclosureInvalid {
                    why: "_sd is no array",
                });
            }
        };
        let mut names = Vec::new();
        for digest in digests {
            let Some((index, disclosure)) = self.find(digest)? else {
                continue;
            };
            let name = disclosure.name().ok_or(Error::DisclosureInvalid {
                why: "element disclosed as a claim",
            })?;
            names.push(name);
            // Step 3.c.ii.3.
            if object.contains_key(name) {
                return Err(COLLISION);
            }
            // `_sd_alg` belongs to the issuer-signed payload alone.
            if self.at.is_empty() && name == "_sd_alg" {
                return Err(Error::DisclosureInvalid {
                    why: "reserved claim name",
                });
            }
            let value = self.disclosed(index, Step::Key(name), disclosure.value())?;
            if BUILD {
                out.insert(name.to_owned(), value);
            }
        }
        // Step 3.c.ii.3 again: not against each other either.
        names.sort_unstable();
        if names
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b))
        {
            return Err(COLLISION);
        }
        Ok(out)
    }

    fn array(&mut self, array: &'a [Value]) -> Result<Vec<Value>, Error> {
        let mut out = Vec::with_capacity(if BUILD { array.len() } else { 0 });
        let mut length = 0u32;
        for element in array {
            let here = Step::Index(length);
            let value = match element
                .as_object()
                .and_then(|object| object.get("...").map(|digest| (object.len(), digest)))
            {
                None => self.below(here, element)?,
                Some((1, digest)) => {
                    let Some((index, disclosure)) = self.find(digest)? else {
                        continue;
                    };
                    if disclosure.name().is_some() {
                        return Err(Error::DisclosureInvalid {
                            why: "claim disclosed as an element",
                        });
                    }
                    self.disclosed(index, here, disclosure.value())?
                }
                Some(_) => {
                    return Err(Error::DisclosureInvalid {
                        why: "digest beside other members",
                    });
                }
            };
            length = length.saturating_add(1);
            if BUILD {
                out.push(value);
            }
        }
        Ok(out)
    }

    /// The disclosure of a digest; none for a decoy or an undisclosed claim.
    fn find(&mut self, digest: &'a Value) -> Result<Option<(usize, &'a Disclosure)>, Error> {
        let digest = digest.as_str().ok_or(Error::DisclosureInvalid {
            why: "digest is no string",
        })?;
        let found = self
            .by_digest
            .binary_search_by_key(&digest, |(digest, _)| digest);
        let Some((_, index)) = found.ok().and_then(|place| self.by_digest.get(place)) else {
            self.met.push(digest);
            return Ok(None);
        };
        match self.used.get_mut(*index) {
            Some(used) if !*used => *used = true,
            _ => return Err(TWICE),
        }
        Ok(self
            .disclosures
            .get(*index)
            .map(|disclosure| (*index, disclosure)))
    }

    fn disclosed(
        &mut self,
        index: usize,
        step: Step<'a>,
        value: &'a Value,
    ) -> Result<Value, Error> {
        // A claims path is bounded; a disclosure further down cannot be asked for and is not honest.
        if self.at.len() >= ClaimPath::MAX {
            return Err(Error::too_large("nesting of disclosures", ClaimPath::MAX));
        }
        self.at.push(step);
        (self.place)(index, &self.at);
        let value = self.value(value);
        self.at.pop();
        value
    }

    fn below(&mut self, step: Step<'a>, value: &'a Value) -> Result<Value, Error> {
        if !value.is_object() && !value.is_array() {
            return self.value(value);
        }
        if self.at.len() >= MAX_DEPTH {
            return Err(Error::too_large("nesting of claims", MAX_DEPTH));
        }
        self.at.push(step);
        let value = self.value(value);
        self.at.pop();
        value
    }
}

const COLLISION: Error = Error::DisclosureInvalid {
    why: "collides with a claim",
};
