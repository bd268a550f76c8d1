//! Names and descriptions (VCDM 2.0 §4.6) in languages with a direction (§11.1).

use serde_json::Value;

use super::member::{Members, one_or_more};
use super::path::Path;
use crate::error::Error;

/// `name` and `description`, where they are.
pub(super) fn check_texts(members: &Members, path: &Path<'_>) -> Result<(), Error> {
    for name in ["name", "description"] {
        if let Some(value) = members.get(name) {
            one_or_more(value, &path.name(name), check_text)?;
        }
    }
    Ok(())
}

/// A string, or a language value object: `@value` with `@language` and `@direction`, and nothing else.
fn check_text(value: &Value, path: &Path<'_>) -> Result<(), Error> {
    let members = match value {
        Value::String(_) => return Ok(()),
        Value::Object(members) => members,
        _ => return Err(path.malformed("a string or a language value object is needed")),
    };
    if !members.get("@value").is_some_and(Value::is_string) {
        return Err(path.name("@value").malformed("a string is needed"));
    }
    for (name, value) in members {
        let text = value.as_str().unwrap_or_default();
        let sound = match name.as_str() {
            "@value" => true,
            "@language" => is_language_tag(text),
            "@direction" => matches!(text, "ltr" | "rtl"),
            _ => {
                return Err(path
                    .name(name)
                    .malformed("not part of a language value object"));
            }
        };
        if !sound {
            return Err(path
                .name(name)
                .malformed("a language tag or direction is needed"));
        }
    }
    Ok(())
}

/// A language tag as far as its form tells (BCP 47 §2.1): subtags of one to eight letters and digits, letters first.
fn is_language_tag(tag: &str) -> bool {
    tag.split('-').enumerate().all(|(index, subtag)| {
        (1..=8).contains(&subtag.len())
            && subtag.bytes().all(|byte| match index {
                0 => byte.is_ascii_alphabetic(),
                _ => byte.is_ascii_alphanumeric(),
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use serde_json::json;

    #[test]
    fn texts_in_every_form_of_the_data_model() {
        for value in [
            json!("Beispiel"),
            json!({"@value": "示例", "@language": "zh-Hans-CN"}),
            json!({"@value": "مثال", "@language": "ar", "@direction": "rtl"}),
            json!([{"@value": "Dog", "@language": "en"}, "Chien"]),
        ] {
            let members = Members::from_iter([("name".into(), value)]);
            assert_eq!(check_texts(&members, &Path::ROOT), Ok(()));
        }
    }

    #[test]
    fn every_other_form_is_refused_with_its_place() {
        for (value, place) in [
            (json!(1), "/description"),
            (json!([]), "/description"),
            (json!(["a", null]), "/description/1"),
            (json!({"@language": "en"}), "/description/@value"),
            (json!({"@value": 1}), "/description/@value"),
            (
                json!({"@value": "a", "@language": "e n"}),
                "/description/@language",
            ),
            (
                json!({"@value": "a", "@language": 1}),
                "/description/@language",
            ),
            (
                json!({"@value": "a", "@direction": "up"}),
                "/description/@direction",
            ),
            (
                json!({"@value": "a", "url": "did:example:a"}),
                "/description/url",
            ),
            (
                json!({"@value": "a", "@type": "@json"}),
                "/description/@type",
            ),
        ] {
            let members = Members::from_iter([("description".into(), value)]);
            let refused = match check_texts(&members, &Path::ROOT) {
                Err(Error::MalformedValue { path, .. }) => path,
                other => format!("{other:?}"),
            };
            assert_eq!(refused, place);
        }
    }

    #[test]
    fn a_tag_begins_with_letters() {
        for (tag, expected) in [
            ("de", true),
            ("de-1996", true),
            ("zh-Hans-CN", true),
            ("1996", false),
            ("d3", false),
            ("de-", false),
            ("de_DE", false),
            ("abcdefghi", false),
            ("", false),
        ] {
            assert_eq!(is_language_tag(tag), expected, "{tag}");
        }
    }
}
