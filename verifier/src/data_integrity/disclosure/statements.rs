//! Canonical statements under the labels that are signed (vc-di-ecdsa §3.4:
//! labelReplacementCanonicalizeJsonLd, canonicalizeAndGroup).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;

use super::select::Selection;
use crate::error::Error;
use crate::jsonld::{ContextStore, Source, Sourced, ordinary, unsecured_to_rdf};
use crate::rdf::{Budget, CanonicalLabels, Dataset, HashAlgorithm};

/// A label that is signed in place of a canonical one.
pub(in crate::data_integrity) struct Label<T> {
    /// As proof values carry it.
    pub(in crate::data_integrity) value: T,
    /// As statements carry it.
    pub(in crate::data_integrity) text: String,
}

/// A statement, once, however often the document makes it.
pub(in crate::data_integrity) struct Statement {
    /// The N-Quads line with signed labels.
    pub(in crate::data_integrity) line: String,
    /// Index of a line of the dataset that makes it.
    pub(in crate::data_integrity) index: usize,
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
    pub(in crate::data_integrity) dataset: Dataset,
    /// The signed labels of the dataset's blank nodes, by number.
    pub(in crate::data_integrity) labels: Vec<Option<Label<T>>>,
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
        let (Sourced { dataset, sources }, canonical) = canonical(document, store)?;
        let order = canonical.order();
        let texts: Vec<&str> = order.iter().map(|node| canonical.of(*node)).collect();
        let mut by_node: Vec<Option<Label<T>>> = Vec::new();
        by_node.resize_with(order.len(), || None);
        for (node, label) in order.iter().zip(labels(&texts)?) {
            if let Some(place) = by_node.get_mut(*node as usize) {
                *place = Some(label);
            }
        }
        let relabel = |node: u32| {
            let label = by_node.get(node as usize).and_then(Option::as_ref);
            label.map_or("", |label| label.text.as_str())
        };
        let mut lines: Vec<(String, usize, Source)> = (0u32..)
            .zip(&sources)
            .enumerate()
            .map(|(index, (line, source))| {
                let mut text = String::with_capacity(192);
                dataset.write(line, &mut text, relabel);
                (text, index, *source)
            })
            .collect();
        lines.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut sorted: Vec<Statement> = Vec::with_capacity(lines.len());
        for (line, index, source) in lines {
            match sorted.last_mut() {
                Some(last) if last.line == line => last.more.push(source),
                _ => sorted.push(Statement {
                    line,
                    index,
                    source,
                    more: Vec::new(),
                }),
            }
        }
        Ok(Self {
            dataset,
            labels: by_node,
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

/// The statements of `document` without its proof, and their canonical labels.
fn canonical(document: &Value, store: &ContextStore) -> Result<(Sourced, CanonicalLabels), Error> {
    const HASH: HashAlgorithm = HashAlgorithm::Sha256;
    if let Some(sourced) = ordinary(document, store, &["proof"])
        && sourced.dataset.is_free_of_duplicates()
        && let Some(labels) = sourced.dataset.simple_labels(HASH)
    {
        return Ok((sourced, labels));
    }
    let general = unsecured_to_rdf(document, store)?;
    let (dataset, _) = Dataset::of(&general.quads);
    let labels = dataset.canonical_labels(HASH, Budget::default())?;
    let sources = general.sources;
    Ok((Sourced { dataset, sources }, labels))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use serde_json::json;

    /// A statement is one, however many places of a document make it, and each of them shows it.
    #[test]
    fn a_statement_made_twice_is_one_and_selected_at_either_place() {
        let friend = json!({"@id": "urn:friend", "urn:name": "SPECIMEN"});
        let document =
            json!({"@id": "urn:one", "urn:knows": friend, "urn:likes": friend, "urn:name": "ANNA"});
        let statements: Statements<()> =
            Statements::of(&document, &ContextStore::builtin(), |_| Ok(Vec::new())).unwrap();
        let lines: Vec<&str> = statements
            .sorted
            .iter()
            .map(|one| one.line.as_str())
            .collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        for (place, expected) in [("knows", true), ("likes", true), ("name", false)] {
            let selection = Selection::new(&document, &["/urn:".to_owned() + place]).unwrap();
            let name = |one: &&Statement| one.line.starts_with("<urn:friend>");
            let statement = statements.sorted.iter().find(name).unwrap();
            assert_eq!(statement.is_selected(&selection), Ok(expected), "{place}");
        }
    }
}
