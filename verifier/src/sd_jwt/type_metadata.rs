//! SD-JWT VC type metadata (SD-JWT VC §4–§9), from documents that are handed in: nothing is fetched.
//!
//! Read are the parts that say what a credential must look like: `extends`, and of each claim `sd` and `mandatory`; and what a
//! wallet shows: the names of a type and of its claims.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::display::{self, Display};
use super::verify::IssuerVerified;
use crate::crypto::{sha256, sha384, sha512};
use crate::dcql::{ClaimPath, PathElement};
use crate::encoding::from_base64;
use crate::error::Error;
use crate::json::{self, Limits};

/// How many types may stand above one another.
const MAX_TYPES: usize = 8;
/// How many claims one type may describe.
const MAX_CLAIMS: usize = 512;
/// To how many places in a credential one of them may lead.
const MAX_PLACES: usize = 4096;

/// Type metadata documents by the URI of their type, as bytes: their digests are over the very bytes.
#[derive(Debug, Clone, Default)]
pub struct TypeDocuments(BTreeMap<String, Vec<u8>>);

impl TypeDocuments {
    /// No documents.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds the document of a type against the digest that a credential states of it (`vct#integrity`, §6), as
    /// [`TypeMetadata::resolve`] does.
    ///
    /// # Errors
    /// `type_metadata_invalid` for another digest, and for a document that is not here.
    pub fn check_integrity(&self, vct: &str, integrity: &str) -> Result<(), Error> {
        let bytes = self
            .0
            .get(vct)
            .ok_or(invalid("a document is not at hand"))?;
        check_integrity(integrity, bytes)
    }

    /// Adds the document of a type. The caller has it from where it trusts: a registry, a bundle, the issuer itself.
    pub fn insert(&mut self, vct: &str, bytes: &[u8]) {
        self.0.insert(vct.to_owned(), bytes.to_vec());
    }
}

/// Whether a claim may be selectively disclosable (§8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelectiveDisclosure {
    /// It must be.
    Always,
    /// It may be.
    #[default]
    Allowed,
    /// It must not be.
    Never,
}

/// What a type says about a claim (§8).
#[derive(Debug, Clone, PartialEq, Eq)]
struct ClaimRule {
    path: ClaimPath,
    disclosure: SelectiveDisclosure,
    mandatory: bool,
    labels: Vec<Display>,
}

/// A type with all that it inherits.
#[derive(Debug, Clone)]
pub struct TypeMetadata {
    types: Vec<String>,
    rules: Vec<ClaimRule>,
    names: Vec<Display>,
}

const fn invalid(why: &'static str) -> Error {
    Error::TypeMetadataInvalid { why }
}

impl TypeMetadata {
    /// Reads the type `vct` and what it extends (§5), each held against the digest that its user states (§6).
    ///
    /// # Errors
    /// `type_metadata_invalid` for a document that is not at hand, has another digest or another `vct`, extends itself, or
    /// loosens what it inherits; `malformed`, `too_large`.
    pub fn resolve(
        vct: &str,
        integrity: Option<&str>,
        documents: &TypeDocuments,
    ) -> Result<Self, Error> {
        let mut types: Vec<String> = Vec::new();
        let mut layers = Vec::new();
        let mut names = Vec::new();
        let mut next = Some((vct.to_owned(), integrity.map(str::to_owned)));
        while let Some((vct, integrity)) = next {
            // §9.3: before the bound, for it is the better reason.
            if types.contains(&vct) {
                return Err(invalid("a type extends itself"));
            }
            if types.len() == MAX_TYPES {
                return Err(Error::too_large("types that extend one another", MAX_TYPES));
            }
            let bytes = documents
                .0
                .get(&vct)
                .ok_or(invalid("a document is not at hand"))?;
            if let Some(integrity) = integrity {
                check_integrity(&integrity, bytes)?;
            }
            let document = json::parse_object(bytes, Limits::MESSAGE)?;
            if document.get("vct").and_then(Value::as_str) != Some(&vct) {
                return Err(invalid("a document is of another type"));
            }
            layers.push(rules(&document)?);
            // What a type says of itself comes before what it inherits.
            if names.is_empty() {
                names = display::read(document.get("display"), "name")?;
            }
            next = match document.get("extends") {
                None => None,
                Some(Value::String(above)) => {
                    Some((above.clone(), text(&document, "extends#integrity")?))
                }
                Some(_) => return Err(Error::malformed("extends of a type")),
            };
            types.push(vct);
        }
        // From the top down: whoever extends may add and tighten (§8.5).
        let mut effective: Vec<ClaimRule> = Vec::new();
        for rule in layers.into_iter().rev().flatten() {
            match effective.iter_mut().find(|known| known.path == rule.path) {
                None => effective.push(rule),
                Some(known) => {
                    let mut rule = rule;
                    if rule.labels.is_empty() {
                        rule.labels = core::mem::take(&mut known.labels);
                    }
                    let kept = known.disclosure == SelectiveDisclosure::Allowed
                        || known.disclosure == rule.disclosure;
                    if !kept || (known.mandatory && !rule.mandatory) {
                        return Err(invalid("a type loosens what it inherits"));
                    }
                    *known = rule;
                }
            }
        }
        if effective.len() > MAX_CLAIMS {
            return Err(Error::too_large("claims of a type", MAX_CLAIMS));
        }
        Ok(Self {
            types,
            rules: effective,
            names,
        })
    }

    /// The metadata of a credential's own `vct`, with its `vct#integrity`.
    ///
    /// # Errors
    /// Those of [`resolve`](Self::resolve); `malformed` without `vct`.
    pub fn of(credential: &IssuerVerified, documents: &TypeDocuments) -> Result<Self, Error> {
        let Value::Object(payload) = credential.payload() else {
            return Err(Error::malformed("SD-JWT payload"));
        };
        let vct = text(payload, "vct")?.ok_or(Error::malformed("credential without vct"))?;
        let integrity = text(payload, "vct#integrity")?;
        Self::resolve(&vct, integrity.as_deref(), documents)
    }

    /// The name of the type (§7.1) in the first of `locales` in which it has one, or in its first.
    #[must_use]
    pub fn name(&self, locales: &[&str]) -> Option<&str> {
        display::choose(&self.names, locales)
    }

    /// The name of the claim at `path` (§8.2), as [`name`](Self::name) chooses it.
    #[must_use]
    pub fn label(&self, path: &ClaimPath, locales: &[&str]) -> Option<&str> {
        let rule = self.rules.iter().find(|rule| rule.path == *path)?;
        display::choose(&rule.labels, locales)
    }

    /// The type and those that it extends, in order.
    #[must_use]
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Holds a credential against its type: what must be disclosable is, what must not be is not, and what is mandatory is
    /// there. `complete` says that every disclosure was shown, as to a holder; what a presentation leaves out may be
    /// mandatory all the same.
    ///
    /// # Errors
    /// `type_metadata_invalid`; `too_large` for a claim that a wildcard finds in more than 4,096 places.
    pub fn check(&self, credential: &IssuerVerified, complete: bool) -> Result<(), Error> {
        let disclosed = credential.disclosed().iter();
        let mut disclosed: Vec<&[PathElement]> = disclosed.map(ClaimPath::elements).collect();
        disclosed.sort_unstable();
        for rule in &self.rules {
            let found = selected(&rule.path, credential.payload())?;
            let shown = |path: &Vec<PathElement>| disclosed.binary_search(&path.as_slice()).is_ok();
            match rule.disclosure {
                SelectiveDisclosure::Always if !found.iter().all(shown) => {
                    return Err(invalid("a claim is not disclosable that must be"));
                }
                SelectiveDisclosure::Never if found.iter().any(shown) => {
                    return Err(invalid("a claim is disclosable that must not be"));
                }
                _ => {}
            }
            // Without every disclosure, only what stands at the top and is never disclosable can be missed.
            let always_seen =
                rule.disclosure == SelectiveDisclosure::Never && rule.path.elements().len() == 1;
            if rule.mandatory && found.is_empty() && (complete || always_seen) {
                return Err(invalid("a mandatory claim is missing"));
            }
        }
        Ok(())
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::malformed("text of type metadata")),
    }
}

/// `claims` (§8): properties that are not understood are ignored (§4).
fn rules(document: &Map<String, Value>) -> Result<Vec<ClaimRule>, Error> {
    const BAD: Error = Error::malformed("claim of a type");
    let claims = match document.get("claims") {
        None => return Ok(Vec::new()),
        Some(Value::Array(claims)) => claims,
        Some(_) => return Err(BAD),
    };
    if claims.len() > MAX_CLAIMS {
        return Err(Error::too_large("claims of a type", MAX_CLAIMS));
    }
    let rule = |claim: &Value| {
        let path = claim.get("path").ok_or(BAD)?;
        let path = serde_json::from_value(path.clone()).map_err(|_| BAD)?;
        let disclosure = match claim.get("sd").map(Value::as_str) {
            None => SelectiveDisclosure::Allowed,
            Some(Some("always")) => SelectiveDisclosure::Always,
            Some(Some("allowed")) => SelectiveDisclosure::Allowed,
            Some(Some("never")) => SelectiveDisclosure::Never,
            Some(_) => return Err(BAD),
        };
        let mandatory = match claim.get("mandatory") {
            None => false,
            Some(Value::Bool(mandatory)) => *mandatory,
            Some(_) => return Err(BAD),
        };
        Ok(ClaimRule {
            path,
            disclosure,
            mandatory,
            labels: display::read(claim.get("display"), "label")?,
        })
    };
    claims.iter().map(rule).collect()
}

/// Where in `root` a path leads (§8.1), each place without wildcards.
fn selected(path: &ClaimPath, root: &Value) -> Result<Vec<Vec<PathElement>>, Error> {
    const WRONG: Error = invalid("a claim is of another kind than its type says");
    let mut places: Vec<(Vec<PathElement>, &Value)> = vec![(Vec::new(), root)];
    for element in path.elements() {
        let mut below = Vec::new();
        for (at, value) in places {
            let mut step = |step: PathElement, value| {
                let at = at.iter().cloned().chain([step]).collect();
                below.push((at, value));
            };
            match (element, value) {
                (PathElement::Key(name), Value::Object(members)) => {
                    if let Some(value) = members.get(name) {
                        step(element.clone(), value);
                    }
                }
                (PathElement::Index(index), Value::Array(elements)) => {
                    if let Some(value) = elements.get(*index as usize) {
                        step(element.clone(), value);
                    }
                }
                (PathElement::All(()), Value::Array(elements)) => {
                    for (index, value) in (0..).zip(elements) {
                        step(PathElement::Index(index), value);
                    }
                }
                _ => return Err(WRONG),
            }
        }
        if below.len() > MAX_PLACES {
            return Err(Error::too_large("places of a claim", MAX_PLACES));
        }
        places = below;
    }
    Ok(places.into_iter().map(|(at, _)| at).collect())
}

/// Subresource Integrity §3.3: of the algorithms known, the strongest counts, and one of its digests must be that of the
/// bytes. Where none is known the answer there is yes; here it is no.
fn check_integrity(metadata: &str, bytes: &[u8]) -> Result<(), Error> {
    const OTHER: Error = invalid("a document has another digest");
    let mut strongest = 0;
    let mut matches = false;
    for item in metadata.split_ascii_whitespace() {
        // What follows a question mark are options, of which there are none.
        let item = item.split('?').next().unwrap_or_default();
        let Some((name, digest)) = item.split_once('-') else {
            return Err(OTHER);
        };
        let (strength, ours) = match name {
            "sha256" => (1, sha256(bytes).to_vec()),
            "sha384" => (2, sha384(bytes).to_vec()),
            "sha512" => (3, sha512(bytes).to_vec()),
            _ => continue,
        };
        let same = from_base64(digest).map_err(|_| OTHER)? == ours;
        if strength > strongest {
            strongest = strength;
            matches = same;
        } else if strength == strongest {
            matches |= same;
        }
    }
    if matches { Ok(()) } else { Err(OTHER) }
}
