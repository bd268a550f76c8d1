//! `@context` (VCDM 2.0 §4.3, VCDM 1.1 §4.1).

use serde_json::Value;

use super::Version;
use super::member::{Members, is_url};
use super::path::Path;
use crate::error::Error;

/// The version that the first context names; the others must be URLs or objects, no URL twice.
pub(super) fn version(members: &Members, path: &Path<'_>) -> Result<Version, Error> {
    let path = path.name("@context");
    let contexts = members
        .get("@context")
        .ok_or_else(|| path.malformed("missing"))?
        .as_array()
        .ok_or_else(|| path.malformed("an ordered set is needed"))?;
    let first = contexts.first().and_then(Value::as_str);
    let version = Version::ALL
        .into_iter()
        .find(|version| first == Some(version.context()))
        .ok_or_else(|| path.index(0).malformed("the base context is needed first"))?;
    for (index, context) in contexts.iter().enumerate() {
        match context {
            Value::Object(_) => {}
            Value::String(url) if is_url(url) => {
                if contexts.iter().take(index).any(|before| before == context) {
                    return Err(path.index(index).malformed("it is in the set already"));
                }
            }
            _ => return Err(path.index(index).malformed("a URL or an object is needed")),
        }
    }
    Ok(version)
}

/// Holds that `@context`, a string or a set, includes the base context of version 2.0 (§4.13.1, §4.13.2).
pub(super) fn includes_base(members: &Members, path: &Path<'_>) -> Result<(), Error> {
    let base = Version::V2.context();
    let included = match members.get("@context") {
        Some(Value::Array(contexts)) => contexts.iter().any(|context| context == base),
        Some(context) => context == base,
        None => false,
    };
    if included {
        Ok(())
    } else {
        Err(path
            .name("@context")
            .malformed("the base context is needed"))
    }
}
