//! What people are shown of a type and of its claims (SD-JWT VC §7.1, §8.2): one name for each language.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::error::Error;

/// Languages of one name, and bytes of a name and of a language tag (RFC 5646 §4.4.1 has 35 octets suffice).
const MAX_LANGUAGES: usize = 64;
const MAX_NAME: usize = 256;
const MAX_TAG: usize = 35;

/// A name in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Display {
    locale: String,
    name: String,
}

/// Reads `display`, in which `member` is the name: `name` of a type, `label` of a claim.
pub(super) fn read(display: Option<&Value>, member: &str) -> Result<Vec<Display>, Error> {
    const BAD: Error = Error::malformed("display of a type");
    let items = match display {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(BAD),
    };
    if items.len() > MAX_LANGUAGES {
        return Err(Error::too_large("languages of a type", MAX_LANGUAGES));
    }
    let mut all: Vec<Display> = Vec::with_capacity(items.len());
    for item in items {
        // `lang` is what earlier drafts called it.
        let locale = item.get("locale").or_else(|| item.get("lang"));
        let locale = locale.and_then(Value::as_str).ok_or(BAD)?;
        let name = item.get(member).and_then(Value::as_str).ok_or(BAD)?;
        if name.len() > MAX_NAME || locale.len() > MAX_TAG {
            return Err(Error::too_large("name of a type", MAX_NAME));
        }
        if all.iter().any(|known| known.locale == locale) {
            return Err(BAD);
        }
        all.push(Display {
            locale: locale.to_owned(),
            name: name.to_owned(),
        });
    }
    Ok(all)
}

/// The name in the first of `locales` in which there is one (by RFC 4647 §3.4: `zh-Hans-CN`, then `zh-Hans`, then `zh`), or
/// else the first.
pub(super) fn choose<'a>(names: &'a [Display], locales: &[&str]) -> Option<&'a str> {
    let tagged = |tag: &str| {
        names
            .iter()
            .find(|name| name.locale.eq_ignore_ascii_case(tag))
    };
    let lookup = |locale: &&str| {
        let mut tag = *locale;
        loop {
            if let Some(found) = tagged(tag) {
                return Some(found);
            }
            tag = tag.rsplit_once('-')?.0;
        }
    };
    let chosen = locales.iter().find_map(lookup).or(names.first());
    chosen.map(|chosen| chosen.name.as_str())
}
