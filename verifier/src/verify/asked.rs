//! Exactly what was asked: everything of it and nothing besides.

use alloc::borrow::ToOwned;
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

/// One step of the way down.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(u32),
}

/// The first disclosed claim that no path asks for.
fn beyond<'a>(
    value: &'a Value,
    at: &mut Vec<Step<'a>>,
    asked: &[&ClaimPath],
    envelope: &[&str],
) -> Option<String> {
    if asked.iter().any(|path| leads_to(path.elements(), at)) {
        return None;
    }
    let mut below = |step, child| {
        if never_asked(at, step, envelope) {
            return None;
        }
        at.push(step);
        let found = beyond(child, at, asked, envelope);
        at.pop();
        found
    };
    match value {
        Value::Object(members) if !members.is_empty() => members
            .iter()
            .find_map(|(name, child)| below(Step::Key(name), child)),
        Value::Array(elements) if !elements.is_empty() => (0..)
            .zip(elements)
            .find_map(|(index, child)| below(Step::Index(index), child)),
        // A leaf, or an empty container, which tells something too.
        _ if !at.is_empty() => Some(name(at)),
        _ => None,
    }
}

/// The envelope, and the holder's own identifier, which is bound to the proof and so never optional.
fn never_asked(at: &[Step<'_>], step: Step<'_>, envelope: &[&str]) -> bool {
    match (at, step) {
        ([], Step::Key(name)) => envelope.contains(&name),
        ([Step::Key(parent)], Step::Key(name)) => *parent == "credentialSubject" && name == "id",
        _ => false,
    }
}

fn leads_to(path: &[PathElement], at: &[Step<'_>]) -> bool {
    at.len() >= path.len()
        && path.iter().zip(at).all(|pair| match pair {
            (PathElement::All(()), Step::Index(_)) => true,
            (PathElement::Key(asked), Step::Key(here)) => asked == here,
            (PathElement::Index(asked), Step::Index(here)) => asked == here,
            _ => false,
        })
}

/// The most characters of a claim's name in a message.
const MAX_NAME: usize = 120;

/// The name of a claim for a message, without any value and not longer than a claims path. The holder chose it, so only
/// what is safe on a terminal and in a log is kept.
fn name(at: &[Step<'_>]) -> String {
    let steps = at.iter().take(ClaimPath::MAX).map(|step| match step {
        Step::Key(name) => PathElement::Key((*name).to_owned()),
        Step::Index(index) => PathElement::Index(*index),
    });
    ClaimPath::try_from(steps.collect::<Vec<_>>())
        .map(|path| path.to_string())
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_graphic)
        .take(MAX_NAME)
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_element_asked_for_by_its_index_may_be_shown_and_no_other() {
        let asking = |index: u32| -> CredentialQuery {
            serde_json::from_value(json!({"id": "a", "format": "dc+sd-jwt", "meta": {},
                "claims": [{"path": ["list", index]}]}))
            .unwrap()
        };
        let judged = |index, root: Value| exactly(&asking(index), &root, &[]).map_err(|e| e.code());
        assert_eq!(judged(0, json!({"list": ["a"]})), Ok(()));
        assert_eq!(
            judged(0, json!({"list": ["a", "b"]})),
            Err("over_disclosure")
        );
        assert_eq!(
            judged(1, json!({"list": ["a", "b"]})),
            Err("over_disclosure")
        );
        assert_eq!(
            judged(1, json!({"list": ["a"]})),
            Err("query_not_satisfied")
        );
    }
}
