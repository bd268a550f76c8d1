//! Which disclosures a holder shows for the paths asked for.

use alloc::vec;
use alloc::vec::Vec;

use super::SdJwt;
use super::hash::Digest;
use crate::dcql::PathElement;
use crate::error::Error;
use crate::json::flat::{Node, Shape};

/// Goes down the paths and computes only the digests it meets on the way: the holder's copy was checked when it came.
pub(super) struct Choice<'a> {
    sd_jwt: &'a SdJwt,
    /// The digest of each disclosure, where it has been needed.
    digests: Vec<Option<Digest>>,
    kept: Vec<Kept>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    No,
    /// On the way to something asked for.
    Itself,
    /// With all below it.
    Whole,
}

impl<'a> Choice<'a> {
    pub(super) fn new(sd_jwt: &'a SdJwt) -> Self {
        let count = sd_jwt.parts.len();
        Self {
            sd_jwt,
            digests: vec![None; count],
            kept: vec![Kept::No; count],
        }
    }

    /// Whether each disclosure is kept.
    pub(super) fn into_kept(self) -> impl Iterator<Item = bool> + Clone {
        self.kept.into_iter().map(|kept| kept != Kept::No)
    }

    /// Keeps what the rest of a path needs, from here on: every disclosure on the way down and all below its end.
    pub(super) fn keep(&mut self, here: Node<'a>, path: &[PathElement]) -> Result<(), Error> {
        let Some((step, rest)) = path.split_first() else {
            return self.keep_below(here);
        };
        match step {
            PathElement::Key(name) => match here.get(name) {
                Some(value) => self.keep(value, rest),
                None => match self.claim(here, name) {
                    Some(index) => self.keep_part(index, rest),
                    None => Ok(()),
                },
            },
            PathElement::Index(index) => match self.elements(here).get(*index as usize) {
                Some(element) => self.keep_element(*element, rest),
                None => Ok(()),
            },
            PathElement::All(()) => {
                let elements = self.elements(here);
                elements
                    .into_iter()
                    .try_for_each(|element| self.keep_element(element, rest))
            }
        }
    }

    fn keep_element(&mut self, element: Element<'a>, rest: &[PathElement]) -> Result<(), Error> {
        match element {
            Element::Clear(value) => self.keep(value, rest),
            Element::Hidden(index) => self.keep_part(index, rest),
        }
    }

    fn keep_part(&mut self, index: usize, rest: &[PathElement]) -> Result<(), Error> {
        let kept = if rest.is_empty() {
            Kept::Whole
        } else {
            Kept::Itself
        };
        let unknown = Error::DisclosureInvalid {
            why: "not referenced",
        };
        let (part, slot) = self
            .sd_jwt
            .parts
            .get(index)
            .zip(self.kept.get_mut(index))
            .ok_or(unknown)?;
        // What is kept whole needs no second visit, however many digests lead there.
        if *slot == Kept::Whole {
            return Ok(());
        }
        *slot = kept.max(*slot);
        self.keep(part.value, rest)
    }

    /// Keeps all disclosures below.
    fn keep_below(&mut self, here: Node<'a>) -> Result<(), Error> {
        match here.shape() {
            Shape::Scalar => {}
            Shape::Array(_) => {
                for element in self.elements(here) {
                    self.keep_element(element, &[])?;
                }
            }
            Shape::Object(members) => {
                for (name, value) in members {
                    if name != "_sd" {
                        self.keep_below(value)?;
                        continue;
                    }
                    let Shape::Array(digests) = value.shape() else {
                        continue;
                    };
                    for digest in digests {
                        if let Some(index) = self.find(digest) {
                            self.keep_part(index, &[])?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The disclosure of a member: one of that name whose digest stands here.
    fn claim(&mut self, here: Node<'a>, name: &str) -> Option<usize> {
        let Shape::Array(digests) = here.get("_sd")?.shape() else {
            return None;
        };
        (0..self.kept.len()).find(|index| {
            let part = self.sd_jwt.parts.get(*index);
            part.and_then(|part| part.name()).as_deref() == Some(name)
                && self.digest(*index).is_some_and(|digest| {
                    digests
                        .clone()
                        .any(|one| one.as_str().as_deref() == Some(digest.as_str()))
                })
        })
    }

    /// The elements of an array without those that are not disclosed (RFC 9901 §7.1 step 3.c.iii).
    fn elements(&mut self, array: Node<'a>) -> Vec<Element<'a>> {
        let Shape::Array(items) = array.shape() else {
            return Vec::new();
        };
        items
            .filter_map(|element| match element.get("...") {
                None => Some(Element::Clear(element)),
                Some(digest) => self.find(digest).map(Element::Hidden),
            })
            .collect()
    }

    /// The disclosure with a digest.
    fn find(&mut self, digest: Node<'_>) -> Option<usize> {
        let digest = digest.as_str()?;
        (0..self.kept.len()).find(|index| {
            self.digest(*index)
                .is_some_and(|own| own.as_str() == digest)
        })
    }

    fn digest(&mut self, index: usize) -> Option<Digest> {
        let slot = self.digests.get_mut(index)?;
        if slot.is_none() {
            *slot = self.sd_jwt.digest(index);
        }
        *slot
    }
}

/// An element of an array: itself, or the disclosure that it is.
#[derive(Clone, Copy)]
enum Element<'a> {
    Clear(Node<'a>),
    Hidden(usize),
}
