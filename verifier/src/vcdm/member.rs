//! Rules that many members share: identifiers (VCDM 2.0 §4.4), types (§4.5), sets.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::path::Path;
use crate::error::Error;
use crate::jsonld::is_absolute;

pub(super) type Members = Map<String, Value>;

/// The members of an object.
pub(super) fn object<'a>(value: &'a Value, path: &Path<'_>) -> Result<&'a Members, Error> {
    value
        .as_object()
        .ok_or_else(|| path.malformed("an object is needed"))
}

/// A string that is a URL.
pub(super) fn url<'a>(value: &'a Value, path: &Path<'_>) -> Result<&'a str, Error> {
    value
        .as_str()
        .filter(|text| is_url(text))
        .ok_or_else(|| path.malformed("a single URL is needed"))
}

/// `id` (§4.4), where there is one.
pub(super) fn optional_id<'a>(
    members: &'a Members,
    path: &Path<'_>,
) -> Result<Option<&'a str>, Error> {
    let id = members.get("id");
    id.map(|id| url(id, &path.name("id"))).transpose()
}

/// `id` (§4.4), which must be there.
pub(super) fn required_id<'a>(members: &'a Members, path: &Path<'_>) -> Result<&'a str, Error> {
    optional_id(members, path)?.ok_or_else(|| path.name("id").malformed("missing"))
}

/// A URL, or an object with one in `id`: issuer and holder.
pub(super) fn url_or_object<'a>(value: &'a Value, path: &Path<'_>) -> Result<&'a str, Error> {
    match value {
        Value::Object(members) => required_id(members, path),
        other => url(other, path),
    }
}

/// `type` (§4.5): one or more strings.
pub(super) fn types<'a>(members: &'a Members, path: &Path<'_>) -> Result<Vec<&'a str>, Error> {
    let path = path.name("type");
    let value = members
        .get("type")
        .ok_or_else(|| path.malformed("missing"))?;
    let mut types = Vec::with_capacity(4);
    one_or_more(value, &path, |one, path| {
        let name = one
            .as_str()
            .filter(|name| is_type(name))
            .ok_or_else(|| path.malformed("a term or an absolute URL is needed"))?;
        types.push(name);
        Ok(())
    })?;
    Ok(types)
}

/// Calls `each` for the value, or for every element of an array that must not be empty.
pub(crate) fn one_or_more<'a>(
    value: &'a Value,
    path: &Path<'_>,
    mut each: impl FnMut(&'a Value, &Path<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    match value {
        Value::Array(elements) if elements.is_empty() => {
            Err(path.malformed("at least one is needed"))
        }
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .try_for_each(|(index, one)| each(one, &path.index(index))),
        one => each(one, path),
    }
}

/// An absolute URL string (URL Standard §4.3) as far as syntax tells: a scheme, no blanks, controls or delimiters, whole
/// percent escapes, and a host where the scheme has one.
pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let host = |rest: &str| {
        rest.strip_prefix("//")
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':', '@']))
    };
    let special = ["http", "https", "ws", "wss", "ftp"]
        .iter()
        .any(|special| scheme.eq_ignore_ascii_case(special));
    is_absolute(text)
        && !rest.is_empty()
        && (!special || host(rest))
        && !rest
            .contains(|c: char| c.is_whitespace() || c.is_control() || r#"<>"{}|\^`"#.contains(c))
        && rest.split('%').skip(1).all(|after| {
            let mut digits = after.bytes().take(2);
            let mut hex = || digits.next().is_some_and(|digit| digit.is_ascii_hexdigit());
            hex() && hex()
        })
}

/// A term, or an absolute URL: what it maps to is for the JSON-LD processor to say.
fn is_type(name: &str) -> bool {
    let absolute = name.contains("://");
    !name.is_empty()
        && !name.starts_with('@')
        && !name.contains(|c: char| c.is_whitespace() || c.is_control())
        && (!absolute || is_url(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_what_only_resembles_them() {
        for text in [
            "did:example:a#b",
            "urn:uuid:9f7f2bd4-0000-4000-8000-000000000000",
            "https://a.example/%41?x=1#y",
            "data:application/vc+jwt,e30.e30.AA",
            "https://例子.example/路径",
        ] {
            assert!(is_url(text), "{text}");
        }
        for text in [
            "",
            "a",
            "/path",
            "did:",
            "https ://not-a-url/1",
            "https://a b",
            "https:a",
            "https:///path",
            "https://a/%4",
            "https://a/%zz",
            "https://a/<b>",
            "1a:b",
        ] {
            assert!(!is_url(text), "{text}");
        }
    }
}
