//! Canonical statements under the labels that are signed (vc-di-ecdsa §3.4:
//! labelReplacementCanonicalizeJsonLd, canonicalizeAndGroup).

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;

use super::select::Selection;
use crate::error::Error;
use crate::jsonld::{ContextStore, Source, unsecured_to_rdf};
use crate::rdf::{Budget, Canonical, HashAlgorithm, Quad, canonicalize, write_quad};
use crate::table::Table;

/// A label that is signed in place of a canonical one.
pub(in crate::data_integrity) struct Label<T> {
    /// As proof values carry it.
    pub(in crate::data_integrity) value: T,
    /// As statements carry it.
    pub(in crate::data_integrity) text: String,
}

/// Input label of a blank node to the label that is signed.
pub(in crate::data_integrity) type Labels<T> = Table<String, Label<T>>;

/// A statement, once, however often the document makes it.
pub(in crate::data_integrity) struct Statement {
    /// The N-Quads line with signed labels.
    pub(in crate::data_integrity) line: String,
    /// Index of a quad that makes it.
    pub(in crate::data_integrity) quad: usize,
    source: Source,
    more: Vec<Source>,
}

impl Statement {
    /// Whether the selection includes any place in the document that makes this statement.
    pub(in crate::data_integrity) fn is_selected(
        &self,
        selection: &Selection,
    ) -> Result<bool, Error> {
        let mut selected = selection.includes(self.source)?;
        for source in &self.more {
            selected |= selection.includes(*source)?;
        }
        Ok(selected)
    }
}

/// The statements of a document in the order in which they are signed.
pub(in crate::data_integrity) struct Statements<T> {
    pub(in crate::data_integrity) quads: Vec<Quad>,
    pub(in crate::data_integrity) labels: Labels<T>,
    pub(in crate::data_integrity) sorted: Vec<Statement>,
}

impl<T: Copy> Statements<T> {
    /// Canonicalizes `document` without its proof; `labels` gives the signed labels for the canonical
    /// ones, in the same order.
    pub(in crate::data_integrity) fn of(
        document: &Value,
        store: &ContextStore,
        labels: impl FnOnce(&[&str]) -> Result<Vec<Label<T>>, Error>,
    ) -> Result<Self, Error> {
        let sourced = unsecured_to_rdf(document, store)?;
        let canonical = canonical(&sourced.quads)?;
        let (inputs, canonical_labels): (Vec<&str>, Vec<&str>) = canonical.labels().unzip();
        let labels: Labels<T> = inputs
            .into_iter()
            .map(str::to_owned)
            .zip(labels(&canonical_labels)?)
            .collect();
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

    /// As [`of`](Self::of), with the labels of a proof value, all of which must be there and needed.
    pub(in crate::data_integrity) fn relabelled(
        document: &Value,
        store: &ContextStore,
        labels: &BTreeMap<usize, T>,
        text: impl Fn(&T) -> String,
    ) -> Result<Self, Error> {
        let unlabelled = Error::DisclosureInvalid {
            why: "the label map does not fit the document",
        };
        Self::of(document, store, |canonical| {
            if canonical.len() != labels.len() {
                return Err(unlabelled);
            }
            let label = |canonical: &&str| {
                let value = *labels.get(&label_number(canonical)?)?;
                let text = text(&value);
                Some(Label { value, text })
            };
            let labels: Option<_> = canonical.iter().map(label).collect();
            labels.ok_or(unlabelled)
        })
    }
}

/// The number in a canonical label: 3 for `c14n3`.
pub(in crate::data_integrity) fn label_number(label: &str) -> Option<usize> {
    label.strip_prefix("c14n")?.parse().ok()
}

pub(in crate::data_integrity) fn canonical(quads: &[Quad]) -> Result<Canonical<'_>, Error> {
    Ok(canonicalize(
        quads,
        HashAlgorithm::Sha256,
        Budget::default(),
    )?)
}
