//! The disclosures of a message, read together.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use super::disclosure::{GRAMMAR, RESERVED, reserved};
use super::hash::{Digest, HashAlgorithm};
use super::{Disclosure, MAX_DISCLOSURES};
use crate::encoding::from_base64url_to;
use crate::error::Error;
use crate::json::Limits;
use crate::json::flat::{Flat, Node, Shape};

/// Disclosures whose grammar is checked, none of them yet found in what the issuer signed. Personal data: no `Debug`.
#[derive(Clone)]
pub(super) struct Parts {
    json: Flat,
    parts: Vec<Part>,
}

/// Where one disclosure is: in the message, and its name and value in the JSON.
#[derive(Clone)]
struct Part {
    encoded: Range<usize>,
    name: Option<usize>,
    value: usize,
}

/// One disclosure of a message.
#[derive(Clone, Copy)]
pub(super) struct PartRef<'a> {
    pub(super) name: Option<Node<'a>>,
    pub(super) value: Node<'a>,
}

impl Parts {
    /// Reads what stands between the tildes of `message` from `start` on.
    ///
    /// # Errors
    /// `too_large` for more than [`MAX_DISCLOSURES`], and those of [`Disclosure::parse_with`].
    pub(super) fn parse(message: &str, start: usize) -> Result<Self, Error> {
        let rest = message.get(start..).unwrap_or_default();
        let mut json = Vec::with_capacity(rest.len());
        let mut found: Vec<(Range<usize>, usize)> = Vec::with_capacity(rest.len() / 64);
        let mut at = start;
        for encoded in rest.split_terminator('~') {
            if found.len() == MAX_DISCLOSURES {
                return Err(Error::too_large("number of disclosures", MAX_DISCLOSURES));
            }
            from_base64url_to(encoded, &mut json).map_err(|_| GRAMMAR)?;
            let end = at.saturating_add(encoded.len());
            found.push((at..end, json.len()));
            at = end.saturating_add(1);
        }
        let mut roots = Vec::with_capacity(found.len());
        let ends = found.iter().map(|(_, end)| *end);
        let json = Flat::parse_each(json, ends, Limits::MESSAGE, |root| roots.push(root))
            .map_err(|_| GRAMMAR)?;
        let parts = found.into_iter().zip(roots).map(|((encoded, _), root)| {
            let (name, value) = members(&json, root)?;
            Ok(Part {
                encoded,
                name: name.map(Node::at),
                value: value.at(),
            })
        });
        let parts = parts.collect::<Result<_, Error>>()?;
        Ok(Self { json, parts })
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Each as it stands in `message`.
    pub(super) fn encoded<'a>(&self, message: &'a str) -> impl Iterator<Item = &'a str> + Clone {
        self.parts
            .iter()
            .map(move |part| message.get(part.encoded.clone()).unwrap_or_default())
    }

    pub(super) fn encoded_at<'a>(&self, message: &'a str, index: usize) -> Option<&'a str> {
        message.get(self.parts.get(index)?.encoded.clone())
    }

    /// The digest of each (RFC 9901 §4.2.3).
    pub(super) fn digests(
        &self,
        message: &str,
        algorithm: HashAlgorithm,
    ) -> impl Iterator<Item = Digest> {
        self.encoded(message)
            .map(move |encoded| algorithm.digest(encoded.as_bytes()))
    }

    pub(super) fn get(&self, index: usize) -> Option<PartRef<'_>> {
        let part = self.parts.get(index)?;
        let name = match part.name {
            Some(name) => Some(self.json.node(name)?),
            None => None,
        };
        Some(PartRef {
            name,
            value: self.json.node(part.value)?,
        })
    }

    /// The disclosures as values of their own.
    pub(super) fn to_disclosures(
        &self,
        message: &str,
        algorithm: HashAlgorithm,
    ) -> Vec<Disclosure> {
        let read = |encoded| Disclosure::parse_with(encoded, algorithm).ok();
        self.encoded(message).filter_map(read).collect()
    }
}

/// Name and value of `[salt, name, value]` or `[salt, value]`, the name none of those that carry digests (§7.1 step 3).
pub(super) fn members(json: &Flat, root: usize) -> Result<(Option<Node<'_>>, Node<'_>), Error> {
    let (name, value) = grammar(json, root).ok_or(GRAMMAR)?;
    match name.and_then(Node::as_str) {
        Some(name) if reserved(&name) => Err(RESERVED),
        _ => Ok((name, value)),
    }
}

fn grammar(json: &Flat, root: usize) -> Option<(Option<Node<'_>>, Node<'_>)> {
    let Shape::Array(mut items) = json.node(root)?.shape() else {
        return None;
    };
    items.next().filter(|salt| salt.is_text())?;
    let (second, third) = (items.next()?, items.next());
    match (third, items.next()) {
        (None, _) => Some((None, second)),
        (Some(value), None) if second.is_text() => Some((Some(second), value)),
        _ => None,
    }
}

impl<'a> PartRef<'a> {
    pub(super) fn name(self) -> Option<Cow<'a, str>> {
        self.name.and_then(Node::as_str)
    }
}
