//! Exactly what was asked: everything of it and nothing besides.

use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde_json::Value;

use crate::dcql::{ClaimPath, ClaimQuery, CredentialQuery, PathElement};
use crate::error::Error;

/// Holds that one alternative of the query is satisfied and that nothing outside it is disclosed.
pub(super) fn exactly(
    query: &CredentialQuery,
    root: &Value,
    envelope: &[&str],
) -> Result<(), Error> {
    let satisfied = |claims: &Vec<&ClaimQuery>| claims.iter().all(|claim| claim.satisfied_by(root));
    let alternatives: Vec<_> = query.alternatives().into_iter().filter(satisfied).collect();
    if alternatives.is_empty() {
        return Err(Error::QueryNotSatisfied {
            why: "a claim is missing or has another value",
        });
    }
    let mut refused = None;
    for claims in &alternatives {
        let paths: Vec<&ClaimPath> = claims.iter().map(|claim| &claim.path).collect();
        match beyond(root, &mut Vec::new(), &paths, envelope) {
            None => return Ok(()),
            Some(path) => refused = Some(path),
        }
    }
    Err(Error::OverDisclosure {
        beyond: refused.unwrap_or_default(),
    })
}

/// The first disclosed claim that no path asks for.
fn beyond(
    value: &Value,
    at: &mut Vec<PathElement>,
    asked: &[&ClaimPath],
    envelope: &[&str],
) -> Option<String> {
    if asked.iter().any(|path| leads_to(path.elements(), at)) {
        return None;
    }
    let children: Vec<(PathElement, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (PathElement::Key(name.clone()), value))
            .collect(),
        Value::Array(elements) => (0..)
            .zip(elements)
            .map(|(index, value)| (PathElement::Index(index), value))
            .collect(),
        _ => Vec::new(),
    };
    if children.is_empty() && !at.is_empty() {
        // A leaf, or an empty container, which tells something too.
        return Some(name(at));
    }
    for (step, child) in children {
        if at.is_empty()
            && matches!(&step, PathElement::Key(name) if envelope.contains(&name.as_str()))
        {
            continue;
        }
        // The holder's own identifier is bound to the proof and so never optional.
        if matches!((&at[..], &step), ([PathElement::Key(parent)], PathElement::Key(id)) if parent == "credentialSubject" && id == "id")
        {
            continue;
        }
        at.push(step);
        let found = beyond(child, at, asked, envelope);
        at.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

fn leads_to(path: &[PathElement], at: &[PathElement]) -> bool {
    at.len() >= path.len()
        && path.iter().zip(at).all(|pair| match pair {
            (PathElement::All(()), PathElement::Index(_)) => true,
            (asked, here) => asked == here,
        })
}

/// The most characters of a claim's name in a message.
const MAX_NAME: usize = 120;

/// The name of a claim for a message, without any value and not longer than a claims path. The holder chose it, so only
/// what is safe on a terminal and in a log is kept.
fn name(at: &[PathElement]) -> String {
    let steps: Vec<_> = at.iter().take(ClaimPath::MAX).cloned().collect();
    ClaimPath::try_from(steps)
        .map(|path| path.to_string())
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_graphic)
        .take(MAX_NAME)
        .collect()
}
