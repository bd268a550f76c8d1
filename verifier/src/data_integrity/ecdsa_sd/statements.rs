//! Canonical statements under the labels that are signed (vc-di-ecdsa §3.4:
//! labelReplacementCanonicalizeJsonLd, createHmacIdLabelMapFunction, canonicalizeAndGroup).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;

use super::select::Selection;
use crate::crypto::hmac_sha256;
use crate::encoding::multibase_base64url;
use crate::error::Error;
use crate::jsonld::{ContextStore, Source, unsecured_to_rdf};
use crate::rdf::{Budget, Canonical, HashAlgorithm, Quad, canonicalize, write_quad};
use crate::table::Table;

/// A label that is signed in place of a canonical one: 32 bytes, written `u` and base64url.
pub(super) struct Label {
    pub(super) bytes: [u8; 32],
    text: String,
}

impl Label {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self {
            bytes,
            text: multibase_base64url(&bytes),
        }
    }
}

/// Input label of a blank node to the label that is signed.
pub(super) type Labels = Table<String, Label>;

/// A statement, once, however often the document makes it.
pub(super) struct Statement {
    /// The N-Quads line with signed labels.
    pub(super) line: String,
    /// Index of a quad that makes it.
    pub(super) quad: usize,
    source: Source,
    more: Vec<Source>,
}

impl Statement {
    /// Whether the selection includes any place in the document that makes this statement.
    pub(super) fn is_selected(&self, selection: &Selection) -> Result<bool, Error> {
        let mut selected = selection.includes(self.source)?;
        for source in &self.more {
            selected |= selection.includes(*source)?;
        }
        Ok(selected)
    }
}

/// The statements of a document in the order in which they are signed.
pub(super) struct Statements {
    pub(super) quads: Vec<Quad>,
    pub(super) labels: Labels,
    pub(super) sorted: Vec<Statement>,
}

impl Statements {
    /// Canonicalizes `document` without its proof; `label` gives the signed label for a canonical
    /// one.
    pub(super) fn of(
        document: &Value,
        store: &ContextStore,
        label: impl Fn(&str) -> Result<Label, Error>,
    ) -> Result<Self, Error> {
        let sourced = unsecured_to_rdf(document, store)?;
        let canonical = canonical(&sourced.quads)?;
        let mut labels = Labels::default();
        for (input, canonical) in canonical.labels() {
            labels.insert(input.to_owned(), label(canonical)?);
        }
        let relabel = |input: &str| labels.get(input).map_or("", |label| label.text.as_str());
        let mut lines: Vec<(String, usize, Source)> = sourced
            .quads
            .iter()
            .zip(&sourced.sources)
            .enumerate()
            .map(|(index, (quad, source))| {
                let mut line = String::with_capacity(192);
                write_quad(&mut line, quad, relabel);
                (line, index, *source)
            })
            .collect();
        lines.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut sorted: Vec<Statement> = Vec::with_capacity(lines.len());
        for (line, quad, source) in lines {
            match sorted.last_mut() {
                Some(last) if last.line == line => last.more.push(source),
                _ => sorted.push(Statement {
                    line,
                    quad,
                    source,
                    more: Vec::new(),
                }),
            }
        }
        drop(canonical);
        Ok(Self {
            quads: sourced.quads,
            labels,
            sorted,
        })
    }

    /// As [`of`](Self::of), with labels made from canonical ones by HMAC.
    pub(super) fn shuffled(
        document: &Value,
        store: &ContextStore,
        hmac_key: &[u8; 32],
    ) -> Result<Self, Error> {
        Self::of(document, store, |canonical| {
            Ok(Label::new(hmac_sha256(hmac_key, canonical.as_bytes())))
        })
    }
}

pub(super) fn canonical(quads: &[Quad]) -> Result<Canonical<'_>, Error> {
    Ok(canonicalize(
        quads,
        HashAlgorithm::Sha256,
        Budget::default(),
    )?)
}
