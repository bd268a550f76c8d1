//! What the suites with selective disclosure share (vc-di-ecdsa §3.4): statements under the labels that are signed,
//! selection by pointers, and the parts of their proof values.

mod encoding;
mod select;
mod statements;

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::Suite;
use super::proof::single_proof;
use crate::error::Error;
use crate::rdf::{Budget, HashAlgorithm};
pub(super) use encoding::{
    components, decode, read_indexes, read_labels, read_texts, write_indexes, write_texts,
};
pub(super) use select::Selection;
pub(super) use statements::{Label, Statements};

/// The proof of a document that is to be derived from, and its value.
pub(super) fn proof_of(
    document: &Value,
    suite: Suite,
) -> Result<(&Map<String, Value>, &str), Error> {
    let proof = single_proof(document)?;
    if Suite::of_proof(proof)? != suite {
        return Err(Error::UnsupportedSuite);
    }
    let value = proof.get("proofValue").and_then(Value::as_str);
    Ok((proof, value.ok_or(Error::malformed("proof value"))?))
}

/// The statements that are always shown, in one text, and the others one by one.
pub(super) type Groups<'a> = (String, Vec<&'a str>);

/// Groups the statements of a whole document by its mandatory pointers.
pub(super) fn group<'a, T>(
    statements: &'a Statements<T>,
    mandatory: &Selection,
) -> Result<Groups<'a>, Error> {
    let mut groups = Groups::default();
    for statement in &statements.sorted {
        match statement.is_selected(mandatory)? {
            true => groups.0.push_str(&statement.line),
            false => groups.1.push(statement.line.as_str()),
        }
    }
    Ok(groups)
}

/// Groups the statements of a derived document by the indexes that its proof gives (createVerifyData).
///
/// # Errors
/// `disclosure_invalid` for an index out of range; the indexes must ascend.
pub(super) fn split<'a, T>(
    statements: &'a Statements<T>,
    mandatory_indexes: &[usize],
) -> Result<Groups<'a>, Error> {
    let mut groups = Groups::default();
    let mut indexes = mandatory_indexes.iter().copied().peekable();
    for (index, statement) in statements.sorted.iter().enumerate() {
        match indexes.next_if_eq(&index) {
            Some(_) => groups.0.push_str(&statement.line),
            None => groups.1.push(statement.line.as_str()),
        }
    }
    match indexes.next() {
        None => Ok(groups),
        Some(_) => Err(Error::DisclosureInvalid {
            why: "a mandatory index is out of range",
        }),
    }
}

/// What a holder shows, and how its statements are to be found again (createDisclosureData).
pub(super) struct Disclosure<'a, T> {
    /// The statements that are not mandatory, shown or not: what a base proof signs one by one.
    pub(super) others: Vec<&'a str>,
    /// Which of them are shown.
    pub(super) selective_indexes: Vec<usize>,
    /// Where the mandatory statements come among all that are shown.
    pub(super) mandatory_indexes: Vec<usize>,
    /// Number of a canonical label that a verifier will find, to the label that was signed.
    pub(super) labels: BTreeMap<usize, T>,
    /// The document that is shown, still without a proof.
    pub(super) members: Map<String, Value>,
}

/// Selects what mandatory and selective pointers point at.
///
/// # Errors
/// `disclosure_invalid` when a pointer points at nothing or nothing is selected.
pub(super) fn disclose<'a, T: Copy>(
    document: &Value,
    statements: &'a Statements<T>,
    mandatory_pointers: &[String],
    selective_pointers: &[String],
) -> Result<Disclosure<'a, T>, Error> {
    let mandatory = Selection::new(document, mandatory_pointers)?;
    let selective = Selection::new(document, selective_pointers)?;
    let mut combined = Selection::new(document, mandatory_pointers)?;
    for pointer in selective_pointers {
        combined.add(document, pointer)?;
    }
    let nothing = Error::DisclosureInvalid {
        why: "nothing is selected",
    };
    if combined.is_empty() {
        return Err(nothing);
    }
    let mut others = Vec::new();
    let mut selective_indexes = Vec::new();
    let mut mandatory_indexes = Vec::new();
    let mut revealed = Vec::new();
    for statement in &statements.sorted {
        let is_mandatory = statement.is_selected(&mandatory)?;
        let is_selective = statement.is_selected(&selective)?;
        if is_mandatory {
            mandatory_indexes.push(revealed.len());
        } else {
            if is_selective {
                selective_indexes.push(others.len());
            }
            others.push(statement.line.as_str());
        }
        if is_mandatory || is_selective {
            revealed.push(statement.index);
        }
    }
    Ok(Disclosure {
        others,
        selective_indexes,
        mandatory_indexes,
        labels: verifier_labels(&revealed, statements)?,
        members: combined.reveal(document).ok_or(nothing)?,
    })
}

/// The labels that a verifier will find canonical in what is revealed, and what was signed in
/// their place (createDisclosureData steps 12 to 14).
fn verifier_labels<T: Copy>(
    revealed: &[usize],
    statements: &Statements<T>,
) -> Result<BTreeMap<usize, T>, Error> {
    let (part, originals) = statements.dataset.part(revealed);
    let canonical = part.canonical_labels(HashAlgorithm::Sha256, Budget::default())?;
    let signed = |node: &u32| {
        let original = *originals.get(*node as usize)? as usize;
        let label = statements.labels.get(original)?.as_ref()?;
        Some(label.value)
    };
    let values: Option<Vec<T>> = canonical.order().iter().map(signed).collect();
    let values = values.ok_or(Error::malformed("blank node label"))?;
    Ok((0..).zip(values).collect())
}

/// The document that is shown, with the proof it was derived from but for the value.
pub(super) fn secured(
    mut members: Map<String, Value>,
    proof: &Map<String, Value>,
    proof_value: String,
) -> Value {
    let mut proof = proof.clone();
    proof.insert("proofValue".to_owned(), Value::String(proof_value));
    members.insert("proof".to_owned(), Value::Object(proof));
    Value::Object(members)
}
