//! Putting disclosures back into the payload (RFC 9901 §7.1 steps 3 to 5).

use crate::table::{Set, Table};
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
    let Value::Object(payload) = payload else {
        return Err(Error::malformed("SD-JWT payload"));
    };
    let mut by_digest = Table::default();
    for (index, disclosure) in disclosures.iter().enumerate() {
        if by_digest.insert(disclosure.digest(), index).is_some() {
            return Err(Error::DisclosureInvalid { why: "sent twice" });
        }
    }
    let mut walk = Walk {
        disclosures,
        by_digest,
        seen: Set::default(),
        paths: vec![None; disclosures.len()],
        at: Vec::new(),
    };
    let mut object = walk.object(payload)?;
    object.remove("_sd_alg");
    let paths = walk
        .paths
        .into_iter()
        .collect::<Option<_>>()
        .ok_or(Error::DisclosureInvalid {
            why: "not referenced",
        })?;
    Ok(Processed {
        payload: Value::Object(object),
        paths,
    })
}

/// One step of the way down, borrowed.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(u32),
}

struct Walk<'a> {
    disclosures: &'a [Disclosure],
    by_digest: Table<&'a str, usize>,
    /// Every digest met: none may come twice (step 4).
    seen: Set<&'a str>,
    paths: Vec<Option<ClaimPath>>,
    at: Vec<Step<'a>>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, value: &'a Value) -> Result<Value, Error> {
        match value {
            Value::Object(object) => Ok(Value::Object(self.object(object)?)),
            Value::Array(array) => Ok(Value::Array(self.array(array)?)),
            other => Ok(other.clone()),
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
                    out.insert(name.clone(), value);
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
        for digest in digests {
            let Some((index, disclosure)) = self.find(digest)? else {
                continue;
            };
            let name = disclosure.name().ok_or(Error::DisclosureInvalid {
                why: "element disclosed as a claim",
            })?;
            // Step 3.c.ii.3: also against a name disclosed just before.
            if object.contains_key(name) || out.contains_key(name) {
                return Err(Error::DisclosureInvalid {
                    why: "collides with a claim",
                });
            }
            // `_sd_alg` belongs to the issuer-signed payload alone.
            if self.at.is_empty() && name == "_sd_alg" {
                return Err(Error::DisclosureInvalid {
                    why: "reserved claim name",
                });
            }
            let value = self.disclosed(index, Step::Key(name), disclosure.value())?;
            out.insert(name.to_owned(), value);
        }
        Ok(out)
    }

    fn array(&mut self, array: &'a [Value]) -> Result<Vec<Value>, Error> {
        let mut out = Vec::with_capacity(array.len());
        for element in array {
            let here = Step::Index(u32::try_from(out.len()).unwrap_or(u32::MAX));
            match element
                .as_object()
                .and_then(|object| object.get("...").map(|digest| (object.len(), digest)))
            {
                None => out.push(self.below(here, element)?),
                Some((1, digest)) => {
                    let Some((index, disclosure)) = self.find(digest)? else {
                        continue;
                    };
                    if disclosure.name().is_some() {
                        return Err(Error::DisclosureInvalid {
                            why: "claim disclosed as an element",
                        });
                    }
                    out.push(self.disclosed(index, here, disclosure.value())?);
                }
                Some(_) => {
                    return Err(Error::DisclosureInvalid {
                        why: "digest beside other members",
                    });
                }
            }
        }
        Ok(out)
    }

    /// The disclosure of a digest; none for a decoy or an undisclosed claim.
    fn find(&mut self, digest: &'a Value) -> Result<Option<(usize, &'a Disclosure)>, Error> {
        let digest = digest.as_str().ok_or(Error::DisclosureInvalid {
            why: "digest is no string",
        })?;
        if !self.seen.insert(digest) {
            return Err(Error::DisclosureInvalid {
                why: "digest used twice",
            });
        }
        Ok(self
            .by_digest
            .get(digest)
            .and_then(|index| Some((*index, self.disclosures.get(*index)?))))
    }

    fn disclosed(
        &mut self,
        index: usize,
        step: Step<'a>,
        value: &'a Value,
    ) -> Result<Value, Error> {
        let owned = |step: &Step<'_>| match step {
            Step::Key(name) => PathElement::Key((*name).to_owned()),
            Step::Index(index) => PathElement::Index(*index),
        };
        let path: Vec<PathElement> = self.at.iter().chain([&step]).map(owned).collect();
        // A claims path is bounded; a disclosure further down cannot be asked for and is not honest.
        let path = ClaimPath::try_from(path)
            .map_err(|_| Error::too_large("nesting of disclosures", ClaimPath::MAX))?;
        if let Some(slot) = self.paths.get_mut(index) {
            *slot = Some(path);
        }
        self.below(step, value)
    }

    fn below(&mut self, step: Step<'a>, value: &'a Value) -> Result<Value, Error> {
        if self.at.len() == MAX_DEPTH {
            return Err(Error::too_large("nesting of claims", MAX_DEPTH));
        }
        self.at.push(step);
        let value = self.value(value);
        self.at.pop();
        value
    }
}
