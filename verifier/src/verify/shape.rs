//! The JSON shape of disclosed claims.
//!
//! A Data Integrity proof covers statements, and one statement can be written in JSON in several ways: `false`, `[false]`
//! and `{"@value":false}` are the same to it. A program that reads claims must see the one that was issued.

use alloc::string::String;
use alloc::string::ToString;
use serde_json::{Map, Value};

use crate::claims::{AGES, Sex};
use crate::error::Error;

/// Holds that every claim has the shape in which [`IdentityClaims`](crate::claims::IdentityClaims) writes it, or
/// evidence the shape in which it is issued.
///
/// # Errors
/// `malformed`.
pub(super) fn check(claims: &Map<String, Value>) -> Result<(), Error> {
    if claims.iter().all(|(name, value)| claim(name, value)) {
        Ok(())
    } else {
        Err(Error::malformed("shape of a claim"))
    }
}

/// Holds that nothing below `value` is a JSON-LD keyword: the proof would cover what it means, not how it reads.
///
/// # Errors
/// `malformed`.
pub(super) fn no_keywords(value: &Value) -> Result<(), Error> {
    match value {
        Value::Object(members) => {
            if members.keys().any(|name| name.starts_with('@')) {
                return Err(Error::malformed("keyword inside a credential"));
            }
            members.values().try_for_each(no_keywords)
        }
        Value::Array(elements) => elements.iter().try_for_each(no_keywords),
        _ => Ok(()),
    }
}

fn claim(name: &str, value: &Value) -> bool {
    match name {
        "family_name"
        | "given_name"
        | "name_native"
        | "birthdate"
        | "personal_administrative_number"
        | "resident_address"
        | "issuing_authority"
        | "issuing_country" => value.is_string(),
        "sex" => value.is_string() && serde_json::from_value::<Sex>(value.clone()).is_ok(),
        "nationalities" => texts(value),
        "age_equal_or_over" => members(value, |age, reached| {
            reached.is_boolean() && AGES.iter().any(|known| known.to_string() == age)
        }),
        "evidence" => elements(value, |one| members(one, evidence)),
        _ => false,
    }
}

/// A member of the evidence (OpenID Identity Assurance §5).
fn evidence(name: &str, value: &Value) -> bool {
    match name {
        "type" => texts(value),
        "trust_framework" | "assurance_level" | "time" => value.is_string(),
        "assurance_process" => members(value, |name, value| match name {
            "policy" | "procedure" | "pathway" => value.is_string(),
            "attended" => value.is_boolean(),
            _ => false,
        }),
        "evidence_sources" => elements(value, |source| {
            members(source, |name, value| match name {
                "type" => texts(value),
                "check_details" => elements(value, |details| {
                    members(details, |name, value| {
                        matches!(name, "check_method" | "organization" | "time")
                            && value.is_string()
                    })
                }),
                _ => false,
            })
        }),
        _ => false,
    }
}

fn texts(value: &Value) -> bool {
    elements(value, Value::is_string)
}

fn elements(value: &Value, each: impl Fn(&Value) -> bool) -> bool {
    value
        .as_array()
        .is_some_and(|elements| !elements.is_empty() && elements.iter().all(each))
}

fn members(value: &Value, each: impl Fn(&str, &Value) -> bool) -> bool {
    value.as_object().is_some_and(|members| {
        !members.is_empty() && members.iter().all(|(name, value)| each(name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(claims: &Value) -> bool {
        claims
            .as_object()
            .is_some_and(|claims| check(claims).is_ok())
    }

    #[test]
    fn every_claim_has_one_shape() {
        for name in [
            "family_name",
            "given_name",
            "name_native",
            "birthdate",
            "personal_administrative_number",
            "resident_address",
            "issuing_authority",
            "issuing_country",
        ] {
            assert!(fits(&json!({name: "SPECIMEN"})), "{name}");
            for value in [json!(["SPECIMEN"]), json!({}), json!(1), Value::Null] {
                assert!(!fits(&json!({name: value})), "{name}: {value}");
            }
        }
        for (claims, expected) in [
            (json!({}), true),
            (json!({"sex": "female"}), true),
            (json!({"sex": "SPECIMEN"}), false),
            (json!({"sex": ["female"]}), false),
            (json!({"nationalities": ["CN", "FR"]}), true),
            (json!({"nationalities": ["CN", 1]}), false),
            (json!({"nationalities": []}), false),
            (json!({"nationalities": "CN"}), false),
            (
                json!({"age_equal_or_over": {"18": true, "65": false}}),
                true,
            ),
            (json!({"age_equal_or_over": {"18": "true"}}), false),
            (json!({"age_equal_or_over": {"19": true}}), false),
            (json!({"age_equal_or_over": {}}), false),
            (json!({"age_equal_or_over": [true]}), false),
            (
                json!({"family_name": "SPECIMEN", "surname": "SPECIMEN"}),
                false,
            ),
        ] {
            assert_eq!(fits(&claims), expected, "{claims}");
        }
    }

    #[test]
    fn evidence_has_one_shape() {
        let evidence = json!([{
            "type": ["IdentityEvidence"], "trust_framework": "SPECIMEN", "assurance_level": "full", "time": "2026-01-15",
            "assurance_process": {"policy": "p", "procedure": "q", "pathway": "chip", "attended": true},
            "evidence_sources": [{"type": ["chip"], "check_details": [{"check_method": "vcrypt", "organization": "o", "time": "t"}]}],
        }]);
        assert!(fits(&json!({"evidence": evidence})));
        for (pointer, value) in [
            ("/0/type", json!("IdentityEvidence")),
            ("/0/trust_framework", json!(1)),
            ("/0/assurance_level", json!(["full"])),
            ("/0/time", json!(1)),
            ("/0/assurance_process", json!("p")),
            ("/0/assurance_process/policy", json!(1)),
            ("/0/assurance_process/procedure", json!({})),
            ("/0/assurance_process/pathway", json!(true)),
            ("/0/assurance_process/attended", json!("true")),
            ("/0/evidence_sources", json!({})),
            ("/0/evidence_sources/0/type", json!([1])),
            ("/0/evidence_sources/0/check_details", json!([])),
            (
                "/0/evidence_sources/0/check_details/0/check_method",
                json!(true),
            ),
            (
                "/0/evidence_sources/0/check_details/0/organization",
                json!(["o"]),
            ),
            (
                "/0/evidence_sources/0/check_details/0",
                json!({"other": "o"}),
            ),
            ("/0/evidence_sources/0", json!({"other": "o"})),
            ("/0/assurance_process", json!({"other": "o"})),
            ("/0", json!({"other": "o"})),
            ("", json!({})),
        ] {
            let mut changed = evidence.clone();
            let place = changed.pointer_mut(pointer);
            assert!(place.map(|place| *place = value).is_some(), "{pointer}");
            assert!(!fits(&json!({"evidence": changed})), "{pointer}");
        }
    }

    #[test]
    fn keywords_are_found_at_any_depth() {
        for (value, expected) in [
            (json!({"a": [{"b": "@id"}]}), true),
            (json!({"@id": "a"}), false),
            (json!({"a": {"@id": "a"}}), false),
            (json!([["a", {"@value": "a"}]]), false),
            (json!("@id"), true),
        ] {
            assert_eq!(no_keywords(&value).is_ok(), expected, "{value}");
        }
    }
}
