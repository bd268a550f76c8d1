//! The W3C test suite of RDFC-1.0.

use std::path::Path;

use serde_json::Value;
use tessera_verifier::rdf::{Budget, HashAlgorithm, RdfError, canonicalize, parse_nquads};

use super::{Folder, json, list, member, text};

/// Every entry of the manifest.
pub(super) fn run(root: &Path) -> Result<Folder, String> {
    let root = root.join("rdf-canon");
    let manifest = json(&root.join("manifest.jsonld"))?;
    let mut folder = Folder::new("rdf-canon");
    for entry in list(&manifest, "entries")? {
        folder.note(member(entry, "id")?, check(&root, entry));
    }
    Ok(folder)
}

fn check(root: &Path, entry: &Value) -> Result<(), String> {
    let input = text(&root.join(member(entry, "action")?))?;
    let input = parse_nquads(&input).map_err(|error| error.to_string())?;
    let hash = match entry.get("hashAlgorithm").and_then(Value::as_str) {
        Some("SHA384") => HashAlgorithm::Sha384,
        None => HashAlgorithm::Sha256,
        Some(other) => return Err(format!("hash {other}")),
    };
    let result = canonicalize(&input, hash, Budget::default());
    let expected = || text(&root.join(member(entry, "result")?));
    let good = match member(entry, "type")? {
        "rdfc:RDFC10NegativeEvalTest" => matches!(result, Err(RdfError::WorkBudgetExceeded)),
        "rdfc:RDFC10EvalTest" => {
            result.map_err(|error| error.to_string())?.to_nquads() == expected()?
        }
        "rdfc:RDFC10MapTest" => {
            let found = result.map_err(|error| error.to_string())?;
            let labels = found
                .labels()
                .map(|(from, to)| (from.to_owned(), to.into()));
            let expected: Value =
                serde_json::from_str(&expected()?).map_err(|error| error.to_string())?;
            Value::Object(labels.collect()) == expected
        }
        other => return Err(format!("unknown kind {other}")),
    };
    match good {
        true => Ok(()),
        false => Err("another result".to_owned()),
    }
}
